"""What the libraries say, as entries of the worker's own log: what is wrong, and not the same thing all the time."""

import logging
from time import monotonic
from typing import Final

import structlog

_log = structlog.get_logger(__name__)

#: An outage makes aiokafka say the same several times a second.
_AGAIN_S: Final = 10.0


class Seldom(logging.Handler):
    """Passes records on to structlog; of those with the same wording one in ``again_s`` seconds."""

    def __init__(self, again_s: float = _AGAIN_S) -> None:
        super().__init__(logging.WARNING)
        self._again_s = again_s
        self._said: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record, unless its like was logged just now."""
        now = monotonic()
        wording = f"{record.name} {record.msg}"
        if now - self._said.get(wording, -self._again_s) >= self._again_s:
            self._said[wording] = now
            _log.warning("kafka", logger=record.name, message=" ".join(record.getMessage().split()))


def quieten_libraries() -> None:
    """Let aiokafka say what is wrong; Faust logs failures with values in them, which the worker tells without."""
    said_by_kafka = logging.getLogger("aiokafka")
    said_by_kafka.setLevel(logging.ERROR)
    said_by_kafka.handlers = [Seldom()]
    said_by_kafka.propagate = False
    for name in ("faust", "mode"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
