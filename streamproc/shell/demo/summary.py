"""What a demo did, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamproc.contracts import topics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamproc.console.board import Board
    from streamproc.shell.feed import Fed


#: Below so many records a second a worker's CPU time is what it costs to be up, not what the records cost.
_QUIET: Final = 500


def summary(fed: Fed, board: Board, cpu: float | None, rate: float) -> Iterator[str]:
    """Yield the summary's lines; ``cpu`` is the worker's in µs an event (None: not known) at ``rate`` a second."""
    classified = board.outputs[topics.CLASSIFIED] + board.outputs[topics.FEEDBACK_CLASSIFIED]
    rooms = "1 room" if len(board.rooms) == 1 else f"{len(board.rooms):,} rooms"
    idle = " mostly what it costs to be up" if rate < _QUIET else ""
    yield _line("records in", fed.records, _by(fed.by_topic))
    yield _line("classified", classified, _by(board.kinds))
    yield _line("questions", board.changes["opened"], _by(board.changes))
    yield _line("metric records", board.outputs[topics.METRICS], f"of {rooms}")
    yield _line("alerts", board.outputs[topics.ALERTS])
    yield _line("dead letters", sum(board.dead.values()), _by(board.dead))
    yield _line("worker CPU", cpu, f"µs an event, at {rate:,.0f} a second{idle}")


def _line(name: str, number: float | None, more: str = "") -> str:
    return f"{name:20} {'-' if number is None else f'{number:,.0f}':>9}  {more}".rstrip()


def _by(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{name.removeprefix('live.').removesuffix('.v1')} {n:,}" for name, n in sorted(counts.items()) if n
    )
