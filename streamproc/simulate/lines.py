"""The replay format: one record a line."""

import orjson

from streamproc.simulate.arrival import Value

__all__ = ["to_jsonl_line"]


def to_jsonl_line(topic: str, value: Value, *, key: str | None = None, timestamp: int | None = None) -> bytes:
    """Return the record as a line of the replay format, UTF-8 with its line feed.

    A value that is a string stands for itself as the record's raw text. key and timestamp (ms) are those of the Kafka
    record; without them the line has none. Raises orjson.JSONEncodeError (a TypeError) for a text that is no Unicode.
    """
    line: dict[str, object] = {"topic": topic, "value": value}
    if key is not None:
        line["key"] = key
    if timestamp is not None:
        line["timestamp"] = timestamp
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
