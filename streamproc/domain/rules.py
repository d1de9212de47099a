"""What an operator may set: the index's weights, the alerts' thresholds, the bounds on what a room keeps."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from msgspec import Struct, field

#: Weights of the interaction index's components.
WEIGHTS: Final = {
    "display": 0.157,
    "promotion": 0.084,
    "responsiveness": 0.111,
    "mutuality": 0.128,
    "haptics": 0.188,
}


class Bounds(Struct, frozen=True):
    """Most that is kept for one room; what goes beyond is evicted and counted."""

    open_clusters: int = 2_000
    past_clusters: int = 5_000
    cluster_texts: int = 50
    cluster_asks: int = 10_000
    users: int = 200_000
    orders: int = 100_000
    messages: int = 50_000
    pairs: int = 50_000
    ids: int = 500_000
    asker_clusters: int = 1_000
    latencies: int = 50_000
    products: int = 5_000


#: What evictions are counted as: a bound's name, or which of the things that one bound holds.
EVICTED: Final = (*Bounds.__struct_fields__, "closed_clusters", "cluster_askers", "askers")


class Thresholds(Struct, frozen=True):
    """When alerts fire. Times in ms; docs/runbooks says what each is for."""

    #: Fewer waiting askers than this are no spike in any room: one anchor answers them in a minute.
    spike_floor: int = 10
    #: Times the room's own level, and robust standard deviations above it.
    spike_factor: float = 2.0
    spike_deviations: float = 4.0
    #: Panes before the level is trusted, and panes that it is the median of.
    spike_warmup: int = 6
    spike_memory: int = 60
    oldest_ms: int = 180_000
    oldest_askers: int = 3
    #: One old question in a room that answers the others in time is one that nobody asks again: no reason to page.
    oldest_sla: float = 0.5
    overload: float = 1.5
    overload_asked: int = 5
    #: The first questions of a session are asked before any can have been answered.
    overload_warmup_ms: int = 180_000
    surge_count: int = 5
    surge_floor: float = 0.1
    surge_factor: float = 3.0
    surge_prior: int = 50
    #: Fewer expected orders than this leave too much to chance: of 12 expected, 3 or fewer come once in 400 times.
    drop_expected: float = 12.0
    drop_share: float = 0.3
    silence_ms: int = 60_000
    #: Messages a second.
    silence_rate: float = 1.0


class Rules(Struct, frozen=True):
    """The settings that numbers depend on."""

    thresholds: Thresholds = Thresholds()
    #: Where runbooks are found: a folder or a URL.
    runbooks: str = "docs/runbooks"

    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    bounds: Bounds = Bounds()


class QuestionIndex(Protocol):
    """The matcher's view of one session's questions. What it finds depends on what was added alone."""

    def add(self, key: str, text: str, topic: str | None, product: str | None) -> None:
        """Add a question."""

    def discard(self, key: str) -> None:
        """Forget a question."""

    def same(self, text: str, topic: str | None, product: str | None) -> list[str]:
        """Return the keys of questions that ask the same of the same product."""

    def answered_by(self, text: str, product: str | None) -> list[tuple[str, float]]:
        """Return the keys of questions that an utterance answers, each with a score from 0 to 1."""

    def helped_by(self, text: str, product: str | None) -> list[tuple[str, float]]:
        """Return the keys of questions that a viewer's message helps with, each with a score."""


class Surroundings(Struct):
    """What a room needs from outside: rules, a matcher, where records go and where to count evictions."""

    rules: Rules
    index: Callable[[], QuestionIndex]
    emit: Callable[[str, str, dict[str, Any]], None]
    count: Callable[[str, int], None]
