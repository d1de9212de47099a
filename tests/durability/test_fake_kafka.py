"""The fake broker keeps the promises of the real one that a task's steps and restores rest on."""

import random

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError

from streamproc.adapters.broker.topics import TopicSpec, create_topics
from streamproc.adapters.kafka.clients import Clients
from tests.durability.fake_kafka import FakeKafka, Machine


@pytest.fixture(params=["fake", "real"])
async def kafka(request, names):
    """Either, with two topics of one partition: `consumer()`, `producer(id)`, `admin()`, `a`, `b`."""
    if request.param == "fake":
        clients, bootstrap = Machine(FakeKafka(), random.Random(1)).clients, ""
    else:
        broker = request.getfixturevalue("broker")
        await create_topics(broker.bootstrap, [TopicSpec(names.topic("a"), 1), TopicSpec(names.topic("b"), 1)])
        clients, bootstrap = Clients(), broker.bootstrap
    kafka = Kafka(clients, bootstrap, names)
    yield kafka
    for each in reversed(kafka.made):
        await each.stop()


class Kafka:
    """Started clients."""

    def __init__(self, clients, bootstrap, names):
        self.clients, self.bootstrap, self.names, self.made = clients, bootstrap, names, []
        self.a, self.b = (TopicPartition(names.topic(name), 0) for name in "ab")

    async def producer(self, name=None):
        """Return a producer, transactional with a name."""
        settings = {} if name is None else {"transactional_id": self.names.transactional_id(name)}
        producer = self.clients.producer(
            bootstrap_servers=self.bootstrap, enable_idempotence=True, max_batch_size=1000, **settings
        )
        await producer.start()
        self.made.append(producer)
        return producer

    async def read(self, tp):
        """Return committed values, and where they end, by a consumer as a restore has it."""
        consumer = self.clients.consumer(
            bootstrap_servers=self.bootstrap, isolation_level="read_committed", enable_auto_commit=False,
            auto_offset_reset="none", fetch_max_wait_ms=20,
        )  # fmt: skip
        await consumer.start()
        first, end = (await consumer.beginning_offsets([tp]))[tp], (await consumer.end_offsets([tp]))[tp]
        consumer.assign([tp])
        consumer.seek(tp, first)
        values = []
        while await consumer.position(tp) < end:
            values += [r.value for r in (await consumer.getmany(tp, timeout_ms=100)).get(tp, ())]
        await consumer.stop()
        return values, end

    async def offsets(self, group, *tps):
        """Return a group's committed offsets."""
        admin = self.clients.admin(bootstrap_servers=self.bootstrap)
        await admin.start()
        found = await admin.list_consumer_group_offsets(group, partitions=list(tps))
        await admin.close()
        return {tp: kept.offset for tp, kept in found.items()}


async def put(producer, tp, *values):
    """Send values in one batch and wait for the answer."""
    batch = producer.create_batch()
    for value in values:
        batch.append(key=b"k", value=value, timestamp=None)
    batch.close()
    await (await producer.send_batch(batch, tp.topic, partition=0))


async def test_records_and_offsets_appear_together(kafka):
    """Nothing of a transaction is seen before its end, and then all is; its markers take offsets."""
    group = kafka.names.group("g")
    producer = await kafka.producer("t")
    await producer.begin_transaction()
    await put(producer, kafka.a, b"1", b"2")
    await put(producer, kafka.b, b"3")
    await producer.send_offsets_to_transaction({kafka.a: 7}, group)
    assert await kafka.read(kafka.a) == ([], 0)
    assert await kafka.offsets(group, kafka.a, kafka.b) == {kafka.a: -1, kafka.b: -1}
    await producer.commit_transaction()
    assert await kafka.read(kafka.a) == ([b"1", b"2"], 3)
    assert await kafka.read(kafka.b) == ([b"3"], 2)
    assert await kafka.offsets(group, kafka.a, kafka.b) == {kafka.a: 7, kafka.b: -1}


async def test_a_new_producer_ends_what_the_last_one_left_open(kafka):
    """Its records are never seen, those behind them are at once, and it can neither send nor commit."""
    old = await kafka.producer("t")
    await old.begin_transaction()
    await put(old, kafka.a, b"lost")
    await old.send_offsets_to_transaction({kafka.a: 1}, kafka.names.group("g"))
    other = await kafka.producer()
    await put(other, kafka.a, b"seen")
    assert await kafka.read(kafka.a) == ([], 0)
    new = await kafka.producer("t")
    assert await kafka.read(kafka.a) == ([b"seen"], 3)
    with pytest.raises((KafkaError, IllegalOperation)):
        await put(old, kafka.a, b"never")
    with pytest.raises((KafkaError, IllegalOperation)):
        await old.commit_transaction()
    await new.begin_transaction()
    await put(new, kafka.a, b"new")
    await new.commit_transaction()
    assert await kafka.read(kafka.a) == ([b"seen", b"new"], 5)
    assert await kafka.offsets(kafka.names.group("g"), kafka.a) == {kafka.a: -1}


async def test_a_fenced_commit_fails(kafka):
    """Even where all was sent before: the transaction was aborted."""
    old = await kafka.producer("t")
    await old.begin_transaction()
    await put(old, kafka.a, b"lost")
    await kafka.producer("t")
    with pytest.raises((KafkaError, IllegalOperation)):
        await old.commit_transaction()
    assert await kafka.read(kafka.a) == ([], 2)


async def test_batches_stay_in_order(kafka):
    """Batches of one producer arrive in order, though none was waited for."""
    producer = await kafka.producer()
    answers = []
    for n in range(20):
        batch = producer.create_batch()
        batch.append(key=None, value=b"%d" % n, timestamp=None)
        answers.append(await producer.send_batch(batch, kafka.a.topic, partition=0))
    for answer in answers:
        await answer
    assert (await kafka.read(kafka.a))[0] == [b"%d" % n for n in range(20)]


async def test_a_batch_takes_any_first_record_and_then_what_fits(kafka):
    """Larger than a batch may be, a record is taken if it is the first; others are refused."""
    producer = await kafka.producer()
    batch = producer.create_batch()
    assert batch.append(key=b"k", value=b"x" * 2000, timestamp=None) is not None
    assert batch.append(key=b"k", value=b"x", timestamp=None) is None


async def test_no_transaction_no_records(kafka):
    """A transactional producer sends nothing outside of a transaction."""
    producer = await kafka.producer("t")
    with pytest.raises(IllegalOperation):
        await put(producer, kafka.a, b"x")
