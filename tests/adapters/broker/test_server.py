"""The embedded broker, on real Apache Kafka."""

from aiokafka import AIOKafkaProducer

from streamproc.adapters.broker.topics import TopicSpec, create_topics
from tests.broker import read_all


async def test_produced_records_are_read_back(broker, names):
    """A client writes to the running broker and reads the same bytes."""
    topic = names.topic("plain")
    await create_topics(broker.bootstrap, [TopicSpec(topic, 2)])
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        for i in range(4):
            await producer.send_and_wait(topic, b"%d" % i, partition=i % 2)
    assert [record.value for record in await read_all(broker.bootstrap, topic)] == [b"0", b"2", b"1", b"3"]
