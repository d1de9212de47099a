"""The group `interaction`: how much a room shows, promotes, answers, helps and demonstrates."""

import math
from itertools import pairwise
from typing import Any

from tests.oracle import constants as c
from tests.oracle.window import Window, ratio, users


def interaction(window: Window) -> dict[str, Any]:
    """Return the group `interaction`."""
    due = window.due()
    helped = [
        cluster
        for cluster in due
        if cluster.peer_answer is not None and cluster.peer_answer["at"] - cluster.first_ask < c.PEER_IN_TIME
    ]
    requests = [each for each in due if each.first.label and each.first.label.sub == "request"]
    answered = [cluster for cluster in requests if cluster.in_time]
    shown = [cluster for cluster in answered if cluster.answer and cluster.answer["channel"] == "demo"]
    components = {
        "display": share(window, "product_shown", "product_hidden"),
        "promotion": share(window, "promotion_started", "promotion_ended"),
        "responsiveness": ratio(sum(map(_response, due)), len(due)),
        "mutuality": ratio(len(helped), len(due)),
        "haptics": ratio(len(shown), len(requests)),
    }
    known = {name: value for name, value in components.items() if value is not None}
    weight = sum(c.WEIGHTS[name] for name in known)
    helpers = [each for each in window.events(c.CHAT) if each.label and each.label.sub == "help"]
    return {
        **components,
        "helpers": len(users(helpers)),
        "load": len(window.asked()) / max(len(window.answered()), 1),
        "requests_due": len(requests),
        "requests_shown": len(shown),
        "requests_answered": len(answered),
        "index": ratio(sum(c.WEIGHTS[name] * value for name, value in known.items()), weight),
        "coverage": weight / sum(c.WEIGHTS.values()),
    }


def _response(cluster: Any) -> float:
    return math.exp(-cluster.answer["latency_ms"] / 30_000) if cluster.in_time else 0.0


def share(window: Window, starts: str, stops: str) -> float | None:
    """Return the share of the session's time in the window with at least one thing on; None until one has been."""
    marks = [event for event in window.so_far(c.ROOM) if event.data["type"] in (starts, stops)]
    if not any(event.data["type"] == starts for event in marks):
        return None
    session = window.session
    begin = max(window.b, session.start)
    end = window.e if session.end is None else min(window.e, session.end)
    edges = sorted({begin, end} | {event.t for event in marks if begin < event.t < end})
    lit = 0
    for left, right in pairwise(edges):
        on: set[str | None] = set()
        for event in marks:
            if event.t <= left:
                thing = event.data.get("product_id")
                on = on | {thing} if event.data["type"] == starts else on - {thing}
        lit += right - left if on else 0
    return ratio(lit, end - begin)
