"""Did those whose question was answered buy more often? Judged 300 s after each user's first question."""

from math import sqrt

from msgspec import Struct, field

from streamproc.domain.cluster import Cluster
from streamproc.domain.rules import Bounds
from streamproc.domain.time import ASKER
from streamproc.domain.windows import Tally

#: A dict is made anew after so many first entries were taken off: whoever looks for the first passes all of those.
_TAKEN = 2_000

#: The 97.5 % point of the standard normal distribution.
Z = 1.959963984540054


class Asker(Struct):
    """A user whose first question is less than 300 s old; ``asks`` holds the first ask in each cluster."""

    first: int
    asks: dict[str, int] = field(default_factory=dict)
    bought: bool = False
    answered: bool = False


class Askers(Struct):
    """The session's askers: those to be judged, by first question, and the others' names."""

    pending: dict[str, Asker] = field(default_factory=dict)
    judged: set[str] = field(default_factory=set)
    taken: int = 0

    def ask(self, user: str, cluster: Cluster, t: int, last_order: int | None, bounds: Bounds) -> str | None:
        """Note a question of ``user`` in ``cluster``; ``last_order`` is when they last bought.

        Return what there is too much of where it cannot be kept: of users, who are then never judged, or of this one's
        questions.
        """
        asker = self.pending.get(user)
        if asker is None:
            if user in self.judged:
                return None
            if len(self.pending) >= bounds.users:
                return "askers"
            # An order applied before the question, at the same time, lies in [first question, + 300 s).
            asker = self.pending[user] = Asker(t, bought=last_order == t)
        if cluster.key not in asker.asks:
            if len(asker.asks) >= bounds.asker_clusters:
                return "asker_clusters"
            asker.asks[cluster.key] = t
        return None

    def order(self, user: str, t: int, clusters: dict[str, Cluster]) -> None:
        """Note that ``user`` bought for the first time since their first question."""
        asker = self.pending.get(user)
        if asker is not None and not asker.bought:
            asker.bought = True
            asker.answered = _answered_before(asker, t, clusters)

    def next_due(self) -> int | None:
        """Return when the next asker is judged."""
        for asker in self.pending.values():
            return asker.first + ASKER
        return None

    def judge(self, t: int, clusters: dict[str, Cluster], tally: Tally, most: int) -> bool:
        """Judge the asker who is due at ``t``; return False where their name could not be kept."""
        user = next(iter(self.pending))
        asker = self.pending.pop(user)
        self.taken += 1
        if self.taken >= _TAKEN:
            self.pending, self.taken = dict(self.pending.items()), 0
        if not asker.bought:
            asker.answered = _answered_before(asker, t, clusters)
        group = "answered" if asker.answered else "unanswered"
        tally.add(f"{group}_askers")
        if asker.bought:
            tally.add(f"{group}_bought")
        if len(self.judged) >= most:
            return False
        self.judged.add(user)
        return True


def _answered_before(asker: Asker, t: int, clusters: dict[str, Cluster]) -> bool:
    for key, asked in asker.asks.items():
        cluster = clusters.get(key)
        if asked < t and cluster is not None and cluster.answer is not None and cluster.answer.at < t:
            return True
    return False


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % score interval of a proportion ``hits / n``, n > 0, without continuity correction."""
    p = hits / n
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return centre - half, centre + half


def newcombe(hits1: int, n1: int, hits2: int, n2: int) -> tuple[float, float, float]:
    """Return the difference of two proportions and its 95 % interval by Newcombe's hybrid score method.

    Newcombe, Statistics in Medicine 17 (1998) 873-890, method 10. Both ``n`` must be above 0.
    """
    p1, p2 = hits1 / n1, hits2 / n2
    low1, high1 = wilson(hits1, n1)
    low2, high2 = wilson(hits2, n2)
    difference = p1 - p2
    low = difference - sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2)
    high = difference + sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2)
    return difference, low, high
