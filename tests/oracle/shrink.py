"""Make a failing trace small: drop records, then make values simple, while it still fails."""

import json
from collections.abc import Callable

from streamproc.pipeline.records import Record

Fails = Callable[[list[Record]], bool]


def shrink(records: list[Record], fails: Fails) -> list[Record]:
    """Return a smaller trace that fails too; no single record of it can be dropped."""
    records = _without_records(records, fails)
    records = _without_fields(records, fails)
    return _without_records(records, fails)


def _without_records(records: list[Record], fails: Fails) -> list[Record]:
    size = max(1, len(records) // 2)
    while True:
        place = 0
        before = len(records)
        while place < len(records):
            fewer = records[:place] + records[place + size :]
            if fewer and fails(fewer):
                records = fewer
            else:
                place += size
        if size == 1 and len(records) == before:
            return records
        size = max(1, size // 2)


def _without_fields(records: list[Record], fails: Fails) -> list[Record]:
    for place, record in enumerate(records):
        try:
            value = json.loads(record.value or b"")
        except ValueError:
            continue
        if not isinstance(value, dict):
            continue
        for name in list(value):
            fewer = {each: value[each] for each in value if each != name}
            tried = record._replace(value=json.dumps(fewer, ensure_ascii=False).encode())
            changed = [*records[:place], tried, *records[place + 1 :]]
            if fails(changed):
                records, value = changed, fewer
        for tried in (records[place]._replace(key=None), records[place]._replace(timestamp=None)):
            changed = [*records[:place], tried, *records[place + 1 :]]
            if fails(changed):
                records = changed
    return records
