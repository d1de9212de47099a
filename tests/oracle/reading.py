"""Reading: what becomes of each record, where W stands, and in which order a room's events are applied, at which t."""

import hashlib
import hmac
import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, Protocol

from streamproc.contracts.label import Label
from streamproc.pipeline.records import Record
from tests.oracle import constants as c
from tests.oracle.events import NEVER, Event
from tests.oracle.sessions import Session, sessions
from tests.oracle.valid import wrong_fields


class Understands(Protocol):
    """The part of understanding that reading needs."""

    version: str

    def label(self, texts: list[str]) -> list[Label]:
        """Return a label for each text."""
        ...


@dataclass
class Mark:
    """A duplicate or invalid record, and the open session it is counted in: its place among the room's sessions."""

    room: str
    session: int
    at: int
    what: str


@dataclass
class Reading:
    """All that reading finds out."""

    applied: list[Event] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    dead_letters: list[dict[str, Any]] = field(default_factory=list)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    classified: list[dict[str, Any]] = field(default_factory=list)
    feedback_classified: list[dict[str, Any]] = field(default_factory=list)
    w: int = NEVER


class _UnusableError(Exception):
    """A record that becomes a dead letter."""

    def __init__(self, reason: str, wrong: list[str] | None = None, room: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.wrong, self.room = reason, wrong or [], room


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _usable(record: Record) -> Event:
    if not record.value:
        raise _UnusableError("empty")
    if len(record.value) > 64 * 1024:
        raise _UnusableError("too_large")
    try:
        value = json.loads(record.value.decode(), parse_constant=_no_constant)
    except ValueError:
        raise _UnusableError("not_json") from None
    if not isinstance(value, dict):
        raise _UnusableError("invalid")
    if wrong := wrong_fields(record.topic, value):
        room = value.get("room_id")
        raise _UnusableError("invalid", wrong, room if isinstance(room, str) else None)
    event = Event(record.topic, value)
    if record.key is not None and record.key != value["room_id"].encode():
        raise _UnusableError("wrong_key")
    if record.timestamp is not None and event.position > record.timestamp + c.FUTURE:
        raise _UnusableError("future")
    return event


def reason(record: Record) -> str | None:
    """Return why a record cannot be used, whenever it is read, or None."""
    try:
        _usable(record)
    except _UnusableError as unusable:
        return unusable.reason
    return None


def _dead_letter(record: Record, reason: str) -> dict[str, Any]:
    value = None if record.value is None or reason == "too_large" else record.value
    return {
        "id": f"{record.topic}/{record.partition}/{record.offset}",
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": None if record.key is None else b64encode(record.key).decode(),
        "value": None if value is None else b64encode(value).decode(),
        "reason": reason,
    }


def classified(event: Event, version: str, key: bytes) -> dict[str, Any]:
    """Return the classified record of a chat message or a feedback text."""
    label = event.label
    assert label is not None
    body = {
        "id": f"{event.data['room_id']}/{event.data['event_id']}",
        "event_id": event.data["event_id"],
        "room_id": event.data["room_id"],
        "user": hmac.new(key, event.data["user_id"].encode(), hashlib.sha256).hexdigest()[:16],
        "event_time": event.data["event_time"],
        "kind": label.kind,
        "sub": label.sub,
        "polarity": label.polarity,
        "aspect": label.aspect,
        "topic": label.topic,
        "cue": label.cue,
        "cue_target": label.cue_target,
        "purchase_report": label.purchase_report,
        "confidence": label.confidence,
        "model_version": version,
    }
    if event.topic == c.FEEDBACK:
        body |= {"channel": event.data["channel"], "score": event.data.get("score")}
    return body


class Reader:
    """Reads records one by one; nothing is forgotten, and sessions are worked out anew whenever they matter."""

    def __init__(self, understands: Understands, key: bytes) -> None:
        self.understands, self.key = understands, key
        self.out = Reading()
        self.waiting: list[Event] = []
        self.accepted: list[Event] = []
        self.highest_clock = NEVER
        self.highest_position = NEVER

    def read(self, record: Record) -> None:
        """Read one record, and move W after it."""
        try:
            event = _usable(record)
            self._not_too_late(event)
        except _UnusableError as unusable:
            letter = _dead_letter(record, unusable.reason)
            self.out.dead_letters.append(letter)
            self.out.wrong[letter["id"]] = unusable.wrong
            if unusable.reason == "invalid" and unusable.room is not None:
                self._mark(unusable.room, "invalid")
            return
        if self._is_duplicate(event):
            self._mark(event.data["room_id"], "duplicate")
            return
        self._accept(event)
        clock = event.position if record.timestamp is None else min(event.position, record.timestamp)
        self.highest_clock = max(self.highest_clock, clock)
        self.highest_position = max(self.highest_position, event.position)
        self._move(self.highest_clock - c.GRACE)

    def finish(self) -> Reading:
        """Move W to the end of the pane that holds the highest position."""
        if self.highest_position > NEVER:
            self._move((self.highest_position // c.PANE + 1) * c.PANE)
        return self.out

    def _not_too_late(self, event: Event) -> None:
        if event.position >= self.out.w or event.topic in (c.ORDERS, c.FEEDBACK):
            return
        session = self._session(event.data["room_id"])
        before_it = session is not None and session.open and event.position < session.opener.position
        if self.out.w - event.position > c.TOO_LATE or before_it:
            raise _UnusableError("too_late")

    def _is_duplicate(self, event: Event) -> bool:
        return any(
            first.topic == event.topic
            and first.data["room_id"] == event.data["room_id"]
            and first.data["event_id"] == event.data["event_id"]
            and abs(first.position - event.position) < c.DUPLICATE
            for first in self.accepted
        )

    def _accept(self, event: Event) -> None:
        self.accepted.append(event)
        if event.data.get("text") is not None and event.topic in (c.CHAT, c.FEEDBACK):
            [event.label] = self.understands.label([event.data["text"]])
            where = self.out.classified if event.topic == c.CHAT else self.out.feedback_classified
            where.append(classified(event, self.understands.version, self.key))
        if event.position < self.out.w:
            event.late = True
            self._apply(event, self.out.w)
        else:
            self.waiting.append(event)
            self._move(self.out.w)

    def _apply(self, event: Event, t: int) -> None:
        event.t, event.seq = t, len(self.out.applied)
        self.out.applied.append(event)

    def _move(self, w: int) -> None:
        self.out.w = max(self.out.w, w)
        ready = [event for event in self.waiting if event.position <= self.out.w]
        self.waiting = [event for event in self.waiting if event.position > self.out.w]
        for event in sorted(ready, key=lambda event: event.order):
            self._apply(event, event.position)

    def _session(self, room: str) -> Session | None:
        found = sessions(room, self.out.applied, self.out.w)
        return found[-1] if found else None

    def _mark(self, room: str, what: str) -> None:
        found = sessions(room, self.out.applied, self.out.w)
        if found and found[-1].open:
            self.out.marks.append(Mark(room, len(found) - 1, self.out.w, what))
