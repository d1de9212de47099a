"""Sessions: how a room's events, in order of application, fall into them."""

from dataclasses import dataclass

from tests.oracle import constants as c
from tests.oracle.events import NEVER, Event


@dataclass(eq=False)
class Session:
    """A room's session; end is None while it is open."""

    room: str
    place: int
    opener: Event
    events: list[Event]
    end: int | None = None

    @property
    def start(self) -> int:
        """When it opened, ms."""
        return self.opener.t

    @property
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.end is None

    @property
    def id(self) -> str:
        """The session_id."""
        return f"{self.room}@{self.start}"

    @property
    def silent_at(self) -> int:
        """When silence ends it, should nothing more happen."""
        return max(event.t for event in self.events if event.topic in c.LIVELY) + c.SILENCE


def sessions(room: str, applied: list[Event], w: int) -> list[Session]:
    """Return the sessions of a room, in order, from its events in order of application, as they are at W."""
    found: list[Session] = []
    ended = NEVER
    for event in applied:
        if event.data["room_id"] != room:
            continue
        _end_by_silence(found, event.t)
        kind = event.data["type"] if event.topic == c.ROOM else None
        current = found[-1] if found and found[-1].open else None
        if current is not None and kind == "started" and _restarts(current, event):
            current.end = event.t
            current = None
        if current is None and _opens(event, kind, ended):
            current = Session(room, len(found), event, [])
            found.append(current)
        if current is not None and not _older(current, event):
            current.events.append(event)
        if kind == "ended":
            ended = event.t
            if current is not None:
                current.end = event.t
    _end_by_silence(found, w)
    return found


def _end_by_silence(found: list[Session], now: int) -> None:
    if found and found[-1].open and found[-1].silent_at <= now:
        found[-1].end = found[-1].silent_at


def _opens(event: Event, kind: str | None, ended: int) -> bool:
    if kind == "started":
        return True
    return event.topic in c.LIVELY and kind != "ended" and event.t - ended >= c.AFTER_ENDED


def _restarts(session: Session, started: Event) -> bool:
    by_started = session.opener.topic == c.ROOM and session.opener.data["type"] == "started"
    joins = started.t == session.start or (not by_started and started.t - session.start < c.RESTART)
    return not joins


def _older(session: Session, event: Event) -> bool:
    return event.topic in (c.ORDERS, c.FEEDBACK) and event.position < session.opener.position
