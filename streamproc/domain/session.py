"""One session of a room: applies its events in order and lets time bring what it brings."""

from typing import Any

from msgspec import Struct, field

from streamproc.contracts.label import Label
from streamproc.domain.alerts import Alerts
from streamproc.domain.askers import Askers
from streamproc.domain.cluster import BoardState
from streamproc.domain.conversion import Ledger
from streamproc.domain.crowd import Crowd
from streamproc.domain.events import AnyEvent, Happening, Message, Opinion, Purchase, Utterance
from streamproc.domain.questions import Board
from streamproc.domain.responsiveness import count_due
from streamproc.domain.rules import Surroundings
from streamproc.domain.stage import Stage
from streamproc.domain.time import PANE, SILENCE
from streamproc.domain.windows import FIXED, WHOLE, Spread, Tally

#: What time brings at one moment, in this order.
PANE_END, DUE, EXPIRY, END = range(4)


class SessionState(Struct):
    """All that a session must not forget over a restart. Times in ms."""

    room_id: str
    start: int
    #: Position of the event that opened it: what is older belongs to no session or an earlier one.
    opener: int
    by_started: bool
    last: int
    pane: int
    ended: int | None = None
    #: Users and latencies whose eviction has been counted.
    forgotten: int = 0
    thinned: int = 0
    board: BoardState = field(default_factory=BoardState)
    askers: Askers = field(default_factory=Askers)
    ledger: Ledger = field(default_factory=Ledger)
    crowd: Crowd = field(default_factory=Crowd)
    stage: Stage = field(default_factory=Stage)
    tally: Tally = field(default_factory=Tally)
    alerts: Alerts = field(default_factory=Alerts)
    latencies: Spread = field(default_factory=Spread)


class Session:
    """A session at work. ``wake`` is the next moment (ms) at which time brings something."""

    def __init__(self, state: SessionState, around: Surroundings) -> None:
        self.state = state
        self.around = around
        self.id = f"{state.room_id}@{state.start}"
        self.board = Board(state.board, state.tally, state.room_id, self.id, around)
        self.wake = self._next()[0]
        #: Changes of each window's totals, by which records know what they need not write anew.
        self.versions = [0] * (WHOLE + 1)
        self.written: dict[int, tuple[object, dict[str, Any]]] = {}

    @classmethod
    def open(cls, event: AnyEvent, t: int, around: Surroundings) -> "Session":
        """Open the session that ``event`` begins at ``t``."""
        by_started = isinstance(event, Happening) and event.type == "started"
        state = SessionState(event.room_id, t, event.position, by_started, t, t // PANE)
        most = around.rules.bounds.users
        for distinct in (*state.crowd.distincts(), state.ledger.buyers, state.ledger.repeaters):
            distinct.most = most
        state.latencies.most = around.rules.bounds.latencies
        return cls(state, around)

    # -- time

    def _next(self) -> tuple[int, int]:
        """Return the next moment and what it brings."""
        state = self.state
        moments = [((state.pane + 1) * PANE, PANE_END)]
        if state.ended is None:
            dues = (self.board.next_due(), state.askers.next_due())
            moments.extend((x, DUE) for x in dues if x is not None)
            expiry = self.board.next_expiry()
            if expiry is not None:
                moments.append((expiry, EXPIRY))
            moments.append((state.last + SILENCE, END))
        return min(moments)

    def refresh(self) -> int:
        """Return the next moment, anew: a question asked again expires later than it would have."""
        self.wake = self._next()[0]
        return self.wake

    def step(self) -> int:
        """Let the next moment happen; return what it was. At a pane end the caller emits, then calls ``roll``."""
        x, what = self._next()
        state = self.state
        if what == PANE_END:
            if state.ended is None:
                state.stage.accrue(x)
            state.stage.time.close(state.pane)
            for window, changed in enumerate(state.tally.close(state.pane)):
                self.versions[window] += changed
            return what
        if what == DUE:
            if self.board.next_due() == x:
                count_due(self.board.pop_due(), state.tally)
            else:
                self._judge(x)
        elif what == EXPIRY:
            self.board.expire(x)
        else:
            self.end(x)
        self.refresh()
        return what

    def roll(self) -> None:
        """Begin the next pane."""
        state = self.state
        state.pane += 1
        self._bound()
        state.crowd.roll(state.pane)
        state.ledger.roll(state.pane)
        state.latencies.roll(state.pane)
        self.board.retire(state.pane * PANE)
        self.wake = self._next()[0]

    def _bound(self) -> None:
        """Keep within the bounds what may exceed them for a pane; count what that, and the others, evicted."""
        state, bounds, count = self.state, self.around.rules.bounds, self.around.count
        evicted = state.ledger.bound(bounds.orders, bounds.users)
        if evicted:
            count("orders", evicted)
        distincts = (*state.crowd.distincts(), state.ledger.buyers, state.ledger.repeaters)
        forgotten = sum(distinct.forgotten for distinct in distincts)
        if forgotten > state.forgotten:
            count("users", forgotten - state.forgotten)
        if state.latencies.thinned > state.thinned:
            count("latencies", state.latencies.thinned - state.thinned)
        state.forgotten, state.thinned = forgotten, state.latencies.thinned

    def end(self, t: int) -> None:
        """End the session at ``t``: what is open expires, and the pane that holds ``t`` is the last."""
        self.board.expire_all(t)
        self.state.stage.accrue(t)
        self.state.ended = t
        self.state.alerts.end({"room_id": self.state.room_id, "session_id": self.id}, t, self.around)
        self.refresh()

    def _judge(self, t: int) -> None:
        state = self.state
        if not state.askers.judge(t, state.board.clusters, state.tally, self.around.rules.bounds.users):
            self.around.count("askers", 1)

    # -- events

    def apply(self, event: AnyEvent, t: int) -> None:
        """Apply an event at effective time ``t``, to which time has already moved."""
        if isinstance(event, Message):
            self.state.last = t
            self._message(event, t)
        elif isinstance(event, Happening):
            self.state.last = t
            self._happening(event, t)
        elif isinstance(event, Utterance):
            self.state.last = t
            self._utterance(event, t)
        elif isinstance(event, Purchase):
            self._purchase(event, t)
        else:
            self._opinion(event)

    def _message(self, message: Message, t: int) -> None:
        state, label = self.state, message.label
        tally, add = state.tally, state.tally.add
        add("messages")
        add(label.kind)
        self._text(label)
        state.crowd.chatters.mark(message.user, state.pane)
        state.crowd.write(message, t, tally, self.around)
        if label.cue is not None:
            add(f"{label.cue}_{label.cue_target}")
        if label.advice is not None:
            add(f"chat_{label.advice}")
        if label.kind == "question":
            add(label.sub)
            product = message.product_id or state.stage.product
            cluster, is_new = self.board.ask(message, product, t)
            if is_new:
                add("asked")
                add(f"asked_{cluster.topic}")
            last_order = state.ledger.last_order(message.user)
            excess = state.askers.ask(message.user, cluster, t, last_order, self.around.rules.bounds)
            if excess is not None:
                self.around.count(excess, 1)
        elif label.kind != "other":
            add(label.sub)
            if label.sub == "help":
                state.crowd.helpers.mark(message.user, state.pane)
                self.board.help(message, message.product_id or state.stage.product, t)

    def _text(self, label: Label) -> None:
        add = self.state.tally.add
        add("texts")
        add("confidence", round(label.confidence * FIXED))
        if label.confidence < 0.5:
            add("low_confidence")
        if label.polarity != "neu" and label.aspect != "-":
            add(f"{label.aspect}_{label.polarity}")

    def _utterance(self, utterance: Utterance, t: int) -> None:
        if utterance.role == "bot":
            return
        state = self.state
        for cluster in self.board.answer(utterance, utterance.product_id or state.stage.product, t):
            state.tally.add("answered")
            if cluster.answer is not None:
                state.latencies.add(cluster.answer.latency_ms, state.pane)

    def _purchase(self, order: Purchase, t: int) -> None:
        state, tally = self.state, self.state.tally
        if order.status == "paid":
            if not state.ledger.pay(order, t, state.pane, tally):
                return
            state.askers.order(order.user, t, state.board.clusters)
            if order.user in state.crowd.by_share.last:
                tally.add("share_orders")
            if state.crowd.follows_report(order.user, t):
                tally.add("follow_on_orders")
        elif order.status != "placed":
            state.ledger.give_back(order, tally)

    def _opinion(self, opinion: Opinion) -> None:
        if opinion.label is not None:
            self._text(opinion.label)
        if opinion.channel == "survey" and opinion.score is not None:
            group = "promoters" if opinion.score >= 9 else "passives" if opinion.score >= 7 else "detractors"
            self.state.tally.add(group)

    def _happening(self, event: Happening, t: int) -> None:
        state, kind, most = self.state, event.type, self.around.rules.bounds.products
        kept = True
        if kind == "product_shown" and event.product_id is not None:
            kept = state.stage.show(event.product_id, t, most)
        elif kind == "product_hidden" and event.product_id is not None:
            state.stage.display.stop(event.product_id, t, state.stage.time)
        elif kind == "promotion_started":
            kept = state.stage.promotion.start(_promotion(event), t, most)
        elif kind == "promotion_ended":
            state.stage.promotion.stop(_promotion(event), t, state.stage.time)
        else:
            state.crowd.happen(event, state.pane, state.tally)
        if not kept:
            self.around.count("products", 1)


def _promotion(event: Happening) -> str:
    # A promotion of no product is one of its own: no product_id is empty.
    return event.product_id or ""
