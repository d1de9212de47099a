"""``replay``: the core over files without a broker, or over the input topics as a run's journal has them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from streamproc.adapters import convert
from streamproc.adapters.files import FileError, Summary, replay
from streamproc.adapters.memory import collect_seldom
from streamproc.shell.errors import CommandError, unusable
from streamproc.shell.options import add_settings, settings_of
from streamproc.shell.progress import progress_bar
from streamproc.shell.wiring import ShippedUnderstanding, task_config, worker_config

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from streamproc.shell.settings import Settings


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    del name
    parser.add_argument("files", nargs="*", metavar="FILE", help="JSONL in the replay format; .gz too, - is stdin")
    parser.add_argument(
        "--journal",
        action="store_true",
        help="instead of files: all that a worker has published, again, from the input topics and its journal on Kafka",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for <output topic>.jsonl")
    parser.add_argument("--quiet", action="store_true", help="say nothing when all went well")
    add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Replay files, or a run."""
    if bool(args.files) == args.journal:
        raise unusable("replay takes files, or --journal and no files (see streamproc replay --help)")
    settings = settings_of(args)
    began = time.perf_counter()
    try:
        with progress_bar("replaying", shown=not args.quiet) as advance:
            collect_seldom()
            if args.journal:
                summary = _from_journal(settings, args.out, advance)
            else:
                summary = replay(args.files, args.out, ShippedUnderstanding(), task_config(settings), advance)
    except FileError as error:
        raise unusable(f"{error}{_hint(args.files)}") from error
    if not args.quiet:
        for line in report(summary, time.perf_counter() - began):
            print(line, file=sys.stderr)
    return 0


def _hint(files: Iterable[str]) -> str:
    """Name the command that turns recordings into the replay format, where a file is one."""
    for file in files:
        with contextlib.suppress(FileError):
            if file != "-":
                convert.detect(file)
                return f" ({file} is a recording? `streamproc convert danmaku` makes the replay format of it)"
    return ""


def _from_journal(settings: Settings, out: Path, advance: Callable[[int, int, int], None] | None) -> Summary:
    from streamproc.adapters.kafka.errors import TOLD, told  # noqa: PLC0415 - Kafka's client, which files do without
    from streamproc.adapters.kafka.rebuild import rebuild  # noqa: PLC0415

    understanding = ShippedUnderstanding()
    try:
        summary, others = asyncio.run(rebuild(understanding, worker_config(settings), out, advance))
    except TOLD as error:
        raise CommandError(told(error)) from error
    if others:
        print(
            f"streamproc: the run was understood with {', '.join(sorted(others))} and is now with"
            f" {understanding.version}: what depends on texts may differ",
            file=sys.stderr,
        )
    return summary


def report(summary: Summary, seconds: float) -> Iterable[str]:
    """Say what a replay did, in a few lines."""
    rate = summary.records / seconds if seconds else 0.0
    yield f"{summary.records:,} records in {seconds:.1f} s ({rate:,.0f} a second)"
    yield "in:           " + _counts(summary.by("events"))
    yield "out:          " + _counts(summary.outputs)
    yield "dead letters: " + _counts(summary.by("dead"))
    yield "late: " + _counts(summary.by("late")) + "   duplicate: " + _counts(summary.by("duplicate"))


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in sorted(counts.items()) if n) or "none"
