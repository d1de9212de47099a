"""Look for traces on which task and oracle differ: `python -m tests.oracle.hunt --from 0 --to 1000`."""

import argparse
import re
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from random import Random

from streamproc.pipeline.records import Record
from tests.oracle.cases import write_case
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


def smallest(seed: int, want: str) -> list[Record]:
    """Return the smallest trace that still has this kind of difference."""

    def fails(records: list[Record]) -> bool:
        return any(kind(each) == want for each in found(records, 1.0, seed))

    return shrink(trace(Random(seed)), fails)


def first_difference(seeds: Iterable[int], share: float) -> str | None:
    """Return the first difference on the traces of these seeds, with its smallest trace."""
    for seed in seeds:
        lines = found(trace(Random(seed)), share, seed)
        if lines:
            return described(seed, smallest(seed, kind(lines[0])))
    return None


def described(seed: int, records: list[Record]) -> str:
    """Return a trace and what differs on it, to be read."""
    return "\n".join(
        [
            f"seed {seed}: {len(records)} records",
            *(f"  {each.topic} {each.key!r} {each.timestamp} {(each.value or b'')[:300]!r}" for each in records),
            *(f"  -> {line}" for line in found(records, 1.0, seed)[:12]),
        ]
    )


def main() -> int:
    """Hunt, and print each new kind of difference with its smallest trace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--to", dest="last", type=int, default=1000)
    parser.add_argument("--share", type=float, default=0.05, help="share of metric records compared in full")
    parser.add_argument("--keep", type=Path, help="a folder for the smallest traces")
    args = parser.parse_args()
    known: set[str] = set()
    failing = 0
    for seed in range(args.first, args.last):
        lines = found(trace(Random(seed)), args.share, seed)
        failing += bool(lines)
        new = [line for line in lines if kind(line) not in known]
        known |= {kind(line) for line in lines}
        if new:
            records = smallest(seed, kind(new[0]))
            print(described(seed, records), flush=True)
            if args.keep:
                write_case(args.keep / f"seed_{seed}.json", new[0], records)
    print(f"{args.last - args.first} traces, {failing} differ")
    return int(bool(failing))


if __name__ == "__main__":
    sys.exit(main())
