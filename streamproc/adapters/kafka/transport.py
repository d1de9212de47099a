"""Faust's transport with a batch hand-over: one fetched batch of a partition is one event.

Faust's own path costs four asyncio tasks a record; this one costs them once a batch. Everything private that it
touches in faust-streaming 0.15.3 and aiokafka 0.14.0 is here and in membership.py, and has a contract test each.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from time import monotonic
from typing import Any, ClassVar, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, NoOffsetForPartitionError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT
from faust.types.tuples import ConsumerMessage
from mode import Service
from mode.utils.queues import FlowControlEvent
from yarl import URL

from streamproc.adapters.kafka.batches import Batch, Desk, Fetched, State
from streamproc.adapters.kafka.errors import WorkerError
from streamproc.adapters.kafka.membership import NamedConsumer

#: How long a fetch waits for records before partitions that were paused or resumed meanwhile are considered again.
_POLL_S: Final = 0.2
_NOTHING_TO_READ_S: Final = 0.02
#: How often the way into the group is looked at.
_GROUP_POLL_S: Final = 0.5


class BatchThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # mypy does not follow Faust's types
    """The thread with aiokafka's consumer. What it keeps of each partition that was started is this thread's alone."""

    def __post_init__(self) -> None:
        """Prepare what a running consumer keeps a partition."""
        super().__post_init__()
        self.epochs: dict[TopicPartition, int] = {}
        self.numbers: dict[TopicPartition, int] = {}
        self.answers: dict[TopicPartition, tuple[int, int, float]] = {}
        self.answer = 0

    def _create_worker_consumer(self, transport: "BatchTransport") -> AIOKafkaConsumer:
        """Make the consumer: read_committed, co-partitioned, and never set back by itself."""
        config = transport.desk.config
        return NamedConsumer(
            client_id=f"{config.app_id}-worker",
            group_id=config.app_id,
            group_instance_id=config.instance,
            bootstrap_servers=config.bootstrap,
            # Gives a partition number of all topics to one worker, since all have equally many.
            partition_assignment_strategy=[RangePartitionAssignor],
            isolation_level="read_committed",
            enable_auto_commit=False,
            # Every start is explicit; a position that is gone must not be replaced by another silently.
            auto_offset_reset="none",
            max_poll_records=config.batch_records,
            max_partition_fetch_bytes=config.fetch_bytes,
            fetch_min_bytes=config.fetch_min_bytes,
            fetch_max_wait_ms=int(config.fetch_wait_s * 1000),
            session_timeout_ms=int(config.session_timeout_s * 1000),
            heartbeat_interval_ms=int(config.heartbeat_s * 1000),
            # A rebalance waits for the others so long; longer than this, one that is stuck is out.
            rebalance_timeout_ms=int(1000 * (config.session_timeout_s + config.revoke_timeout_s)),
            max_poll_interval_ms=300_000,
            metadata_max_age_ms=30_000,
            **config.security,
        )

    def trouble(self) -> BaseException | None:
        """Return what keeps the consumer out of its group, for good."""
        if getattr(self._consumer, "name_is_taken", False):
            name = self.consumer.desk.config.instance
            return WorkerError(f"another worker of the group has the name {name}: each needs an `instance` of its own")
        coordinator = None if self._consumer is None else self._consumer._coordinator  # noqa: SLF001 - told to fetches alone
        pending: BaseException | None = getattr(coordinator, "_pending_exception", None)
        return pending

    async def fetch(self, wanted: Iterable[TopicPartition]) -> Fetched:
        """Fetch what there is of the partitions in ``wanted``, waiting a moment for it."""
        fetched: Fetched = await self.call_thread(self._fetch, self._ensure_consumer(), frozenset(wanted))
        return fetched

    async def _fetch(self, consumer: AIOKafkaConsumer, wanted: frozenset[TopicPartition]) -> Fetched:
        most = self.consumer.desk.config.batch_records
        try:
            found = await self._fetch_records(consumer, wanted, timeout=_POLL_S, max_records=most)
        except NoOffsetForPartitionError:
            # One that a rebalance has just brought, and that is not restored: its start is still to come.
            found = {}
        # Nothing is awaited from here on: batches, numbers and positions belong together.
        states = self._states(consumer)
        batches = {}
        for tp, records in found.items():
            if tp in states:
                number = self.numbers[tp]
                self.numbers[tp] = number + 1
                state = states[tp]
                batches[tp] = Batch(tp.topic, tp.partition, state.epoch, number, state.answer, records)
        return Fetched(batches, states)

    def _states(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, State]:
        """Return the states of all partitions that were started and are still assigned."""
        subscription = consumer._subscription.subscription  # noqa: SLF001 - positions have no public, loop-free way
        assignment = None if subscription is None else subscription.assignment
        if assignment is None:
            return {}
        known = {tp: assignment.state_value(tp) for tp in self.epochs if tp in assignment.tps}
        self._number_answers({tp: state.timestamp or 0 for tp, state in known.items()})
        return {
            tp: State(self.epochs[tp], state.position, state.lso, *self.answers[tp][1:])
            for tp, state in known.items()
            if state.has_valid_position
        }

    def _number_answers(self, times: Mapping[TopicPartition, int]) -> None:
        """Give each answer of Kafka a number, by the time (ms) aiokafka notes with it: one for all its partitions."""
        new = sorted({time for tp, time in times.items() if tp not in self.answers or self.answers[tp][0] != time})
        numbers = {time: self.answer + 1 + i for i, time in enumerate(new)}
        self.answer += len(new)
        now = monotonic()
        for tp, time in times.items():
            if time in numbers:
                self.answers[tp] = (time, numbers[time], now)

    async def start_at(self, positions: Mapping[TopicPartition, int], epoch: int) -> bool:
        """Read on at ``positions``; batches from then on carry ``epoch``. False where a partition is gone."""
        started: bool = await self.call_thread(self._start_at, self._ensure_consumer(), dict(positions), epoch)
        return started

    async def _start_at(self, consumer: AIOKafkaConsumer, positions: dict[TopicPartition, int], epoch: int) -> bool:
        try:
            for tp, offset in positions.items():
                consumer.seek(tp, offset)
                self.epochs[tp] = epoch
                self.numbers[tp] = 0
                self.answers.pop(tp, None)
        except IllegalStateError:
            return False
        return True


class NoOffsets(dict[TP, int | None]):
    """Faust's notes of what it has read, by which it would drop what a restore reads again: it takes none.

    A batch of the time before a rebalance may still come, and be noted, when the partition is already read from
    further back. Epochs and numbers of batches tell what is to be dropped and what must not be.
    """

    def __getitem__(self, _: TP) -> None:
        """Know nothing."""

    def __setitem__(self, tp: TP, offset: int | None) -> None:
        """Forget it."""

    def update(self, *_: object, **__: object) -> None:
        """Forget them."""


class KeepingFlow(FlowControlEvent):  # type: ignore[misc]
    """Faust's valve before the agent's queue: opened when it is open, it does not throw away what is queued.

    A rebalance during a restore ends in two openings: the first one's belated, when batches of the second are coming
    already, and the second one's.
    """

    def resume(self) -> None:
        """Open, with an empty queue, unless it is open."""
        if not self.is_active():
            super().resume()


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Faust's consumer, handing over one message a fetched batch."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Faust's
        super().__init__(*args, **options)
        self._read_offset = NoOffsets()

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def desk(self) -> Desk:
        """Return what takes the batches."""
        desk: Desk = self.transport.desk
        return desk

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ARG002, ASYNC109
        """Yield one message a partition and fetch: its value is the batch, its offset the last record's."""
        desk = self.desk
        try:
            fetched = await self._next_fetch()
        except ConsumerStoppedError:
            raise
        except Exception as error:
            desk.fail(self._thread.trouble() or error)
            raise
        if fetched is None:
            return
        desk.saw(fetched)
        for tp, batch in fetched.batches.items():
            # What was fetched before a rebalance is dropped by its epoch; nothing else may be.
            if not self.flow_active:
                await self.wait(self.can_resume_flow)
            if self.should_stop:
                return
            yield TP(*tp), self._message(TP(*tp), batch)

    @Service.task  # type: ignore[untyped-decorator]
    async def _watch_group(self) -> None:
        """Tell what keeps this worker out of its group: nothing is fetched then, so no fetch would tell it."""
        while not self.should_stop:
            await self.sleep(_GROUP_POLL_S)
            error = self._thread.trouble()
            if error is not None:
                self.desk.fail(error)
                return

    async def _next_fetch(self) -> Fetched | None:
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        readable = self.desk.readable()
        wanted = [TopicPartition(*tp) for tp in self._get_active_partitions() if (tp.topic, tp.partition) in readable]
        if self.should_stop:
            return None
        if not wanted:
            # aiokafka takes no partitions for all of them.
            await self.sleep(_NOTHING_TO_READ_S)
            return None
        thread: BatchThread = self._thread
        return await thread.fetch(wanted)

    def _message(self, tp: TP, batch: Batch) -> ConsumerMessage:
        last = batch.records[-1]
        return ConsumerMessage(
            batch.topic,
            batch.partition,
            last.offset,
            last.timestamp / 1000,
            last.timestamp_type,
            (),
            None,
            batch,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def start_at(self, positions: Mapping[TopicPartition, int], epoch: int) -> bool:
        """Read on at ``positions`` as a new epoch; False where a partition is not this worker's any more."""
        thread: BatchThread = self._thread
        return await thread.start_at(positions, epoch)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Have the assigned tasks restored, which puts their partitions where they have to go on."""
        return {TP(*tp): offset for tp, offset in (await self.desk.restored()).items()}

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit nothing: offsets go into the transactions of the tasks."""
        raise AssertionError(f"Faust wants to commit {sorted(offsets)}, and must not")


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """The transport of the worker's app."""

    Consumer: ClassVar[type[BatchConsumer]] = BatchConsumer

    def __init__(self, url: list[URL], app: AppT[Any], *, desk: Desk) -> None:
        super().__init__(url, app)
        self.desk = desk
