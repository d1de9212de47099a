"""Runs a worker with a stand-in for understanding."""

import logging
import os
import signal
import sys

import structlog

from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.worker import run
from streamproc.adapters.prometheus import Metrics
from streamproc.pipeline.task import TaskConfig
from streamproc.shell.settings import load
from streamproc.shell.wiring import security
from tests.adapters.kafka.show import HASH_KEY, Plain

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Deadly(Metrics):
    """Kills or stops (SIGSTOP) the process, or raises an error, at the nth time that work gets to a point."""

    def __init__(self, how, point, times, **options):
        super().__init__(**options)
        self._how = how
        self._point = point
        self._left = times

    def reach(self, point):
        """Fail there."""
        if point == self._point:
            self._left -= 1
            if not self._left and self._how in _SIGNALS:
                os.kill(os.getpid(), _SIGNALS[self._how])
            elif not self._left:
                raise RuntimeError(f"a secret at {point}")


def work(settings, fault=""):
    """Run a worker; return its exit status. ``fault`` is empty, or `kill|stop|raise POINT TIMES`.

    ``access`` among the settings holds the command line's, as they say how Kafka is reached.
    """
    access = settings.pop("access", None)
    if access is not None:
        settings["security"] = security(load(access))
    logging.basicConfig(stream=sys.stderr, format="%(name)s %(levelname)s %(message)s", force=True)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    understanding = Plain()
    config = WorkerConfig(task=TaskConfig(HASH_KEY), **settings)
    options = {"rooms": config.metrics_rooms, "version": "test", "model_version": understanding.version}
    if fault:
        how, point, times = fault.split()
        metrics = Deadly(how, point, int(times), **options)
    else:
        metrics = Metrics(**options)
    return run(config, understanding, metrics, metrics.page)
