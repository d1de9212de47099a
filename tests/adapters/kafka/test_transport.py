"""The hand-over of fetched batches, and every private part of Faust and aiokafka that it relies on."""

import asyncio
import inspect
from importlib.metadata import version

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import TopicPartitionState
from aiokafka.protocol.group import HeartbeatRequest
from faust import App
from faust.app.base import BootStrategy
from faust.transport.consumer import Consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.utils.queues import FlowControlEvent

from streamproc.adapters.broker.topics import TopicSpec, create_topics
from streamproc.adapters.kafka.app import ConsumerOnly, WorkerApp
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.transport import BatchConsumer, BatchThread, BatchTransport
from streamproc.pipeline.task import TaskConfig

_LONG_S = 30.0


@pytest.mark.parametrize(("package", "pinned"), [("faust-streaming", "0.15.3"), ("aiokafka", "0.14.0")])
def test_versions_are_those_the_transport_was_written_for(package, pinned):
    """Private calls are not kept stable: another version has to pass this file before it is pinned here."""
    assert version(package) == pinned


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (driver.Consumer, "_new_consumer_thread", []),
        (driver.Consumer, "_get_active_partitions", []),
        (driver.Consumer, "_commit", ["offsets"]),
        (driver.Consumer, "getmany", ["timeout"]),
        (driver.Consumer, "perform_seek", []),
        (driver.Consumer, "seek_to_committed", []),
        (driver.AIOKafkaConsumerThread, "__post_init__", []),
        (driver.AIOKafkaConsumerThread, "_create_worker_consumer", ["transport"]),
        (driver.AIOKafkaConsumerThread, "_ensure_consumer", []),
        (driver.AIOKafkaConsumerThread, "_fetch_records", ["consumer", "active_partitions", "timeout", "max_records"]),
        (GroupCoordinator, "_send_req", ["request"]),
        (HeartbeatRequest, "__init__", ["group", "generation_id", "member_id"]),
        (Fetcher, "fetched_records", ["partitions", "timeout", "max_records"]),
        (App, "_create_directories", []),
        (FlowControlEvent, "is_active", []),
        (FlowControlEvent, "resume", []),
        (BootStrategy, "server", []),
    ],
)
def test_private_calls_are_as_they_were(owner, name, parameters):
    """What is overridden or called exists, and takes what it took."""
    found = list(inspect.signature(getattr(owner, name)).parameters)
    assert [each for each in found if each != "self"] == parameters


@pytest.mark.parametrize("name", ["position", "has_valid_position", "lso", "timestamp"])
async def test_a_partitions_state_has_what_is_read_of_it(name):
    """Of a partition aiokafka keeps position, last stable offset and the time of the last answer."""
    state = TopicPartitionState(None)
    state.seek(7)
    assert hasattr(state, name)
    assert (state.position, state.has_valid_position, state.lso, state.timestamp) == (7, True, None, None)


def test_faust_drives_the_overrides():
    """Faust's loop calls `getmany`; a rebalance ends in `perform_seek`, which calls `seek_to_committed`."""
    assert "getmany" in inspect.getsource(Consumer._drain_messages)
    assert "seek_to_committed" in inspect.getsource(Consumer.perform_seek)
    assert BatchTransport.Consumer is BatchConsumer
    assert not ConsumerOnly.enable_kafka_producer
    assert issubclass(BatchThread, driver.AIOKafkaConsumerThread)


class Desk:
    """Takes batches for a test: everything may be read, from the offsets that the test sets."""

    def __init__(self, config, positions):
        self.config = config
        self.positions = positions
        self.batches = []
        self.states = {}
        self.errors = []
        self.closed = set()
        self.restores = 0
        self.changed = asyncio.Event()
        self.consumer = None

    def readable(self):
        """Return what may be read."""
        return {(tp.topic, tp.partition) for tp in self.positions if tp not in self.closed}

    def saw(self, fetched):
        """Keep the states."""
        self.states |= fetched.states
        self.changed.set()

    async def restored(self):
        """Start at the test's offsets."""
        self.restores += 1
        assert await self.consumer().start_at(self.positions, self.restores)
        return self.positions

    def fail(self, error):
        """Keep the error."""
        self.errors.append(error)
        self.changed.set()

    async def until(self, holds):
        """Wait until ``holds()``; it is looked at after each fetch and batch."""
        async with asyncio.timeout(_LONG_S):
            while not holds():
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def topic(broker, prefix):
    """A topic of one partition."""
    name = prefix + "in"
    await create_topics(broker.bootstrap, [TopicSpec(name, 1)])
    return name


@pytest.fixture
async def desk(broker, topic, prefix):
    """A Faust app with the batch transport and one agent on the topic; read from offset 0."""
    config = WorkerConfig(TaskConfig(b"k"), bootstrap=broker.bootstrap, app_id=prefix + "app", batch_records=3)
    found = Desk(config, {TopicPartition(topic, 0): 0})
    app = WorkerApp(
        config.app_id, broker=f"kafka://{broker.bootstrap}", web_enabled=False, topic_disable_leader=True,
        key_serializer="raw", value_serializer="raw", stream_wait_empty=False, topic_allow_declare=False,
    )  # fmt: skip
    app.transport = BatchTransport(app.conf.broker_consumer, app, desk=found)
    found.consumer = lambda: app.consumer

    @app.agent(app.topic(topic, key_type=bytes, value_type=bytes, acks=False))
    async def take(stream):
        async for event in stream.noack().events():
            found.batches.append(event.message.value)
            found.changed.set()

    starting = asyncio.ensure_future(app.start())
    yield found
    await app.stop()
    starting.cancel()


async def write(bootstrap, topic, values, *, transaction=None):
    """Write records; in a transaction that is committed (True) or aborted (False)."""
    transactional = {} if transaction is None else {"transactional_id": topic}
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, **transactional)
    await producer.start()
    try:
        if transaction is not None:
            await producer.begin_transaction()
        for value in values:
            await producer.send_and_wait(topic, value)
        if transaction is not None:
            await (producer.commit_transaction() if transaction else producer.abort_transaction())
    finally:
        await producer.stop()


def values_of(batches):
    """Return the values in batches."""
    return [record.value for batch in batches for record in batch.records]


async def test_a_fetched_batch_is_one_event(broker, topic, desk):
    """Records come in batches of the size asked for, in order, numbered, and each once."""
    sent = [b"%d" % n for n in range(8)]
    await write(broker.bootstrap, topic, sent)
    await desk.until(lambda: len(values_of(desk.batches)) == len(sent))
    assert values_of(desk.batches) == sent
    assert [batch.number for batch in desk.batches] == list(range(len(desk.batches)))
    assert max(len(batch.records) for batch in desk.batches) == desk.config.batch_records
    assert {batch.epoch for batch in desk.batches} == {1}


async def test_only_committed_records_come_and_markers_are_passed(broker, topic, desk):
    """Records of an aborted transaction are not seen, and behind its marker nothing seems to be left."""
    tp = TopicPartition(topic, 0)
    await write(broker.bootstrap, topic, [b"aborted"], transaction=False)
    await write(broker.bootstrap, topic, [b"committed"], transaction=True)
    await desk.until(lambda: tp in desk.states and desk.states[tp].position == 4 and desk.batches)
    assert values_of(desk.batches) == [b"committed"]
    assert desk.states[tp].end == 4
    assert desk.states[tp].answer > 0


async def test_a_new_start_reads_again_under_a_new_epoch(broker, topic, desk):
    """After `start_at` the same records come again, with numbers from 0; nothing of the old epoch is mixed in."""
    tp = TopicPartition(topic, 0)
    await write(broker.bootstrap, topic, [b"a", b"b"])
    await desk.until(lambda: values_of(desk.batches) == [b"a", b"b"])
    assert await desk.consumer().start_at({tp: 1}, 9)
    await desk.until(lambda: any(batch.epoch == 9 for batch in desk.batches))
    again = [batch for batch in desk.batches if batch.epoch == 9]
    assert values_of(again) == [b"b"]
    assert again[0].number == 0
    assert not await desk.consumer().start_at({TopicPartition(topic, 1): 0}, 9), "not this worker's partition"


async def test_a_stale_batch_hides_nothing_from_faust(broker, topic, desk):
    """Faust has noted a batch of before; what a new start reads again, and ends before that, comes all the same."""
    tp = TopicPartition(topic, 0)
    await write(broker.bootstrap, topic, [b"%d" % n for n in range(9)])
    await desk.until(lambda: len(values_of(desk.batches)) == 9)
    consumer = desk.consumer()
    assert await consumer.start_at({tp: 1}, 9)
    # As Faust does when a batch of before was on its way.
    consumer._read_offset[TP(*tp)] = 8
    await desk.until(lambda: sum(len(batch.records) for batch in desk.batches if batch.epoch == 9) == 8)
    assert [batch.number for batch in desk.batches if batch.epoch == 9] == [0, 1, 2]


async def test_a_belated_resume_keeps_what_is_queued(desk):
    """Two rebalances in a row open the agent's queue twice; what came in between is not thrown away."""
    await desk.until(lambda: desk.states)
    app = desk.consumer().app
    queue = app.FlowControlQueue(maxsize=9, clear_on_resume=True)
    queue.put_nowait("stale")
    app.flow_control.suspend()
    app.flow_control.resume()
    assert queue.empty()
    queue.put_nowait("batch")
    app.flow_control.resume()
    assert queue.get_nowait() == "batch"


async def test_closed_partitions_are_not_read(broker, topic, desk):
    """A partition that is not readable keeps its records until it is opened again."""
    tp = TopicPartition(topic, 0)
    await desk.until(lambda: tp in desk.states)
    desk.closed.add(tp)
    await write(broker.bootstrap, topic, [b"a"])
    desk.closed.clear()
    await desk.until(lambda: desk.batches)
    assert values_of(desk.batches) == [b"a"]


async def test_a_position_that_is_gone_stops_the_worker(broker, topic, desk):
    """A position beyond the end is told; it is never replaced by another silently."""
    await desk.until(lambda: desk.states)
    assert await desk.consumer().start_at({TopicPartition(topic, 0): 99}, 2)
    await desk.until(lambda: desk.errors)
    assert "OffsetOutOfRange" in repr(desk.errors[0])


async def test_faust_must_not_commit(desk):
    """Offsets go into transactions; a commit by Faust would be a bug."""
    await desk.until(lambda: desk.states)
    with pytest.raises(AssertionError, match="must not"):
        await desk.consumer()._commit({TopicPartition("x", 0): 1})
