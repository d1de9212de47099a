"""Recordings in any form that people have: the replay format, danmaku XML, a trace of messages by minute."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamproc.adapters.files import read_records
from streamproc.shell.errors import unusable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamproc.adapters.files import Progress
    from streamproc.pipeline.records import Record

_HEAD: Final = 1 << 16


def is_replay(path: str) -> bool:
    """Say whether a file is in the replay format, by its beginning; CommandError (exit status 2) where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            head = (gzip.open(file) if path.endswith(".gz") else file).read(_HEAD).lstrip()  # type: ignore[operator]
    except (OSError, EOFError) as error:
        raise unusable(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if not head:
        raise unusable(f"{path}: the file is empty")
    return b'"topic"' in head.split(b"\n", 1)[0]


def open_recording(path: str, progress: Progress | None = None) -> Iterator[list[Record]]:
    """Yield a recording's records, a list at a time."""
    return read_records([path], progress=progress)
