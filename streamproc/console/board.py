"""What the output topics have said so far, kept for a picture of it: rooms, newest questions, counts."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from streamproc.contracts import topics

Value = dict[str, Any]

#: Questions kept for the list, newest change last.
_QUESTIONS: Final = 200
_ALERTS: Final = 50


@dataclass(slots=True)
class RoomView:
    """One room's newest metrics records by window, and the questions that wait in it (first ask by cluster, ms).

    ``newest`` is the newest event time that a question or a pane end of the room told, ms.
    """

    windows: dict[str, Value] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    newest: int = 0

    def age(self, now: int | None) -> int | None:
        """Return for how long the oldest question has waited, ms; ``now`` None is the room's own time."""
        return (self.newest if now is None else now) - min(self.waiting.values()) if self.waiting else None

    def number(self, window: str, group: str, name: str) -> Any:  # noqa: ANN401 - a number, a map or None
        """Return a number of the newest record of a window, None where there is none yet."""
        record = self.windows.get(window)
        return None if record is None else record[group][name]

    @property
    def over(self) -> bool:
        """Whether the room's last session has ended."""
        return bool(self.windows and all(record["final"] for record in self.windows.values()))


@dataclass(slots=True)
class Board:
    """All that has been read. ``newest`` is the newest event time that a question or a pane end told, ms."""

    rooms: dict[str, RoomView] = field(default_factory=dict)
    questions: OrderedDict[str, Value] = field(default_factory=OrderedDict)
    alerts: OrderedDict[str, Value] = field(default_factory=OrderedDict)
    outputs: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)
    newest: int | None = None

    def apply(self, topic: str, value: Value) -> None:
        """Take one output record of a topic (its name in the contract)."""
        self.outputs[topic] += 1
        if topic == topics.METRICS:
            room = self._room(value["room_id"])
            room.windows[value["window"]] = value
            self._see(room, value["end"])
        elif topic == topics.QUESTIONS:
            self._question(value)
        elif topic == topics.CLASSIFIED:
            self.kinds[value["kind"]] += 1
        elif topic == topics.DEAD_LETTER:
            self.dead[value["reason"]] += 1
        elif topic == topics.ALERTS:
            self._alert(value)

    def _question(self, value: Value) -> None:
        self.changes[value["change"]] += 1
        key = value["cluster_id"]
        room = self._room(value["room_id"])
        self._see(room, value["at"])
        waiting = room.waiting
        if value["state"] == "open":
            waiting[key] = value["first_ask"]
        else:
            waiting.pop(key, None)
        self.questions[key] = value
        self.questions.move_to_end(key)
        while len(self.questions) > _QUESTIONS:
            self.questions.popitem(last=False)

    def _alert(self, value: Value) -> None:
        key = f"{value['session_id']}/{value['alert']}/{value['aspect']}"
        self.alerts.pop(key, None)
        if value["state"] == "firing":
            self.alerts[key] = value
            while len(self.alerts) > _ALERTS:
                self.alerts.popitem(last=False)

    def _room(self, room_id: str) -> RoomView:
        room = self.rooms.get(room_id)
        if room is None:
            room = self.rooms[room_id] = RoomView()
        return room

    def _see(self, room: RoomView, at: int) -> None:
        room.newest = max(room.newest, at)
        if self.newest is None or at > self.newest:
            self.newest = at

    # -- over all rooms -----------------------------------------------------------------------------------------

    def total(self, window: str, group: str, name: str) -> int:
        """Return the sum of a count over all rooms."""
        return sum(room.number(window, group, name) or 0 for room in self.rooms.values())

    @property
    def open(self) -> int:
        """Questions that wait, in all rooms."""
        return sum(len(room.waiting) for room in self.rooms.values())

    def oldest(self, now: int | None) -> int | None:
        """Return for how long the oldest question of all has waited, ms; ``now`` None is each room's own time."""
        return max((age for room in self.rooms.values() if (age := room.age(now)) is not None), default=None)

    @property
    def money(self) -> dict[str, int]:
        """GMV of all sessions by currency, minor units."""
        sums: Counter[str] = Counter()
        for room in self.rooms.values():
            sums.update(room.number("session", "conversion", "gmv") or {})
        return dict(sums)
