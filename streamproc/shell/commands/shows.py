"""``simulate`` and ``convert``: shows that were made up, and shows that were recorded."""

from __future__ import annotations

import argparse
import asyncio
import gzip
import sys
import time
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

import orjson

from streamproc.shell.errors import CommandError, unusable
from streamproc.shell.options import add_settings, settings_of
from streamproc.simulate.params import ShowParams
from streamproc.simulate.show import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streamproc.shell.feed import Fed

#: Lines that are written together.
_LINES: Final = 2_000
_NUMBERS: Final = {"int": int, "float": float, "str": str}


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    parser.set_defaults(which=name)
    if name == "simulate":
        _add_simulate(parser)
    else:
        _add_convert(parser)


def _add_simulate(parser: argparse.ArgumentParser) -> None:
    to = parser.add_mutually_exclusive_group(required=True)
    to.add_argument("--out", metavar="FILE", help="write the show in the replay format; .gz packs it, - is stdout")
    to.add_argument("--to-kafka", action="store_true", help="send the show to Kafka, as it happens")
    parser.add_argument("--rooms", type=int, help="rooms (3)", metavar="N")
    parser.add_argument("--seed", type=int, help="another seed is another show (7)", metavar="N")
    parser.add_argument("--duration", type=float, help="seconds of the show (1800)", metavar="SECONDS")
    parser.add_argument(
        "--rate", type=float, help="messages a second of a room at its height, on average (2)", metavar="N"
    )
    parser.add_argument("--preset", metavar="NAME", help="a show that is known by name; docs/simulate.md has them")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="more",
        help="any other parameter of docs/simulate.md",
    )
    parser.add_argument(
        "--speed", type=float, default=1.0, help="to Kafka: times as fast as it happens; 0 all at once (1)"
    )
    parser.add_argument(
        "--no-disorder", action="store_true", help="every record in its place, none late, twice or broken"
    )
    add_settings(parser)
