"""Load: a short show made once and replayed for ever in many rooms, with ids and times of their own."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from heapq import merge
from typing import Any, Final

from streamproc.contracts import topics
from streamproc.simulate.arrival import position
from streamproc.simulate.params import ShowParams
from streamproc.simulate.show import show

__all__ = ["load"]

#: So many rooms are made; all others are copies of them, each at another moment of its show.
_POOL_ROOMS: Final = 16
#: A pool has about so many records, or one room.
_POOL_RECORDS: Final = 100_000
#: Records that come with one chat message, for a first guess at the rate of the pool.
_PER_MESSAGE: Final = 2.0

#: Milliseconds from the start of the pool, topic, value.
_Record = tuple[int, str, dict[str, Any]]


def load(params: ShowParams, rate: float, rooms: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Endless records of so many rooms, about `rate` a second of event time over all of them, in order of position.

    A pool of at most 16 rooms is made as `params` say (duration: how long until it repeats) and replayed: copies have
    their own room, event and order ids, and are somewhere else in the show. It costs less than a show and hardly more
    with more rooms; in exchange rooms resemble each other, and a repetition begins a new session. Raises ValueError for
    a rate or a number of rooms that is not above 0.
    """
    if rate <= 0 or rooms <= 0:
        raise ValueError(f"rate and rooms must be above 0, got {rate} and {rooms}")
    of_each = rate / rooms * params.duration
    kinds = max(1, min(rooms, _POOL_ROOMS, int(_POOL_RECORDS / of_each)))
    wanted = replace(params, rooms=kinds, rate=rate / rooms / _PER_MESSAGE, aftermath=0.0, stagger=0.0, ends=1.0)
    length = wanted.end - wanted.start
    pool: list[list[_Record]] = [[] for _ in range(kinds)]
    for topic, value in show(wanted):
        pool[int(value["room_id"][5:]) - 1].append((position(value) - wanted.start, topic, value))
    # The guess was a little wrong: stretch or squeeze time until the rate is right.
    made = sum(len(pool[room % kinds]) for room in range(rooms)) / length * 1000
    scale = made / rate
    per_kind = -(-rooms // kinds)
    copies = [
        _copy(pool[room % kinds], params.start, room, room // kinds * length // per_kind, length, scale)
        for room in range(rooms)
    ]
    for _, _, topic, value in merge(*copies):
        yield topic, value


def _copy(
    records: list[_Record], start: int, room: int, offset: int, length: int, scale: float
) -> Iterator[tuple[int, int, str, dict[str, Any]]]:
    """Yield one room for ever, from `offset` ms into its show: (position, room, topic, value of its own)."""
    room_id = f"load-{room + 1:04d}"
    first = bisect_left(records, offset, key=_when)
    shift, turn = -offset, 0
    while records:
        tag = f".{room:x}.{turn:x}"
        for when, topic, value in records[first:]:
            at = start + int((when + shift) * scale)
            copied = {**value, "event_id": value["event_id"] + tag, "room_id": room_id, "event_time": at}
            if topic != topics.ROOM:
                _rename(copied, value, at, tag)
            yield at, room, topic, copied
        first, turn, shift = 0, turn + 1, shift + length


def _rename(copied: dict[str, Any], value: dict[str, Any], at: int, tag: str) -> None:
    """Give what refers to other records, and an utterance's two times, their new values."""
    if "end_time" in value:
        copied["end_time"] = at
        copied["event_time"] = at - (value["end_time"] - value["event_time"])
    if "order_id" in value:
        copied["order_id"] = value["order_id"] + tag
    reply_to = value.get("reply_to")
    if reply_to is not None:
        copied["reply_to"] = reply_to + tag if isinstance(reply_to, str) else [event_id + tag for event_id in reply_to]


def _when(record: _Record) -> int:
    return record[0]
