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
    yield f"records in           {fed.records:>9,}  {_by(fed.by_topic)}"
    classified = board.outputs[topics.CLASSIFIED] + board.outputs[topics.FEEDBACK_CLASSIFIED]
    yield f"classified           {classified:>9,}  {_by(board.kinds)}"
    yield f"questions            {board.changes['opened']:>9,}  {_by(board.changes)}"
    rooms = "1 room" if len(board.rooms) == 1 else f"{len(board.rooms):,} rooms"
    yield f"metric records       {board.outputs[topics.METRICS]:>9,}  of {rooms}"
    yield f"alerts               {board.outputs[topics.ALERTS]:>9,}"
    yield f"dead letters         {sum(board.dead.values()):>9,}  {_by(board.dead)}".rstrip()
    idle = " mostly what it costs to be up" if rate < _QUIET else ""
    yield f"worker CPU           {'-' if cpu is None else f'{cpu:,.0f}':>9}  µs an event, at {rate:,.0f} a second{idle}"


def _by(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{name.removeprefix('live.').removesuffix('.v1')} {n:,}" for name, n in sorted(counts.items()) if n
    )
