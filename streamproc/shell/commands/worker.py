"""``worker``: the Faust worker."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Final

from streamproc.shell.logs import set_up_logs
from streamproc.shell.options import add_settings, settings_of
from streamproc.shell.wiring import run_worker

if TYPE_CHECKING:
    import argparse

_SOME: Final = 4_096


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    del name
    parser.add_argument(
        "--until-stdin-ends",
        action="store_true",
        help="stop when standard input ends: with the program that started it",
    )
    add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Run the worker until it is told to stop, or until a part of it fails."""
    settings = settings_of(args)
    set_up_logs(settings)
    if args.until_stdin_ends:
        threading.Thread(target=_stop_with_stdin, daemon=True).start()
    return run_worker(settings)


def _stop_with_stdin() -> None:
    # Not through sys.stdin: the interpreter could not end while this waits for that object's lock.
    while os.read(0, _SOME):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
