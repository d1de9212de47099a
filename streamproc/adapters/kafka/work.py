"""One restored task at work: applies batches, closes steps, and knows what may be read next."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic

from aiokafka import AIOKafkaProducer

from streamproc.adapters.kafka.batches import Batch, State
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.errors import WorkerError
from streamproc.adapters.kafka.idle import Idle
from streamproc.adapters.kafka.journal import as_records
from streamproc.adapters.kafka.observer import Observer
from streamproc.adapters.kafka.reading import Reading, too_far_ahead
from streamproc.adapters.kafka.restore import Start
from streamproc.adapters.kafka.sending import Outbox
from streamproc.adapters.kafka.transactions import Transactions
from streamproc.contracts import topics
from streamproc.pipeline.events import Understanding
from streamproc.pipeline.step import Commit, Range, Stepper


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all tasks of a worker share.

    ``start_at`` puts the group's consumer at offsets by topic of a partition number as a new epoch, and returns
    False where the partition is not this worker's any more.
    """

    config: WorkerConfig
    understanding: Understanding
    observer: Observer
    classified: AIOKafkaProducer
    restores: asyncio.Semaphore
    start_at: Callable[[int, Mapping[str, int], int], Awaitable[bool]]


class Work:
    """The task of one partition number from its restore to its end; ``epoch`` tells its batches from earlier ones."""

    def __init__(self, stepper: Stepper, start: Start, epoch: int, around: Surroundings) -> None:
        self.stepper = stepper
        self.start = start
        self.epoch = epoch
        self.config = around.config
        self.reading = Reading(start.positions, start.ends)
        #: Topics that are not fetched until others have caught up.
        self.paused: set[str] = set()
        #: Set when the step is large enough to be committed at once.
        self.large = asyncio.Event()
        self._observer = around.observer
        self._outbox = Outbox(around.classified, around.config, stepper.partition, around.observer)
        self._idle = Idle(around.config.idle_timeout_s, monotonic())
        self._room = asyncio.Event()
        self._closed = False
        self._records = 0
        self._bytes = 0
        #: Time is held back by topics that lag, or may; so it was, maybe, where the last owner stood.
        self._held = True
        self._began: float | None = None
        self._committing_since: float | None = None

    # -- batches

    def saw(self, topic: str, state: State, batch: Batch | None) -> None:
        """Take note of a fetch of one topic."""
        if state.epoch == self.epoch:
            self.reading.saw(topic, state, 0 if batch is None else len(batch.records))

    def settle(self) -> None:
        """Move time on to where it belongs when a fetch has shown that nothing lags any more, without a record."""
        task = self.stepper.task
        if not self._held or any(self.reading.waiting.values()):
            return
        lagging = self.reading.lagging()
        before, due = task.watermark, task.due_watermark(lagging)
        self._held = bool(lagging)
        # Those that waited for a topic which turned out to be empty go on: no record of it would come to say so.
        self.paused = too_far_ahead(task.clocks, lagging, self.config.max_ahead_ms)
        if due is not None and (before is None or due > before):
            self._observer.begin()
            task.move(due)
            self._observer.lap("move")
            self.stepper.ranges.append(Range(None, 0, 0, due))

    async def room(self) -> None:
        """Wait while too much is under way."""
        while not self._closed and (self._records >= 2 * self.config.max_step_records or self._is_full()):
            self._room.clear()
            await self._room.wait()
        if self._outbox.size > 2 * self.config.max_step_records:
            await self._outbox.settle()

    def _is_full(self) -> bool:
        # A few records may span an hour of event time, and that has thousands of pane ends; or be of 64 KiB each.
        outputs, config = self.stepper.task.outputs, self.config
        return len(outputs) >= config.max_step_outputs or self._bytes >= config.max_step_bytes

    def apply(self, topic: str, batch: Batch) -> None:
        """Apply a batch of this epoch."""
        partition = self.stepper.partition
        if not self.reading.takes(topic, batch):
            raise WorkerError(f"a batch of {topic} partition {partition} was lost between fetch and task")
        observer, task = self._observer, self.stepper.task
        observer.batch(topic, len(batch.records))
        observer.begin()
        records = as_records(topic, batch.records)
        lagging = self.reading.lagging()
        self._held = bool(lagging)
        observer.lap("hand_over")
        self.stepper.read(records, lagging)
        observer.lap("move")
        published, task.published = task.published, []
        self._outbox.put(published)
        self.paused = too_far_ahead(task.clocks, lagging, self.config.max_ahead_ms)
        now = monotonic()
        self._idle.read(now)
        self._began = self._began or now
        self._records += len(records)
        self._bytes += sum(len(record.value or b"") for record in records)
        if self._records >= self.config.max_step_records or self._is_full():
            self.large.set()
        observer.reach("applied")

    def pass_time(self) -> None:
        """Let time go on where there has been nothing to read for long."""
        elapsed = self._idle.elapsed(monotonic(), resting=not self.reading.lagging() and self.reading.answers_come())
        if elapsed:
            self.stepper.idle(elapsed)

    # -- steps

    async def commit(self, transactions: Transactions, *, all_rooms: bool = False) -> None:
        """Close the step and commit it, while the next one may go on. ``all_rooms`` leaves nothing to be read again."""
        self._observer.begin()
        commit = self.stepper.close(all_rooms=all_rooms)
        self._observer.lap("close")
        self._observer.reach("closed")
        records, self._records, self._bytes = self._records, 0, 0
        self._committing_since, self._began = self._began, None
        self._room.set()
        began = monotonic()
        # All input up to a committed offset is in the outputs: the classified records come first.
        await self._outbox.settle()
        await transactions.commit(commit)
        self._committing_since = None
        self._observer.committed(self.stepper.partition, monotonic() - began, records, _snapshot_sizes(commit))

    def uncommitted_s(self, now: float) -> float:
        """Return the age of the oldest batch that is not committed, in s."""
        began = self._committing_since or self._began
        return 0.0 if began is None else now - began

    async def close(self) -> None:
        """Let go of what was not committed, and of whoever waits for it."""
        self._closed = True
        self._room.set()
        self._observer.retired(self.stepper.task)
        await self._outbox.close()


def _snapshot_sizes(commit: Commit) -> list[int]:
    return [len(output.value) for output in commit.outputs if output.topic == topics.SNAPSHOTS]
