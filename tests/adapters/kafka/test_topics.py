"""The topics the worker wants, and that it says so when it cannot look."""

from dataclasses import replace

import pytest

from streamproc.adapters.broker.errors import TopicError
from streamproc.adapters.broker.topics import create_topics
from streamproc.adapters.kafka.config import LARGEST_RECORD, WorkerConfig
from streamproc.adapters.kafka.topics import check_before_reading, topic_specs
from streamproc.contracts import topics
from streamproc.pipeline.task import TaskConfig


def test_all_topics_are_made_alike():
    """Every topic of the contract and the worker's own two, with one number of partitions and the prefix."""
    specs = topic_specs(5, prefix="x.", replication=3)
    assert {spec.name for spec in specs} == {
        "x." + topic for topic in (*topics.INPUTS, *topics.OUTPUTS, topics.JOURNAL, topics.SNAPSHOTS)
    }
    assert {(spec.partitions, spec.replication) for spec in specs} == {(5, 3)}


def test_settings_that_numbers_depend_on():
    """Input topics have Kafka's own timestamps, snapshots are compacted and large, the journal is kept by size."""
    config = {spec.name: spec.config for spec in topic_specs(1)}
    assert {config[topic]["message.timestamp.type"] for topic in topics.INPUTS} == {"LogAppendTime"}
    assert config[topics.SNAPSHOTS]["cleanup.policy"] == "compact"
    assert config[topics.SNAPSHOTS]["max.message.bytes"] == str(LARGEST_RECORD)
    assert config[topics.JOURNAL]["retention.ms"] == "-1"
    assert config[topics.JOURNAL]["retention.bytes"] == str(1 << 30)


def test_what_is_acknowledged_survives_the_loss_of_a_node():
    """Topics of three replicas take nothing that is on one node alone; with fewer that would stop all writing."""
    for replication, expected in ((3, "2"), (2, None), (1, None), (-1, None)):
        found = {spec.config.get("min.insync.replicas") for spec in topic_specs(1, replication=replication)}
        assert found == {expected}


async def test_the_number_of_partitions_is_what_the_topics_have(broker, prefix):
    """Without one in the configuration, the chat topic's counts; with one, it has to be that."""
    config = WorkerConfig(TaskConfig(b"k"), bootstrap=broker.bootstrap, topic_prefix=prefix)
    await create_topics(broker.bootstrap, topic_specs(3, prefix=prefix))
    assert await check_before_reading(config) == 3
    with pytest.raises(TopicError, match=r"live\.chat\.v1 has 3 partitions and needs 4"):
        await check_before_reading(replace(config, partitions=4))


async def test_kafka_that_is_not_there_is_told():
    """An address where nobody listens is named."""
    config = WorkerConfig(TaskConfig(b"k"), bootstrap="127.0.0.1:1")
    with pytest.raises(TopicError, match=r"no Kafka can be reached at 127\.0\.0\.1:1"):
        await check_before_reading(config)
