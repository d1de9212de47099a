"""What these tests need beside the project's own environment, each with a skip that names what is missing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from streamproc.simulate.params import Phase, ShowParams
from tests.deploy.grafana import Grafana
from tests.deploy.station import DEPLOY, PATIENCE_S, Station

#: How much faster than the clock the show is played, and the rules run.
PACE = 24
#: Seconds of the show in which everybody asks in the first room and nobody answers; all expires 10 min later.
BURST = 380, 480
LENGTH = 1_200
#: When pictures are taken and queries asked, as a share of the show: rooms are on the air, an alert has fired.
MIDDLE = 0.55


class Tools:
    """The programs and packages that deploy/ci-setup.sh installs beside the project's own environment."""

    def __init__(self, home):
        self.home = home
        self.python = home / "bin" / "python"

    def program(self, name):
        """The path of a program that one of the packages brings."""
        return str(self.home / "bin" / name)

    def run(self, *command, stdin=None, env=None):
        """Run a program of the tools to its end; its CompletedProcess."""
        name, *rest = command
        full = [self.program(name), *map(str, rest)]
        return subprocess.run(full, input=stdin, capture_output=True, text=True, check=False, env=env)

    def ask(self, script, argument=None):
        """Run Python source with the tools' packages on JSON from standard input; return the JSON that it prints."""
        done = self.run("python", "-c", script, stdin=json.dumps(argument))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def tools():
    """The Python tools of deploy/requirements-tools.txt."""
    where = subprocess.run(
        [DEPLOY / "ci-setup.sh", "--where"],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=True,
    )
    home = Path(where.stdout.strip())
    if not (home / ".complete").exists():
        pytest.skip("the tools of deploy/requirements-tools.txt are not installed; deploy/ci-setup.sh does it")
    return Tools(home)


@pytest.fixture(scope="session")
def program():
    """The path of a program of Debian's; the test is skipped where it is missing."""

    def find(name):
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not installed; deploy/ci-setup.sh installs it on Debian")
        return found

    return find


class Played(NamedTuple):
    """A show that was played: where, and when it began, was in its middle, and ended (seconds since the epoch)."""

    station: Station
    began: float
    middle: float
    ended: float


@pytest.fixture(scope="session")
def played(broker, program, tmp_path_factory):
    """A show in four rooms with a burst of unanswered questions, played from beginning to end before a `Station`."""
    for name in ("prometheus", "prometheus-alertmanager"):
        program(name)
    params = ShowParams(
        rooms=4,
        rate=0.7,
        # The first room is by far the busiest: no other is loud enough for a spike by chance.
        skew=2.5,
        duration=LENGTH,
        stagger=5,
        aftermath=0,
        questions=0.04,
        answers=1.0,
        explicit_answers=1.0,
        text_answers=0.8,
        price_drop_every=1e9,
        prompt_every=1e9,
        broken=0.003,
        late=0.003,
        duplicates=0.003,
        phases=(Phase(begin=BURST[0], end=BURST[1], rooms=1, questions=12, answers=0),),
    )
    folder = tmp_path_factory.mktemp("station")
    with Station(broker.bootstrap, folder, pace=PACE, prefix="station.") as station:
        began = station.now()
        play = Thread(target=station.play, args=[params])
        play.start()
        play.join(timeout=LENGTH / PACE + PATIENCE_S)
        assert not play.is_alive()
        ended = station.now()
        yield Played(station, began, began + MIDDLE * (ended - began), ended)


@pytest.fixture(scope="session")
def grafana(eval_data, played, tmp_path_factory):
    """The Grafana of the real data's folder, with the project's provisioning."""
    archive = eval_data / "grafana" / "grafana.tar.xz"
    if not archive.exists():
        pytest.skip("STREAMPROC_EVAL_DATA has no grafana/grafana.tar.xz")
    with Grafana(archive, played.station, tmp_path_factory.mktemp("grafana")) as running:
        yield running
