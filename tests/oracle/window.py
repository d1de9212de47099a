"""A window of a session, and the groups of numbers that only count what happened in it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.oracle import constants as c
from tests.oracle.clusters import Cluster
from tests.oracle.events import Event
from tests.oracle.reading import Mark
from tests.oracle.sessions import Session


def ratio(part: float, whole: float) -> float | None:
    """Return part / whole, or None of nothing."""
    return part / whole if whole else None


@dataclass
class Window:
    """What is known of a session in [b, e)."""

    session: Session
    clusters: list[Cluster]
    marks: list[Mark]
    b: int
    e: int

    def holds(self, x: int | None) -> bool:
        """Whether a time lies in the window."""
        return x is not None and self.b <= x < self.e

    def events(self, topic: str) -> list[Event]:
        """Events of the window on a topic, in order of application."""
        return [event for event in self.session.events if event.topic == topic and self.holds(event.t)]

    def so_far(self, topic: str) -> list[Event]:
        """Events of the session before e on a topic, in order of application."""
        return [event for event in self.session.events if event.topic == topic and event.t < self.e]

    def room(self, kind: str) -> list[Event]:
        """Room events of the window of a type."""
        return [event for event in self.events(c.ROOM) if event.data["type"] == kind]

    def texts(self) -> list[Event]:
        """Chat messages and feedback texts of the window."""
        return [event for topic in (c.CHAT, c.FEEDBACK) for event in self.events(topic) if event.label]

    def due(self) -> list[Cluster]:
        """Clusters that come due in the window."""
        return [cluster for cluster in self.clusters if self.holds(cluster.due)]

    def answered(self) -> list[Cluster]:
        """Clusters answered in the window."""
        return [each for each in self.clusters if each.answer is not None and self.holds(each.answer["at"])]

    def asked(self) -> list[Cluster]:
        """Clusters opened in the window."""
        return [cluster for cluster in self.clusters if self.holds(cluster.first_ask)]


def users(events: Iterable[Event]) -> set[str | None]:
    """Return the distinct users of some events."""
    return {event.user for event in events}


def percentile(values: list[int], hundredths: int) -> int | None:
    """Return the nearest-rank percentile: the ceil(q n)-th smallest."""
    rank = -(-hundredths * len(values) // 100)
    return sorted(values)[rank - 1] if values else None


def chat(window: Window) -> dict[str, Any]:
    """Return the group `chat`."""
    messages = window.events(c.CHAT)
    kinds = Counter(event.label.kind for event in messages if event.label)
    subs = Counter(event.label.sub for event in messages if event.label)
    return {
        "messages": len(messages),
        "chatters": len(users(messages)),
        "by_kind": {kind: kinds[kind] for kind in ("question", "mutuality", "feedback", "other")},
        "by_sub": {sub: subs[sub] for sub in ("ask", "request", "help", "seek", "reply", "opinion")},
    }


def voice(window: Window) -> dict[str, Any]:
    """Return the group `voice`."""
    said = Counter((event.label.aspect, event.label.polarity) for event in window.texts() if event.label)
    aspects = ("content", "product", "logistics", "service")
    negative = sum(said[aspect, "neg"] for aspect in aspects)
    return {
        **{aspect: {"pos": said[aspect, "pos"], "neg": said[aspect, "neg"]} for aspect in aspects},
        "neg_per_1000": ratio(1000 * negative, len(window.texts())),
    }


def questions(window: Window) -> dict[str, Any]:
    """Return the group `questions`."""
    latencies = [each.answer["latency_ms"] for each in window.answered() if each.answer]
    due = window.due()
    waiting = [cluster for cluster in window.clusters if cluster.open_at(window.e)]
    return {
        "asked": len(window.asked()),
        "answered": len(window.answered()),
        "expired": len([each for each in window.clusters if window.holds(each.expired_at)]),
        "by_topic": dict(Counter(each.first.label.topic for each in window.asked() if each.first.label)),
        "latency_ms": {
            "mean": ratio(sum(latencies), len(latencies)),
            "p50": percentile(latencies, 50),
            "p90": percentile(latencies, 90),
            "p99": percentile(latencies, 99),
        },
        "due": len(due),
        "due_answered": len([cluster for cluster in due if cluster.in_time]),
        "sla_rate": ratio(len([cluster for cluster in due if cluster.in_time]), len(due)),
        "open": len(waiting),
        "open_askers": len({user for cluster in waiting for user in cluster.askers(window.e)}),
        "oldest_open_age_ms": max((window.e - cluster.first_ask for cluster in waiting), default=None),
    }


def viewers(window: Window) -> dict[str, Any]:
    """Return the group `viewers`."""
    counts = [event.data["value"] for event in window.room("viewers")]
    ever = [event.data["value"] for event in window.so_far(c.ROOM) if event.data["type"] == "viewers"]
    return {
        "last": ever[-1] if ever else None,
        "peak": max(counts, default=None),
        "entered": len(users(window.room("enter"))),
        "follows": len(window.room("follow")),
        "shares": len(window.room("share")),
        "clicks": len(window.room("click")),
        "carts": len(window.room("cart")),
    }


def recommend(window: Window) -> dict[str, Any]:
    """Return the group `recommend`, without what the contract leaves open."""
    scores = [
        event.data["score"]
        for event in window.events(c.FEEDBACK)
        if event.data["channel"] == "survey" and event.data.get("score") is not None
    ]
    promoters = len([score for score in scores if score >= 9])
    detractors = len([score for score in scores if score <= 6])
    return {
        "promoters": promoters,
        "passives": len(scores) - promoters - detractors,
        "detractors": detractors,
        "nps": ratio(100 * (promoters - detractors), len(scores)),
    }


def quality(window: Window) -> dict[str, Any]:
    """Return the group `quality`."""
    late = [event for event in window.session.events if event.late and window.holds(event.t)]
    marks = Counter(mark.what for mark in window.marks if window.holds(mark.at))
    sure = [event.label.confidence for event in window.texts() if event.label]
    lively = [event.t for topic in c.LIVELY for event in window.so_far(topic)]
    return {
        "late": len(late),
        "duplicate": marks["duplicate"],
        "invalid": marks["invalid"],
        "mean_confidence": ratio(sum(sure), len(sure)),
        "low_confidence": ratio(len([each for each in sure if each < 0.5]), len(sure)),
        "silence_ms": window.e - max(lively),
    }
