"""Records as they come from and go to Kafka, and what becomes of those that cannot be used."""

from base64 import b64encode
from collections.abc import Mapping
from json import dumps
from typing import Any, Final, NamedTuple

import orjson

from streamproc.contracts import topics

#: Largest key in bytes that a dead letter carries: with a larger one Kafka could refuse the dead letter itself.
LARGEST_KEY: Final = 64 * 1024


class Record(NamedTuple):
    """One input record; ``timestamp`` in ms, None where it has none."""

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None


class Output(NamedTuple):
    """One output record."""

    topic: str
    key: bytes | None
    value: bytes


class Rejected(NamedTuple):
    """Why a record cannot be used; ``room_id`` where an invalid one still tells it."""

    reason: str
    detail: str
    room_id: str | None = None


def encode(value: Mapping[str, Any]) -> bytes:
    """Return a value as compact JSON in UTF-8."""
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer beyond 64 bits: money may be larger
        return dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def dead_letter(record: Record, rejected: Rejected) -> Output:
    """Return the dead letter of a record, with all of it except what is too large to carry."""
    key, detail = record.key, rejected.detail
    if key is not None and len(key) > LARGEST_KEY:
        detail = f"{detail}; the key, of {len(key)} bytes, is left out"
        key = None
    value = None if record.value is None or rejected.reason == "too_large" else record.value
    body = {
        "id": f"{record.topic}/{record.partition}/{record.offset}",
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": None if key is None else b64encode(key).decode(),
        "value": None if value is None else b64encode(value).decode(),
        "reason": rejected.reason,
        "detail": detail,
    }
    return Output(topics.DEAD_LETTER, key, encode(body))
