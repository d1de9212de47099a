"""What one loud room keeps in memory, without bounds and with the shipped ones: a process for each.

The room alone is measured, without Kafka, decoding and classifier: MiB of resident memory beyond what stood before its
first event, at the end and at most, and MiB of its snapshot.
"""

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from streamproc.contracts.label import Label
from streamproc.domain.events import AnyEvent, Happening, Message, Purchase
from streamproc.domain.room import Room, RoomState
from streamproc.domain.rules import Bounds, Rules, Surroundings
from streamproc.domain.time import PANE
from streamproc.understanding.matcher import QuestionIndex

MIB = 1 << 20
_START = 1_763_712_000_000
_SAID = Label("other", "-", "neu", "-", None, None, None, False, 0.9, None)
_ASKED = Label("question", "ask", "neu", "-", "other", None, None, False, 0.9, None)


def users(n: int) -> Iterator[AnyEvent]:
    """Make a million users come in and write one message each, within an hour."""
    for i in range(n):
        t = _START + 3_600_000 * i // n
        yield Happening(f"s{i}", "r", t, "enter", None, f"{i:016x}", None, None)
        yield Message(f"c{i}", "r", t, f"{i:016x}", "好", _SAID)


def questions(n: int) -> Iterator[AnyEvent]:
    """Make viewers ask as many different questions within ten minutes; none is answered."""
    rnd = Random(7)
    for i in range(n):
        text = "".join(chr(0x4E00 + rnd.randrange(5_000)) for _ in range(8))
        yield Message(f"c{i}", "r", _START + 590_000 * i // n, f"{i:016x}", text, _ASKED, text)


def orders(n: int) -> Iterator[AnyEvent]:
    """Make a million orders by as many buyers within an hour, while one viewer talks."""
    for i in range(n):
        t = _START + 3_600_000 * i // n
        if i % 100 == 0:
            yield Message(f"c{i}", "r", t, "0" * 16, "好", _SAID)
        yield Purchase(f"o{i}", "r", t, f"order-{i}", f"{i:016x}", 1, 9_900, "CNY", "paid")


SHOWS: dict[str, tuple[Callable[[int], Iterator[AnyEvent]], int]] = {
    "users": (users, 1_000_000),
    "questions": (questions, 10_000),
    "flood": (questions, 50_000),
    "orders": (orders, 1_000_000),
}


def resident() -> int:
    """Return the process' resident memory in bytes."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


def play(name: str, n: int, bounds: Bounds) -> tuple[Room, Counter[str], int, int]:
    """Play a show; return the room, what it evicted, and bytes of memory at the end and at most, beyond the start."""
    evicted: Counter[str] = Counter()

    def count(what: str, n: int) -> None:
        evicted[what] += n

    def emit(_topic: str, _key: str, _value: dict[str, Any]) -> None:
        """Let a record go."""

    room = Room(RoomState("r"), Surroundings(Rules(bounds=bounds), QuestionIndex, emit, count))
    before = most = resident()
    pane = _START // PANE
    for event in SHOWS[name][0](n):
        ids = room.state.ids
        ids.is_duplicate(event)
        if ids.n > bounds.ids:
            evicted["ids"] += ids.bound(bounds.ids)
        if event.position // PANE != pane:
            pane = event.position // PANE
            ids.prune(pane * PANE, lasting=True)
            most = max(most, resident())
        room.apply(event, event.position)
    end = resident()
    return room, evicted, end - before, max(most, end) - before


def main() -> int:
    """Measure; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shows", nargs="*", choices=[*SHOWS, []], default=[])
    parser.add_argument("--share", type=float, default=1.0, help="of the shows' events")
    parser.add_argument("--unbounded", action="store_true", help="one show in this process, without bounds")
    parser.add_argument("--bounded", action="store_true", help="one show in this process, with the shipped bounds")
    options = parser.parse_args()
    shows = options.shows or list(SHOWS)
    if options.unbounded or options.bounded:
        bounds = Bounds(**dict.fromkeys(Bounds.__struct_fields__, 10**12)) if options.unbounded else Bounds()
        for name in shows:
            room, evicted, end, most = play(name, int(SHOWS[name][1] * options.share), bounds)
            size = len(msgspec.msgpack.encode(room.state))
            told = ", ".join(f"{what} {n:,}" for what, n in sorted(evicted.items())) or "nothing"
            print(f"end {end / MIB:7.1f}  most {most / MIB:7.1f}  snapshot {size / MIB:6.1f} MiB  evicted: {told}")
        return 0
    for name in shows:
        for how in ("unbounded", "bounded"):
            command = [sys.executable, "-m", "bench.memory", name, f"--{how}", "--share", str(options.share)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very program
            print(f"{name:10} {how:10} {done.stdout.strip()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
