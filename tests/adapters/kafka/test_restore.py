"""A task restored from Kafka: exactly the one that was lost, or a clear refusal."""

import asyncio
from dataclasses import replace

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.protocol.admin import DeleteGroupsRequest
from aiokafka.structs import OffsetAndMetadata

from streamproc.adapters.broker.topics import delete_topics
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.errors import WorkerError
from streamproc.adapters.kafka.observer import Unobserved
from streamproc.adapters.kafka.restore import restore
from streamproc.adapters.kafka.transactions import Transactions
from streamproc.contracts import topics
from streamproc.pipeline.snapshot import SnapshotError
from streamproc.pipeline.step import Range, StepError, Stepper
from streamproc.pipeline.task import Task, TaskConfig
from tests.adapters.kafka.show import HASH_KEY, Plain, a_show, make_topics, send
from tests.broker import read_all


@pytest.fixture
async def config(broker, prefix):
    """The configuration of a worker of this test, whose group has a coordinator."""
    config = WorkerConfig(
        TaskConfig(HASH_KEY), bootstrap=broker.bootstrap, app_id=prefix + "worker", topic_prefix=prefix
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        # Kafka makes its topic of offsets when the first group asks for it.
        async with asyncio.timeout(30):
            while not await _is_coordinated(admin, config.app_id):
                pass
    finally:
        await admin.close()
    return config


async def _is_coordinated(admin, group):
    try:
        await admin.find_coordinator(group)
    except GroupCoordinatorNotAvailableError:
        return False
    return True


def new_stepper(config):
    """A task that has read nothing."""
    return Stepper(Task(Plain(), config.task), 0, spread=5, group=config.app_id)


async def worked(config, *, steps=6, read=50):
    """A task which has read part of a show in several committed steps, as a worker commits them."""
    await make_topics(config.bootstrap, config.topic_prefix, 1)
    traffic = a_show(partitions=1, duration=60.0)
    await send(config.bootstrap, config.topic_prefix, traffic.records)
    waiting = {topic: [] for topic in topics.INPUTS}
    for topic in topics.INPUTS:
        for record in await read_all(config.bootstrap, config.on_kafka(topic)):
            waiting[topic].append(
                traffic.records[0]._replace(
                    topic=topic, offset=record.offset, timestamp=record.timestamp, key=record.key, value=record.value
                )
            )
    stepper = new_stepper(config)
    await restore(stepper, config, Unobserved())
    transactions = Transactions(config, 0, Unobserved())
    await transactions.start()
    try:
        for _ in range(steps):
            for topic, records in waiting.items():
                taken, waiting[topic] = records[:read], records[read:]
                if taken:
                    stepper.read(taken, [name for name, left in waiting.items() if left])
            stepper.task.take()
            await transactions.commit(stepper.close())
    finally:
        await transactions.stop()
    return stepper


def state_of(stepper):
    """All that a task knows, as plain values."""
    task = stepper.task
    rooms = {room_id: room.state for room_id, room in task.rooms.items()}
    return msgspec.to_builtins(
        [rooms, task.buffered(), task.watermark, task.clocks, task.highest, stepper.step, stepper.next]
    )


async def write(config, topic, key, value):
    """Write one record where the worker would, outside of any transaction."""
    producer = AIOKafkaProducer(bootstrap_servers=config.bootstrap)
    await producer.start()
    await producer.send_and_wait(config.on_kafka(topic), value, key, partition=0)
    await producer.stop()


async def commit(config, offsets):
    """Set the group's committed offsets by hand."""
    consumer = AIOKafkaConsumer(bootstrap_servers=config.bootstrap, group_id=config.app_id, enable_auto_commit=False)
    await consumer.start()
    tps = {TopicPartition(config.on_kafka(topic), 0): OffsetAndMetadata(at, "") for topic, at in offsets.items()}
    consumer.assign(list(tps))
    await consumer.commit(tps)
    await consumer.stop()


async def forget(config):
    """Delete the group with its offsets, as Kafka does when it was away for long."""
    admin = AIOKafkaAdminClient(bootstrap_servers=config.bootstrap)
    await admin.start()
    coordinator = await admin.find_coordinator(config.app_id)
    answer = await admin._send_request(DeleteGroupsRequest([config.app_id]), coordinator)
    await admin.close()
    assert answer.results == [(config.app_id, 0)]


async def test_a_restored_task_is_the_one_that_was_lost(config):
    """Rooms, waiting events, watermark, clocks and offsets are the same, from snapshots and journalled input."""
    lost = await worked(config)
    restored = new_stepper(config)
    start = await restore(restored, config, Unobserved())
    assert state_of(restored) == state_of(lost)
    assert start.positions == {topic: lost.next.get(topic, 0) for topic in topics.INPUTS}
    assert 0 < start.records < sum(lost.next.values())


async def test_a_partition_without_a_past_starts_at_the_beginning(config):
    """No journal and no offsets: the task reads from the first records."""
    await make_topics(config.bootstrap, config.topic_prefix, 1)
    start = await restore(new_stepper(config), config, Unobserved())
    assert start.positions == dict.fromkeys(topics.INPUTS, 0)


async def test_a_lost_journal_is_no_silent_reset(config):
    """Offsets without a journal mean that state was lost: the worker says so and does not start anew."""
    await make_topics(config.bootstrap, config.topic_prefix, 1)
    await commit(config, {topics.CHAT: 5})
    with pytest.raises(WorkerError, match=r"live.journal.v1 partition 0 is empty, but .* live.chat.v1 5"):
        await restore(new_stepper(config), config, Unobserved())


async def test_offsets_that_were_moved_are_told(config):
    """Committed offsets that the journal does not know are not followed."""
    lost = await worked(config, steps=1)
    await commit(config, {topics.CHAT: 1})
    with pytest.raises(WorkerError, match=r"committed offsets of partition 0 that its journal \(step 1\) does not"):
        await restore(new_stepper(config), config, Unobserved())
    assert lost.next[topics.CHAT] != 1


async def test_forgotten_offsets_are_known_to_the_journal(config):
    """Kafka forgets the offsets of a group that was away for long; the journal was written with them."""
    lost = await worked(config, steps=1)
    await forget(config)
    start = await restore(new_stepper(config), config, Unobserved())
    assert start.positions[topics.CHAT] == lost.next[topics.CHAT]


async def test_the_journal_of_another_group_is_not_continued(config):
    """Two groups on one journal would publish everything: the second is told, before it reads anything else."""
    await worked(config, steps=1)
    with pytest.raises(WorkerError, match=r"is the journal of group \S+worker, and this is group another"):
        await restore(new_stepper(config), replace(config, app_id="another"), Unobserved())


async def test_a_damaged_journal_is_named(config):
    """A journal record that cannot be read is told with its place."""
    await worked(config, steps=1)
    await write(config, topics.JOURNAL, b"0", b"{damaged")
    with pytest.raises(StepError, match=r"live.journal.v1 partition 0 offset \d+: .*damaged"):
        await restore(new_stepper(config), config, Unobserved())


async def test_a_missing_journal_record_is_named(config):
    """A step that is needed and not there is told by its number."""
    lost = await worked(config, steps=3)
    lost.step += 1
    lost.ranges.append(Range(None, 0, 0, lost.task.watermark))
    transactions = Transactions(config, 0, Unobserved())
    await transactions.start()
    await transactions.commit(lost.close())
    await transactions.stop()
    with pytest.raises(StepError, match="journal of partition 0: step 4 is missing"):
        await restore(new_stepper(config), config, Unobserved())


async def test_a_damaged_snapshot_is_named(config):
    """A snapshot that cannot be read is told with its room."""
    await worked(config, steps=2)
    await write(config, topics.SNAPSHOTS, b"room-x", b"not a snapshot")
    with pytest.raises(SnapshotError, match="snapshot of room room-x in partition 0"):
        await restore(new_stepper(config), config, Unobserved())


async def test_missing_snapshots_are_told(config):
    """Rooms whose snapshots are gone would begin anew without a word; one that was given up by hand may."""
    lost = await worked(config)
    room_id = next(iter(lost.task.rooms))
    await write(config, topics.SNAPSHOTS, room_id.encode(), None)
    await restore(new_stepper(config), config, Unobserved())
    await delete_topics(config.bootstrap, [config.on_kafka(topics.SNAPSHOTS)])
    await make_topics(config.bootstrap, config.topic_prefix, 1)
    with pytest.raises(SnapshotError, match=r"live.snapshots.v1 partition 0 has snapshots of 0 rooms, and by .* of \d"):
        await restore(new_stepper(config), config, Unobserved())


async def test_input_that_was_never_read_is_missed(config):
    """Records of a topic that had none before came and went while no worker was there: that is told, too."""
    await make_topics(config.bootstrap, config.topic_prefix, 1)
    stepper = new_stepper(config)
    await restore(stepper, config, Unobserved())
    stepper.ranges.append(Range(None, 0, 0, 0))
    transactions = Transactions(config, 0, Unobserved())
    await transactions.start()
    await transactions.commit(stepper.close())
    await transactions.stop()
    await write(config, topics.FEEDBACK, b"r", b"{}")
    await delete(config, topics.FEEDBACK, 1)
    with pytest.raises(WorkerError, match=r"live.feedback.v1 partition 0: the next record to read has offset 0, and"):
        await restore(new_stepper(config), config, Unobserved())


async def delete(config, topic, before):
    """Delete a topic's records before an offset, as retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=config.bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(config.on_kafka(topic), 0): RecordsToDelete(before)})
    await admin.close()


async def test_input_that_is_gone_is_named(config):
    """Records that the journal needs again and Kafka has deleted are told, not skipped."""
    lost = await worked(config)
    await delete(config, topics.CHAT, lost.next[topics.CHAT])
    with pytest.raises(
        WorkerError, match=r"live.chat.v1 partition 0: offset \d+, which the journal needs again, is gone"
    ):
        await restore(new_stepper(config), config, Unobserved())
