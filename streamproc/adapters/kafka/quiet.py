"""What the libraries say, as entries of the worker's own log: what is wrong, and not the same thing all the time."""

import logging
from time import monotonic
from typing import Final

import structlog

from streamproc.adapters.kafka.errors import told

_log = structlog.get_logger(__name__)

#: An outage makes aiokafka say the same several times a second.
_AGAIN_S: Final = 10.0


class Seldom(logging.Handler):
    """Passes records on to structlog as ``event``; of those with the same wording one in ``again_s`` seconds."""

    def __init__(self, event: str = "kafka", again_s: float = _AGAIN_S) -> None:
        super().__init__(logging.WARNING)
        self._event = event
        self._again_s = again_s
        self._said: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record, unless its like was logged just now."""
        now = monotonic()
        wording = f"{record.name} {record.msg}"
        if now - self._said.get(wording, -self._again_s) >= self._again_s:
            self._said[wording] = now
            error = record.exc_info[1] if record.exc_info else None
            reason = {} if error is None else {"reason": told(error)}
            _log.warning(self._event, logger=record.name, message=" ".join(record.getMessage().split()), **reason)


def quieten_libraries() -> None:
    """Let aiokafka and aiohttp say what is wrong; Faust logs failures with values, which the worker tells without.

    Whoever reaches the HTTP port can have aiohttp log a traceback for each request that is none.
    """
    for name, event in (("aiokafka", "kafka"), ("aiohttp", "http")):
        library = logging.getLogger(name)
        library.setLevel(logging.ERROR)
        library.handlers = [Seldom(event)]
        library.propagate = False
    for name in ("faust", "mode"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
