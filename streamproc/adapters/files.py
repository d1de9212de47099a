"""The replay format: records in from files, outputs out to files, and the core between them without a broker."""

from __future__ import annotations

import gzip
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple, Self, cast

from streamproc.adapters.lines import parse_line
from streamproc.contracts import topics
from streamproc.pipeline.task import Task, TaskConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from streamproc.pipeline.events import Understanding
    from streamproc.pipeline.records import Output, Record

    #: Told records so far, bytes of the files read so far, and bytes of all files (a pipe's are 0).
    Progress = Callable[[int, int, int], None]

#: Records that are understood together; more saves no time, and fewer cost some.
CHUNK: Final = 2_000


class FileError(Exception):
    """A file or a line that cannot be used; the message names it as ``file:line``."""


# -- in ---------------------------------------------------------------------------------------------------------


class _Source(NamedTuple):
    """One file's lines, and how far it has been read in bytes on disk."""

    name: str
    lines: Iterable[bytes]
    done: Callable[[], int]


@contextmanager
def _source(name: str) -> Iterator[_Source]:
    if name == "-":
        yield _Source("stdin", sys.stdin.buffer, lambda: 0)
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(name).open("rb"))
        except OSError as error:
            raise FileError(f"{name}: {error.strerror or error}") from error
        lines = stack.enter_context(gzip.open(file)) if name.endswith(".gz") else file
        yield _Source(name, cast("Iterable[bytes]", lines), file.tell)


def read_records(files: Sequence[str], chunk: int = CHUNK, progress: Progress | None = None) -> Iterator[list[Record]]:
    """Yield the records of replay files, in order, in lists of at most ``chunk``.

    ``.gz`` files are unpacked, ``-`` is standard input, empty lines are passed over. A record without an offset has
    its line number, from 0 over all files. FileError names the first line that cannot be used.
    """
    total = sum(_size(name) for name in files)
    number, before, seen = 0, 0, 0
    for name in files:
        with _source(name) as source:
            first, lines = number, _lines(source)
            while part := list(islice(lines, chunk)):
                records = [
                    _record(line, n, n - first, source) for n, line in enumerate(part, number) if not line.isspace()
                ]
                number += len(part)
                seen += len(records)
                if records:
                    yield records
                if progress:
                    progress(seen, before + source.done(), total)
            before += source.done()


def _lines(source: _Source) -> Iterator[bytes]:
    try:
        yield from source.lines
    except (OSError, EOFError) as error:
        raise FileError(f"{source.name}: cannot be read: {error}") from error


def _record(line: bytes, number: int, index: int, source: _Source) -> Record:
    try:
        return parse_line(line, number)
    except ValueError as error:
        raise FileError(f"{source.name}:{index + 1}: {error}") from error


def _size(name: str) -> int:
    with suppress(OSError):
        return 0 if name == "-" else Path(name).stat().st_size
    return 0


# -- out --------------------------------------------------------------------------------------------------------


class OutputFiles:
    """``DIR/<output topic>.jsonl`` for every output topic, one value a line exactly as on Kafka.

    What is written appears under its name when the block ends without an error; until then the files of an earlier run
    stay as they were.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: Counter[str] = Counter()
        self._stack = ExitStack()
        self._files: dict[str, IO[bytes]] = {}

    def __enter__(self) -> Self:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for topic in topics.OUTPUTS:
                self._files[topic] = self._stack.enter_context(self._partial(topic).open("wb"))
        except OSError as error:
            self.__exit__(error)
            raise FileError(f"{self.folder}: cannot be written to: {error.strerror or error}") from error
        return self

    def write(self, outputs: Iterable[Output]) -> None:
        """Write outputs, in order; FileError where the disk does not take them."""
        lines: dict[str, list[bytes]] = {}
        for output in outputs:
            lines.setdefault(output.topic, []).append(output.value)
        try:
            for topic, values in lines.items():
                self._files[topic].write(b"\n".join(values) + b"\n")
                self.written[topic] += len(values)
        except OSError as error:
            raise FileError(f"{self.folder}: cannot be written to: {error.strerror or error}") from error

    def __exit__(self, kind: object = None, *_: object) -> None:
        try:
            self._stack.close()
        except OSError as error:
            kind = kind or error
            raise FileError(f"{self.folder}: cannot be written to: {error.strerror or error}") from error
        finally:
            for topic in topics.OUTPUTS:
                if kind is None:
                    self._partial(topic).replace(self.folder / f"{topic}.jsonl")
                else:
                    with suppress(OSError):
                        self._partial(topic).unlink()

    def _partial(self, topic: str) -> Path:
        return self.folder / f".{topic}.jsonl.partial"


# -- the core between them --------------------------------------------------------------------------------------


@dataclass
class Summary:
    """What a replay did: records in by topic, outputs by topic, the task's counts by (name, label)."""

    outputs: Counter[str] = field(default_factory=Counter)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def by(self, name: str) -> dict[str, int]:
        """Return one kind of count by its label, e.g. ``by("dead")`` by reason."""
        return {label: n for (each, label), n in sorted(self.counts.items()) if each == name}

    @property
    def records(self) -> int:
        """All records in."""
        return sum(self.by("events").values())


def replay(
    files: Sequence[str],
    out: Path,
    understanding: Understanding,
    config: TaskConfig,
    progress: Progress | None = None,
) -> Summary:
    """Run the core over ``files`` and write its outputs below ``out``; memory does not grow with the files.

    Raises FileError for what cannot be read or written; ``out`` is then as it was.
    """
    task = Task(understanding, config, each=True)
    with OutputFiles(out) as writer:
        for records in read_records(files, CHUNK, progress):
            task.read(records)
            drain(task, writer)
        task.finish()
        drain(task, writer)
        return Summary(writer.written, Counter(task.counts))


def drain(task: Task, writer: OutputFiles) -> None:
    """Write what the task has to give."""
    published, outputs = task.take()
    writer.write(published)
    writer.write(outputs)
