"""The core of one room: its clock, its agenda, and the making of records. What happens is up to its parts."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import exp, inf, log
from random import Random
from typing import Any, Final, NamedTuple

from streamproc.contracts import topics
from streamproc.simulate.params import Phase, ShowParams
from streamproc.simulate.people import Viewer

__all__ = ["Line", "Room", "Truth"]

#: For how long a price drop or a prompt stirs the room, ms (the time in which the stir falls to a third).
_STIR: Final = 14_000
_STIR_ENDS: Final = 4 * _STIR
_OUTSIDE: Final = frozenset({topics.ORDERS, topics.FEEDBACK})


class Truth(NamedTuple):
    """What the generator meant by a record.

    label: `kind/sub` of a chat message (opinions add `/polarity/aspect`), `anchor/...` of an utterance, else the
    record's own type. case: the first ask's event_id of the question that it asks, answers or helps with.
    """

    label: str
    case: str = ""


_EVENTS: Final = {
    kind: Truth(kind)
    for kind in (
        "started", "ended", "viewers", "enter", "follow", "share", "product_shown", "product_hidden",
        "promotion_started", "promotion_ended", "click", "cart",
    )
}  # fmt: skip
#: (position ms, topic, value, truth)
Line = tuple[int, str, dict[str, Any], Truth]
Act = Callable[[Any], None]


class Room:
    """Clock, agenda and mailbox of one room: its parts put acts on the agenda with `at`, and make records."""

    def __init__(self, params: ShowParams, index: int, rate: float) -> None:
        self.params = params
        self.rng = Random(f"{params.seed}/{index}")
        self.index = index
        self.id = f"room-{index + 1:03d}"
        self.rate = rate
        self.start = params.start + int(self.rng.random() * params.stagger * 1000)
        self.now = self.start
        self.live = True
        self.traditional_below = params.traditional * 65_536
        self.phase = Phase(begin=0, end=0)
        self.curve = 1.0
        self.pace = rate
        self.rush_until = 0
        self.prompt_until = 0
        self.prompt_replies: tuple[str, ...] = ()
        self._stir = 0.0
        self._stirred_at = 0
        self._agenda: list[tuple[int, int, Act, Any]] = []
        self._order = count()
        self._next: float = self.start
        self._heard = True
        self._out: list[Line] = []
        self._made = dict.fromkeys(topics.INPUTS, 0)
        self._tag = f"{params.start // 1000:x}"

    def at(self, when: int, act: Act, arg: object = None) -> None:
        """Do `act(arg)` at `when`, ms."""
        heappush(self._agenda, (when, next(self._order), act, arg))

    def after(self, mean: float, act: Act, arg: object = None) -> None:
        """Do `act(arg)` after an exponential time of this mean, seconds."""
        self.at(self.now + 1 + int(self.rng.expovariate(1.0) * mean * 1000), act, arg)

    def stir(self, by: float) -> None:
        """Make the viewers do more, by this factor of their usual rate, for a while."""
        self._stir = by
        self._stirred_at = self.now
        self.hurry()

    def hurry(self) -> None:
        """Take up a new phase or curve: the next act is drawn anew, which is fair, as the process has no memory."""
        self._heard = self.live and not self.phase.silent
        self.pace = self.rate * self.curve * self.phase.rate if self._heard else 0.0
        self._next = self.now + self._gap()

    def stop(self) -> None:
        """End the show: only orders and feedback still happen."""
        self.live = False
        self.hurry()

    def run(self, until: int, act: Callable[[], None]) -> list[Line]:
        """Return the room's records before `until`, ms, in order; `act` is what the viewers do each time."""
        agenda = self._agenda
        while True:
            todo_at = agenda[0][0] if agenda else inf
            if todo_at <= self._next:
                if todo_at >= until:
                    break
                self.now, _, todo, arg = heappop(agenda)
                todo(arg)
            else:
                if self._next >= until:
                    break
                self.now = int(self._next)
                act()
                self._next = self.now + self._gap()
        made, self._out = self._out, []
        return made

    def _gap(self) -> float:
        """Milliseconds until viewers act again."""
        rate = self.pace
        if rate <= 0:
            return inf
        since = self.now - self._stirred_at
        if since < _STIR_ENDS:
            rate *= 1.0 + self._stir * exp(-since / _STIR)
        return -log(1.0 - self.rng.random()) / rate * 1000

    def emit(self, topic: str, fields: dict[str, Any], truth: Truth) -> str:
        """Make a record at this moment from its fields but the ids (and event_time, if that is now); return its id."""
        event_id = self._name(topic)
        if self._heard or topic in _OUTSIDE:
            value = {"event_id": event_id, "room_id": self.id, "event_time": self.now, **fields}
            self._out.append((self.now, topic, value, truth))
        return event_id

    def event(self, kind: str, **fields: object) -> None:
        """Make a room event of this type."""
        event_id = self._name(topics.ROOM)
        if self._heard:
            value = {"event_id": event_id, "room_id": self.id, "event_time": self.now, "type": kind, **fields}
            self._out.append((self.now, topics.ROOM, value, _EVENTS[kind]))

    def _name(self, topic: str) -> str:
        number = self._made[topic]
        self._made[topic] = number + 1
        return f"{topic[5]}{self._tag}-{number}"

    def next_chat_id(self) -> str:
        """Return the event_id that the next chat message will have."""
        return f"c{self._tag}-{self._made[topics.CHAT]}"

    def chat(self, viewer: Viewer, text: str, truth: Truth, **extra: object) -> str:
        """Make a chat message, `extra` being its optional fields; return its id."""
        event_id = self._name(topics.CHAT)
        if self._heard:
            value = {
                "event_id": event_id,
                "room_id": self.id,
                "user_id": viewer.id,
                "text": text,
                "event_time": self.now,
            }
            info = viewer.info
            if info is not None:
                value["user"] = info
            if extra:
                value |= extra
            self._out.append((self.now, topics.CHAT, value, truth))
        return event_id
