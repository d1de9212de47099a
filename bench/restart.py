"""From kill to caught up: `kill -9` of a worker under load, until results are as fresh as they were before.

Real processes as in production: the broker, `streamproc simulate --load`, `streamproc worker`. The worker is killed at
random moments, and at once started again under the same instance name (`same`), or another one is (`other`), which the
group gives the partitions after the session timeout.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from streamproc.adapters.broker import EmbeddedBroker
from streamproc.adapters.broker.config import free_ports

TARGET_S = 15.0
_POLL_S = 0.05
_LONGEST_S = 180.0
#: Sessions and snapshots are what they are for long after so many seconds: a restore reads the last 10 s again.
_WARM_S = 60.0
_BETWEEN_S = 35.0
_AS_FRESH_S = 1.0


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=1_000)
    parser.add_argument("--rate", type=int, default=2_000, help="events a second over all rooms")
    parser.add_argument("--kills", type=int, default=3, help="of each kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedBroker(Path(folder) / "broker") as broker:
        bench = Bench(broker.bootstrap, Path(folder), options.rooms, options.rate)
        try:
            found = bench.run(options.kills)
        finally:
            bench.end()
    for kind, seconds in found.items():
        print(f"{kind}: kill to caught up {', '.join(f'{s:.1f}' for s in seconds)} s")
    worst = max(max(seconds) for seconds in found.values())
    verdict = "within" if worst <= TARGET_S else "above"
    print(
        f"{options.rooms:,} rooms, {options.rate:,} events/s: at most {worst:.1f} s, {verdict} {TARGET_S:.0f} s;"
        f" load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    return 0


class Bench:
    """The processes, and how fresh the results are."""

    def __init__(self, bootstrap: str, folder: Path, rooms: int, rate: int) -> None:
        self._common = ["--bootstrap", bootstrap]
        self._log = (folder / "log").open("wb")
        self._load = [f"--load={rate}", f"--rooms={rooms}", "--duration=86400"]
        self._ports = dict(zip("ab", free_ports(2), strict=True))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def _start(self, name: str, *words: str) -> None:
        command = [sys.executable, "-m", "streamproc", *words, *self._common]
        self._processes[name] = subprocess.Popen(command, stdout=self._log, stderr=self._log)  # noqa: S603

    def _start_worker(self, name: str) -> None:
        self._start(name, "worker", f"--http-port={self._ports[name]}", f"--instance={name}")

    def run(self, kills: int) -> dict[str, list[float]]:
        """Return the seconds of each kill, by kind."""
        subprocess.run([sys.executable, "-m", "streamproc", "topics", "create", *self._common], check=True)  # noqa: S603
        self._start("load", "simulate", "--to-kafka", *self._load)
        self._start_worker("a")
        self._wait(lambda: self._is_fresh("a", 30.0))
        time.sleep(_WARM_S)
        print(f"warm: results {self._freshness('a') or -1:.1f} s behind", flush=True)
        found = {"same": [self._measured("a", "a") for _ in range(kills)], "other": []}
        here, other = "a", "b"
        for _ in range(kills):
            found["other"].append(self._measured(here, other))
            here, other = other, here
        return found

    def _measured(self, killed: str, heir: str) -> float:
        time.sleep(random.uniform(0.0, 5.0))
        usual = max(self._freshness(killed) or 0.0 for _ in range(20) if not time.sleep(0.1))
        began = time.monotonic()
        self._processes[killed].send_signal(signal.SIGKILL)
        self._processes[killed].wait()
        self._start_worker(heir)
        self._wait(lambda: self._is_fresh(heir, usual + _AS_FRESH_S))
        seconds = time.monotonic() - began
        print(f"{'same' if killed == heir else 'other'}: {seconds:.1f} s (fresh is {usual:.1f} s)", flush=True)
        time.sleep(_BETWEEN_S)
        return seconds

    def _is_fresh(self, name: str, seconds: float) -> bool:
        freshness = self._freshness(name)
        return freshness is not None and freshness <= seconds

    def _freshness(self, name: str) -> float | None:
        """Return how far the slowest partition's event time is behind the clock; None where none is at work."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._ports[name]}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except (urllib.error.URLError, OSError):
            return None
        values = {line.split()[0]: float(line.split()[-1]) for line in lines if line and line[0] != "#"}
        if values.get("streamproc_partitions_restoring") or not values.get("streamproc_partitions"):
            return None
        return values.get("streamproc_freshness_seconds")

    def _wait(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _LONGEST_S
        while not holds():
            if time.monotonic() > deadline:
                raise SystemExit(f"not fresh within {_LONGEST_S:.0f} s")
            time.sleep(_POLL_S)

    def end(self) -> None:
        """End all that was started."""
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._log.close()


if __name__ == "__main__":
    sys.exit(main())
