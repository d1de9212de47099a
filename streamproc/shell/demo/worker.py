"""The real worker, `streamproc worker`, as a child process: started, asked how it is, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from prometheus_client.parser import text_string_to_metric_families

from streamproc.shell.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_POLL_S: Final = 0.1
_READY_S: Final = 90.0
_STOP_S: Final = 40.0
_ANSWER_S: Final = 2.0


class Sample(NamedTuple):
    """What /metrics said at one moment: CPU seconds so far, records processed so far, freshness in seconds."""

    cpu_s: float | None = None
    events: float | None = None
    freshness_s: float | None = None


class WorkerProcess:
    """One worker beside this process; it ends when this process does, however that comes."""

    def __init__(self, arguments: Sequence[str], http_port: int, log_file: Path) -> None:
        self._arguments = arguments
        self._base = f"http://127.0.0.1:{http_port}"
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start the worker; what it says goes to its log file."""
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the command is built here
                [sys.executable, "-m", "streamproc", "worker", "--until-stdin-ends", *self._arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                # A Ctrl-C at the terminal is for the demo, which then stops the worker in its turn.
                start_new_session=True,
            )
        return self

    @property
    def died(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def failure(self) -> CommandError:
        """Return the error that says how it ended."""
        status = None if self._process is None else self._process.poll()
        return CommandError(f"the worker ended with status {status}: {self.last_line()}")

    def last_line(self) -> str:
        """Return the last thing that it said."""
        with contextlib.suppress(OSError):
            lines = self._log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            if lines:
                return lines[-1]
        return "(it said nothing)"

    async def ready(self) -> None:
        """Wait until its partitions are assigned and its state is restored; CommandError where it dies before."""
        for _ in range(round(_READY_S / _POLL_S)):
            if self.died:
                raise self.failure()
            if await self._get("/readyz") is not None:
                return
            await asyncio.sleep(_POLL_S)
        raise CommandError(f"the worker is not ready after {_READY_S:.0f} s: {self.last_line()}")

    async def sample(self) -> Sample:
        """Return what /metrics says; a sample of nothing where it does not answer."""
        page = await self._get("/metrics")
        return Sample() if page is None else read_metrics(page)

    async def _get(self, path: str) -> str | None:
        return await asyncio.to_thread(self._fetch, path)

    def _fetch(self, path: str) -> str | None:
        try:
            with urllib.request.urlopen(self._base + path, timeout=_ANSWER_S) as answer:  # noqa: S310 - http to loopback
                text: str = answer.read().decode()
                return text
        except (urllib.error.URLError, OSError, ValueError):
            return None

    async def stop(self, *, kindly: bool = True) -> None:
        """Let it commit and end; end it by force where it does not, or cannot."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, _STOP_S if kindly else 0.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdin:
            process.stdin.close()


def read_metrics(page: str) -> Sample:
    """Return the numbers that the demo shows of a /metrics page."""
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(page):
        for each in family.samples:
            if each.name in _NAMES:
                sums[each.name] = sums.get(each.name, 0.0) + each.value
    return Sample(*(sums.get(name) for name in _NAMES))


_NAMES: Final = ("streamproc_process_cpu_seconds_total", "streamproc_events_total", "streamproc_freshness_seconds")


def arguments_of(settings: Mapping[str, str]) -> list[str]:
    """Return settings as a command line's flags."""
    return [part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", value)]
