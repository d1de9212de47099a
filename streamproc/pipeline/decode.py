"""Bytes to input models, or the first reason for which a record cannot be used."""

import json
from typing import Final

from pydantic import TypeAdapter, ValidationError

from streamproc.contracts.inputs import MODELS, Anchor, AnyInput, Input, KeyId
from streamproc.domain.time import AHEAD
from streamproc.pipeline.records import Record, Rejected

#: Largest value in bytes.
LARGEST: Final = 64 * 1024

#: Python refuses to read integers of more digits than this (and they fit no field that has a bound).
_DIGITS: Final = 4_000

_ROOM_ID: Final[TypeAdapter[str]] = TypeAdapter(KeyId)


def decode(record: Record) -> AnyInput | Rejected:
    """Return the record as its topic's model, or why not: reasons apply in the contract's order."""
    value = record.value
    if not value:
        return Rejected("empty", "no value")
    if len(value) > LARGEST:
        return Rejected("too_large", f"{len(value)} bytes, at most {LARGEST}")
    model = MODELS[record.topic]
    # The fast reader takes NaN and Infinity, which are no JSON: the slow one judges those.
    if b"NaN" in value or b"Infinity" in value:
        item = _explain(value, model)
    else:
        try:
            item = model.model_validate_json(value)
        except ValidationError:
            item = _explain(value, model)
    if isinstance(item, Rejected):
        return item
    if record.key is not None and record.key != item.room_id.encode():
        return Rejected("wrong_key", "the key is not the room_id")
    if record.timestamp is not None:
        ahead = position(item) - record.timestamp
        if ahead > AHEAD:
            return Rejected("future", f"{ahead} ms ahead of the record's timestamp, at most {AHEAD}")
    return item  # type: ignore[return-value]  # MODELS holds exactly the members of AnyInput


def position(item: Input) -> int:
    """Return an event's place in event time: an utterance's is its end, where that is known."""
    if isinstance(item, Anchor) and item.end_time is not None:
        return item.end_time
    return item.event_time


def _explain(value: bytes, model: type[Input]) -> Input | Rejected:
    """Read a value slowly to tell what is wrong with it. The verdict here is the one that counts."""
    try:
        tree = json.loads(value.decode("utf-8"), parse_constant=_no_constant, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        return Rejected("not_json", str(error))
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        return Rejected("invalid", _field(error), _room_id(tree))


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else float("inf")


def _field(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    return ".".join(str(part) for part in first["loc"]) or "not an object"


def _room_id(tree: object) -> str | None:
    try:
        return _ROOM_ID.validate_python(tree["room_id"]) if isinstance(tree, dict) else None
    except (KeyError, ValidationError):
        return None
