"""Runs the worker in the foreground: until SIGTERM or SIGINT, or until any part of it fails."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

import structlog
from aiokafka.errors import KafkaError

from streamproc.adapters.broker.reach import why_unreachable
from streamproc.adapters.http import Server
from streamproc.adapters.kafka.app import WorkerApp, build_app
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.errors import TOLD, WorkerError, frames, told
from streamproc.adapters.kafka.observer import Observer
from streamproc.adapters.kafka.quiet import quieten_libraries
from streamproc.adapters.kafka.topics import check_before_reading
from streamproc.adapters.memory import collect_seldom
from streamproc.pipeline.events import Understanding

_log = structlog.get_logger(__name__)

#: A stop that takes longer, beside the last commits, ends the process all the same.
_STOP_S: Final = 15.0
_FAILED: Final = 1


def run(
    config: WorkerConfig, understanding: Understanding, observer: Observer, page: Callable[[], bytes] | None = None
) -> int:
    """Run a worker and return its exit status: 0 after SIGTERM or SIGINT, 1 after a failure, told in one last line.

    ``page`` renders /metrics, which is served with /healthz and /readyz.
    """
    quieten_libraries()
    collect_seldom()
    error = asyncio.run(_work(config, understanding, observer, page))
    if error is None:
        return 0
    _last_line(error)
    return _FAILED


def _last_line(error: BaseException) -> None:
    if not isinstance(error, TOLD):
        _log.error("failed", frames=frames(error))
    sys.stderr.write(f"streamproc worker: {told(error)}\n")
    sys.stderr.flush()


async def _work(
    config: WorkerConfig, understanding: Understanding, observer: Observer, page: Callable[[], bytes] | None
) -> BaseException | None:
    stop = _stop_signal()
    asyncio.get_running_loop().set_exception_handler(_left_over)
    server: Server | None = None
    try:
        partitions = await check_before_reading(config)
        app = build_app(config, understanding, observer)
        if config.http_port is not None and page is not None:
            server = Server(config.http_host, config.http_port, page, lambda: app.assignment.ready)
            await _serve(server)
        _log.info("starting", group=config.app_id, partitions=partitions, http_port=server.port if server else None)
        await _start_classified(app, config)
        error = await _until_over(app, stop)
    except Exception as raised:  # noqa: BLE001 - whatever it is, it is told in one line
        return raised
    else:
        return await _stop(app, config, error)
    finally:
        if server is not None:
            await server.stop()


async def _serve(server: Server) -> None:
    try:
        await server.start()
    except OSError as error:
        address = f"{server.host}:{server.port} (http_host, http_port)"
        raise WorkerError(f"/metrics cannot be served at {address}: {error.strerror or error}") from error


def _left_over(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an exception that nobody waited for: asyncio would print its message, and that may quote a record."""
    error = context.get("exception")
    _log.error("left_over", message=context["message"], reason=None if error is None else told(error))


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        stop.set()
        # A second one does not wait.
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    return stop


async def _start_classified(app: WorkerApp, config: WorkerConfig) -> None:
    try:
        await app.classified.start()
    except KafkaError as error:
        why = await why_unreachable(config.bootstrap, config.security, error)
        raise WorkerError(f"no Kafka can be reached at {config.bootstrap}: {why}") from error


async def _until_over(app: WorkerApp, stop: asyncio.Event) -> BaseException | None:
    """Run the app until a signal (None) or a failure, which is returned."""
    starting = asyncio.ensure_future(app.start())
    crashed = asyncio.ensure_future(app.wait_until_stopped())
    signalled = asyncio.ensure_future(stop.wait())
    waiting: set[asyncio.Future[Any]] = {starting, crashed, signalled, app.assignment.failure}
    try:
        while True:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if app.assignment.failure.done():
                return app.assignment.failure.result()
            if signalled in done:
                return None
            if crashed in done:
                reason: BaseException | None = app.crash_reason
                return reason or WorkerError("Faust stopped by itself")
            # The app is up; only raises where a start failed.
            starting.result()
            waiting.discard(starting)
    finally:
        for future in (starting, crashed, signalled):
            future.cancel()


async def _stop(app: WorkerApp, config: WorkerConfig, error: BaseException | None) -> BaseException | None:
    """Commit what is open (after a signal), leave the group, and stop; return the first error there was.

    The process ends even if that hangs.
    """
    deadline = threading.Timer(_STOP_S + config.stop_timeout_s, _exit_now, (error,))
    deadline.daemon = True
    deadline.start()
    _log.info("stopping", reason="signal" if error is None else told(error))
    try:
        await app.assignment.end(all_rooms=error is None, abandon=error is not None)
        await app.stop()
        await app.classified.stop()
    except Exception as raised:  # noqa: BLE001 - as above
        return error or raised
    finally:
        deadline.cancel()
    return error


def _exit_now(error: BaseException | None) -> None:
    _last_line(error or WorkerError(f"the stop took longer than {_STOP_S:.0f} s beside the last commits"))
    os._exit(_FAILED)
