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
AlertName = Literal["unanswered_spike", "oldest_question", "overload", "negative_surge", "conversion_drop", "silence"]
Reason = Literal["empty", "too_large", "not_json", "invalid", "wrong_key", "future", "too_late"]

TimeMs = Annotated[int, Field(description="ms since the epoch, UTC")]
N = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)] | None


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
