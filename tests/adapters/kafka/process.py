"""The worker as a process of its own, as it runs in production."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[3]
_POLL_S = 0.02
_LONG_S = 60.0


class WorkerProcess:
    """A worker started as a subprocess; settings are `WorkerConfig`'s. Its log is kept in ``folder``."""

    def __init__(self, folder, bootstrap, prefix, *, name="worker", fault=None, **settings):
        self.log = folder / f"{name}.log"
        self.settings = {
            "bootstrap": bootstrap,
            "topic_prefix": prefix,
            "app_id": f"{prefix}worker",
            "http_port": 0,
            "commit_interval_s": 0.2,
            "session_timeout_s": 6.0,
            "idle_timeout_s": 600.0,
            **settings,
        }
        self.fault = fault
        self.process = None
        self.port = None

    def start(self):
        """Start it; `wait_ready` says when it works."""
        with self.log.open("ab") as log:
            self._from = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.adapters.kafka.entry", json.dumps(self.settings), self.fault or ""],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()

    def lines(self):
        """Return the lines that the newest process has written."""
        with self.log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode().splitlines()

    def events(self, name):
        """Return the log entries of one name, as dicts."""
        found = []
        for line in self.lines():
            if line.startswith("{"):
                entry = json.loads(line)
                if entry.get("event") == name:
                    found.append(entry)
        return found

    def wait(self, holds, what):
        """Wait until ``holds()`` is true while the process runs; fail after a minute."""
        deadline = time.monotonic() + _LONG_S
        while not (found := holds()):
            if self.process.poll() is not None:
                raise AssertionError(f"the worker ended before {what}:\n" + "\n".join(self.lines()[-30:]))
            if time.monotonic() > deadline:
                raise AssertionError(f"no {what} in {_LONG_S:.0f} s:\n" + "\n".join(self.lines()[-30:]))
            time.sleep(_POLL_S)
        return found

    def get(self, path):
        """Return status and text of a page."""
        if self.port is None:
            starting = self.wait(lambda: self.events("starting"), "start")
            self.port = starting[-1]["http_port"]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, ConnectionError):
            return None, ""

    def wait_ready(self):
        """Wait until partitions are assigned and restored."""
        self.wait(lambda: self.get("/readyz")[0] == 200, "readiness")
        return self

    def wait_exit(self):
        """Wait for the process to end; return its exit status."""
        status = self.process.wait(_LONG_S)
        self.port = None
        return status

    def terminate(self):
        """Stop it as an operator does; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait_exit()

    def kill(self):
        """Kill it at once."""
        self.process.kill()
        return self.wait_exit()
