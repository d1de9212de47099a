"""``doctor``: looks whether all is there that the worker needs, and well."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamproc.shell.doctor import BAD, examine
from streamproc.shell.errors import FAILED
from streamproc.shell.options import add_settings, settings_of
from streamproc.shell.wiring import security

if TYPE_CHECKING:
    import argparse

    from streamproc.shell.settings import Settings


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    del name
    parser.epilog = "Exit status 0 where nothing fails, 1 where something does."
    add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Look at everything and say what was found, a line each."""
    return asyncio.run(_run(settings_of(args)))


async def _run(settings: Settings) -> int:
    failed = False
    async for finding in examine(settings, security(settings)):
        failed = failed or finding.state == BAD
        todo = f" -> {finding.todo}" if finding.todo else ""
        print(f"{finding.state:<5} {finding.what:<9} {finding.seen}{todo}", flush=True)
    return FAILED if failed else 0
