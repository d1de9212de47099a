"""``demo``: a live show, or a recording, through a real Kafka and the real worker, in this terminal."""

from __future__ import annotations

import argparse
import asyncio
import math
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streamproc.adapters.broker.config import free_ports
from streamproc.adapters.files import FileError
from streamproc.shell.demo.run import Demo, Options, Play
from streamproc.shell.demo.screen import new_screen
from streamproc.shell.demo.worker import arguments_of
from streamproc.shell.errors import unusable
from streamproc.shell.feed import items_of_records, items_of_show
from streamproc.shell.options import add_settings, settings_of
from streamproc.shell.recordings import open_recording
from streamproc.simulate.params import ShowParams
from streamproc.simulate.show import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamproc.shell.feed import Item

#: What a demo decides itself: its broker is on loopback and its own.
_OWN: Final = {"bootstrap", "security_protocol", "sasl_mechanism", "sasl_username", "sasl_password", "sasl_password_file",
    "ssl_ca_file", "ssl_cert_file", "ssl_key_file", "ssl_key_password", "ssl_key_password_file", "instance", "replication"}  # fmt: skip
#: Seconds of the show that have happened when the table opens, so that there is something to see.
_BEFORE_S: Final = 60.0


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    del name
    parser.add_argument("--rooms", type=_whole, default=3, metavar="N", help="rooms of the show (3)")
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="another seed is another show (7)")
    parser.add_argument("--duration", type=_positive, default=300.0, metavar="SECONDS", help="length of the show (300)")
    parser.add_argument("--rate", type=_positive, default=2.0, metavar="N", help="messages a second of a room (2)")
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
    return [*file, *arguments_of({**given, "security_protocol": "PLAINTEXT"})]


def _show(args: argparse.Namespace) -> Play:
    speed: float = args.speed or 1.0
    before = _BEFORE_S
    length = before + args.duration

    def params(**more: Any) -> ShowParams:  # noqa: ANN401 - the class checks them
        try:
            return ShowParams(
                rooms=args.rooms, seed=args.seed, rate=args.rate, duration=length, stagger=before / 3, **more
            )
        except ValueError as error:
            raise unusable(error) from error

    params()
    started: list[int] = []

    def begin() -> int:
        # A show that runs faster than the clock begins in the past: the broker's clock bounds event time.
        lead = before + max(0.0, args.duration * (1 - 1 / speed))
        started[:] = [int(1000 * (time.time() - lead))]
        return started[0] + int(1000 * before)

    def items() -> Iterator[Item]:
        end = begin() + int(1000 * args.duration)
        for item in items_of_show(show(params(start=started[0]))):
            if item.position is not None and item.position > end:
                return
            yield item

    rooms = "1 room" if args.rooms == 1 else f"{args.rooms} rooms"
    return Play(f"a show in {rooms}, seed {args.seed}", items, speed, begin, args.duration)


def _recording(args: argparse.Namespace) -> Play:
    share = [0.0]

    def progress(_: int, done: int, total: int) -> None:
        share[0] = done / total if total else 0.0

    def items() -> Iterator[Item]:
        return items_of_records(open_recording(args.file, progress))

    pace = f"{args.speed:g} times as fast" if args.speed else "as fast as it goes"
    return Play(f"{Path(args.file).name}, {pace}", items, args.speed, lambda: None, None, lambda: share[0])


def _whole(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("an integer from 1 to 10000")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("a number above 0")
    return number
