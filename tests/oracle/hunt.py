"""Look for traces on which task and oracle differ: `python -m tests.oracle.hunt --from 0 --to 1000`."""

import argparse
import re
import sys
import traceback
from random import Random
from typing import Any

from streamproc.pipeline.records import Record
from tests.oracle.compare import differences, some
from tests.oracle.shrink import shrink
from tests.oracle.traces import trace


def found(records: list[Record], share: float, seed: int) -> list[str]:
    """Return the differences, an exception being one too."""
    try:
        return differences(records, looked_at=some(share, seed))
    except Exception as error:  # noqa: BLE001 - whatever the task raises is a finding
        last = traceback.extract_tb(error.__traceback__)[-1]
        return [f"raises {type(error).__name__}: {error} at {last.name}:{last.lineno}"]


def kind(line: str) -> str:
    """Return what a difference is about, without ids and numbers."""
    return re.sub(r"[\w.@-]*\d[\w.@/#-]*", "N", line)


def main() -> int:
    """Hunt, and print each new kind of difference with its smallest trace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--to", dest="last", type=int, default=1000)
    parser.add_argument("--share", type=float, default=0.25, help="share of metric records compared in full")
    args = parser.parse_args()
    known: set[str] = set()
    failing = 0
    for seed in range(args.first, args.last):
        records = trace(Random(seed))
        lines = found(records, args.share, seed)
        failing += bool(lines)
        new = [line for line in lines if kind(line) not in known]
        if not new:
            continue
        known |= {kind(line) for line in lines}
        show(seed, new[0])
    print(f"{args.last - args.first} traces, {failing} differ")
    return int(bool(failing))


def show(seed: int, line: str) -> Any:
    """Print the smallest trace that still has this kind of difference."""
    records = trace(Random(seed))
    want = kind(line)
    small = shrink(records, lambda some: any(kind(each) == want for each in found(some, 1.0, seed)))
    print(f"== seed {seed}: {len(small)} of {len(records)} records")
    for record in small:
        print("  ", record.topic.split(".")[1], record.timestamp or "", (record.value or b"").decode("utf-8", "replace")[:300])
    for each in found(small, 1.0, seed)[:12]:
        print("   ->", each)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
