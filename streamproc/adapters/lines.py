"""One line of the replay format to one record."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Final

import msgspec
import orjson

from streamproc.contracts import topics
from streamproc.pipeline.records import Record

_KNOWN: Final = frozenset(topics.INPUTS)
_LONG_NUMBER: Final = re.compile(rb"[0-9]{18}")
_STRING_OR_SPACE: Final = re.compile(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', re.DOTALL)
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]:]|[^\s{}\[\]:,"]+', re.DOTALL)


class _Line(msgspec.Struct):
    topic: str
    value: msgspec.Raw
    key: str | None = None
    timestamp: int | None = None
    partition: int | None = None
    offset: int | None = None


_DECODE: Final = msgspec.json.Decoder(_Line).decode


def parse_line(line: bytes, number: int) -> Record:
    r"""Return the record in one line of the replay format; raise ValueError that says why it cannot be used.

    A value that is a string is the record's raw text (``\udc80`` to ``\udcff`` stand for bytes that are no UTF-8, as
    Python's surrogateescape has it), null is no value, all else becomes compact JSON. ``number`` is the line's.
    """
    try:
        entry = _DECODE(line)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        entry = _slowly(line, error)
    if entry.topic not in _KNOWN:
        raise ValueError(f"unknown topic {entry.topic[:60]!r}; allowed: {', '.join(topics.INPUTS)}")
    if (entry.partition or 0) < 0 or (entry.offset or 0) < 0:
        raise ValueError("partition and offset are integers from 0")
    timestamp = entry.timestamp
    return Record(
        entry.topic,
        entry.partition or 0,
        number if entry.offset is None else entry.offset,
        # Kafka's own mark for a record without a timestamp is -1.
        None if timestamp is None or timestamp < 0 else timestamp,
        None if entry.key is None else _bytes(entry.key),
        _value(bytes(entry.value)),
    )


def _slowly(line: bytes, error: Exception) -> _Line:
    """Read a line whose value alone is unusual: nested deeply, with half a surrogate pair, or NaN."""
    try:
        # Judges the line: Python's reader takes all of these, and a broken line it does not.
        json.loads(line.decode("utf-8", "surrogateescape"))
    except RecursionError:
        pass
    except ValueError:
        raise ValueError(f"not JSON: {error}") from error
    begin, end = _span_of_value(line)
    if begin < 0:
        raise ValueError(str(error)) from error
    try:
        entry = _DECODE(line[:begin] + b"null" + line[end:])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ValueError(str(error)) from error
    entry.value = msgspec.Raw(line[begin:end])
    return entry


def _span_of_value(line: bytes) -> tuple[int, int]:
    """Return where the top-level "value" begins and ends in a line of JSON; (-1, -1) where there is none."""
    depth, previous, expected, begin, span = 0, b"", False, -1, (-1, -1)
    for token in _TOKEN.finditer(line):
        text = token[0]
        if expected:
            expected, begin = False, token.start()
        if text in {b"{", b"["}:
            depth += 1
        elif text in {b"}", b"]"}:
            depth -= 1
        elif text == b":" and depth == 1:
            expected = previous == b'"value"'
        if begin >= 0 and depth == 1:
            begin, span = -1, (begin, token.end())
        previous = text
    return span


def _value(raw: bytes) -> bytes | None:
    if raw == b"null":
        return None
    if raw[:1] == b'"':
        return _bytes(json.loads(raw.decode("utf-8", "surrogateescape")))
    # A reader of floats would change an integer beyond 64 bits, which may be an amount.
    if _LONG_NUMBER.search(raw) is None:
        with suppress(orjson.JSONDecodeError, orjson.JSONEncodeError):
            return orjson.dumps(orjson.loads(raw))
    return _STRING_OR_SPACE.sub(rb"\1", raw)


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
