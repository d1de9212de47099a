"""One partition number at work: restore, then apply batches and commit steps until it is revoked."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced

from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.errors import WorkerError, told, worth_another_try
from streamproc.adapters.kafka.idle import Idle
from streamproc.adapters.kafka.journal import as_records
from streamproc.adapters.kafka.observer import Observer
from streamproc.adapters.kafka.reading import Reading, too_far_ahead
from streamproc.adapters.kafka.restore import restore
from streamproc.adapters.kafka.sending import Outbox
from streamproc.adapters.kafka.transactions import Transactions
from streamproc.adapters.kafka.transport import Batch, State
from streamproc.contracts import topics
from streamproc.pipeline.events import Understanding
from streamproc.pipeline.step import Commit, Stepper
from streamproc.pipeline.task import Task

_log = structlog.get_logger(__name__)

_FIRST_RETRY_S: Final = 0.2
_LAST_RETRY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all runners of a worker share.

    ``start_at`` puts the group's consumer at offsets by topic of a partition number as a new epoch, and returns
    False where the partition is not this worker's any more.
    """

    config: WorkerConfig
    understanding: Understanding
    observer: Observer
    classified: AIOKafkaProducer
    restores: asyncio.Semaphore
    start_at: Callable[[int, Mapping[str, int], int], Awaitable[bool]]


class Runner:
    """Runs the task of one partition number. ``epoch`` changes with every restore."""

    _epochs = 0

    def __init__(self, partition: int, around: Surroundings) -> None:
        self.partition = partition
        self.around = around
        self.config = around.config
        self.ready = asyncio.Event()
        self.epoch = -1
        self.reading = Reading({}, {})
        self.starts: dict[str, int] = {}
        self._stepper: Stepper | None = None
        self._outbox: Outbox | None = None
        self._step_records = 0
        self._step_began: float | None = None
        self._committing_since: float | None = None
        self._work_to_do = asyncio.Event()
        self._closed_step = asyncio.Event()
        self._finish: bool | None = None
        self._paused: set[str] = set()
        self._idle = Idle(self.config.idle_timeout_s, monotonic())

    # -- for whoever looks on

    @property
    def task(self) -> Task | None:
        """Return the task, or None while it is being restored."""
        return self._stepper.task if self._stepper is not None and self.ready.is_set() else None

    def lag(self) -> dict[str, int]:
        """Return the offsets that Kafka has and that were not fetched, by topic."""
        return {topic: self.reading.lag(topic) for topic in self.reading.ends}

    def uncommitted_s(self, now: float) -> float:
        """Return the age of the oldest work that is not committed, in s; ``now`` is monotonic."""
        began = self._committing_since or self._step_began
        return 0.0 if began is None else now - began

    def readable(self) -> set[str]:
        """Return the topics that may be fetched."""
        if not self.ready.is_set() or self._finish is not None:
            return set()
        return set(topics.INPUTS) - self._paused

    # -- batches

    def saw(self, topic: str, state: State, batch: Batch | None) -> None:
        """Take note of a fetch of one topic."""
        if self.ready.is_set() and state.epoch == self.epoch:
            self.reading.saw(topic, state, fetched=batch is not None)

    async def take(self, topic: str, batch: Batch) -> None:
        """Apply a batch, unless it was fetched before the last restore; wait while too much is under way."""
        while self._is_current(batch) and self._step_records >= 2 * self.config.max_step_records:
            self._closed_step.clear()
            await self._closed_step.wait()
        stepper, outbox = self._stepper, self._outbox
        if not self._is_current(batch) or stepper is None or outbox is None:
            return
        self._apply(stepper, outbox, topic, batch)
        if outbox.size > 2 * self.config.max_step_records:
            await outbox.settle()

    def _is_current(self, batch: Batch) -> bool:
        return batch.epoch == self.epoch and self.ready.is_set() and self._finish is None

    def _apply(self, stepper: Stepper, outbox: Outbox, topic: str, batch: Batch) -> None:
        if not self.reading.takes(topic, batch.number):
            raise WorkerError(f"a batch of {topic} partition {self.partition} was lost between fetch and task")
        observer, task = self.around.observer, stepper.task
        observer.batch(topic, len(batch.records))
        observer.begin()
        records = as_records(topic, batch.records)
        lagging = self.reading.lagging()
        observer.lap("hand_over")
        stepper.read(records, lagging)
        observer.lap("move")
        published, task.published = task.published, []
        outbox.put(published)
        now = monotonic()
        self._idle.read(now)
        self._step_began = self._step_began or now
        self._paused = too_far_ahead(task.clocks, lagging, self.config.max_ahead_ms)
        self._step_records += len(records)
        if self._step_records >= self.config.max_step_records:
            self._work_to_do.set()

    # -- restore, run, finish

    async def run(self) -> None:
        """Restore the task and commit its steps until it is finished; restore it again where Kafka lets it down."""
        retry = _FIRST_RETRY_S
        while self._finish is None:
            transactions = Transactions(self.config, self.partition, self.around.observer)
            try:
                if not await self._restore(transactions):
                    return
                retry = _FIRST_RETRY_S
                await self._commit_steps(transactions)
            except Exception as error:
                if not worth_another_try(error):
                    raise
                self._drop(error)
                await self._pause(error, retry)
                retry = min(2 * retry, _LAST_RETRY_S)
            finally:
                await self._let_go(transactions)

    async def _restore(self, transactions: Transactions) -> bool:
        async with self.around.restores:
            began = monotonic()
            # First, so that nobody else can write for this partition from here on.
            await transactions.start()
            task = Task(self.around.understanding, self.config.task, lap=self.around.observer.lap)
            stepper = Stepper(task, self.partition, spread=self.config.snapshot_spread)
            start = await restore(stepper, self.config)
        Runner._epochs += 1
        self.epoch = Runner._epochs
        if not await self.around.start_at(self.partition, start.positions, self.epoch):
            return False
        self.starts = start.positions
        self.reading = Reading(start.positions, start.ends)
        self._stepper = stepper
        self._outbox = Outbox(self.around.classified, self.config, self.partition, self.around.observer)
        self._step_records = 0
        self._step_began = self._committing_since = None
        self._paused = set()
        self._idle = Idle(self.config.idle_timeout_s, monotonic())
        self.ready.set()
        seconds = monotonic() - began
        self.around.observer.restored(self.partition, seconds, start.records)
        _log.info(
            "restored",
            partition=self.partition,
            steps=start.steps,
            records=start.records,
            rooms=start.rooms,
            seconds=round(seconds, 3),
        )
        return True

    async def _commit_steps(self, transactions: Transactions) -> None:
        stepper = self._stepper
        assert stepper is not None, "restored before"
        last = monotonic()
        while self._finish is None:
            await self._until_due(last + self.config.commit_interval_s)
            last = monotonic()
            elapsed = self._idle.elapsed(last, resting=not self.reading.lagging() and self.reading.answers())
            if elapsed:
                stepper.idle(elapsed)
            if stepper.open:
                await self._commit(stepper, transactions, all_rooms=False)
        if stepper.open or (self._finish and stepper.dirty):
            await self._commit(stepper, transactions, all_rooms=self._finish)

    async def _until_due(self, due: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, due - monotonic())):
                await self._work_to_do.wait()
        except TimeoutError:
            pass
        self._work_to_do.clear()

    async def _commit(self, stepper: Stepper, transactions: Transactions, *, all_rooms: bool) -> None:
        observer, outbox = self.around.observer, self._outbox
        assert outbox is not None, "restored before"
        observer.begin()
        commit = stepper.close(all_rooms=all_rooms)
        records, self._step_records = self._step_records, 0
        self._committing_since, self._step_began = self._step_began, None
        observer.lap("close")
        self._closed_step.set()
        began = monotonic()
        # All input up to a committed offset is in the outputs: the classified records come first.
        await outbox.settle()
        await transactions.commit(commit)
        self._committing_since = None
        observer.committed(self.partition, monotonic() - began, records, _snapshot_sizes(commit))

    def _drop(self, error: BaseException) -> None:
        self.ready.clear()
        self._closed_step.set()
        self.around.observer.dropped(self.partition, error)
        _log.warning("task_dropped", partition=self.partition, reason=told(error))

    async def _pause(self, error: BaseException, retry: float) -> None:
        """Wait before another try.

        Who was fenced may have lost the partition without knowing it yet: restoring at once would fence the new owner.
        The next heartbeats tell.
        """
        fenced = isinstance(error, ProducerFenced) or isinstance(error.__cause__, ProducerFenced)
        await asyncio.sleep(2 * self.config.heartbeat_s if fenced else retry)

    async def _let_go(self, transactions: Transactions) -> None:
        self.ready.clear()
        self._closed_step.set()
        stepper, self._stepper = self._stepper, None
        outbox, self._outbox = self._outbox, None
        if stepper is not None:
            self.around.observer.retired(stepper.task)
        if outbox is not None:
            await outbox.close()
        await transactions.stop()

    def finish(self, *, all_rooms: bool) -> None:
        """Have the open step committed and the run ended; ``all_rooms`` leaves nothing for a restore to read again."""
        self._finish = all_rooms
        self._work_to_do.set()
        self._closed_step.set()


def _snapshot_sizes(commit: Commit) -> list[int]:
    return [len(output.value) for output in commit.outputs if output.topic == topics.SNAPSHOTS]
