"""``doctor``: looks whether all is there that the worker needs, and well."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from streamproc.shell.doctor import BAD, Finding, examine
from streamproc.shell.errors import FAILED, CommandError
from streamproc.shell.options import add_settings, settings_of
from streamproc.shell.wiring import security

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from streamproc.shell.settings import Settings


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    del name
    parser.epilog = "Exit status 0 where nothing fails, 1 where something does, 2 for settings that cannot be used."
    add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Look at everything and say what was found, a line each."""
    try:
        settings = settings_of(args)
        access = security(settings)
    except CommandError as error:
        # The worker's one line has the first of them; nothing else can be looked at with such settings.
        for line in error.each:
            _tell(Finding(BAD, "settings", line.removeprefix("setting "), "docs/configuration.md has them all"))
        return error.status
    return asyncio.run(_run(settings, access))


async def _run(settings: Settings, access: Mapping[str, Any]) -> int:
    failed = False
    async for finding in examine(settings, access, os.environ):
        failed = failed or finding.state == BAD
        _tell(finding)
    return FAILED if failed else 0


def _tell(finding: Finding) -> None:
    todo = f" -> {finding.todo}" if finding.todo else ""
    print(f"{finding.state:<5} {finding.what:<9} {finding.seen}{todo}", flush=True)
