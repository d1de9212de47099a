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
from tests.adapters.kafka.show import HASH_KEY, Plain


class Broken(Plain):
    """Fails on one text, as a bug would."""

    def label(self, texts):
        """Return labels, or fail."""
        if any("boom" in text for text in texts):
            raise RuntimeError("boom is a secret text")
        return super().label(texts)


class Deadly(Metrics):
    """Kills the process at the nth time that work gets to a point."""

    def __init__(self, point, times, **options):
        super().__init__(**options)
        self._point = point
        self._left = times

    def reach(self, point):
        """Die there."""
        if point == self._point:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


def work(settings, fault=""):
    """Run a worker; return its exit status. ``fault`` is empty, `broken`, or `kill POINT TIMES`."""
    logging.basicConfig(stream=sys.stderr, format="%(name)s %(levelname)s %(message)s", force=True)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    understanding = Broken() if fault == "broken" else Plain()
    config = WorkerConfig(task=TaskConfig(HASH_KEY), **settings)
    options = {"rooms": config.metrics_rooms, "version": "test", "model_version": understanding.version}
    kill, _, at = fault.partition(" ")
    if kill == "kill":
        point, times = at.split()
        metrics = Deadly(point, int(times), **options)
    else:
        metrics = Metrics(**options)
    return run(config, understanding, metrics, metrics.page)
