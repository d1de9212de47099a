"""The synthetic show: seeded rooms of live commerce as input records, in order of position over all rooms."""

from collections.abc import Iterator
from operator import itemgetter
from random import Random
from typing import Any, Final

from streamproc.simulate.items import stock
from streamproc.simulate.params import Phase, ShowParams
from streamproc.simulate.people import Crowd
from streamproc.simulate.room import Line, Room, Truth
from streamproc.simulate.shop import Shop
from streamproc.simulate.stage import Stage
from streamproc.simulate.talk import Talk

__all__ = ["annotated", "room_rates", "show"]

#: Even the quietest room has somebody, messages a second.
_QUIETEST: Final = 0.01
#: Shares of the duration in which the viewers come and in which they leave.
_RISE: Final = 0.15
_FALL: Final = 0.08
#: Rooms take turns of about so many lines in all, at most so long, ms.
_SLICE_LINES: Final = 3_000
_LONGEST_SLICE: Final = 10_000
_UTTERANCE: Final = 5.0
_USUAL: Final = Phase(begin=0, end=0)


def show(params: ShowParams) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the records of the show as (topic, value), lazily, in order of position over all rooms.

    A record's position is its event_time, and an utterance's end_time where it has one: nobody knows speech before it
    is said. Pure: the same parameters give the same records. Values of one user share parts, so change copies only.
    """
    for lines in _slices(params):
        for _, topic, value, _ in lines:
            yield topic, value


def annotated(params: ShowParams) -> Iterator[tuple[str, dict[str, Any], Truth]]:
    """Do as `show`, each record with what the generator meant by it."""
    for lines in _slices(params):
        for _, topic, value, truth in lines:
            yield topic, value, truth


def room_rates(params: ShowParams) -> list[float]:
    """Return each room's chat messages a second at its height: `skew` makes few rooms busy, their mean is `rate`."""
    weights = [(place + 1) ** -params.skew for place in range(params.rooms)]
    mean = sum(weights) / params.rooms
    return [max(_QUIETEST, params.rate * weight / mean) for weight in weights]


def _slices(params: ShowParams) -> Iterator[list[Line]]:
    """Yield lines by position, then room. Rooms take turns of a slice of time: far fewer turns than a merge takes."""
    rooms = [_Show(params, index, rate) for index, rate in enumerate(room_rates(params))]
    a_second = sum(room.acts_per_second for room in rooms)
    length = min(_LONGEST_SLICE, max(1, int(_SLICE_LINES / a_second * 1000)))
    last = params.end + round(params.aftermath * 1000)
    for begin in range(params.start, last, length):
        until = min(begin + length, last)
        lines = [line for room in rooms for line in room.lines(until)]
        lines.sort(key=itemgetter(0))
        yield lines


class _Show:
    """One room, put together, and what neither viewers nor anchor decide: begin, audience, phases, end."""

    def __init__(self, params: ShowParams, index: int, rate: float) -> None:
        self._params = params
        room = self._room = Room(params, index, rate)
        currency = params.currencies[index % len(params.currencies)]
        items = stock(room.rng, room.id, params.products, currency)
        self._crowd = Crowd(room.rng, params, rate)
        shop = Shop(room, self._crowd, items, currency)
        self._stage = Stage(room, self._crowd, items)
        self._talk = Talk(room, self._crowd, shop, self._stage)
        self._audience = params.viewers_per_rate * rate
        self._drift = Random(f"{params.seed}/{index}/audience")

        room.at(room.start, self._begin)
        room.at(params.end, self._end)
        for phase in params.phases:
            if phase.rooms is None or room.index < phase.rooms:
                room.at(params.start + round(phase.begin * 1000), self._enter_phase, phase)
                room.at(params.start + round(phase.end * 1000), self._enter_phase, _USUAL)

    @property
    def acts_per_second(self) -> float:
        """What its viewers and its anchor do at the room's height."""
        return self._room.rate + 1 / (self._params.speech_gap + _UTTERANCE)

    def lines(self, until: int) -> list[Line]:
        """Return the room's records before `until`, ms, that have not been asked for yet."""
        return self._room.run(until, self._talk.act)

    def _begin(self, _: object) -> None:
        self._room.event("started")
        self._stage.open()
        self._count(None)

    def _end(self, _: object) -> None:
        self._room.event("ended")
        self._room.stop()

    def _enter_phase(self, phase: Phase) -> None:
        if self._room.live:
            self._talk.enter_phase(phase)

    def _count(self, _: object) -> None:
        """Tell how many watch, and let the room fill, drift and empty."""
        room, params = self._room, self._params
        if not room.live:
            return
        length = max(1, params.end - room.start)
        done = (room.now - room.start) / length
        rise, fall = min(1.0, done / _RISE), min(1.0, (1 - done) / _FALL)
        curve = params.ends + (1 - params.ends) * min(rise, fall)
        room.curve = curve * (0.85 + 0.3 * self._drift.random())
        room.event("viewers", value=int(self._audience * curve * (0.9 + 0.2 * self._drift.random())))
        room.hurry()
        room.at(room.now + round(params.viewers_every * 1000), self._count)
