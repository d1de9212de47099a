"""Traces as JSON files, in the form of `replay` with all that a Kafka record has; raw bytes as base64 where need be."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from streamproc.pipeline.records import Record


def read_case(path: Path) -> tuple[str, list[Record]]:
    """Return what a case shows, and its records."""
    case = json.loads(path.read_text("utf-8"))
    return case["shows"], [_record(offset, line) for offset, line in enumerate(case["records"])]


def write_case(path: Path, shows: str, records: Iterable[Record]) -> None:
    """Keep a trace, one record a line."""
    lines = ",\n".join("  " + json.dumps(_line(record), ensure_ascii=False) for record in records)
    text = f'{{\n "shows": {json.dumps(shows, ensure_ascii=False)},\n "records": [\n{lines}\n ]\n}}\n'
    path.write_text(text, "utf-8")


def _record(offset: int, line: dict[str, Any]) -> Record:
    value = line["value"]
    raw = json.dumps(value, ensure_ascii=False).encode() if isinstance(value, dict) else value
    if isinstance(raw, str):
        raw = b64decode(raw)
    key = line.get("key")
    return Record(line["topic"], 0, offset, line.get("timestamp"), None if key is None else b64decode(key), raw)


def _line(record: Record) -> dict[str, Any]:
    line: dict[str, Any] = {"topic": record.topic}
    if record.timestamp is not None:
        line["timestamp"] = record.timestamp
    if record.key is not None:
        line["key"] = b64encode(record.key).decode()
    return line | {"value": _value(record.value)}


def _value(raw: bytes | None) -> Any:
    if raw is None:
        return None
    try:
        value = json.loads(raw)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else b64encode(raw).decode()
