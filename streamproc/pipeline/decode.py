"""Bytes to input models, or the first reason for which a record cannot be used."""

import json
import re
from itertools import accumulate
from typing import Final

from pydantic import BaseModel, ValidationError

from streamproc.contracts.inputs import DIGITS, MODELS, Anchor, AnyInput, Input, KeyId
from streamproc.domain.time import AHEAD
from streamproc.pipeline.records import Record, Rejected

#: Largest value in bytes.
LARGEST: Final = 64 * 1024

#: Deepest nesting that is read: where Python's own reader gives up depends on how deep the caller stands.
DEEPEST: Final = 500
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class _NotJsonError(ValueError):
    """What Python's reader would take all the same."""


class _Named(BaseModel):
    """What is asked of a record of which nothing else may be usable."""

    room_id: KeyId


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
        except ValidationError as error:
            item = _refuse(error, value, model)
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


def _refuse(error: ValidationError, value: bytes, model: type[Input]) -> Input | Rejected:
    """Say what the fast reader had against a value, where it could read it at all."""
    if error.errors(include_url=False, include_context=False, include_input=False)[0]["type"] == "json_invalid":
        return _explain(value, model)
    return _invalid(error, value)


def _explain(value: bytes, model: type[Input]) -> Input | Rejected:
    """Read a value slowly to tell what is wrong with it. The verdict here is the one that counts."""
    if _too_deep(value):
        return Rejected("not_json", f"nested deeper than {DEEPEST}")
    try:
        tree = _tree(value.decode("utf-8"))
    except ValueError as error:
        return Rejected("not_json", str(error))
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        return _invalid(error, tree)


def _too_deep(value: bytes) -> bool:
    if value.count(b"[") + value.count(b"{") <= DEEPEST:
        return False
    brackets = _STRING.sub(b"", value).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > DEEPEST


def _tree(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (json.JSONDecodeError, _NotJsonError):
        raise
    except ValueError:
        # Python refuses to read integers of thousands of digits; they are JSON, and beyond every field's bound.
        return json.loads(text, parse_constant=_no_constant, parse_int=_bounded)


def _no_constant(name: str) -> float:
    raise _NotJsonError(f"{name} is not JSON")


def _bounded(digits: str) -> int:
    return int(digits[: DIGITS + 2])  # a sign, and one digit too many


def _invalid(error: ValidationError, source: object) -> Rejected:
    """Name the first wrong field, and the room where ``source``, bytes or a tree, tells it."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "value_error":
        detail = str(first["ctx"]["error"])
    else:
        detail = ".".join(str(part) for part in first["loc"]) or "not an object"
    try:
        named = _Named.model_validate_json(source) if isinstance(source, bytes) else _Named.model_validate(source)
    except ValidationError:
        return Rejected("invalid", detail)
    return Rejected("invalid", detail, named.room_id)
