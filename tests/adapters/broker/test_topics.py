"""Making and checking topics on real Apache Kafka."""

import pytest

from streamproc.adapters.broker import TopicError
from streamproc.adapters.broker.config import free_ports
from streamproc.adapters.broker.topics import TopicSpec, check_topics, create_topics, delete_topics


async def test_topics_are_made_once_with_their_settings(broker, names):
    """The first call makes them, a second one finds them right and makes nothing."""
    specs = [
        TopicSpec(names.topic("in"), 3, 1, {"message.timestamp.type": "LogAppendTime"}),
        TopicSpec(names.topic("snapshots"), 3, config={"cleanup.policy": "compact"}),
    ]
    assert await create_topics(broker.bootstrap, specs) == sorted(spec.name for spec in specs)
    assert await create_topics(broker.bootstrap, specs) == []
    await check_topics(broker.bootstrap, specs)


async def test_everything_that_is_wrong_is_listed(broker, names):
    """Partitions, settings and missing topics come in one message."""
    there = names.topic("in")
    await create_topics(broker.bootstrap, [TopicSpec(there, 3)])
    wanted = [
        TopicSpec(there, 4, config={"message.timestamp.type": "LogAppendTime"}),
        TopicSpec(names.topic("gone"), 1),
    ]
    with pytest.raises(TopicError) as caught:
        await check_topics(broker.bootstrap, wanted)
    message = str(caught.value)
    assert f"{there} has 3 partitions and needs 4" in message
    assert f"{there} has message.timestamp.type=CreateTime and needs LogAppendTime" in message
    assert f"{names.topic('gone')} is missing" in message


async def test_an_existing_topic_is_never_changed(broker, names):
    """create_topics refuses a topic of another shape instead of altering it."""
    topic = names.topic("in")
    await create_topics(broker.bootstrap, [TopicSpec(topic, 2)])
    with pytest.raises(TopicError, match="has 2 partitions and needs 3"):
        await create_topics(broker.bootstrap, [TopicSpec(topic, 3)])
    await check_topics(broker.bootstrap, [TopicSpec(topic, 2)])


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (TopicSpec("not a name", 1), "invalid"),
        (TopicSpec("too-many-replicas", 1, 3), "replication factor"),
        (TopicSpec("unknown-setting", 1, config={"no.such.setting": "1"}), r"no\.such\.setting"),
    ],
)
async def test_what_kafka_refuses_is_said(broker, spec, reason):
    """Kafka's own reason is in the error, beside the topic's name."""
    with pytest.raises(TopicError, match=f"{spec.name} cannot be made: .*{reason}"):
        await create_topics(broker.bootstrap, [spec])


async def test_deleted_topics_are_missing(broker, names):
    """A deleted topic is reported as missing."""
    spec = TopicSpec(names.topic("short-lived"), 1)
    await create_topics(broker.bootstrap, [spec])
    await delete_topics(broker.bootstrap, [spec.name])
    with pytest.raises(TopicError, match="is missing"):
        await check_topics(broker.bootstrap, [spec])


async def test_no_broker_is_one_clear_error():
    """Nobody at the address: the error names the address, and why."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(TopicError, match=f"no Kafka can be reached at {address}: the connection is refused"):
        await check_topics(address, [])
