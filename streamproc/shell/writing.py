"""Files of lines that commands write."""

from __future__ import annotations

import gzip
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from streamproc.shell.errors import unusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Bytes gathered before a write.
_BUFFER: Final = 1 << 20


def write_lines(file: IO[bytes], lines: Iterable[bytes]) -> None:
    """Write lines, many at a time."""
    gathered, size = [], 0
    for line in lines:
        gathered.append(line)
        size += len(line)
        if size >= _BUFFER:
            file.write(b"".join(gathered))
            gathered, size = [], 0
    file.write(b"".join(gathered))
    file.flush()


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """Open a file for writing; ``-`` is standard output, ``.gz`` is packed."""
    if name == "-":
        yield sys.stdout.buffer
        return
    try:
        with Path(name).open("wb") as file:
            if not name.endswith(".gz"):
                yield file
                return
            # Without a name and a time equal shows are equal files.
            with gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed:
                yield cast("IO[bytes]", packed)
    except OSError as error:
        raise unusable(f"{name}: {error.strerror or error}") from error
