"""One room: opens and ends its sessions, and gives each event to the one it belongs to."""

from itertools import islice

from msgspec import Struct, field

from streamproc.contracts import topics
from streamproc.domain.events import ALIVE, LASTING, AnyEvent, Happening
from streamproc.domain.record import Record, records
from streamproc.domain.rules import Surroundings
from streamproc.domain.session import PANE_END, Session, SessionState
from streamproc.domain.time import DUPLICATE, LATE_START, LATENESS, REST


class Ids(Struct):
    """The event ids that were read, by topic and by quarter of an hour of their position."""

    spans: list[dict[int, dict[str, int]]] = field(default_factory=lambda: [{}, {}, {}, {}, {}])
    n: int = 0

    def is_duplicate(self, event: AnyEvent) -> bool:
        """Say whether the id was read with a position less than 15 min away; remember it if not."""
        spans, position = self.spans[event.order], event.position
        span = position // DUPLICATE
        for near in (span, span - 1, span + 1):
            ids = spans.get(near)
            if ids is not None:
                first = ids.get(event.event_id)
                if first is not None and abs(position - first) < DUPLICATE:
                    return True
        ids = spans.setdefault(span, {})
        self.n += event.event_id not in ids
        ids[event.event_id] = position
        return False

    def bound(self, most: int) -> int:
        """Forget the oldest ids beyond ``most``; return how many: a repetition of theirs would count again."""
        evicted = 0
        # A sixty-fourth goes with them, see `forget`.
        least = most - most // 64 if self.n > most else self.n
        while self.n > least:
            spans = max(self.spans, key=lambda spans: sum(map(len, spans.values())))
            ids = spans[min(spans)]
            for event_id in list(islice(ids, self.n - least)):
                del ids[event_id]
                evicted += 1
                self.n -= 1
            if not ids:
                del spans[min(spans)]
        return evicted

    def prune(self, watermark: int, *, lasting: bool) -> int:
        """Forget ids that no usable record can repeat; of orders and feedback only where not ``lasting``.

        Return how many.
        """
        before = self.n
        # A record not too late has a position of at least watermark - 15 min, and repeats one less than 15 min older.
        oldest = (watermark - LATENESS - DUPLICATE) // DUPLICATE
        for order, spans in enumerate(self.spans):
            if lasting and order in _LASTING:
                continue
            for span in [span for span in spans if span < oldest]:
                self.n -= len(spans.pop(span))
        return before - self.n


class RoomState(Struct):
    """All that a room must not forget over a restart."""

    room_id: str
    rested: int | None = None
    current: SessionState | None = None
    #: Sessions that have ended, whose last pane has not.
    ending: list[SessionState] = field(default_factory=list)
    ids: Ids = field(default_factory=Ids)


_LASTING = frozenset(kind.order for kind in LASTING)


class Room:
    """A room at work: ``wake`` is the next moment (ms) at which time brings something, None without a session."""

    def __init__(self, state: RoomState, around: Surroundings) -> None:
        self.state = state
        self.around = around
        self.current = None if state.current is None else Session(state.current, around)
        self.ending = [Session(s, around) for s in state.ending]
        #: The newest records by window, for whoever looks on.
        self.latest: dict[str, Record] = {}

    @property
    def asleep(self) -> bool:
        """Say whether no session is open or ending."""
        return self.current is None and not self.ending

    def is_before_session(self, position: int) -> bool:
        """Say whether a position lies before that of the event which opened the open session."""
        return self.current is not None and position < self.current.state.opener

    def advance(self, t: int) -> None:
        """Let time bring all that it brings up to and including ``t``."""
        while True:
            sessions = [*self.ending, self.current] if self.current is not None else self.ending
            session = min(sessions, key=lambda s: s.wake, default=None)
            if session is None or session.wake > t:
                return
            if session.refresh() <= t:
                self._step(session)

    def _step(self, session: Session) -> None:
        if session.step() == PANE_END:
            made = records(session)
            for record in made:
                self.around.emit(topics.METRICS, self.state.room_id, record)
                self.latest[record["window"]] = record
            if session.state.ended is None:
                session.state.alerts.judge(made, made[0]["end"], self.around)
                session.roll()
            else:
                self.ending.remove(session)
                self.state.ending = [s.state for s in self.ending]
        elif session.state.ended is not None:
            self._let_go(session)

    def apply(self, event: AnyEvent, t: int) -> None:
        """Apply an event at effective time ``t``; late events have a position before it."""
        if self.ending or (self.current is not None and self.current.wake <= t):
            self.advance(t)
        session = self._session_for(event, t)
        if session is None:
            self.around.count("outside", 1)
            return
        if event.position < t:
            session.state.tally.add("late")
        session.apply(event, t)
        if isinstance(event, Happening) and event.type == "ended":
            session.end(t)
            self._let_go(session)

    def note(self, what: str, t: int) -> None:
        """Count a duplicate or an invalid record where the watermark stands, ``t``, if a session is open there."""
        self.advance(t)
        if self.current is not None:
            self.current.state.tally.add(what)

    def _session_for(self, event: AnyEvent, t: int) -> Session | None:
        session = self.current
        if not isinstance(event, ALIVE):
            outside = session is None or event.position < session.state.opener
            return None if outside else session
        kind = event.type if isinstance(event, Happening) else ""
        if kind == "ended":
            self.state.rested = t
        if session is None:
            resting = self.state.rested is not None and t - self.state.rested < REST
            if kind != "started" and (kind == "ended" or resting):
                return None
        elif kind == "started" and _restarts(session, t):
            session.end(t)
            self._let_go(session)
        else:
            return session
        self.current = Session.open(event, t, self.around)
        self.state.current = self.current.state
        return self.current

    def _let_go(self, session: Session) -> None:
        self.ending.append(session)
        self.state.ending.append(session.state)
        self.current = self.state.current = None


def _restarts(session: Session, t: int) -> bool:
    """Say whether a `started` at ``t`` ends the session: not at its start, nor soon after another event opened it."""
    state = session.state
    return t != state.start and (state.by_started or t - state.start >= LATE_START)
