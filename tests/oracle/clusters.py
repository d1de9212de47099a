"""The questions of a session: clusters, who answered them, when they expired, and a record for each change."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.oracle import constants as c
from tests.oracle.events import Event
from tests.oracle.sessions import Session
from tests.oracle.stub import Matcher

Normalise = Callable[[str], str]


@dataclass(frozen=True)
class Same:
    """What makes texts meet: normalisation, and the matcher that the contract leaves open."""

    normalise: Normalise
    matcher: Matcher

    def fits(self, ask: Event, cluster: "Cluster") -> bool:
        """Say whether an ask is equal to any ask of a cluster, or the same as its first by the matcher."""
        text = ask.data["text"]
        equal = any(self.normalise(each.data["text"]) == self.normalise(text) for each in cluster.asks)
        return equal or self.matcher.same(text, cluster.first.data["text"])


@dataclass(eq=False)
class Cluster:
    """A cluster's whole life."""

    session: Session
    product: str | None
    asks: list[Event]
    reopened_from: str | None
    peer_answer: dict[str, Any] | None = None
    answer: dict[str, Any] | None = None
    expired_at: int | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def first(self) -> Event:
        """The first ask."""
        return self.asks[0]

    @property
    def id(self) -> str:
        """The cluster_id."""
        return f"{self.session.id}/{self.first.data['event_id']}"

    @property
    def first_ask(self) -> int:
        """When it was first asked, ms."""
        return self.first.t

    @property
    def last_ask(self) -> int:
        """When it was last asked, ms."""
        return self.asks[-1].t

    @property
    def open(self) -> bool:
        """Whether it still waits."""
        return self.answer is None and self.expired_at is None

    @property
    def due(self) -> int | None:
        """When it comes due, or None where the session ended before that."""
        due = self.first_ask + c.DUE
        return None if self.session.end is not None and due > self.session.end else due

    @property
    def in_time(self) -> bool:
        """Whether it was answered in time."""
        return (
            self.answer is not None
            and self.answer["latency_ms"] < c.IN_TIME
            and self.answer["at"] < self.first_ask + c.DUE
        )

    def open_at(self, e: int) -> bool:
        """Whether it was open when what came before e had come."""
        answered = self.answer is not None and self.answer["at"] < e
        expired = self.expired_at is not None and self.expired_at < e
        return self.first_ask < e and not answered and not expired

    def askers(self, e: int) -> set[str | None]:
        """Who had asked it before e."""
        return {ask.user for ask in self.asks if ask.t < e}

    def record(self, change: str, at: int, event_id: str | None) -> None:
        """Note a change, with the whole state after it."""
        label = self.first.label
        assert label is not None
        state = "open" if self.open else "answered" if self.answer is not None else "expired"
        self.changes.append(
            {
                "id": f"{self.id}#{len(self.changes)}",
                "cluster_id": self.id,
                "room_id": self.session.room,
                "session_id": self.session.id,
                "change": change,
                "at": at,
                "event_id": event_id,
                "text": self.first.data["text"],
                "sub": label.sub,
                "topic": label.topic,
                "product_id": self.product,
                "state": state,
                "asks": len(self.asks),
                "askers": len({ask.user for ask in self.asks}),
                "first_ask": self.first_ask,
                "last_ask": self.last_ask,
                "peer_answer": self.peer_answer,
                "answer": self.answer,
                "reopened_from": self.reopened_from,
            }
        )


def clusters(session: Session, w: int, same: Same) -> list[Cluster]:
    """Return the clusters of a session as they are at W."""
    found: list[Cluster] = []
    shown: str | None = None
    for event in session.events:
        _expire(found, event.t)
        if event.topic == c.ROOM and event.data["type"] == "product_shown":
            shown = event.data["product_id"]
        if event.topic == c.ANCHOR:
            _answer(found, event, same.matcher)
        if event.topic == c.CHAT and event.label is not None:
            if event.label.kind == "question":
                _ask(found, session, event, shown, same)
            if (event.label.kind, event.label.sub) == ("mutuality", "help"):
                _help(found, event, same.matcher)
    _expire(found, w if session.end is None else min(w, session.end))
    if session.end is not None:
        for cluster in found:
            if cluster.open:
                cluster.expired_at = session.end
                cluster.record("expired", session.end, None)
    return found


def _expire(found: list[Cluster], now: int) -> None:
    for cluster in found:
        if cluster.open and cluster.last_ask + c.EXPIRY <= now:
            cluster.expired_at = cluster.last_ask + c.EXPIRY
            cluster.record("expired", cluster.expired_at, None)


def _ask(found: list[Cluster], session: Session, event: Event, shown: str | None, same: Same) -> None:
    product = event.data["product_id"] if event.data.get("product_id") is not None else shown
    fitting = [cluster for cluster in found if cluster.product == product and same.fits(event, cluster)]
    newest_first = sorted(fitting, key=lambda cluster: (cluster.first_ask, cluster.first.seq), reverse=True)
    for cluster in newest_first:
        if cluster.open or (cluster.answer is not None and event.t - cluster.answer["at"] <= c.REJOIN):
            cluster.asks.append(event)
            cluster.record("joined", event.t, event.data["event_id"])
            return
    reopened = newest_first[0].id if newest_first and newest_first[0].answer is not None else None
    opened = Cluster(session, product, [event], reopened)
    found.append(opened)
    opened.record("opened", event.t, event.data["event_id"])


def _answer(found: list[Cluster], event: Event, matcher: Matcher) -> None:
    if event.data["role"] == "bot":
        return
    named = event.data.get("reply_to") or []
    said_at = event.data["event_time"]
    for cluster in found:
        replied = any(ask.data["event_id"] in named for ask in cluster.asks)
        score = None if replied else matcher.answers(event.data["text"], cluster.first.data["text"])
        matched = score is not None and said_at >= cluster.first_ask
        if cluster.open and (replied or matched):
            cluster.answer = {
                "event_id": event.data["event_id"],
                "role": event.data["role"],
                "channel": event.data["channel"],
                "said_at": said_at,
                "at": event.t,
                "latency_ms": max(0, said_at - cluster.first_ask),
                "evidence": "reply_to" if replied else "match",
                "score": score,
            }
            cluster.record("answered", event.t, event.data["event_id"])


def _help(found: list[Cluster], event: Event, matcher: Matcher) -> None:
    mentions = event.data.get("mentions") or []
    for cluster in found:
        askers = {ask.user for ask in cluster.asks}
        held = any(ask.data["event_id"] == event.data.get("reply_to") for ask in cluster.asks)
        mentioned = any(user in askers for user in mentions)
        matched = matcher.helps(event.data["text"], cluster.first.data["text"]) is not None
        helped = event.user not in askers and (held or mentioned or matched)
        if cluster.open and cluster.peer_answer is None and helped:
            cluster.peer_answer = {"event_id": event.data["event_id"], "at": event.t}
            cluster.record("peer_answered", event.t, event.data["event_id"])
