"""How the records of a show arrive: a little out of order, some late, some twice, some broken."""

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from random import Random
from typing import Any, Final, NamedTuple

import orjson

from streamproc.contracts import topics
from streamproc.simulate.params import ShowParams

__all__ = ["Arrival", "Value", "arrivals", "disorder", "position"]

#: A record's value: its object, or its raw text where that is broken.
Value = dict[str, Any] | str

#: Late is beyond the grace of 5 s and below the 15 min after which a record is too late, ms.
_LATE: Final = (6_500, 600_000)
_LATE_MEAN: Final = 20_000
_TOO_LATE: Final = (960_000, 1_500_000)
#: A second copy comes within the 15 min in which ids are remembered, ms.
_AGAIN_MEAN: Final = 5_000
_AGAIN_MOST: Final = 300_000
#: Above the 64 KiB that a record may have.
_HUGE: Final = 70_000


class Arrival(NamedTuple):
    """A record as it comes in: when (ms since the epoch), on which topic, with which value and key (its room's id)."""

    at: int
    topic: str
    value: Value
    key: str


def position(value: dict[str, Any]) -> int:
    """Return a record's position in event time: end_time where it has one, else event_time."""
    end: int = value.get("end_time") or value["event_time"]
    return end


def disorder(records: Iterable[tuple[str, dict[str, Any]]], params: ShowParams) -> Iterator[tuple[str, Value]]:
    """Put records that come in order of position into their order of arrival; see `arrivals`."""
    for arrival in arrivals(records, params):
        yield arrival.topic, arrival.value


def arrivals(records: Iterable[tuple[str, dict[str, Any]]], params: ShowParams) -> Iterator[Arrival]:
    """Let records that come in order of position arrive, each after its delay, in order of arrival.

    Delays are exponential (`jitter`) up to `disorder`, which is below the grace, so they change no result; shares of
    the records come `late`, `very_late`, twice (`duplicates`), or are followed by a `broken` one with an id of its own;
    those of `lag_topic` come `lag` later. Seeded like the show.
    """
    rng = Random(f"{params.seed}/arrival")
    waiting: list[tuple[int, int, Arrival]] = []
    number = 0
    for topic, value in records:
        now = position(value)
        while waiting and waiting[0][0] <= now:
            yield heappop(waiting)[2]
        for delay, sent in _copies(rng, params, topic, value):
            number += 1
            at = now + delay
            heappush(waiting, (at, number, Arrival(at, topic, sent, value["room_id"])))
    while waiting:
        yield heappop(waiting)[2]


def _copies(rng: Random, params: ShowParams, topic: str, value: dict[str, Any]) -> Iterator[tuple[int, Value]]:
    """Yield what is sent of one record, each with its delay."""
    delay = int(min(rng.expovariate(1.0) * params.jitter, params.disorder) * 1000)
    if topic == params.lag_topic:
        delay += int(params.lag * 1000)
    roll = rng.random()
    if roll < params.very_late:
        delay = _between(rng, *_TOO_LATE)
    elif roll < params.very_late + params.late:
        shortest, longest = _LATE
        delay = min(longest, shortest + int(rng.expovariate(1.0) * _LATE_MEAN))
    yield delay, value
    if params.duplicates and rng.random() < params.duplicates:
        yield delay + min(_AGAIN_MOST, int(rng.expovariate(1.0) * _AGAIN_MEAN)), value
    if params.broken and rng.random() < params.broken:
        yield delay, _broken(rng, topic, {**value, "event_id": f"{value['event_id']}-x"})


def _between(rng: Random, low: int, high: int) -> int:
    return low + int(rng.random() * (high - low))


def _broken(rng: Random, topic: str, value: dict[str, Any]) -> Value:
    """Make of a record one that cannot be used: no value, no JSON, too large, a field missing or wrong."""
    wrong = {"type": "?", "role": "?"} if topic in {topics.ANCHOR, topics.ROOM} else {"user_id": 5}
    ways: tuple[Callable[[], Value], ...] = (
        str,
        lambda: orjson.dumps(value).decode()[: 1 + int(rng.random() * 40)],
        lambda: orjson.dumps({**value, "padding": "x" * _HUGE}).decode(),
        lambda: {name: part for name, part in value.items() if name != "event_time"},
        lambda: {**value, "event_time": str(value["event_time"])},
        lambda: {**value, "event_time": 12},
        lambda: {**value, "room_id": ""},
        lambda: {**value, **wrong},
    )
    return ways[int(rng.random() * len(ways))]()
