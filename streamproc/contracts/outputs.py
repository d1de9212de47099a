"""Output records, as pydantic models: what downstream services may rely on.

The pipeline writes plain mappings for speed; tests hold them to these models and to the JSON Schemas made from them.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["question", "mutuality", "feedback", "other"]
Sub = Literal["ask", "request", "help", "seek", "reply", "opinion", "-"]
Polarity = Literal["pos", "neg", "neu"]
Aspect = Literal["content", "product", "logistics", "service", "-"]
Topic = Literal["price", "size", "stock", "link", "shipping", "usage", "quality", "after_sales", "promotion", "other"]
Cue = Literal["trust", "doubt"]
Target = Literal["anchor", "product", "viewers"]
Window = Literal["60s", "300s", "900s", "session"]
AlertName = Literal["unanswered_spike", "oldest_question", "overload", "negative_surge", "conversion_drop", "silence"]
Reason = Literal["empty", "too_large", "not_json", "invalid", "wrong_key", "future", "too_late"]

TimeMs = Annotated[int, Field(description="ms since the epoch, UTC")]
N = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)] | None
Rate = Annotated[float, Field(ge=0)] | None
Money = Annotated[dict[str, int], Field(description="minor units by ISO 4217 currency")]


class Output(BaseModel):
    """What every output record has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str


class Classified(Output):
    """A chat message and what it was understood to be."""

    event_id: str
    room_id: str
    user: Annotated[str, Field(description="keyed hash of the user_id, 16 hex digits", pattern="^[0-9a-f]{16}$")]
    event_time: TimeMs
    kind: Kind
    sub: Sub
    polarity: Polarity
    aspect: Aspect
    topic: Topic | None
    cue: Cue | None
    cue_target: Target | None
    purchase_report: bool
    confidence: Annotated[float, Field(ge=0, le=1)]
    model_version: str


class FeedbackClassified(Classified):
    """A feedback text and what it was understood to be."""

    channel: Literal["review", "after_sale", "survey"]
    score: Annotated[int, Field(ge=0, le=10)] | None


class PeerAnswer(BaseModel):
    """The first viewer's message that helped."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_id: str
    at: TimeMs


class Answer(PeerAnswer):
    """The utterance that answered a question."""

    role: Literal["anchor", "assistant"]
    channel: Literal["speech", "text", "pin", "demo"]
    said_at: TimeMs
    latency_ms: N
    evidence: Literal["reply_to", "match"]
    score: Share


class Question(Output):
    """The whole state of a cluster of questions after a change."""

    cluster_id: str
    room_id: str
    session_id: str
    change: Literal["opened", "joined", "peer_answered", "answered", "expired"]
    at: TimeMs
    event_id: str | None
    text: str
    sub: Literal["ask", "request"]
    topic: Topic | None
    product_id: str | None
    state: Literal["open", "answered", "expired"]
    asks: Annotated[int, Field(ge=1)]
    askers: Annotated[int, Field(ge=1)]
    first_ask: TimeMs
    last_ask: TimeMs
    peer_answer: PeerAnswer | None
    answer: Answer | None
    reopened_from: str | None


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


class Alert(Output):
    """An alert that fires or resolves."""

    alert: AlertName
    aspect: Literal["content", "product", "logistics", "service"] | None
    room_id: str
    session_id: str
    state: Literal["firing", "resolved"]
    severity: Literal["warning", "critical"]
    fired_at: TimeMs
    resolved_at: TimeMs | None
    value: float | None
    threshold: float
    baseline: float | None
    summary: str
    runbook: str


class DeadLetter(Output):
    """A record that could not be used, whole, and why."""

    topic: str
    partition: N
    offset: N
    key: Annotated[str, Field(description="base64")] | None
    value: Annotated[str, Field(description="base64")] | None
    reason: Reason
    detail: str
