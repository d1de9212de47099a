"""``classify`` and ``match``: lines of JSON in, the same lines with labels or scores out."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import orjson

from streamproc.shell.errors import unusable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    Rows = list[dict[str, Any]]

_LABELS: Final = ("kind", "sub", "polarity", "aspect", "topic", "confidence")
_FIELDS: Final = {"classify": ("text",), "match": ("question", "answer")}
_READ: Final = 1 << 18


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments."""
    fields = " and ".join(f'"{field}"' for field in _FIELDS[name])
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help=f"lines of JSON with {fields}; - is stdin")
    parser.set_defaults(which=name)


def run(args: argparse.Namespace) -> int:
    """Label or score lines as they come."""
    work = _classifier() if args.which == "classify" else _matcher()
    with _opened(args.file) as file:
        for rows in _batches(file, "stdin" if args.file == "-" else args.file, _FIELDS[args.which]):
            work(rows)
            sys.stdout.buffer.write(b"".join(_line(row) for row in rows))
            sys.stdout.buffer.flush()
    return 0


def _classifier() -> Callable[[Rows], None]:
    from streamproc.shell.wiring import ShippedUnderstanding  # noqa: PLC0415 - a bad file is told before the model loads

    understanding = ShippedUnderstanding()

    def classify(rows: Rows) -> None:
        for row, label in zip(rows, understanding.label([_whole(row["text"]) for row in rows]), strict=True):
            row.update((name, getattr(label, name)) for name in _LABELS)

    return classify


def _matcher() -> Callable[[Rows], None]:
    from streamproc.understanding.matcher import score  # noqa: PLC0415

    def match(rows: Rows) -> None:
        for row in rows:
            row["score"] = score(_whole(row["question"]), _whole(row["answer"]))

    return match


def _whole(text: str) -> str:
    """Return a text without halves of surrogate pairs, which no model can read."""
    return text.encode("utf-8", "replace").decode()


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as file:
            yield file
    except OSError as error:
        if error.filename is None:
            raise
        raise unusable(f"{name}: {error.strerror}") from error


def _batches(file: IO[bytes], name: str, fields: tuple[str, ...]) -> Iterator[Rows]:
    """Yield what is there, so that a program at the other end of a pipe has its answers at once."""
    rest, number = b"", 0
    read = getattr(file, "read1", file.read)
    while data := read(_READ):
        *lines, rest = (rest + data).split(b"\n")
        if lines:
            yield _rows(lines, name, number, fields)
            number += len(lines)
    if rest.strip():
        yield _rows([rest], name, number, fields)


def _rows(lines: list[bytes], name: str, before: int, fields: tuple[str, ...]) -> Rows:
    rows = []
    for number, line in enumerate(lines, before + 1):
        if line.strip():
            try:
                rows.append(_row(line, fields))
            except ValueError as error:
                raise unusable(f"{name}:{number}: {error}") from error
    return rows


def _row(line: bytes, fields: tuple[str, ...]) -> dict[str, Any]:
    # orjson would change integers beyond 64 bits in a line that is to come out as it was.
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError("not an object")  # noqa: TRY004 - about the line, not about a type
    for field in fields:
        if not isinstance(row.get(field), str):
            raise ValueError(f'"{field}" is missing or no text')  # noqa: TRY004
    return row


def _line(row: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(row) + b"\n"
    except TypeError:  # half a surrogate pair, or an integer beyond 64 bits
        return json.dumps(row).encode() + b"\n"
