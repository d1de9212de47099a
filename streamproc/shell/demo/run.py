"""The demo from start to end: broker, topics, worker, show, table, summary."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiokafka.errors import KafkaError

from streamproc.adapters.broker import BrokerError, EmbeddedBroker
from streamproc.adapters.broker.topics import create_topics
from streamproc.adapters.kafka.topics import topic_specs
from streamproc.console import words
from streamproc.console.board import Board
from streamproc.console.table import Status
from streamproc.shell.demo.screen import save_picture
from streamproc.shell.demo.summary import summary
from streamproc.shell.demo.watch import Watch, in_time
from streamproc.shell.demo.worker import Sample, WorkerProcess
from streamproc.shell.errors import CommandError
from streamproc.shell.feed import Fed, feed, new_producer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from aiokafka import AIOKafkaProducer

    from streamproc.shell.demo.screen import Screen
    from streamproc.shell.feed import Item

_FRAME_S: Final = 0.25
_SAMPLE_S: Final = 1.0
#: A worker that reads, publishes and commits nothing for so long while records wait is stuck.
_STALLED_S: Final = 180.0
#: What a stopped demo waits for the last commit.
_LAST_S: Final = 5.0
#: A client sees its connection break a little before the broker's end can be seen.
_BROKEN_S: Final = 2.0


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
    """One demo. Ctrl-C, SIGTERM and the terminal's end (SIGHUP) end it early and in order."""

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
        self._stopped = 0.0
        self._running = self._over = self._asked = False

    async def run(self) -> int:
        """Run the demo; return the exit status."""
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def interrupt() -> None:
            self._asked = True
            if self._running:
                self._stopped = self._stopped or time.monotonic()
                self._stop.set()
            elif task is not None:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) is signal.SIG_DFL:  # nohup has it ignored
                loop.add_signal_handler(number, interrupt)
        try:
            await self._with_broker()
        except asyncio.CancelledError:
            # A client of aiokafka that is stopped while it waits may raise this too.
            return 0 if self._over else 130
        finally:
            self._screen.end()
        return 0

    async def _with_broker(self) -> None:
        options = self._options
        broker = EmbeddedBroker(options.data_dir, progress=self._screen.wait_for)
        try:
            async with broker:
                try:
                    self._screen.wait_for("making the topics")
                    specs = topic_specs(options.partitions, prefix=options.prefix)
                    await create_topics(broker.bootstrap, specs)
                    await self._with_producer(broker)
                except (KafkaError, asyncio.CancelledError) as error:
                    if self._asked or self._over:
                        raise
                    # Nobody has asked it to stop: a client that loses its broker raises either.
                    await _ended(broker)
                    raise CommandError(f"Kafka does not answer: {error!r}") from error
        except BrokerError as error:
            raise CommandError(str(error)) from error

    async def _with_producer(self, broker: EmbeddedBroker) -> None:
        options = self._options
        producer = new_producer(broker.bootstrap, {})
        async with Watch(broker.bootstrap, options.group, options.prefix, options.partitions, self._board) as watch:
            await producer.start()
            try:
                if self._play.speed is None:
                    await self._load(producer)
                await self._with_worker(broker, producer, watch)
            finally:
                await in_time(producer.stop())

    async def _load(self, producer: AIOKafkaProducer) -> None:
        """Send a recording before the worker starts: it sees which topics lag, and calls nothing late that is not."""
        _, items = self._play.begin()
        await feed(producer, items, prefix=self._options.prefix, told=self._loaded)

    def _loaded(self, fed: Fed) -> None:
        self._fed = fed
        done = 0.0 if self._play.read is None else self._play.read()
        self._screen.wait_for("sending the recording to Kafka", int(fed.records), int(fed.records / max(done, 1e-3)))

    async def _with_worker(self, broker: EmbeddedBroker, producer: AIOKafkaProducer, watch: Watch) -> None:
        options = self._options
        arguments = [*options.worker, "--bootstrap", broker.bootstrap, "--http-port", str(options.http_port)]
        worker = WorkerProcess(arguments, options.http_port, options.data_dir / "worker.log").start()
        try:
            self._screen.wait_for("starting the worker")
            await worker.ready()
            if options.keep_broker:
                self._play.title += f", Kafka at {broker.bootstrap}"
                self._screen.wait_for(f"Kafka is at {broker.bootstrap}")
            self._first = await worker.sample()
            self._running = True
            self._began = self._measured = time.monotonic()
            if self._play.speed is not None:
                await self._played(producer, broker, worker, watch)
            await self._drained(broker, worker, watch)
            await self._end(broker, worker, watch)
        finally:
            await worker.stop(kindly=broker.running)

    async def _played(
        self, producer: AIOKafkaProducer, broker: EmbeddedBroker, worker: WorkerProcess, watch: Watch
    ) -> None:
        """Send records at their pace, until the last or until the demo is stopped."""
        begin, items = self._play.begin()
        sending = asyncio.create_task(
            feed(producer, items, prefix=self._options.prefix, begin=begin, speed=self._play.speed, told=self._heard)
        )
        try:
            while not sending.done() and not self._stop.is_set():
                await self._look(broker, worker, watch)
                await asyncio.wait([sending], timeout=_FRAME_S)
            if sending.done():
                sending.result()
        finally:
            sending.cancel()
            await asyncio.wait([sending])

    def _heard(self, fed: Fed) -> None:
        self._fed = fed

    async def _drained(self, broker: EmbeddedBroker, worker: WorkerProcess, watch: Watch) -> None:
        """Wait until the worker has committed all that was sent, and all of its outputs have been read."""
        before, since = (0, 0), time.monotonic()
        while True:
            await self._look(broker, worker, watch)
            done, there = await watch.processed()
            if done >= there and await watch.caught_up():
                return
            seen = (done, self._board.outputs.total())
            if seen != before:
                before, since = seen, time.monotonic()
            patience = _LAST_S if self._stop.is_set() else _STALLED_S
            if time.monotonic() - (self._stopped or since) > patience:
                if self._stop.is_set():
                    return
                raise CommandError(f"the worker has done nothing for {_STALLED_S:.0f} s: {worker.last_line()}")
            await asyncio.sleep(_FRAME_S)

    async def _look(self, broker: EmbeddedBroker, worker: WorkerProcess, watch: Watch) -> None:
        self._check(broker, worker, watch)
        await self._measure(worker, watch)
        self._draw(time.monotonic() - self._began)

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
        (done, there), sample = await asyncio.gather(watch.processed(), worker.sample())
        # A worker that is busy may answer late; what it said last still stands.
        if sample.cpu_s is not None:
            before, self._last = self._last.cpu_s, sample
            self._status.cpu = None if before is None else (sample.cpu_s - before) / passed
        status = self._status
        rate = (done - self._processed) / passed
        status.rate = rate if status.rate is None else 0.7 * status.rate + 0.3 * rate
        status.lag = max(0, there - done)
        self._processed, self._measured = done, now

    def _draw(self, elapsed: float) -> None:
        play, status, newest = self._play, self._status, self._board.newest
        status.title = play.title
        status.sent = self._fed.records
        status.now = None if play.speed is None else self._fed.newest
        if play.speed == 1 and self._last.freshness_s is not None:
            status.behind = 1000 * self._last.freshness_s
        elif play.speed is not None and newest is not None and self._fed.newest is not None:
            status.behind = self._fed.newest - newest
        whole = None if play.length_s is None or play.speed is None else play.length_s / play.speed
        status.elapsed = words.age(1000 * elapsed)
        if whole is not None:
            status.elapsed = f"{words.age(1000 * min(elapsed, whole))} of {words.age(1000 * whole)}"
        if play.read is not None and self._fed.records:
            status.done = min(1.0, play.read() * self._processed / self._fed.records)
        self._screen.show(self._board, status)
        # While rooms are on: the last picture is of a show, not of its end.
        if self._options.picture and not all(room.over for room in self._board.rooms.values()):
            save_picture(self._options.picture, self._board, status)

    async def _end(self, broker: EmbeddedBroker, worker: WorkerProcess, watch: Watch) -> None:
        """Say what happened, and stay where that was asked for."""
        sample = await worker.sample()
        self._last = self._last if sample.cpu_s is None else sample
        self._processed, _ = await watch.processed()
        self._screen.end()
        seconds = max(1e-3, time.monotonic() - self._began)
        for line in summary(self._fed, self._board, cpu_an_event(self._first, self._last), self._processed / seconds):
            print(line, flush=True)
        self._over = True
        if self._options.keep_broker and not self._stop.is_set():
            print(f"Kafka stays at {broker.bootstrap} and the worker at work until Ctrl-C.", flush=True)
            with contextlib.suppress(asyncio.CancelledError):
                while not self._stop.is_set():
                    self._check(broker, worker, watch)
                    await asyncio.sleep(_FRAME_S)


async def _ended(broker: EmbeddedBroker) -> None:
    """Raise BrokerError if the broker ends within a moment."""
    end = time.monotonic() + _BROKEN_S
    while time.monotonic() < end:
        broker.check()
        await asyncio.sleep(_FRAME_S)


def cpu_an_event(first: Sample, last: Sample) -> float | None:
    """Return the µs of CPU that the worker has spent an event between two samples."""
    if first.cpu_s is None or last.cpu_s is None or last.events is None:
        return None
    events = last.events - (first.events or 0)
    return (last.cpu_s - first.cpu_s) / events * 1e6 if events else None
