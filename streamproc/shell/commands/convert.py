"""``convert``: a recording into the replay format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamproc.adapters import convert
from streamproc.adapters.files import FileError
from streamproc.shell.errors import unusable
from streamproc.shell.writing import opened, write_lines

if TYPE_CHECKING:
    import argparse


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    del name
    parser.add_argument(
        "form", choices=("danmaku",), help="chats of Bilibili: its XML, or JSONL of messages by the minute"
    )
    parser.add_argument(
        "file", metavar="FILE", help="the recording; packed by gzip too; its content says which form it has"
    )
    parser.add_argument("--out", default="-", metavar="FILE", help="where to; .gz packs it, - is stdout (-)")
    parser.add_argument("--room", metavar="ID", help="the room's id, where the recording names none (XML)")
    parser.add_argument("--start", type=int, metavar="MS", help="when second 0 was, ms since the epoch (XML)")


def run(args: argparse.Namespace) -> int:
    """Convert a recording."""
    try:
        convert.detect(args.file)
        with opened(args.out) as file:
            write_lines(file, convert.lines(args.file, room=args.room, start=args.start))
    except (FileError, ValueError) as error:
        raise unusable(error) from error
    return 0
