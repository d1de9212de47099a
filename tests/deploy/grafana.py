"""A real Grafana, unpacked from an archive, with deploy/'s own provisioning but for addresses and folders."""

import fcntl
import os
import subprocess
import tarfile
from contextlib import AbstractContextManager
from pathlib import Path

from streamproc.adapters.broker.config import free_ports
from streamproc.adapters.broker.fetch import cache_dir
from tests.deploy.station import DEPLOY, PATIENCE_S, answers, stop, wait_until

_ATTEMPTS = 3
_SERVED_FROM = "/var/lib/streamproc/dashboards"


def unpacked(archive):
    """The folder with the archive's Grafana, unpacked once into the user's cache."""
    size = archive.stat().st_size
    home = cache_dir() / f"test-grafana-{size}"
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = home / ".complete"
        if not done.exists():
            with tarfile.open(archive) as packed:
                packed.extractall(home, filter="data")
            done.touch()
    return home / "grafana"


class Grafana(AbstractContextManager):
    """One Grafana that reads a station's Prometheus; `url` is its address."""

    def __init__(self, archive, station, folder):
        self._archive = Path(archive)
        self._station = station
        self._folder = folder
        self._port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self):
        provisioning = self._folder / "provisioning"
        for kind in ("datasources", "dashboards", "alerting", "plugins", "notifiers"):
            (provisioning / kind).mkdir(parents=True)
            for path in (DEPLOY / "grafana" / "provisioning" / kind).glob("*.yaml"):
                text = path.read_text().replace(_SERVED_FROM, str(DEPLOY / "grafana" / "dashboards"))
                # Grafana makes no step below a second of what a show played faster brings.
                text = text.replace("timeInterval: 10s", f"timeInterval: {max(1, round(10 / self._station.pace))}s")
                (provisioning / kind / path.name).write_text(text)
        home = unpacked(self._archive)
        # The preview trips over itself now and then while it fills its new database, and ends.
        for attempt in range(_ATTEMPTS):
            self._serve(home, provisioning, attempt)
            wait_until(self._answers_or_has_ended, PATIENCE_S, f"Grafana answers (its logs: {self._folder})")
            if self._process.poll() is None:
                break
        wait_until(
            lambda: answers(f"{self.url}/api/dashboards/uid/streamproc-pipeline"),
            PATIENCE_S,
            f"the dashboards are there (Grafana's logs: {self._folder})",
        )
        return self

    def _serve(self, home, provisioning, attempt):
        with (self._folder / f"grafana{attempt}.log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._archive.parent / "serve", home, str(self._port), provisioning, self._folder / f"data{attempt}"],
                env={**os.environ, "PROMETHEUS_URL": f"http://{self._station.prometheus}"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def _answers_or_has_ended(self):
        return self._process.poll() is not None or answers(f"{self.url}/api/health")

    def __exit__(self, *_):
        stop(self._process)
