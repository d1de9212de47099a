"""The core of one room: its clock, its agenda, and the making of records. What happens is up to its parts."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from math import exp, inf
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

    label: `kind/sub` of a chat message (opinions add `/polarity/aspect`), `anchor/...` of an utterance, else the record's own
    type. case: the first ask's event_id of the question that it asks, answers or helps with.
    """

    label: str
    case: str = ""


#: (position ms, room index, topic, value, truth)
Line = tuple[int, int, str, dict[str, Any], Truth]
Act = Callable[[Any], None]


class Room:
    """Clock, agenda and mailbox of one room. Parts put acts on the agenda with `at` and make records with the others."""

    def __init__(self, params: ShowParams, index: int, rate: float) -> None:
        self.params = params
        self.rng = Random(f"{params.seed}/{index}")
        self.index = index
        self.id = f"room-{index + 1:03d}"
        self.rate = rate
        self.start = params.start + int(self.rng.random() * params.stagger * 1000)
        self.now = self.start
        self.live = True
        self.phase = Phase(begin=0, end=0)
        self.curve = 1.0
        self.rush_until = 0
        self.prompt_until = 0
        self.prompt_replies: tuple[str, ...] = ()
        self._stir = 0.0
        self._stirred_at = 0
        self._agenda: list[tuple[int, int, Act, Any]] = []
        self._order = count()
        self._next: float = self.start
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
        """Draw anew when viewers act next, as their rate has changed; the process has no memory, so that is fair."""
        self._next = self.now + self._gap()

    def stop(self) -> None:
        """End the show: only orders and feedback still happen."""
        self.live = False
        self._next = inf

    def run(self, act: Callable[[], None]) -> Iterator[Line]:
        """The room's records in order of position; `act` is what the viewers do each time."""
        agenda, out = self._agenda, self._out
        last = self.params.end + round(self.params.aftermath * 1000)
        while True:
            if agenda and agenda[0][0] <= self._next:
                self.now, _, todo, arg = heappop(agenda)
                if self.now > last:
                    return
                todo(arg)
            elif self._next == inf:
                return
            else:
                self.now = int(self._next)
                act()
                self._next = self.now + self._gap()
            if out:
                yield from out
                out.clear()

    def _gap(self) -> float:
        """Milliseconds until viewers act again."""
        rate = self.rate * self.curve * self.phase.rate
        since = self.now - self._stirred_at
        if since < _STIR_ENDS:
            rate *= 1.0 + self._stir * exp(-since / _STIR)
        if rate <= 0 or self.phase.silent or not self.live:
            return inf
        return self.rng.expovariate(rate) * 1000

    def emit(self, topic: str, fields: dict[str, Any], truth: Truth) -> str:
        """One record at this moment; `fields` gains event_id, room_id and, if it has none, event_time. Returns its id."""
        number = self._made[topic]
        self._made[topic] = number + 1
        event_id = f"{topic[5]}{self._tag}-{number}"
        value = {"event_id": event_id, "room_id": self.id, "event_time": self.now, **fields}
        if (self.live and not self.phase.silent) or topic in _OUTSIDE:
            self._out.append((self.now, self.index, topic, value, truth))
        return event_id

    def event(self, kind: str, **fields: object) -> None:
        """A room event of this type."""
        self.emit(topics.ROOM, {"type": kind, **fields}, Truth(kind))

    def next_chat_id(self) -> str:
        """The event_id that the next chat message will have."""
        return f"{topics.CHAT[5]}{self._tag}-{self._made[topics.CHAT]}"

    def chat(self, viewer: Viewer, text: str, truth: Truth, **extra: object) -> str:
        """A chat message; `extra` are its optional fields."""
        fields: dict[str, Any] = {"user_id": viewer.id, "text": text}
        if viewer.info is not None:
            fields["user"] = viewer.info
        if extra:
            fields |= extra
        return self.emit(topics.CHAT, fields, truth)
