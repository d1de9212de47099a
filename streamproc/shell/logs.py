"""Structured logs: JSON in production, readable in a terminal; the libraries' own lines take the same way.

Nothing here may hold a text or a user id; what logs gives events, counts, topics, partitions, offsets and rooms.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import structlog

from streamproc.adapters.kafka.errors import frames

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from streamproc.shell.settings import Settings

#: Libraries that tell their users' daily life at level info.
_TALKATIVE = ("aiokafka", "faust", "mode", "asyncio")


def _without_values(_: object, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say of an exception what it is and where it came from.

    Its message may quote a record; a traceback with values, as some print it in a terminal, a password too.
    """
    raised = entry.pop("exc_info", None)
    error = sys.exc_info()[1] if raised is True else raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        entry["error"] = type(error).__name__
        entry["frames"] = frames(error)
    return entry


def set_up_logs(settings: Settings) -> None:
    """Send all logs of this process to standard error, in one form."""
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and settings.env == "production")
    level = getattr(logging, settings.log_level.upper())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    last: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _without_values]
    if as_json:
        last.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    else:
        last.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
        library.setLevel(max(level, logging.WARNING) if level > logging.DEBUG else level)
