"""The demo from start to end: broker, topics, worker, show, table, summary."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from streamproc.adapters.broker import BrokerError, EmbeddedBroker
from streamproc.adapters.broker.topics import create_topics
from streamproc.adapters.kafka.topics import topic_specs
from streamproc.console import words
from streamproc.console.board import Board
from streamproc.console.table import Status
from streamproc.shell.demo.screen import save_picture
from streamproc.shell.demo.summary import summary
from streamproc.shell.demo.watch import Watch
from streamproc.shell.demo.worker import Sample, WorkerProcess
from streamproc.shell.errors import CommandError
from streamproc.shell.feed import Fed, feed, new_producer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from streamproc.shell.demo.screen import Screen
    from streamproc.shell.feed import Item

_FRAME_S: Final = 0.25
_SAMPLE_S: Final = 1.0
#: What the end of a demo waits for the worker to have read and committed all that was sent.
_DRAIN_S: Final = 120.0


@dataclass(slots=True)
class Play:
    """What is played. ``begin`` makes it when it is to begin: the time (ms) of the beginning, and the items.

    ``speed`` None is as fast as it goes. ``length_s`` is how long it is in event time; ``read`` tells the share of a
    recording that has been sent, None for a show.
    """

    title: str
    begin: Callable[[], tuple[int | None, Iterable[Item]]]
    speed: float | None
    length_s: float | None = None
    read: Callable[[], float] | None = None


@dataclass(slots=True)
class Options:
    """How a demo is run. ``worker`` holds the worker's settings as flags."""

    data_dir: Path
    group: str
    prefix: str
    partitions: int
    http_port: int
    worker: list[str] = field(default_factory=list)
    keep_broker: bool = False
    picture: Path | None = None


class Demo:
    """One demo. Ctrl-C and SIGTERM end it early and in order."""

    def __init__(self, play: Play, options: Options, screen: Screen) -> None:
        self._play = play
        self._options = options
        self._screen = screen
        self._board = Board()
        self._fed = Fed()
        self._status = Status()
        self._first, self._last = Sample(), Sample()
        self._processed = 0
        self._began = self._measured = time.monotonic()
        self._stop = asyncio.Event()
        self._running = False

    async def run(self) -> int:
        """Run the demo; return the exit status."""
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def interrupt() -> None:
            if self._running:
                self._stop.set()
            elif task is not None:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupt)
        try:
            await self._with_broker()
        except asyncio.CancelledError:
            return 130
        finally:
            self._screen.end()
        return 0

    async def _with_broker(self) -> None:
        options = self._options
        broker = EmbeddedBroker(options.data_dir, progress=self._wait_for)
        try:
            async with broker:
                self._wait_for("making the topics")
                specs = topic_specs(options.partitions, prefix=options.prefix)
                await create_topics(broker.bootstrap, specs)
                await self._with_worker(broker)
        except BrokerError as error:
            raise CommandError(str(error)) from error

    def _wait_for(self, what: str, done: int = 0, total: int = 0) -> None:
        self._screen.wait_for(what, done, total)

    async def _with_worker(self, broker: EmbeddedBroker) -> None:
        options = self._options
        arguments = [*options.worker, "--bootstrap", broker.bootstrap, "--http-port", str(options.http_port)]
        worker = WorkerProcess(arguments, options.http_port, options.data_dir / "worker.log").start()
        try:
            self._wait_for("starting the worker")
            await worker.ready()
            await self._show(broker, worker)
        finally:
            await worker.stop()

    async def _show(self, broker: EmbeddedBroker, worker: WorkerProcess) -> None:
        options, play = self._options, self._play
        producer = new_producer(broker.bootstrap, {})
        async with Watch(broker.bootstrap, options.group, options.prefix, options.partitions, self._board) as watch:
            await producer.start()
            self._first = await worker.sample()
            begin, items = play.begin()
            sending = asyncio.create_task(
                feed(producer, items, prefix=options.prefix, begin=begin, speed=play.speed, told=self._heard)
            )
            self._running = True
            try:
                await self._until_played(sending, broker, worker, watch)
                await self._drained(broker, worker, watch)
            finally:
                sending.cancel()
                await asyncio.wait([sending])
                await producer.stop()
            await self._end(broker, worker, watch)

    def _heard(self, fed: Fed) -> None:
        self._fed = fed

    async def _until_played(
        self, sending: asyncio.Task[Fed], broker: EmbeddedBroker, worker: WorkerProcess, watch: Watch
    ) -> None:
        self._began = began = time.monotonic()
        while not sending.done() and not self._stop.is_set():
            self._check(broker, worker, watch)
            await self._measure(worker, watch)
            self._draw(time.monotonic() - began)
            await asyncio.wait([sending], timeout=_FRAME_S)
        if sending.done():
            sending.result()

    async def _drained(self, broker: EmbeddedBroker, worker: WorkerProcess, watch: Watch) -> None:
        """Wait until the worker has committed all that was sent, and all of its outputs have been read."""
        deadline = time.monotonic() + _DRAIN_S
        while time.monotonic() < deadline:
            self._check(broker, worker, watch)
            await self._measure(worker, watch)
            self._draw(None)
            done, there = await watch.processed()
            if done >= there and await watch.caught_up():
                return
            await asyncio.sleep(_FRAME_S)

    def _check(self, broker: EmbeddedBroker, worker: WorkerProcess, watch: Watch) -> None:
        if worker.died:
            raise worker.failure()
        broker.check()
        watch.check()

    async def _measure(self, worker: WorkerProcess, watch: Watch) -> None:
        """See once a second how far the worker is, and what it has spent."""
        now = time.monotonic()
        passed = now - self._measured
        if passed < _SAMPLE_S:
            return
        (done, there), self._last = await asyncio.gather(watch.processed(), worker.sample())
        status = self._status
        rate = (done - self._processed) / passed
        status.rate = rate if status.rate is None else 0.7 * status.rate + 0.3 * rate
        status.lag = max(0, there - done)
        status.cpu = cpu_an_event(self._first, self._last)
        self._processed, self._measured = done, now

    def _draw(self, elapsed: float | None) -> None:
        play, status, newest = self._play, self._status, self._board.newest
        status.title = play.title
        status.sent = self._fed.records
        status.now = newest if play.speed is None else self._fed.newest
        if play.speed == 1 and self._last.freshness_s is not None:
            status.behind = 1000 * self._last.freshness_s
        elif newest is not None and self._fed.newest is not None:
            status.behind = self._fed.newest - newest
        if elapsed is not None:
            whole = "" if play.length_s is None or play.speed is None else words.age(1000 * play.length_s / play.speed)
            status.elapsed = words.age(1000 * elapsed) + (f" of {whole}" if whole else "")
        if play.read is not None and self._fed.records:
            there = self._fed.records / max(play.read(), 1e-6)
            status.done = min(1.0, self._processed / there)
        self._screen.show(self._board, status)

    async def _end(self, broker: EmbeddedBroker, worker: WorkerProcess, watch: Watch) -> None:
        """Say what happened, and stay where that was asked for."""
        self._last = await worker.sample()
        if self._options.picture:
            save_picture(self._options.picture, self._board, self._status)
        self._screen.end()
        seconds = max(1e-3, time.monotonic() - self._began)
        for line in summary(self._fed, self._board, cpu_an_event(self._first, self._last), self._processed / seconds):
            print(line, flush=True)
        if self._options.keep_broker and not self._stop.is_set():
            print(f"Kafka stays at {broker.bootstrap} and the worker at work until Ctrl-C.", flush=True)
            with contextlib.suppress(asyncio.CancelledError):
                while not self._stop.is_set():
                    self._check(broker, worker, watch)
                    await asyncio.sleep(_FRAME_S)


def cpu_an_event(first: Sample, last: Sample) -> float | None:
    """Return the µs of CPU that the worker has spent an event between two samples."""
    if first.cpu_s is None or last.cpu_s is None or last.events is None:
        return None
    events = last.events - (first.events or 0)
    return (last.cpu_s - first.cpu_s) / events * 1e6 if events else None
