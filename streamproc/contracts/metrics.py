"""Metrics records, as pydantic models: a room's numbers over one window, group by group.

docs/metrics.md has each number's formula and unit; a test holds the two together.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from streamproc.contracts.outputs import N, Output, Share, TimeMs, Topic

Window = Literal["60s", "300s", "900s", "session"]
Rate = Annotated[float, Field(ge=0)] | None
Money = Annotated[dict[str, int], Field(description="minor units by ISO 4217 currency")]


class Group(BaseModel):
    """One group of numbers of a metrics record."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ByKind(Group):
    """Messages by kind."""

    question: N
    mutuality: N
    feedback: N
    other: N


class BySub(Group):
    """Messages by sub-class."""

    ask: N
    request: N
    help: N
    seek: N
    reply: N
    opinion: N


class ChatGroup(Group):
    """How much is said, by how many, and what kind of thing."""

    messages: N
    chatters: N
    by_kind: ByKind
    by_sub: BySub


class PosNeg(Group):
    """Texts of either polarity."""

    pos: N
    neg: N


class VoiceGroup(Group):
    """What viewers and buyers say of stream, product, logistics and service."""

    content: PosNeg
    product: PosNeg
    logistics: PosNeg
    service: PosNeg
    neg_per_1000: Rate


class Latency(Group):
    """Time from first ask to answer, ms; nearest-rank percentiles."""

    mean: Rate
    p50: N | None
    p90: N | None
    p99: N | None


class QuestionsGroup(Group):
    """Questions asked, answered, waiting."""

    asked: N
    answered: N
    expired: N
    by_topic: dict[Topic, N]
    latency_ms: Latency
    due: N
    due_answered: N
    sla_rate: Share
    open: N
    open_askers: N
    oldest_open_age_ms: N | None


class InteractionGroup(Group):
    """The interaction quality index and its components."""

    display: Share
    promotion: Share
    responsiveness: Share
    mutuality: Share
    haptics: Share
    helpers: N
    load: Rate
    requests_due: N
    requests_shown: N
    requests_answered: N
    index: Share
    coverage: Share


class OrdersRefunds(Group):
    """Orders and refund events."""

    orders: N
    refunds: N


class ConversionGroup(Group):
    """What sells and what comes back."""

    orders: N
    buyers: N
    units: N
    gmv: Money
    refunds: N
    refunded: Money
    cancellations: N
    cancelled: Money
    other_returns: N
    net_gmv: Money
    gpm: dict[str, float] | None
    orders_per_100_chatters: Rate
    repeat_buyers: N
    covered: OrdersRefunds
    uncovered: OrdersRefunds


class Askers(Group):
    """Askers and how many of them bought."""

    askers: N
    bought: N
    rate: Share


class AskersGroup(Group):
    """Do askers whose question was answered buy more often? An association, never an effect."""

    due: N
    answered: Askers
    unanswered: Askers
    difference: Annotated[float, Field(ge=-1, le=1)] | None
    ci_low: Annotated[float, Field(ge=-1, le=1)] | None
    ci_high: Annotated[float, Field(ge=-1, le=1)] | None


class ViewersGroup(Group):
    """Who is there and what they do beside chatting."""

    last: N | None
    peak: N | None
    entered: N
    follows: N
    shares: N
    clicks: N
    carts: N


class Targets(Group):
    """Cues by what they are about."""

    anchor: N
    product: N
    viewers: N


class TrustGroup(Group):
    """Words of trust and doubt, and what came back."""

    trust: Targets
    doubt: Targets
    refund_rate: Rate


class RecommendGroup(Group):
    """Survey answers; beside them what chat recommends, which is no NPS."""

    promoters: N
    passives: N
    detractors: N
    nps: Annotated[float, Field(ge=-100, le=100)] | None
    chat_recommend: N
    chat_warn: N


class GroupGroup(Group):
    """What viewers do because of each other."""

    entered_by_share: N
    share_orders: N
    follow_on_orders: N
    replies: N
    reciprocity: Share
    homophily: Annotated[float, Field(ge=-1, le=1)] | None


class QualityGroup(Group):
    """How far the numbers can be trusted."""

    late: N
    duplicate: N
    invalid: N
    mean_confidence: Share
    low_confidence: Share
    silence_ms: N


class Metrics(Output):
    """A room's numbers over one window at one pane end."""

    room_id: str
    session_id: str
    window: Window
    start: TimeMs
    end: TimeMs
    final: bool
    chat: ChatGroup
    voice: VoiceGroup
    questions: QuestionsGroup
    interaction: InteractionGroup
    conversion: ConversionGroup
    askers: AskersGroup
    viewers: ViewersGroup
    trust: TrustGroup
    recommend: RecommendGroup
    group: GroupGroup
    quality: QualityGroup
