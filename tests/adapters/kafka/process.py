"""The worker as a process of its own, as it runs in production."""

import asyncio
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streamproc.contracts import topics
from streamproc.domain.time import GRACE
from streamproc.pipeline.step import load_step
from tests.adapters.kafka.entry import work
from tests.broker import read_all

_POLL_S = 0.02
LONG_S = 60.0

#: Forks workers from a process that has imported everything: a start costs a second, not several.
_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(["pytest", "tests.adapters.kafka.entry"])


class WorkerProcess:
    """A worker in its own process; settings are `WorkerConfig`'s. Its log is kept in ``folder``."""

    def __init__(self, folder, bootstrap, prefix, *, name="worker", fault="", **settings):
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
        self._from = 0

    def start(self):
        """Start it; `wait_ready` says when it works."""
        self.port = None
        self.log.touch()
        self._from = self.log.stat().st_size
        self.process = _FORK.Process(target=_logged, args=(str(self.log), self.settings, self.fault), daemon=True)
        self.process.start()
        return self

    def end(self):
        """Kill it if it runs."""
        if self.process is not None and self.process.is_alive():
            self.kill()

    def lines(self):
        """Return the lines that the newest process has written."""
        with self.log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode().splitlines()

    def events(self, name):
        """Return the log entries of one name, as dicts."""
        entries = [json.loads(line) for line in self.lines() if line.startswith("{") and line.endswith("}")]
        return [entry for entry in entries if entry.get("event") == name]

    def wait(self, holds, what):
        """Wait until ``holds()`` is true while the process runs; fail after a minute."""
        deadline = time.monotonic() + LONG_S
        while not (found := holds()):
            if not self.process.is_alive():
                raise AssertionError(f"the worker ended before {what}:\n" + "\n".join(self.lines()[-30:]))
            if time.monotonic() > deadline:
                raise AssertionError(f"no {what} in {LONG_S:.0f} s:\n" + "\n".join(self.lines()[-30:]))
            time.sleep(_POLL_S)
        return found

    def get(self, path):
        """Return status and text of a page."""
        if self.port is None:
            self.port = self.wait(lambda: self.events("starting"), "start")[-1]["http_port"]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, ConnectionError):
            return None, ""

    def metric(self, name):
        """Return the sum of a metric's samples."""
        samples = [line for line in self.get("/metrics")[1].splitlines() if line.startswith((name + " ", name + "{"))]
        return sum(float(line.rpartition(" ")[2]) for line in samples)

    def wait_ready(self):
        """Wait until partitions are assigned and restored."""
        self.wait(lambda: self.get("/readyz")[0] == 200, "readiness")
        return self

    def wait_committed(self, records):
        """Wait until steps with so many records are committed, by this process."""
        self.wait(lambda: self.metric("streamproc_committed_records_total") >= records, f"commit of {records} records")
        return self

    def wait_exit(self):
        """Wait for the process to end; return its exit status."""
        self.process.join(LONG_S)
        return self.process.exitcode

    def signal(self, number):
        """Send it a signal."""
        os.kill(self.process.pid, number)

    def terminate(self):
        """Stop it as an operator does; return its exit status."""
        self.process.terminate()
        return self.wait_exit()

    def kill(self):
        """Kill it at once."""
        self.process.kill()
        self.wait_exit()

    def pause(self):
        """Stop it where it is."""
        self.signal(signal.SIGSTOP)

    def is_stopped(self):
        """Say whether it is stopped, by itself or by `pause`."""
        done = subprocess.run(["ps", "-o", "state=", "-p", str(self.process.pid)], capture_output=True, check=True)
        return done.stdout.strip()[:1] == b"T"

    def resume(self):
        """Let it go on."""
        self.signal(signal.SIGCONT)


def _logged(log, settings, fault):
    file = os.open(log, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(file, stream)
    sys.exit(work(settings, fault))


async def all_committed(prefix, traffic, *workers):
    """Wait until the group has committed all of the traffic, time stands where it belongs, and all is ready."""
    settings = workers[0].settings
    wanted = {TopicPartition(prefix + topic, p): offset for (topic, p), offset in traffic.next.items()}
    admin = AIOKafkaAdminClient(bootstrap_servers=settings["bootstrap"])
    await admin.start()
    try:
        async with asyncio.timeout(LONG_S):
            found = {}
            while any(found.get(tp, (0,))[0] < offset for tp, offset in wanted.items()):
                for worker in workers:
                    assert worker.process.is_alive(), "\n".join(worker.lines()[-30:])
                await asyncio.sleep(_POLL_S)
                found = await admin.list_consumer_group_offsets(settings["app_id"])
    finally:
        await admin.close()
    async with asyncio.timeout(LONG_S):
        while not await _time_has_moved(settings["bootstrap"], prefix):
            pass
    for worker in workers:
        worker.wait_ready()


async def _time_has_moved(bootstrap, prefix):
    """Say whether no task holds time back any more: a fetch has shown that nothing lags, and that is committed."""
    newest = {}
    for record in await read_all(bootstrap, prefix + topics.JOURNAL):
        newest[record.partition] = load_step("journal", record.value)
    return all(step.watermark >= max(step.clocks.values()) - GRACE for step in newest.values())
