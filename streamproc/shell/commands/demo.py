"""``demo``: a live show, or a recording, through a real Kafka and the real worker, in this terminal."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import tempfile
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamproc.adapters.broker.config import free_ports
from streamproc.adapters.files import FileError
from streamproc.shell.demo.run import Demo, Options, Play
from streamproc.shell.demo.screen import new_screen
from streamproc.shell.demo.worker import arguments_of
from streamproc.shell.errors import unusable
from streamproc.shell.feed import items_of_show
from streamproc.shell.options import add_settings, settings_of
from streamproc.shell.recordings import check, recorded
from streamproc.shell.settings_kafka import KafkaSettings
from streamproc.shell.shows import arriving, params_of, starting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamproc.shell.feed import Item

#: What a demo decides itself: its broker is on loopback and its own.
_OWN: Final = {"bootstrap", "instance", "replication", "security_protocol"} | {
    name for name in KafkaSettings.model_fields if name.startswith(("sasl_", "ssl_"))
}
#: Seconds of the show that have happened when the table opens, so that there is something to see.
_BEFORE_S: Final = 60.0
_LENGTH_S: Final = 300.0
_MOST_ROOMS: Final = 10_000
#: Options that make a show, and say nothing of a recording.
_SHOWS: Final = ("rooms", "seed", "duration", "rate", "preset")


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    del name
    parser.add_argument("--rooms", type=_whole, metavar="N", help="rooms of the show (3)")
    parser.add_argument("--seed", type=int, metavar="N", help="another seed is another show (7)")
    parser.add_argument("--duration", type=_positive, metavar="SECONDS", help=f"length of the show ({_LENGTH_S:.0f})")
    parser.add_argument("--rate", type=_positive, metavar="N", help="messages a second of a room (2)")
    parser.add_argument("--preset", metavar="NAME", help="a show known by name; docs/simulate.md has them")
    parser.add_argument(
        "--file", metavar="TRACE", help="play this recording: replay format, danmaku XML, trace JSONL; .gz too"
    )
    parser.add_argument(
        "--speed",
        type=_positive,
        metavar="X",
        help="play X times as fast as it happened (a show 1, a recording all at once)",
    )
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="keep the broker's data here (else it is thrown away)"
    )
    parser.add_argument(
        "--keep-broker",
        action="store_true",
        help="leave broker and worker up after the show, until Ctrl-C; prints the address",
    )
    parser.add_argument("--picture", type=Path, help=argparse.SUPPRESS)
    add_settings(parser, without=_OWN)


def run(args: argparse.Namespace) -> int:
    """Run the demo."""
    settings = settings_of(args)
    play = _recording(args) if args.file else _show(args)
    with tempfile.TemporaryDirectory(prefix="streamproc-", ignore_cleanup_errors=True) as folder:
        data_dir = args.data_dir or Path(folder)
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unusable(f"{data_dir}: {error.strerror}") from error
        options = Options(
            data_dir=data_dir,
            group=settings.group,
            prefix=settings.topic_prefix,
            partitions=settings.partitions,
            http_port=settings.http_port if "http_port" in settings.model_fields_set else free_ports(1)[0],
            worker=_worker_arguments(args),
            keep_broker=args.keep_broker,
            picture=args.picture,
        )
        try:
            return asyncio.run(Demo(play, options, new_screen()).run())
        except FileError as error:
            raise unusable(error) from error


def _worker_arguments(args: argparse.Namespace) -> list[str]:
    given = {
        name.removeprefix("setting_"): value
        for name, value in vars(args).items()
        if name.startswith("setting_") and value is not None
    }
    file = ["--settings", str(args.settings)] if args.settings else []
    return [*file, *arguments_of({"stop_ms": "10000", **given, "security_protocol": "PLAINTEXT"})]


def _show(args: argparse.Namespace) -> Play:
    speed: float = args.speed or 1.0
    duration: float = args.duration or _LENGTH_S
    length = _BEFORE_S + duration
    params = params_of(
        args.preset,
        {"rooms": args.rooms, "seed": args.seed, "rate": args.rate, "duration": length, "stagger": _BEFORE_S / 3},
    )

    def begin() -> tuple[int, Iterator[Item]]:
        now = starting(params, speed=speed, before_s=_BEFORE_S)
        first, last = now.start + int(1000 * _BEFORE_S), now.end
        return first, takewhile(lambda item: (item.position or 0) <= last, items_of_show(arriving(now)))

    rooms = "1 room" if params.rooms == 1 else f"{params.rooms} rooms"
    return Play(f"a show in {rooms}, seed {params.seed}", begin, speed, duration)


def _recording(args: argparse.Namespace) -> Play:
    for name in _SHOWS:
        if getattr(args, name) is not None:
            raise unusable(f"--{name} is for a show; --file plays a recording, which is as it is")
    try:
        check(args.file)
    except FileError as error:
        raise unusable(error) from error
    share = [0.0]

    def progress(done: float) -> None:
        share[0] = done

    def begin() -> tuple[None, Iterator[Item]]:
        return None, recorded(args.file, progress)

    pace = f"{args.speed:g} times as fast" if args.speed else "as fast as it goes"
    return Play(f"{Path(args.file).name}, {pace}", begin, args.speed, None, lambda: share[0])


def _whole(text: str) -> int:
    with contextlib.suppress(ValueError):
        if 1 <= (number := int(text)) <= _MOST_ROOMS:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is not an integer from 1 to {_MOST_ROOMS}")


def _positive(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < (number := float(text)) < math.inf:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
