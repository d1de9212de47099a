"""One partition number from assignment to revocation: restore, work, and restore again where Kafka let it down."""

import asyncio
from time import monotonic
from typing import Final

import structlog
from aiokafka.errors import ProducerFenced

from streamproc.adapters.kafka.batches import Batch, State
from streamproc.adapters.kafka.errors import told, worth_another_try
from streamproc.adapters.kafka.restore import Start, restore
from streamproc.adapters.kafka.topics import check_not_gone
from streamproc.adapters.kafka.transactions import Transactions
from streamproc.adapters.kafka.work import Surroundings, Work
from streamproc.contracts import topics
from streamproc.pipeline.step import Stepper
from streamproc.pipeline.task import Task

_log = structlog.get_logger(__name__)

_FIRST_RETRY_S: Final = 0.2
_LAST_RETRY_S: Final = 5.0


class Runner:
    """Runs the task of one partition number."""

    _epochs = 0

    def __init__(self, partition: int, around: Surroundings) -> None:
        self.partition = partition
        self.ready = asyncio.Event()
        self._around = around
        self._config = around.config
        self._work: Work | None = None
        self._ending = False
        self._all_rooms = False
        self._dropped = False

    # -- for whoever looks on

    @property
    def task(self) -> Task | None:
        """Return the task, or None while it is being restored."""
        return None if self._work is None else self._work.stepper.task

    @property
    def start(self) -> Start | None:
        """Return where the task began to read, or None while it is being restored."""
        return None if self._work is None else self._work.start

    def lag(self) -> dict[str, int]:
        """Return how much Kafka has that was not applied, by topic."""
        work = self._work
        return {} if work is None else {topic: work.reading.lag(topic) for topic in topics.INPUTS}

    def uncommitted_s(self, now: float) -> float:
        """Return the age of the oldest work that is not committed, in s; ``now`` is monotonic."""
        return 0.0 if self._work is None else self._work.uncommitted_s(now)

    # -- batches

    def readable(self) -> set[str]:
        """Return the topics that may be fetched."""
        return set() if self._work is None or self._ending else set(topics.INPUTS) - self._work.paused

    def saw(self, topic: str, state: State, batch: Batch | None) -> None:
        """Take note of a fetch of one topic."""
        if self._work is not None:
            self._work.saw(topic, state, batch)

    def settle(self) -> None:
        """Take note that a fetch is complete."""
        if self._work is not None and not self._ending:
            self._work.settle()

    async def take(self, topic: str, batch: Batch) -> None:
        """Apply a batch, unless it was fetched before the last restore."""
        work = self._work
        if work is not None and work.epoch == batch.epoch:
            await work.room()
            # What was waited for may have been the end.
            if work is self._work and not self._ending:
                work.apply(topic, batch)

    # -- the life of it

    async def run(self) -> None:
        """Restore the task and commit its steps until it is ended; restore it again where Kafka lets it down."""
        retry = _FIRST_RETRY_S
        while not self._ending:
            transactions = Transactions(self._config, self.partition, self._around.observer)
            try:
                if not await self._restore(transactions):
                    return
                retry = _FIRST_RETRY_S
                await self._commit_steps(transactions)
            except Exception as error:
                if not worth_another_try(error):
                    raise
                await self._pause(error, retry)
                retry = min(2 * retry, _LAST_RETRY_S)
            finally:
                await self._give_up()
                await transactions.stop()

    async def _restore(self, transactions: Transactions) -> bool:
        observer = self._around.observer
        async with self._around.restores:
            began = monotonic()
            observer.reach("restore_begun")
            if self._dropped:
                # Neither sending to a topic that is gone nor reading it ever fails; both only take too long.
                await check_not_gone(self._config)
            # First, so that nobody else can write for this partition from here on.
            await transactions.start()
            observer.reach("fenced")
            task = Task(self._around.understanding, self._config.task, lap=observer.lap)
            stepper = Stepper(task, self.partition, spread=self._config.snapshot_spread, group=self._config.app_id)
            start = await restore(stepper, self._config, observer)
        Runner._epochs += 1
        epoch = Runner._epochs
        if not await self._around.start_at(self.partition, start.positions, epoch):
            return False
        self._work = Work(stepper, start, epoch, self._around)
        self.ready.set()
        seconds = monotonic() - began
        observer.restored(self.partition, seconds, start.records)
        observer.reach("restored")
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
        work = self._work
        if work is None:
            return
        last = monotonic()
        while not self._ending:
            await self._until_due(work, last + self._config.commit_interval_s)
            last = monotonic()
            work.pass_time()
            if work.stepper.open:
                await work.commit(transactions)
        if work.stepper.open or (self._all_rooms and work.stepper.dirty):
            await work.commit(transactions, all_rooms=self._all_rooms)

    async def _until_due(self, work: Work, due: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, due - monotonic())):
                if not self._ending:
                    await work.large.wait()
        except TimeoutError:
            pass
        work.large.clear()

    async def _pause(self, error: BaseException, retry: float) -> None:
        """Wait before another try.

        Whose transaction failed was fenced, maybe, and may have lost the partition without knowing it yet: restoring at
        once would fence the new owner. The next heartbeats tell.
        """
        lost = self._work is not None or isinstance(error, ProducerFenced)
        self._dropped = True
        self._around.observer.dropped(self.partition, error)
        _log.warning("task_dropped", partition=self.partition, reason=told(error))
        await self._give_up()
        await asyncio.sleep(max(retry, 2 * self._config.heartbeat_s) if lost else retry)

    async def _give_up(self) -> None:
        self.ready.clear()
        work, self._work = self._work, None
        if work is not None:
            await work.close()

    def end(self, *, all_rooms: bool) -> None:
        """Have the open step committed and the run ended; ``all_rooms`` leaves nothing for a restore to read again."""
        self._ending = True
        self._all_rooms = all_rooms
        if self._work is not None:
            self._work.large.set()
