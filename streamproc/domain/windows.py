"""Numbers over rolling windows, in constant time an event.

A window at pane end e holds the events of the last k panes. Each class here is told the pane of an event when it
is counted and rolled once a pane; nothing is ever added up over the panes of a window again.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from itertools import islice
from typing import Any

from msgspec import Struct, field

from streamproc.domain.time import LONGEST, PANES

#: Shares and confidences are summed as integers of this many parts, so that a window's sum can be taken off
#: exactly. One value is off by at most 4e-12, and so is their mean.
FIXED = 1 << 36

#: Index of the session among the windows, after the rolling ones.
WHOLE = len(PANES)


def forget(kept: dict[str, Any], most: int) -> int:
    """Forget the oldest entries where there are more than ``most``; return how many.

    A sixty-fourth goes with them: to find the first of a dict is to pass all that was deleted in front of it, so
    that one at a time would cost more the more there is.
    """
    if len(kept) <= most:
        return 0
    oldest = list(islice(kept, len(kept) - most + most // 64))
    for key in oldest:
        del kept[key]
    return len(oldest)


class Tally(Struct):
    """Named counts and sums over each window and the session; integers only, so that taking off is exact."""

    pane: dict[str, int] = field(default_factory=dict)
    past: dict[int, dict[str, int]] = field(default_factory=dict)
    totals: tuple[dict[str, int], dict[str, int], dict[str, int], dict[str, int]] = field(
        default_factory=lambda: ({}, {}, {}, {})
    )

    def add(self, name: str, n: int = 1) -> None:
        """Count ``n`` into the pane that is open."""
        self.pane[name] = self.pane.get(name, 0) + n

    def close(self, pane: int) -> list[bool]:
        """End the open pane, number ``pane``: the totals then stand for the windows that end with it.

        Return which windows' totals have changed.
        """
        changed = [bool(self.pane)] * len(self.totals)
        for total in self.totals:
            for name, n in self.pane.items():
                total[name] = total.get(name, 0) + n
        for window, k in enumerate(PANES):
            left = self.past.get(pane - k)
            if left is not None:
                changed[window] = True
                total = self.totals[window]
                for name, n in left.items():
                    total[name] -= n
        self.past.pop(pane - LONGEST, None)
        if self.pane:
            self.past[pane] = self.pane
            self.pane = {}
        return changed


class Distinct(Struct):
    """Distinct users in each window: every user's last active pane, and how many users a last pane has.

    At most ``most`` users are remembered. Beyond that, users inactive for longer than the longest window are
    forgotten first; where there is none, the newcomer counts without being remembered. Either may be counted
    once more in the session when they come back, so numbers beyond the bound are upper bounds.
    """

    most: int = 200_000
    forgotten: int = 0
    #: The pane in which the idle were last looked for: once a pane is enough, and each look goes through all.
    swept: int = -1
    last: dict[str, int] = field(default_factory=dict)
    per_pane: dict[int, int] = field(default_factory=dict)
    sums: list[int] = field(default_factory=lambda: [0] * len(PANES))

    def mark(self, user: str, pane: int) -> None:
        """Note that ``user`` was active in ``pane``, the newest."""
        before = self.last.get(user)
        if before == pane:
            return
        self.last[user] = pane
        self.per_pane[pane] = self.per_pane.get(pane, 0) + 1
        if before is None:
            self.sums = [n + 1 for n in self.sums]
            if len(self.last) > self.most:
                self._forget(user, pane)
            return
        if before in self.per_pane:
            self.per_pane[before] -= 1
        gap = pane - before
        for i, k in enumerate(PANES):
            if gap < k:
                break
            self.sums[i] += 1

    def roll(self, pane: int) -> None:
        """Begin ``pane``: users last active in the panes that leave the windows leave them."""
        get = self.per_pane.get
        self.sums = [n - get(pane - k, 0) for n, k in zip(self.sums, PANES, strict=True)]
        self.per_pane.pop(pane - LONGEST, None)

    def count(self, window: int) -> int:
        """Return the number of distinct users in a window, by its index."""
        return len(self.last) + self.forgotten if window == WHOLE else self.sums[window]

    def _forget(self, newcomer: str, pane: int) -> None:
        idle: list[str] = []
        if self.swept != pane:
            self.swept = pane
            idle = [user for user, last in self.last.items() if last <= pane - LONGEST]
        for user in idle or [newcomer]:
            del self.last[user]
            self.forgotten += 1


class Peak(Struct):
    """The highest value in each window: panes in order, each only while nothing later is as high."""

    panes: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)
    session: int | None = None

    def add(self, value: int, pane: int) -> None:
        """Note a value in ``pane``, the newest."""
        while self.values and self.values[-1] <= value:
            self.values.pop()
            self.panes.pop()
        # Windows are made of whole panes: a lower value after the pane's highest is none's peak.
        if not self.panes or self.panes[-1] != pane:
            self.values.append(value)
            self.panes.append(pane)
        self.session = value if self.session is None else max(self.session, value)

    def roll(self, pane: int) -> None:
        """Begin ``pane``: forget what has left the longest window."""
        if self.panes and self.panes[0] <= pane - LONGEST:
            del self.panes[0], self.values[0]

    def highest(self, window: int, pane: int) -> int | None:
        """Return the highest value in the window that ends with ``pane``."""
        if window == WHOLE:
            return self.session
        first = bisect_right(self.panes, pane - PANES[window])
        return self.values[first] if first < len(self.values) else None


class Spread(Struct):
    """The values in each window in order of size, for means and percentiles.

    Beyond ``most`` values the session's are thinned to every second: its percentiles are then approximate, its mean
    stays exact.
    """

    most: int = 50_000
    thinned: int = 0
    n: int = 0
    by_pane: dict[int, list[int]] = field(default_factory=dict)
    ordered: tuple[list[int], list[int], list[int], list[int]] = field(default_factory=lambda: ([], [], [], []))
    sums: list[int] = field(default_factory=lambda: [0] * (WHOLE + 1))

    def add(self, value: int, pane: int) -> None:
        """Note a value in ``pane``, the newest."""
        self.by_pane.setdefault(pane, []).append(value)
        for i, values in enumerate(self.ordered):
            insort(values, value)
            self.sums[i] += value
        self.n += 1
        session = self.ordered[WHOLE]
        if len(session) > self.most:
            self.thinned += len(session) // 2
            del session[1::2]

    def roll(self, pane: int) -> None:
        """Begin ``pane``: values in the panes that leave the windows leave them."""
        for i, k in enumerate(PANES):
            for value in self.by_pane.get(pane - k, ()):
                values = self.ordered[i]
                del values[bisect_left(values, value)]
                self.sums[i] -= value
        self.by_pane.pop(pane - LONGEST, None)

    def mean(self, window: int) -> float | None:
        """Return the mean, or None of nothing."""
        n = self.n if window == WHOLE else len(self.ordered[window])
        return self.sums[window] / n if n else None

    def percentiles(self, window: int, of_hundred: Iterable[int]) -> list[int | None]:
        """Return nearest-rank percentiles: the ceil(q n / 100)-th smallest."""
        values = self.ordered[window]
        n = len(values)
        # Integers keep the rank exact: .9 * 10 is above 9 in floating point.
        return [values[-(-q * n // 100) - 1] if n else None for q in of_hundred]
