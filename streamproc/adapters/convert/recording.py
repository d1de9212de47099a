"""Opens a recording, finds out from its content what it is, and yields its records in order of event time."""

from __future__ import annotations

import gzip
import re
import zlib
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

import orjson

from streamproc.adapters.convert.danmaku import read_danmaku
from streamproc.adapters.convert.minutes import read_minutes
from streamproc.adapters.files import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Format", "detect", "lines", "records"]

_GZIP: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"
_HEAD: Final = 4_096


class Format(Enum):
    """What a recording can be."""

    DANMAKU_XML = "Bilibili danmaku XML"
    MINUTES = "JSONL with minute, room, popularity, text"


def detect(path: str | Path) -> Format:
    """Return what the file's content says that it is; FileError, naming the file, for anything else."""
    with _opened(Path(path)) as file:
        head = file.read(_HEAD).removeprefix(_BOM).lstrip()
    if head.startswith(b"<"):
        return Format.DANMAKU_XML
    if not head:
        raise FileError(f"{path}: the file is empty")
    first = head.split(b"\n", 1)[0]
    if not first.startswith(b"{"):
        raise FileError(f"{path}:1: neither XML nor JSONL begins like this: {first[:40]!r}")
    if re.search(rb'"topic"\s*:', first) and re.search(rb'"value"\s*:', first):
        raise FileError(f"{path}:1: has a topic and a value, so it is in the replay format already")
    return Format.MINUTES


def records(
    path: str | Path, *, room: str | None = None, start: int | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the recording's records as (topic, value) in order of event time over all rooms.

    path: Bilibili danmaku XML or JSONL of minutes, gzipped too. room: the room's id where the file names none (XML;
    without it the file's chatid or name). start: when second 0 was, ms since the epoch (XML; without it the messages'
    own dates say). Texts are passed on as they are, so one that no record may have becomes a dead letter later. Raises
    FileError, naming file and line, for what cannot be read.
    """
    path = Path(path)
    kind = detect(path)
    with _opened(path) as file:
        if kind is Format.MINUTES:
            if room is not None or start is not None:
                raise FileError(f"{path}: each line has its room and its minute, so none can be given")
            yield from read_minutes(file, path)
        else:
            yield from read_danmaku(file, path, room=room, name=path.name.split(".")[0], start=start)


def lines(path: str | Path, *, room: str | None = None, start: int | None = None) -> Iterator[bytes]:
    """Do as `records`, in the replay format: a line of UTF-8 JSON with its line feed for each record."""
    for topic, value in records(path, room=room, start=start):
        yield orjson.dumps({"topic": topic, "value": value}, option=orjson.OPT_APPEND_NEWLINE)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, packed or not, for reading; all that goes wrong with it is a FileError that names it."""
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            if packed:
                with gzip.open(file) as unpacked:
                    yield cast("IO[bytes]", unpacked)
            else:
                yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileError(f"{path}: broken gzip: {error}") from error
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from error
