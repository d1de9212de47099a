"""A cluster of questions, and what a board of them must not forget over a restart."""

from msgspec import Struct, field

from streamproc.domain.time import REJOIN

OPEN, ANSWERED, EXPIRED = "open", "answered", "expired"


class Answer(Struct, gc=False):
    """The utterance that answered; times in ms."""

    event_id: str
    role: str
    channel: str
    said_at: int
    at: int
    latency_ms: int
    evidence: str
    score: float | None


class Cluster(Struct):
    """Questions that ask the same thing of the same product. ``key`` is the first ask's event_id."""

    key: str
    seq: int
    text: str
    sub: str
    topic: str | None
    product_id: str | None
    first_ask: int
    last_ask: int
    reopened_from: str | None
    state: str = OPEN
    changes: int = 0
    asks: int = 0
    askers: set[str] = field(default_factory=set)
    norms: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    peer_id: str | None = None
    peer_at: int | None = None
    answer: Answer | None = None
    closed_at: int | None = None

    def takes(self, t: int) -> bool:
        """Say whether the same question at ``t`` joins: open, or answered at most 30 s before."""
        return self.state == OPEN or (self.answer is not None and t - self.answer.at <= REJOIN)


class Past(Struct, gc=False):
    """What is remembered, by product and text, of the newest cluster that is long closed."""

    key: str
    seq: int
    state: str


class BoardState(Struct):
    """All that a board must not forget over a restart."""

    clusters: dict[str, Cluster] = field(default_factory=dict)
    #: Clusters by product and normalised text, see `_slot`.
    by_text: dict[str, list[str]] = field(default_factory=dict)
    past: dict[str, Past] = field(default_factory=dict)
    due: list[str] = field(default_factory=list)
    #: Open clusters by last ask, the one that expires first at the front.
    expiring: dict[str, bool] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    seq: int = 0
