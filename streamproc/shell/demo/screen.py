"""Where the demo shows what it does: a live table on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import io
import re
import sys
import time
from typing import TYPE_CHECKING, Final, Protocol

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from streamproc.console.table import picture, plain

if TYPE_CHECKING:
    from pathlib import Path

    from streamproc.console.board import Board
    from streamproc.console.table import Status

_LINE_EVERY_S: Final = 5.0
_FONT: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_PICTURE_WIDTH: Final = 112
_PICTURE_HEIGHT: Final = 28


class Screen(Protocol):
    """What the demo tells of itself."""

    def wait_for(self, what: str, done: int = 0, total: int = 0) -> None:
        """Say what is being waited for, and how far it is where that is known (total 0: it is not)."""

    def show(self, board: Board, status: Status) -> None:
        """Show the show."""

    def end(self) -> None:
        """Leave the terminal as it was."""


def _amount(done: int, total: int) -> str:
    return f"{100 * done // total:>3}%"


class Terminal:
    """A bar while things start, then a table that fills the terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._live: Live | None = None

    def wait_for(self, what: str, done: int = 0, total: int = 0) -> None:
        """Say what is being waited for."""
        if self._progress is None:
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=30),
                TextColumn("{task.fields[amount]}"),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._progress.start()
            self._progress.add_task(what, total=None, amount="")
        amount = _amount(done, total) if total else ""
        self._progress.update(
            self._progress.task_ids[0], description=what, completed=done, total=total or None, amount=amount
        )

    def show(self, board: Board, status: Status) -> None:
        """Draw the table anew."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        size = self._console.size
        frame = picture(board, status, size.width, size.height)
        if self._live is None:
            self._live = Live(frame, console=self._console, screen=True, auto_refresh=False)
            self._live.start()
        self._live.update(frame, refresh=True)

    def end(self) -> None:
        """Leave the terminal as it was."""
        for each in (self._progress, self._live):
            if each is not None:
                each.stop()
        self._progress = self._live = None


class Lines:
    """A plain line now and then."""

    def __init__(self, every_s: float = _LINE_EVERY_S) -> None:
        self._every_s = every_s
        self._said = ""
        self._last = -1e9

    def wait_for(self, what: str, done: int = 0, total: int = 0) -> None:
        """Say what is being waited for, once, and each tenth of it."""
        line = f"{what}: {10 * (10 * done // total)}%" if total else what
        if line != self._said:
            self._said = line
            print(line, flush=True)

    def show(self, board: Board, status: Status) -> None:
        """Print a line, if the last was long enough ago."""
        if time.monotonic() - self._last >= self._every_s:
            self._last = time.monotonic()
            print(plain(board, status), flush=True)

    def end(self) -> None:
        """There is nothing to leave."""


def new_screen() -> Screen:
    """Return what fits standard output."""
    return Terminal(Console()) if sys.stdout.isatty() else Lines()


def save_picture(file: Path, board: Board, status: Status) -> None:
    """Write the table as it is now as an SVG picture."""
    console = Console(
        record=True, width=_PICTURE_WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(picture(board, status, _PICTURE_WIDTH, _PICTURE_HEIGHT))
    # The reader's own fonts do; a picture that fetches some from elsewhere is blocked where it matters.
    file.write_text(_FONT.sub("", console.export_svg(title="streamproc demo")), encoding="utf-8")
