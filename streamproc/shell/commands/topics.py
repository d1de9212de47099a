"""``topics create`` and ``topics check``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamproc.adapters.broker.errors import TopicError
from streamproc.adapters.broker.topics import check_topics, create_topics
from streamproc.adapters.kafka.topics import topic_specs
from streamproc.shell.errors import CommandError
from streamproc.shell.options import add_settings, settings_of
from streamproc.shell.wiring import security

if TYPE_CHECKING:
    import argparse


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    del name
    parser.add_argument(
        "what",
        choices=("create", "check"),
        help="create makes what is missing and checks the rest; check changes nothing",
    )
    add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Make or check the topics."""
    settings = settings_of(args)
    specs = topic_specs(settings.partitions, prefix=settings.topic_prefix, replication=settings.replication)
    try:
        if args.what == "check":
            asyncio.run(check_topics(settings.bootstrap, specs, security(settings)))
            print(f"{len(specs)} topics are as they have to be")
            return 0
        made = asyncio.run(create_topics(settings.bootstrap, specs, security(settings)))
    except TopicError as error:
        raise CommandError(str(error)) from error
    print("made: " + (", ".join(made) or "none, all were there"))
    return 0
