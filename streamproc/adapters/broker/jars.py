"""The lock of Apache Kafka's jars: which files make up the broker, with size and sha256 of each.

`kafka.lock.json` lies beside this file. It is the one list Java's class path is made from, so a file
that is not in it never reaches Java.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

LOCK_FILE: Final = "kafka.lock.json"

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked jar: Maven coordinate, size in bytes, sha256 in hex."""

    group: str
    artifact: str
    version: str
    size: int
    sha256: str

    @property
    def filename(self) -> str:
        """The jar's file name, as in every Maven repository."""
        return f"{self.artifact}-{self.version}.jar"


@dataclass(frozen=True, slots=True)
class JarLock:
    """All jars of one Apache Kafka version, in class path order."""

    kafka: str
    jars: tuple[Jar, ...]

    @classmethod
    def parse(cls, text: str) -> JarLock:
        """Read the lock's JSON text."""
        data = json.loads(text)
        return cls(kafka=data["kafka"], jars=tuple(Jar(**jar) for jar in data["jars"]))

    def to_json(self) -> str:
        """Write the lock as JSON text, one jar a line, so that a change reads well in a diff."""
        lines = ",\n".join("    " + json.dumps(asdict(jar)) for jar in self.jars)
        return f'{{\n  "kafka": "{self.kafka}",\n  "jars": [\n{lines}\n  ]\n}}\n'


def load_lock() -> JarLock:
    """Load the lock that is shipped with the package."""
    return JarLock.parse(files(__package__).joinpath(LOCK_FILE).read_text(encoding="utf-8"))


def sha256_of(path: Path) -> str:
    """Hash a file's content; hex, as in the lock."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
