"""What bad records cost beside good ones: CPU µs a record and ns a byte through a task, by kind, and mixed 1 to 1.

A bad record's share is what a good one costs in the same run: a ratio of at most 1 means that a flood of so many bad
records takes no more from the good ones than as many good ones would.
"""

import argparse
import json
from collections.abc import Iterator
from itertools import chain
from time import process_time
from typing import Any

from streamproc.contracts import topics
from streamproc.pipeline.decode import DEEPEST, LARGEST
from streamproc.pipeline.records import Record
from streamproc.pipeline.task import Task, TaskConfig
from streamproc.shell.wiring import ShippedUnderstanding
from streamproc.simulate.params import ShowParams
from streamproc.simulate.show import show

_BATCH = 500


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=40_000)
    options = parser.parse_args()
    understanding = ShippedUnderstanding()
    good = list(_good(options.records))
    clean = min(_seconds(understanding, good) for _ in range(3)) / len(good)
    print(f"good          {clean * 1e6:10.1f} µs a record, {1 / clean:,.0f} records/s, {len(good):,} records")
    print(f"{'bad':14}{'µs/record':>10}{'x good':>8}{'ns/byte':>9}{'good records/s in a flood of 1 to 1':>40}")
    for kind, (value, key) in _bad().items():
        n = len(good) if len(value or b"") < 1_000 else len(good) // 20
        bad = [Record(topics.CHAT, 0, 10**9 + i, None, key, value) for i in range(n)]
        alone = min(_seconds(understanding, bad) for _ in range(2)) / n
        mixed = min(_seconds(understanding, list(chain(*zip(good[:n], bad, strict=True)))) for _ in range(2))
        size = len(value or b"") + len(key or b"")
        print(f"{kind:14}{alone * 1e6:10.1f}{alone / clean:8.2f}{alone / max(size, 1) * 1e9:9.1f}{n / mixed:40,.0f}")


def _good(n: int) -> Iterator[Record]:
    records = show(ShowParams(rooms=20, duration=86_400.0, rate=5.0))
    for offset, (topic, value) in zip(range(n), records, strict=False):
        yield Record(topic, 0, offset, None, value["room_id"].encode(), json.dumps(value, ensure_ascii=False).encode())


def _bad() -> dict[str, tuple[bytes | None, bytes | None]]:
    value: dict[str, Any] = {
        "event_id": "e",
        "room_id": "r",
        "user_id": "u",
        "text": "多少钱",
        "event_time": 1_763_712_000_000,
    }

    def text(**changes: object) -> bytes:
        return json.dumps({**value, **changes}, ensure_ascii=False).encode()

    def filled(begin: bytes, each: bytes, end: bytes) -> bytes:
        whole = text()[:-1] + b', "x": ' + begin
        return whole + each * ((LARGEST - len(whole) - len(end)) // len(each)) + end

    return {
        "empty": (None, b"r"),
        "too_large": (b"x" * (LARGEST + 1), b"r"),
        "not_json": (text()[:-1], b"r"),
        "invalid": (text(text=5), b"r"),
        "wrong_key": (text(), b"other"),
        "64K text": (text(text="x" * 65_000), b"r"),
        "64K numbers": (filled(b"[1", b",1", b"]"), b"r"),
        "64K objects": (filled(b"[{}", b",{}", b"]"), b"r"),
        "64K NaN": (filled(b"[1", b",1", b",NaN]}"), b"r"),
        "64K deep": (filled(b"", b"[", b""), b"r"),
        "deep": (text()[:-1] + b', "x": ' + b"[" * DEEPEST + b"]" * DEEPEST + b"}", b"r"),
        "64K key": (text(), b"k" * 65_536),
    }


def _seconds(understanding: ShippedUnderstanding, records: list[Record]) -> float:
    task = Task(understanding, TaskConfig(b"bench"))
    began = process_time()
    for at in range(0, len(records), _BATCH):
        task.read(records[at : at + _BATCH])
        task.move(task.due_watermark())
        task.take()
    return process_time() - began


if __name__ == "__main__":
    main()
