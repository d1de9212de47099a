"""Recordings in any form that people have: the replay format, danmaku XML, a trace of messages by minute."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

import orjson

from streamproc.adapters import convert
from streamproc.adapters.files import FileError, read_records
from streamproc.shell.feed import Item, items_of_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    #: Told the share of a recording that has been read, 0-1.
    Progress = Callable[[float], None]

_CHUNK: Final = 1 << 20
_TOLD_EVERY: Final = 1_000


def check(path: str) -> None:
    """Raise FileError for a file that does not even begin like a recording."""
    if not _is_replay(path):
        convert.detect(path)


def recorded(path: str, progress: Progress) -> Iterator[Item]:
    """Yield a recording's records; FileError names the file, and the line, that cannot be used."""
    if _is_replay(path):

        def told(_: int, done: int, total: int) -> None:
            progress(done / total if total else 0.0)

        yield from items_of_records(read_records([path], progress=told))
        return
    messages = _count(path, convert.detect(path))
    for n, (topic, value) in enumerate(convert.records(path)):
        if n % _TOLD_EVERY == 0:
            progress(min(1.0, n / max(1, messages)))
        yield Item(topic, value["room_id"].encode(), orjson.dumps(value), value["event_time"])
    progress(1.0)


def _is_replay(path: str) -> bool:
    try:
        with _opened(path) as file:
            line = file.readline(_CHUNK)
    except (OSError, EOFError) as error:
        raise FileError(f"{path}: cannot be read: {error}") from error
    if not line.strip():
        raise FileError(f"{path}: the file is empty, or begins with an empty line")
    return b'"topic"' in line and b'"value"' in line


def _count(path: str, form: convert.Format) -> int:
    """Return about how many records a recording holds, to say how far it is."""
    mark = b"<d " if form is convert.Format.DANMAKU_XML else b"\n"
    with _opened(path) as file:
        return sum(chunk.count(mark) for chunk in iter(lambda: file.read(_CHUNK), b""))


def _opened(path: str) -> IO[bytes]:
    try:
        return cast("IO[bytes]", gzip.open(path)) if path.endswith(".gz") else Path(path).open("rb")
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from error
