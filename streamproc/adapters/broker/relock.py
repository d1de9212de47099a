"""Makes `kafka.lock.json` anew: `python -m streamproc.adapters.broker.relock [VERSION]`.

Resolves Apache Kafka's dependency graph by jgo, hashes each jar, and writes the lock beside this file.
Read the difference before committing it: from then on these are the only bytes Java will be given.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from streamproc.adapters.broker.fetch import maven_context
from streamproc.adapters.broker.jars import LOCK_FILE, Jar, JarLock, load_lock, sha256_of

#: Kafka logs through slf4j and brings no writer for it; without one a broker that dies says nothing.
_LOG_WRITER: Final = ("org.slf4j", "slf4j-simple")


def resolve(version: str, scratch: Path, settings: Path | None = None) -> JarLock:
    """Resolve and download everything `kafka_2.13:version` needs at run time, and describe it."""
    context = maven_context(scratch, settings)
    inputs, transitive = context.resolver.resolve([context.create_dependency(f"org.apache.kafka:kafka_2.13:{version}")])
    wanted = [d.artifact for d in [*inputs, *(t for t in transitive if t.scope in {"compile", "runtime"})]]
    slf4j = next(artifact.version for artifact in wanted if artifact.artifactId == "slf4j-api")
    wanted.append(context.project(*_LOG_WRITER).at_version(slf4j).artifact())
    return JarLock(kafka=version, jars=tuple(_describe(artifact) for artifact in wanted))


def _describe(artifact: Any) -> Jar:  # noqa: ANN401 - jgo has no types
    path: Path = artifact.resolve()
    return Jar(artifact.groupId, artifact.artifactId, artifact.version, path.stat().st_size, sha256_of(path))


def main() -> None:
    """Write the lock for the version given, or for the locked one again."""
    version = sys.argv[1] if len(sys.argv) > 1 else load_lock().kafka
    with tempfile.TemporaryDirectory() as scratch:
        lock = resolve(version, Path(scratch))
    Path(__file__).with_name(LOCK_FILE).write_text(lock.to_json(), encoding="utf-8")
    sys.stdout.write(f"{len(lock.jars)} jars of Apache Kafka {version}, {sum(j.size for j in lock.jars)} bytes\n")


if __name__ == "__main__":
    main()
