"""What leaves a task: in order, in batches, of any size."""

import asyncio

import pytest
from aiokafka.errors import KafkaTimeoutError, LeaderNotAvailableError, MessageSizeTooLargeError

from streamproc.adapters.broker.errors import TopicError
from streamproc.adapters.broker.topics import create_topics, delete_topics
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.errors import WorkerError
from streamproc.adapters.kafka.journal import committed_offsets
from streamproc.adapters.kafka.observer import Unobserved
from streamproc.adapters.kafka.sending import Outbox, new_producer, send
from streamproc.adapters.kafka.topics import topic_specs
from streamproc.adapters.kafka.transactions import Transactions
from streamproc.contracts import topics
from streamproc.pipeline.records import Output
from streamproc.pipeline.step import Commit
from streamproc.pipeline.task import TaskConfig
from tests.broker import read_all


@pytest.fixture
async def config(broker, prefix):
    """A configuration with small batches, and its topics."""
    found = WorkerConfig(TaskConfig(b"k"), bootstrap=broker.bootstrap, topic_prefix=prefix, send_bytes=1_000)
    await create_topics(broker.bootstrap, topic_specs(2, prefix=prefix))
    return found


@pytest.fixture
async def producer(config):
    """The producer of what waits for no commit."""
    found = new_producer(config)
    await found.start()
    yield found
    await found.stop()


async def test_outputs_of_any_size_arrive_in_order(config, producer):
    """More than a batch holds, a record larger than a batch, and a tombstone: all on the task's own partition."""
    sizes = [400, 400, 400, 50_000, 10, 0]
    outputs = [Output(topics.SNAPSHOTS, b"%d" % i, b"x" * size) for i, size in enumerate(sizes)]
    await asyncio.gather(*await send(producer, config, 1, outputs, Unobserved()))
    found = await read_all(config.bootstrap, config.on_kafka(topics.SNAPSHOTS))
    assert [(r.partition, r.key, len(r.value or b"")) for r in found] == [
        (1, b"%d" % i, n) for i, n in enumerate(sizes)
    ]
    assert found[-1].value is None


async def test_an_outbox_settles_when_all_is_acknowledged(config, producer):
    """What is put while earlier records are on their way follows them, in order."""
    outbox = Outbox(producer, config, 0, Unobserved())
    for i in range(5):
        outbox.put([Output(topics.CLASSIFIED, b"r", b"%d" % i)])
        await asyncio.sleep(0)
    assert outbox.size == 5
    await outbox.settle()
    assert outbox.size == 0
    found = await read_all(config.bootstrap, config.on_kafka(topics.CLASSIFIED))
    assert [record.value for record in found] == [b"%d" % i for i in range(5)]


async def test_records_that_cannot_be_sent_stop_the_worker(config, producer):
    """A record beyond Kafka's limit for the topic is an error that names the cause, not a loss."""
    outbox = Outbox(producer, config, 0, Unobserved())
    outbox.put([Output(topics.CLASSIFIED, b"r", b"x" * (2 << 20))])
    with pytest.raises(WorkerError, match="classified records cannot be sent: MessageSizeTooLargeError"):
        await outbox.settle()


class Slow:
    """A producer that gives up the second batch it is to send, or all from there on, as aiokafka's in an outage."""

    def __init__(self, producer, error, *, forever=False):
        self.create_batch, self._send, self._error = producer.create_batch, producer.send_batch, error
        self.batches, self._forever = 0, forever

    async def send_batch(self, *args, **options):
        """Send it, or raise."""
        self.batches += 1
        if self.batches == 2 or (self._forever and self.batches > 2):
            raise self._error
        return await self._send(*args, **options)


@pytest.mark.parametrize("error", [KafkaTimeoutError(), LeaderNotAvailableError()])
async def test_a_long_outage_is_waited_for(config, producer, error):
    """What the producer gives up after a while is sent again: the worker goes on, and copies are the same."""
    outbox = Outbox(Slow(producer, error), config, 0, Unobserved())
    outbox.put([Output(topics.CLASSIFIED, b"r", b"%d" % i * 600) for i in range(3)])
    await outbox.settle()
    assert outbox.size == 0
    found = await read_all(config.bootstrap, config.on_kafka(topics.CLASSIFIED))
    assert [record.value[:1] for record in found] == [b"0", b"0", b"1", b"2"]


async def test_a_topic_that_is_gone_is_not_waited_for(config, producer):
    """Records for a topic that was deleted meanwhile stop the worker with its name."""
    await delete_topics(config.bootstrap, [config.on_kafka(topics.CLASSIFIED)])
    outbox = Outbox(Slow(producer, KafkaTimeoutError(), forever=True), config, 0, Unobserved())
    outbox.put([Output(topics.FEEDBACK_CLASSIFIED, b"r", b"%d" % i * 600) for i in range(3)])
    with pytest.raises(TopicError, match=r"topics were deleted while the worker ran: .*live.chat.classified.v1"):
        await outbox.settle()


async def test_a_step_is_committed_whole_or_not_at_all(config):
    """One output that Kafka refuses: the commit fails, and neither the others nor the offsets are to be seen."""
    transactions = Transactions(config, 0, Unobserved())
    await transactions.start()
    outputs = [Output(topics.JOURNAL, b"0", b"{}"), Output(topics.METRICS, b"r", b"x" * (2 << 20))]
    with pytest.raises(MessageSizeTooLargeError):
        await transactions.commit(Commit(1, outputs, {topics.CHAT: 5}))
    await transactions.stop()
    heir = Transactions(config, 0, Unobserved())
    await heir.start()
    await heir.stop()
    assert await read_all(config.bootstrap, config.on_kafka(topics.JOURNAL)) == []
    assert await committed_offsets(config, 0) == {}
