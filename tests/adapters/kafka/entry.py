"""Starts a worker with a stand-in for understanding: python -m tests.adapters.kafka.entry SETTINGS [FAULT]."""

import json
import logging
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


def main():
    """Run it."""
    logging.basicConfig(stream=sys.stderr, format="%(name)s %(levelname)s %(message)s")
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    understanding = Broken() if sys.argv[2:] == ["broken"] else Plain()
    config = WorkerConfig(task=TaskConfig(HASH_KEY), **json.loads(sys.argv[1]))
    metrics = Metrics(rooms=config.metrics_rooms, version="test", model_version=understanding.version)
    sys.exit(run(config, understanding, metrics, metrics.page))


if __name__ == "__main__":
    main()
