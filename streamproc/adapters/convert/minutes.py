"""JSONL of {minute, room, popularity, text}: chats recorded by the minute, without users and seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from operator import itemgetter
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from streamproc.adapters.files import FileError
from streamproc.contracts import topics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_minutes"]

_MINUTE: Final = 60_000
_FIELDS: Final = (("minute", str), ("room", str), ("popularity", int), ("text", str))

_Record = tuple[str, dict[str, Any]]


class _Room(NamedTuple):
    """What one room has of one minute: its popularity as first told, and its texts in their order."""

    popularity: int
    texts: list[str]


def read_minutes(file: IO[bytes], path: Path) -> Iterator[_Record]:
    """Yield chat messages and viewer counts in order of event time over all rooms.

    The n messages of a room's minute stand at (i + 1/2) / n of it, in their order; its popularity is a `viewers` event
    at its beginning. There are no users, so each message has a user_id of its own. Minutes must not go back; within
    one, lines may come in any order of rooms. Holds one minute in memory. Raises FileError naming file and line.
    """
    rooms: dict[str, _Room] = {}
    told: dict[str, int] = {}
    current, begin = "", -1
    for number, line in enumerate(file, 1):
        if line.isspace():
            continue
        entry = _entry(line, f"{path}:{number}")
        if entry["minute"] != current:
            at = _minute(entry["minute"], f"{path}:{number}")
            if at < begin:
                raise FileError(f"{path}:{number}: goes back from {current}; sort the file by minute")
            if at > begin:
                yield from _records(rooms, begin, told)
                rooms = {}
            current, begin = entry["minute"], at
        room = rooms.get(entry["room"])
        if room is None:
            room = rooms[entry["room"]] = _Room(entry["popularity"], [])
        room.texts.append(entry["text"])
    yield from _records(rooms, begin, told)


def _entry(line: bytes, place: str) -> dict[str, Any]:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise FileError(f"{place}: not JSON: {error}") from error
    for name, kind in _FIELDS:
        if type(entry.get(name) if isinstance(entry, dict) else None) is not kind:
            raise FileError(f"{place}: needs {name}, {'an integer' if kind is int else 'a string'}")
    return dict(entry)


def _minute(text: str, place: str) -> int:
    """Return a time in ISO 8601 in ms since the epoch; one without an offset is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise FileError(f"{place}: minute {text!r} is no time in ISO 8601") from error
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()) * 1000


def _records(rooms: dict[str, _Room], begin: int, told: dict[str, int]) -> Iterator[_Record]:
    """Yield one minute's records; `told` counts each room's messages so far, for their ids."""
    found: list[tuple[int, str, dict[str, Any]]] = []
    for room_id, room in rooms.items():
        viewers = {"event_id": f"v{begin // _MINUTE}", "room_id": room_id, "type": "viewers", "event_time": begin}
        found.append((begin, topics.ROOM, viewers | {"value": room.popularity}))
        before, count = told.get(room_id, 0), len(room.texts)
        told[room_id] = before + count
        for place, text in enumerate(room.texts):
            number, at = before + place, begin + (2 * place + 1) * _MINUTE // (2 * count)
            chat = {"event_id": f"c{number}", "room_id": room_id, "user_id": f"viewer-{number}"}
            found.append((at, topics.CHAT, chat | {"text": text, "event_time": at}))
    found.sort(key=itemgetter(0))
    for _, topic, value in found:
        yield topic, value
