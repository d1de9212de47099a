"""``simulate``: a synthetic show, to a file or to Kafka."""

from __future__ import annotations

import asyncio
import sys
import time
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from aiokafka.errors import KafkaError

from streamproc.adapters.broker.reach import why_unreachable
from streamproc.shell.errors import CommandError, unusable
from streamproc.shell.feed import feed, items_of_show, new_producer
from streamproc.shell.options import add_settings, settings_of
from streamproc.shell.shows import ORDERLY, arriving, params_of, read_parameters, starting
from streamproc.shell.wiring import security
from streamproc.shell.writing import opened, write_lines
from streamproc.simulate.lines import to_jsonl_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from streamproc.shell.feed import Fed
    from streamproc.simulate.arrival import Arrival
    from streamproc.simulate.params import ShowParams

_TOLD_EVERY_S: Final = 5.0


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    del name
    to = parser.add_mutually_exclusive_group(required=True)
    to.add_argument("--out", metavar="FILE", help="write the show in the replay format; .gz packs it, - is stdout")
    to.add_argument("--to-kafka", action="store_true", help="send the show to Kafka as it happens, from now on")
    parser.add_argument("--rooms", type=int, help="rooms (3)", metavar="N")
    parser.add_argument("--seed", type=int, help="another seed is another show (7)", metavar="N")
    parser.add_argument("--duration", type=float, help="seconds of the show (1800)", metavar="SECONDS")
    parser.add_argument(
        "--rate", type=float, help="messages a second of a room at its height, on average (2)", metavar="N"
    )
    parser.add_argument("--start", type=int, help="when it begins, ms since the epoch (to Kafka: now)", metavar="MS")
    parser.add_argument("--preset", metavar="NAME", help="a show known by name; docs/simulate.md has them")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="more",
        help="any parameter of docs/simulate.md",
    )
    parser.add_argument("--orderly", action="store_true", help="every record in its place, none late, twice or broken")
    parser.add_argument(
        "--load", type=float, metavar="RATE", help="a load of RATE records a second in all, for --duration"
    )
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="X", help="to Kafka: times as fast; 0 is all at once (1)"
    )
    add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Make a show."""
    named = {name: getattr(args, name) for name in ("rooms", "seed", "duration", "rate", "start")}
    changes = {**(ORDERLY if args.orderly else {}), **read_parameters(args.more), **named}
    params = params_of(args.preset, changes)
    if args.speed < 0 or (args.load is not None and args.load <= 0):
        raise unusable("--speed is 0 or above, --load above 0")
    if args.to_kafka:
        return _to_kafka(args, params)
    with opened(args.out) as file:
        write_lines(file, map(_line, _records(params, args.load)))
    return 0


def _records(params: ShowParams, load_rate: float | None) -> Iterator[Arrival]:
    """Yield the records; a load ends with the show's duration."""
    found = arriving(params, load_rate=load_rate)
    return found if load_rate is None else takewhile(lambda arrival: arrival.at <= params.end, found)


def _line(record: Arrival) -> bytes:
    return to_jsonl_line(record.topic, record.value, key=record.key, timestamp=record.at)


def _to_kafka(args: argparse.Namespace, params: ShowParams) -> int:
    settings = settings_of(args)
    speed: float | None = args.speed or None
    if args.start is None:
        params = starting(params, speed=speed)
    try:
        fed = asyncio.run(
            _send(
                _records(params, args.load),
                params.start,
                speed,
                settings.bootstrap,
                settings.topic_prefix,
                security(settings),
            )
        )
    except KafkaError as error:
        why = asyncio.run(why_unreachable(settings.bootstrap, security(settings), error))
        raise CommandError(f"Kafka at {settings.bootstrap}: {why}") from error
    print("sent: " + ", ".join(f"{topic} {n:,}" for topic, n in sorted(fed.by_topic.items())))
    return 0


async def _send(
    records: Iterable[Arrival], begin: int, speed: float | None, bootstrap: str, prefix: str, access: dict[str, Any]
) -> Fed:
    producer = new_producer(bootstrap, access)
    said = [time.monotonic()]

    def told(fed: Fed) -> None:
        if time.monotonic() - said[0] >= _TOLD_EVERY_S:
            said[0] = time.monotonic()
            print(f"{fed.records:,} records sent", file=sys.stderr, flush=True)

    try:
        await producer.start()
        return await feed(producer, items_of_show(records), prefix=prefix, begin=begin, speed=speed, told=told)
    finally:
        await producer.stop()
