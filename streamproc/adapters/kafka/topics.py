"""The topics the worker needs: how they are made, and whether they are fit, before anything is read."""

from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streamproc.adapters.broker.errors import TopicError
from streamproc.adapters.broker.reach import why_unreachable
from streamproc.adapters.broker.topics import TopicSpec, check_topics
from streamproc.adapters.kafka.config import LARGEST_RECORD, WorkerConfig
from streamproc.adapters.kafka.rights import check_rights
from streamproc.contracts import topics

#: Settings without which numbers or restores would be wrong; the worker does not start without them.
_NEEDED: Final = {
    # Otherwise a producer's fast clock could carry the watermark off.
    **{topic: {"message.timestamp.type": "LogAppendTime"} for topic in topics.INPUTS},
    topics.SNAPSHOTS: {"cleanup.policy": "compact"},
    topics.JOURNAL: {"cleanup.policy": "delete"},
}

#: Settings of topics that the project makes.
_MADE: Final = {
    topics.SNAPSHOTS: {
        "max.message.bytes": str(LARGEST_RECORD),
        # A restore reads the newest segment whole: it is never compacted.
        "segment.bytes": str(16 << 20),
        "min.cleanable.dirty.ratio": "0.2",
    },
    # By size, never by age: without its newest record a task that was idle for long could not be restored.
    topics.JOURNAL: {
        "max.message.bytes": str(LARGEST_RECORD),
        "retention.ms": "-1",
        "retention.bytes": str(1 << 30),
    },
}

ALL: Final = (*topics.INPUTS, *topics.OUTPUTS, topics.JOURNAL, topics.SNAPSHOTS)


def topic_specs(
    partitions: int, *, prefix: str = "", replication: int = -1, needed_only: bool = False
) -> list[TopicSpec]:
    """Return all topics as `create_topics` takes them; ``needed_only`` leaves out what a worker can do without."""
    # Kafka's default of 1 would acknowledge what the loss of one node can take away.
    made_safe = {"min.insync.replicas": "2"} if replication >= 3 else {}
    return [
        TopicSpec(
            prefix + topic,
            partitions,
            replication,
            {**_NEEDED.get(topic, {}), **({} if needed_only else {**_MADE.get(topic, {}), **made_safe})},
        )
        for topic in ALL
    ]


async def check_before_reading(config: WorkerConfig) -> int:
    """Return the number of partitions of every topic; raise TopicError that says all that is wrong with them."""
    partitions = config.partitions
    if partitions is None:
        partitions = await _partitions(config, config.on_kafka(topics.CHAT))
    specs = topic_specs(partitions, prefix=config.topic_prefix, needed_only=True)
    try:
        await check_topics(config.bootstrap, specs, config.security)
    except TopicError:
        # Settings that may not be described are no fault of the topics.
        await check_rights(config)
        raise
    await check_rights(config)
    return partitions


async def check_not_gone(config: WorkerConfig) -> None:
    """Raise TopicError where a topic is gone, and KafkaError where Kafka cannot be asked: it may be back soon."""
    admin = config.clients.admin(bootstrap_servers=config.bootstrap, **config.security)
    try:
        await admin.start()
        known = set(await admin.list_topics())
    finally:
        await admin.close()
    if gone := [name for topic in ALL if (name := config.on_kafka(topic)) not in known]:
        raise TopicError(f"topics were deleted while the worker ran: {', '.join(gone)}; see docs/operations.md")


async def _partitions(config: WorkerConfig, topic: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=config.bootstrap, **config.security)
    try:
        await admin.start()
        described: list[dict[str, Any]] = await admin.describe_topics([topic])
    except KafkaError as error:
        why = await why_unreachable(config.bootstrap, config.security, error)
        raise TopicError(f"no Kafka can be reached at {config.bootstrap}: {why}") from error
    finally:
        await admin.close()
    # A missing topic has none; the check that follows says so together with all else that is wrong.
    return len(described[0]["partitions"]) or 1
