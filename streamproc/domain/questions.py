"""Question clusters of one session: who asks the same, who has answered, what waits."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec import structs

from streamproc.contracts import topics
from streamproc.domain.cluster import ANSWERED, EXPIRED, OPEN, Answer, BoardState, Cluster, Past
from streamproc.domain.events import Message, Utterance
from streamproc.domain.responsiveness import count_due
from streamproc.domain.rules import QuestionIndex, Surroundings
from streamproc.domain.time import ASKER, DUE, EXPIRY, MINUTE, REJOIN
from streamproc.domain.windows import Tally

#: A closed cluster is kept whole until no asker can be judged by it any more.
_KEEP: Final = REJOIN + ASKER + MINUTE
#: Tells a cluster from closed ones with the same cluster_id, and is not published; no event_id holds it.
_AGAIN: Final = "#"


class Board:
    """The clusters of one session, and the indexes over them.

    The state is what a snapshot holds; indexes are rebuilt from it. Changes are counted into ``tally``.
    """

    def __init__(self, state: BoardState, tally: Tally, room_id: str, session_id: str, around: Surroundings) -> None:
        self.state = state
        self.tally = tally
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
        self._expire(cluster, t)

    def expire_all(self, t: int) -> None:
        """Expire all open clusters as the session ends."""
        for cluster in list(self.open.values()):
            self._expire(cluster, t)

    def retire(self, t: int) -> None:
        """Keep no more than a line of clusters that closed long ago."""
        state = self.state
        while state.closed:
            cluster = state.clusters[state.closed[0]]
            if cluster.closed_at is None or t < cluster.closed_at + _KEEP:
                break
            self._retire()
        while len(state.past) > self.around.rules.bounds.past_clusters:
            del state.past[next(iter(state.past))]
            self.around.count("past_clusters", 1)

    # -- inside

    def _cluster_id(self, key: str) -> str:
        return f"{self.session_id}/{key.rstrip(_AGAIN)}"

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

    def _expire(self, cluster: Cluster, t: int) -> None:
        self._close(cluster, EXPIRED, t)
        self.tally.add("expired")
        self._emit(cluster, "expired", t, None)

    def _open(self, message: Message, product: str | None, t: int, reopens: str | None) -> Cluster:
        state, label, bounds = self.state, message.label, self.around.rules.bounds
        if len(self.open) >= bounds.open_clusters:
            self.around.count("open_clusters", 1)
            self.expire(t)
        while len(state.closed) > bounds.past_clusters:
            self.around.count("closed_clusters", 1)
            self._judge_early(state.clusters[state.closed[0]], t)
            self._retire()
        reopened_from = None if reopens is None else self._cluster_id(reopens)
        key = message.event_id
        # An id used again: producers should not, and must not harm others.
        while key in self.open:
            key += "~"
        while key in state.clusters:
            key += _AGAIN
        cluster = Cluster(key, state.seq, message.text, label.sub, label.topic, product, t, t, reopened_from)
        state.seq += 1
        state.clusters[cluster.key] = self.open[cluster.key] = cluster
        state.due.append(cluster.key)
        self.index.add(cluster.key, cluster.text, cluster.topic, product)
        return cluster

    def _add_ask(self, cluster: Cluster, slot: str, message: Message, t: int) -> None:
        bounds, count = self.around.rules.bounds, self.around.count
        cluster.asks += 1
        cluster.last_ask = t
        if message.norm not in cluster.norms:
            if len(cluster.norms) < bounds.cluster_texts:
                cluster.norms.append(message.norm)
                self.state.by_text.setdefault(slot, []).append(cluster.key)
            else:
                count("cluster_texts", 1)
        if cluster.state == OPEN:
            self.state.expiring.pop(cluster.key, None)
            self.state.expiring[cluster.key] = True
            if len(cluster.events) >= bounds.cluster_asks:
                self.asked.pop(cluster.events.pop(0), None)
                count("cluster_asks", 1)
            cluster.events.append(message.event_id)
            self.asked[message.event_id] = cluster.key
        if message.user in cluster.askers:
            return
        if len(cluster.askers) >= bounds.users:
            count("cluster_askers", 1)
            return
        cluster.askers.add(message.user)
        if cluster.state == OPEN:
            self.waiting.setdefault(message.user, []).append(cluster.key)

    def _judge_early(self, cluster: Cluster, t: int) -> None:
        """Count a closed cluster as due before it is: what was done about it changes no more."""
        if t < cluster.first_ask + DUE:
            self.state.due.remove(cluster.key)
            count_due(cluster, self.tally)

    def _retire(self) -> None:
        """Keep a line, by each text, of the cluster that closed first."""
        state = self.state
        cluster = state.clusters.pop(state.closed.pop(0))
        self.index.discard(cluster.key)
        for norm in cluster.norms:
            slot = _slot(cluster.product_id, norm)
            keys = state.by_text[slot]
            keys.remove(cluster.key)
            if not keys:
                del state.by_text[slot]
            before = state.past.pop(slot, None)
            newer = before is not None and before.seq > cluster.seq
            state.past[slot] = before if before and newer else Past(cluster.key, cluster.seq, cluster.state)

    def _close(self, cluster: Cluster, state: str, t: int) -> None:
        cluster.state, cluster.closed_at = state, t
        key = cluster.key
        del self.open[key], self.state.expiring[key]
        self.state.closed.append(key)
        for event_id in cluster.events:
            self.asked.pop(event_id, None)
        cluster.events.clear()
        for user in cluster.askers:
            keys = self.waiting[user]
            keys.remove(key)
            if not keys:
                del self.waiting[user]

    def _emit(self, cluster: Cluster, change: str, t: int, event_id: str | None) -> None:
        cluster_id = self._cluster_id(cluster.key)
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
