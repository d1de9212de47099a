"""The group `askers`: whether askers whose question was answered buy more often."""

import math
from typing import Any

from tests.oracle import constants as c
from tests.oracle.conversion import paid_orders
from tests.oracle.window import Window, ratio

Z = 1.959963984540054


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion."""
    p = hits / n
    centre = p + Z * Z / (2 * n)
    spread = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return (centre - spread) / (1 + Z * Z / n), (centre + spread) / (1 + Z * Z / n)


def newcombe(a: int, m: int, b: int, n: int) -> tuple[float, float]:
    """Return Newcombe's hybrid score interval of a/m - b/n (1998, method 10)."""
    p, q = a / m, b / n
    (low_p, high_p), (low_q, high_q) = wilson(a, m), wilson(b, n)
    return (
        p - q - math.sqrt((p - low_p) ** 2 + (high_q - q) ** 2),
        p - q + math.sqrt((high_p - p) ** 2 + (q - low_q) ** 2),
    )


def askers(window: Window) -> dict[str, Any]:
    """Return the group `askers`."""
    counts = {True: [0, 0], False: [0, 0]}
    for user, first in _first_questions(window).items():
        deadline = first + c.ASKER_DUE
        ended = window.session.end
        if not window.holds(deadline) or (ended is not None and deadline > ended):
            continue
        bought = [o.t for o in paid_orders(window.session) if o.user == user and first <= o.t < deadline]
        before = min(bought, default=deadline)
        answered = any(
            cluster.answer is not None
            and cluster.answer["at"] < before
            and any(ask.user == user and ask.t < before for ask in cluster.asks)
            for cluster in window.clusters
        )
        counts[answered][0] += 1
        counts[answered][1] += bool(bought)
    (m, a), (n, b) = counts[True], counts[False]
    low, high = newcombe(a, m, b, n) if m and n else (None, None)
    return {
        "due": m + n,
        "answered": {"askers": m, "bought": a, "rate": ratio(a, m)},
        "unanswered": {"askers": n, "bought": b, "rate": ratio(b, n)},
        "difference": a / m - b / n if m and n else None,
        "ci_low": low,
        "ci_high": high,
    }


def _first_questions(window: Window) -> dict[str | None, int]:
    first: dict[str | None, int] = {}
    for cluster in window.clusters:
        for ask in cluster.asks:
            first[ask.user] = min(ask.t, first.get(ask.user, ask.t))
    return first
