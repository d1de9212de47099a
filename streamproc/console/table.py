"""The demo's live table: what rooms do, what is being asked, how the worker keeps up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from streamproc.console import words
from streamproc.contracts import topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from streamproc.console.board import Board, RoomView

#: Columns from which there is room for more numbers.
WIDE: Final = 100
#: Lines that are neither rooms nor questions: the title, two headings with their rules, the worker's line.
_FRAME: Final = 6
_LEAST: Final = 3

_SOON_MS: Final = 30_000
_LATE_MS: Final = 60_000


@dataclass(slots=True)
class Status:
    """What is known beside the output topics. Times in ms of event time, rates a second.

    ``cpu`` is the share of one core that the worker uses. ``now`` is where the show is; None where each partition is
    somewhere else, as in a recording played at once.
    """

    title: str = ""
    elapsed: str = ""
    sent: int = 0
    rate: float | None = None
    behind: float | None = None
    cpu: float | None = None
    lag: int | None = None
    now: int | None = None
    done: float | None = None
    note: str = ""


class _Column(NamedTuple):
    name: str
    show: Callable[[RoomView, Status], str | Text]
    wide: bool = False
    style: str = ""


def _from(window: str, group: str, name: str, as_text: Callable[[Any], str]) -> Callable[[RoomView, Status], str]:
    return lambda room, _: as_text(room.number(window, group, name))


def _oldest(room: RoomView, status: Status) -> Text:
    waited = room.age(status.now)
    return Text(words.age(waited), style=_urgency(waited))


def _urgency(waited: float | None) -> str:
    if waited is None or waited < _SOON_MS:
        return ""
    return "yellow" if waited < _LATE_MS else "bold red"


_COLUMNS: Final = (
    _Column("viewers", _from("60s", "viewers", "last", words.count)),
    _Column("msg/min", _from("60s", "chat", "messages", words.count)),
    _Column("chatters", _from("60s", "chat", "chatters", words.count), wide=True),
    _Column("asked", _from("session", "questions", "asked", words.count), wide=True),
    _Column("open", lambda room, _: words.count(len(room.waiting)), style="bold"),
    _Column("oldest", _oldest),
    _Column("answered", _from("session", "questions", "answered", words.count), wide=True),
    _Column("respons.", _from("300s", "interaction", "responsiveness", words.share)),
    _Column(
        "load", _from("300s", "interaction", "load", lambda load: "-" if load is None else f"{load:.1f}"), wide=True
    ),
    _Column("orders", _from("session", "conversion", "orders", words.count)),
    _Column("GMV", _from("session", "conversion", "gmv", words.money), style="green"),
)


def picture(board: Board, status: Status, width: int, height: int) -> RenderableType:
    """Return what fits into a terminal of ``width`` columns and ``height`` lines."""
    # What is left of the lines, beside the frame: half to rooms at most, the rest to questions.
    free = height - _FRAME - (status.done is not None) - bool(board.alerts) - bool(status.note)
    rooms = min(max(1, len(board.rooms)), max(_LEAST, free // 2))
    questions = max(_LEAST, free - rooms)
    parts: list[RenderableType] = [_head(status, width), _rooms(board, status, rooms, wide=width >= WIDE)]
    if board.alerts:
        parts.append(_alerts(board, width))
    parts += [_questions(board, status, questions, width), _foot(board, status, wide=width >= WIDE)]
    return Group(*parts)


def _head(status: Status, width: int) -> RenderableType:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append("streamproc ", style="bold cyan")
    line.append(status.title)
    right = Text(status.elapsed, style="dim")
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1)
    grid.add_column(justify="right")
    grid.add_row(line, right)
    if status.done is None:
        return grid
    filled = round(status.done * width)
    return Group(grid, Text("━" * filled, style="cyan").append("━" * (width - filled), style="bright_black"))


def _rooms(board: Board, status: Status, most: int, *, wide: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1), header_style="bold dim", show_edge=False)
    table.add_column("room", no_wrap=True, overflow="ellipsis", ratio=1, min_width=6)
    columns = [column for column in _COLUMNS if wide or not column.wide]
    for column in columns:
        table.add_column(column.name, justify="right", no_wrap=True, style=column.style)
    busiest = sorted(board.rooms.items(), key=lambda item: (item[1].over, -_busy(item[1]), item[0]))
    shown = most if len(busiest) <= most else most - 1
    for room_id, room in busiest[:shown]:
        table.add_row(
            Text(room_id), *(column.show(room, status) for column in columns), style="dim" if room.over else ""
        )
    if len(busiest) > shown:
        table.add_row(Text(f"… {len(busiest) - shown} more", style="dim"), *[""] * len(columns))
    if not busiest:
        table.add_row(Text("waiting for the first pane of 10 s to end", style="dim"), *[""] * len(columns))
    return table


def _busy(room: RoomView) -> int:
    return room.number("300s", "chat", "messages") or 0


def _alerts(board: Board, width: int) -> Text:
    newest = list(board.alerts.values())[-1]
    more = f" (+{len(board.alerts) - 1} more)" if len(board.alerts) > 1 else ""
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(
        f" ▲ {newest['alert']} ", style="bold white on red" if newest["severity"] == "critical" else "black on yellow"
    )
    line.append(f" {newest['room_id']}: {newest['summary']}{more}")
    line.truncate(width, overflow="ellipsis")
    return line


def _questions(board: Board, status: Status, most: int, width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1), header_style="bold dim", show_edge=False)
    table.add_column("newest questions", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("asks", justify="right", no_wrap=True)
    if width >= WIDE:
        table.add_column("topic", no_wrap=True)
    table.add_column("room", no_wrap=True, overflow="ellipsis", max_width=16)
    table.add_column("", no_wrap=True, width=26 if width >= WIDE else 21)
    for value in list(reversed(board.questions.values()))[:most]:
        row: list[str | Text] = [Text(" ".join(value["text"].split())), words.count(value["asks"])]
        if width >= WIDE:
            row.append(value["topic"] or "-")
        table.add_row(*row, Text(value["room_id"]), _fate(value, board, status, wide=width >= WIDE))
    return table


def _fate(value: dict[str, Any], board: Board, status: Status, *, wide: bool) -> Text:
    if value["state"] == "answered":
        answer = value["answer"]
        how = f" ({answer['channel']})" if wide else ""
        return Text(f"answered in {words.age(answer['latency_ms'])}{how}", style="green")
    if value["state"] == "expired":
        return Text("never answered", style="red")
    now = board.rooms[value["room_id"]].newest if status.now is None else status.now
    waited = now - value["first_ask"]
    helped = ", helped" if value["peer_answer"] else ""
    return Text(f"waiting {words.age(waited)}{helped}", style=_urgency(waited) or "cyan")


def _foot(board: Board, status: Status, *, wide: bool) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis", style="dim")
    parts = [f"worker {words.rate(status.rate)}"]
    if status.behind is not None:
        parts.append(f"behind{' the show' * wide} {_seconds(status.behind)}")
    if status.lag is not None:
        parts.append(f"lag {words.count(status.lag)}")
    if wide:
        parts.append(f"in {words.count(status.sent)}")
        parts.append(f"classified {words.count(board.outputs[topics.CLASSIFIED])}")
    parts.append(f"dead letters {words.count(sum(board.dead.values()))}")
    if status.cpu is not None:
        parts.append(f"CPU {words.share(status.cpu)}")
    line.append(" · ".join(parts))
    if status.note:
        line.append(f"\n{status.note}")
    return line


def plain(board: Board, status: Status) -> str:
    """Return one line for where there is no terminal."""
    oldest = words.age(board.oldest(status.now))
    parts = [
        status.elapsed if status.done is None else f"{status.elapsed}, {words.share(status.done)} done",
        f"rooms {len(board.rooms)}",
        f"viewers {words.count(board.total('60s', 'viewers', 'last'))}",
        f"in {words.count(status.sent)} ({words.rate(status.rate)})",
        f"classified {words.count(board.outputs[topics.CLASSIFIED])}",
        f"questions {words.count(board.changes['opened'])} (open {board.open}, oldest {oldest})",
        f"orders {words.count(board.total('session', 'conversion', 'orders'))}",
        f"GMV {words.money(board.money)}",
        f"lag {words.count(status.lag)}" if status.behind is None else f"behind {_seconds(status.behind)}",
    ]
    return "  ".join(parts)


def _seconds(ms: float) -> str:
    return f"{max(0.0, ms) / 1000:.1f} s"
