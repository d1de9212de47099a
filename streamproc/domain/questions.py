"""Question clusters of one session: who asks the same, who has answered, what waits."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field, structs

from streamproc.contracts import topics
from streamproc.domain.events import Message, Utterance
from streamproc.domain.rules import QuestionIndex, Surroundings
from streamproc.domain.time import ASKER, DUE, EXPIRY, MINUTE, REJOIN

OPEN, ANSWERED, EXPIRED = "open", "answered", "expired"

#: A closed cluster is kept whole until no asker can be judged by it any more.
_KEEP = REJOIN + ASKER + MINUTE


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


class Board:
    """The clusters of one session, and the indexes over them.

    The state is what a snapshot holds; indexes are rebuilt from it.
    """

    def __init__(self, state: BoardState, room_id: str, session_id: str, around: Surroundings) -> None:
        self.state = state
        self.room_id = room_id
        self.session_id = session_id
        self.around = around
        self.index: QuestionIndex = around.index()
        self.open: dict[str, Cluster] = {}
        self.asked: dict[str, str] = {}
        self.waiting: dict[str, list[str]] = {}
        for key, cluster in state.clusters.items():
            self.index.add(key, cluster.text, cluster.topic, cluster.product_id)
            if cluster.state == OPEN:
                self.open[key] = cluster
                self.asked.update(dict.fromkeys(cluster.events, key))
                for user in sorted(cluster.askers):
                    self.waiting.setdefault(user, []).append(key)

    # -- what viewers and anchors do

    def ask(self, message: Message, product: str | None, t: int) -> tuple[Cluster, bool]:
        """Put a question to the cluster it joins or opens; return it and whether it is new."""
        slot = _slot(product, message.norm)
        fits = self._fitting(slot, message, product)
        for cluster in fits:
            if cluster.takes(t):
                self._add_ask(cluster, slot, message, t)
                self._emit(cluster, "joined", t, message.event_id)
                return cluster, False
        newest: Cluster | Past | None = fits[0] if fits else None
        past = self.state.past.get(slot)
        if past is not None and (newest is None or past.seq > newest.seq):
            newest = past
        reopened = newest is not None and newest.state == ANSWERED
        cluster = self._open(message, product, t, newest.key if newest and reopened else None)
        self._add_ask(cluster, slot, message, t)
        self._emit(cluster, "opened", t, message.event_id)
        return cluster, True

    def answer(self, utterance: Utterance, product: str | None, t: int) -> list[Cluster]:
        """Answer what an anchor's or assistant's utterance answers; return those clusters by first ask."""
        if not self.open:
            return []
        found: dict[str, float | None] = {
            self.asked[event_id]: None for event_id in utterance.reply_to if event_id in self.asked
        }
        for key, score in self.index.answered_by(utterance.text, product):
            cluster = self.open.get(key)
            if cluster is not None and key not in found and utterance.said_at >= cluster.first_ask:
                found[key] = score
        clusters = self._by_first_ask(found)
        for cluster in clusters:
            evidence = found[cluster.key]
            cluster.answer = Answer(
                utterance.event_id,
                utterance.role,
                utterance.channel,
                utterance.said_at,
                t,
                max(0, utterance.said_at - cluster.first_ask),
                "reply_to" if evidence is None else "match",
                evidence,
            )
            self._close(cluster, ANSWERED, t)
            self._emit(cluster, "answered", t, utterance.event_id)
        return clusters

    def help(self, message: Message, product: str | None, t: int) -> None:
        """Note the first viewer who helps with an open question of others."""
        if not self.open:
            return
        keys = [self.asked[message.reply_to]] if message.reply_to in self.asked else []
        for user in message.mentions:
            keys += self.waiting.get(user, ())
        keys += [key for key, _ in self.index.helped_by(message.text, product) if key in self.open]
        for cluster in self._by_first_ask(keys):
            if cluster.peer_at is None and message.user not in cluster.askers:
                cluster.peer_id, cluster.peer_at = message.event_id, t
                self._emit(cluster, "peer_answered", t, message.event_id)

    # -- what time brings

    def next_due(self) -> int | None:
        """Return when the next cluster is due."""
        return self.state.clusters[self.state.due[0]].first_ask + DUE if self.state.due else None

    def pop_due(self) -> Cluster:
        """Take the cluster that is due."""
        return self.state.clusters[self.state.due.pop(0)]

    def next_expiry(self) -> int | None:
        """Return when the next open cluster expires."""
        for key in self.state.expiring:
            return self.open[key].last_ask + EXPIRY
        return None

    def expire(self, t: int) -> None:
        """Expire the open cluster that was last asked the longest ago."""
        cluster = self.open[next(iter(self.state.expiring))]
        self._close(cluster, EXPIRED, t)
        self._emit(cluster, "expired", t, None)

    def expire_all(self, t: int) -> int:
        """Expire all open clusters as the session ends; return how many."""
        clusters = list(self.open.values())
        for cluster in clusters:
            self._close(cluster, EXPIRED, t)
            self._emit(cluster, "expired", t, None)
        return len(clusters)

    def retire(self, t: int) -> None:
        """Keep no more than a line of clusters that closed long ago."""
        state = self.state
        while state.closed:
            cluster = state.clusters[state.closed[0]]
            if cluster.closed_at is None or t < cluster.closed_at + _KEEP:
                break
            self.index.discard(cluster.key)
            del state.closed[0], state.clusters[cluster.key]
            for norm in cluster.norms:
                slot = _slot(cluster.product_id, norm)
                keys = state.by_text[slot]
                keys.remove(cluster.key)
                if not keys:
                    del state.by_text[slot]
                before = state.past.pop(slot, None)
                newer = before is not None and before.seq > cluster.seq
                state.past[slot] = before if before and newer else Past(cluster.key, cluster.seq, cluster.state)
        while len(state.past) > self.around.rules.bounds.past_clusters:
            del state.past[next(iter(state.past))]
            self.around.count("past_clusters")

    # -- inside

    def _by_first_ask(self, keys: Iterable[str]) -> list[Cluster]:
        return sorted((self.open[key] for key in set(keys)), key=lambda cluster: cluster.seq)

    def _fitting(self, slot: str, message: Message, product: str | None) -> list[Cluster]:
        """Return the clusters that ask the same of the same product, the newest first."""
        clusters = self.state.clusters
        keys = set(self.state.by_text.get(slot, ()))
        for key in self.index.same(message.text, message.label.topic, product):
            if key in clusters and clusters[key].product_id == product:
                keys.add(key)
        return sorted((clusters[key] for key in keys), key=lambda cluster: -cluster.seq)

    def _open(self, message: Message, product: str | None, t: int, reopens: str | None) -> Cluster:
        state, label = self.state, message.label
        if len(self.open) >= self.around.rules.bounds.open_clusters:
            self.around.count("open_clusters")
            self.expire(t)
        reopened_from = None if reopens is None else f"{self.session_id}/{reopens}"
        cluster = Cluster(
            message.event_id, state.seq, message.text, label.sub, label.topic, product, t, t, reopened_from
        )
        state.seq += 1
        state.clusters[cluster.key] = self.open[cluster.key] = cluster
        state.due.append(cluster.key)
        self.index.add(cluster.key, cluster.text, cluster.topic, product)
        return cluster

    def _add_ask(self, cluster: Cluster, slot: str, message: Message, t: int) -> None:
        cluster.asks += 1
        cluster.last_ask = t
        if message.norm not in cluster.norms and len(cluster.norms) < self.around.rules.bounds.cluster_texts:
            cluster.norms.append(message.norm)
            self.state.by_text.setdefault(slot, []).append(cluster.key)
        if cluster.state == OPEN:
            self.state.expiring.pop(cluster.key, None)
            self.state.expiring[cluster.key] = True
            cluster.events.append(message.event_id)
            self.asked[message.event_id] = cluster.key
            if message.user not in cluster.askers:
                self.waiting.setdefault(message.user, []).append(cluster.key)
        cluster.askers.add(message.user)

    def _close(self, cluster: Cluster, state: str, t: int) -> None:
        cluster.state, cluster.closed_at = state, t
        key = cluster.key
        del self.open[key], self.state.expiring[key]
        self.state.closed.append(key)
        for event_id in cluster.events:
            del self.asked[event_id]
        cluster.events.clear()
        for user in cluster.askers:
            keys = self.waiting[user]
            keys.remove(key)
            if not keys:
                del self.waiting[user]

    def _emit(self, cluster: Cluster, change: str, t: int, event_id: str | None) -> None:
        cluster_id = f"{self.session_id}/{cluster.key}"
        answer = cluster.answer
        record: dict[str, Any] = {
            "id": f"{cluster_id}#{cluster.changes}",
            "cluster_id": cluster_id,
            "room_id": self.room_id,
            "session_id": self.session_id,
            "change": change,
            "at": t,
            "event_id": event_id,
            "text": cluster.text,
            "sub": cluster.sub,
            "topic": cluster.topic,
            "product_id": cluster.product_id,
            "state": cluster.state,
            "asks": cluster.asks,
            "askers": len(cluster.askers),
            "first_ask": cluster.first_ask,
            "last_ask": cluster.last_ask,
            "peer_answer": None if cluster.peer_at is None else {"event_id": cluster.peer_id, "at": cluster.peer_at},
            "answer": None if answer is None else structs.asdict(answer),
            "reopened_from": cluster.reopened_from,
        }
        cluster.changes += 1
        self.around.emit(topics.QUESTIONS, cluster_id, record)


def _slot(product: str | None, norm: str) -> str:
    # A product_id may hold anything, so its length goes in front: no two pairs share a slot.
    return f"{-1 if product is None else len(product)}:{product or ''}{norm}"
