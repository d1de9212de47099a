"""Sending records: every one, to its room's partition, in order, at the pace that was asked for."""

import time

from aiokafka.partitioner import DefaultPartitioner

from streamproc.adapters.broker.topics import TopicSpec, create_topics
from streamproc.contracts import topics
from streamproc.pipeline.records import Record
from streamproc.shell.feed import Item, feed, items_of_records, items_of_show, new_producer, partition_of
from streamproc.shell.shows import arriving, params_of, starting
from tests.broker import read_all


async def sent(broker, names, items, **options):
    """Send items to topics of their own; return what was fed and what each topic holds."""
    specs = [TopicSpec(names.topic(topic), 3) for topic in topics.INPUTS]
    await create_topics(broker.bootstrap, specs)
    producer = new_producer(broker.bootstrap, {})
    await producer.start()
    try:
        fed = await feed(producer, items, prefix=f"{names.prefix}.", **options)
    finally:
        await producer.stop()
    return fed, {topic: await read_all(broker.bootstrap, names.topic(topic)) for topic in topics.INPUTS}


async def test_everything_arrives_in_the_order_of_its_room(broker, names):
    """A show of 20,000 records as fast as it goes: none lost, and each room's in order on one partition."""
    items = [
        Item(topics.INPUTS[n % 5], f"room-{n % 7}".encode(), b"%d" % n + b" " * 400, 1_763_712_000_000 + n)
        for n in range(20_000)
    ]
    told = []
    fed, there = await sent(broker, names, items, told=lambda each: told.append(each.records))
    assert fed.records == told[-1] == 20_000
    assert fed.newest == items[-1].position
    for topic, records in there.items():
        assert len(records) == fed.by_topic[topic] == 4_000
        for room in {record.key for record in records}:
            mine = [record for record in records if record.key == room]
            assert len({record.partition for record in mine}) == 1
            numbers = [int(record.value) for record in mine]
            assert numbers == sorted(numbers)


async def test_large_empty_and_keyless_records_arrive(broker, names):
    """A value of 900 KB, none at all, and no key."""
    items = [
        Item(topics.CHAT, None, None, None),
        Item(topics.CHAT, b"k", b"x" * 900_000, None),
        Item(topics.CHAT, b"k", b"", 5),
    ]
    _, there = await sent(broker, names, items)
    assert sorted(len(record.value or b"") for record in there[topics.CHAT]) == [0, 0, 900_000]


async def test_pace_is_kept(broker, names):
    """At ten times the speed nothing leaves before its time."""
    items = [Item(topics.CHAT, b"k", b"v", 1_000 * n) for n in range(6)]
    began = time.monotonic()
    await sent(broker, names, items, begin=0, speed=10.0)
    assert time.monotonic() - began >= 0.5


def test_partition_is_that_of_kafkas_clients():
    """Other producers put a room onto the same partition of every topic."""
    theirs = DefaultPartitioner()
    for n in range(500):
        key = f"房间-{n}".encode()
        assert partition_of(key, 12) == theirs(key, list(range(12)), list(range(12)))
    assert partition_of(None, 12) == 0


def test_recorded_records_get_their_rooms_key():
    """A key that the recording has stays; what cannot be read has none."""
    values = [b'{"room_id":"r1","event_time":5,"end_time":9}', b'{"room_id":', b"[]", None]
    records = [Record(topics.CHAT, 0, n, None, None, value) for n, value in enumerate(values)]
    records.append(Record(topics.CHAT, 0, 9, None, b"mine", values[0]))
    items = list(items_of_records([records[:2], records[2:]]))
    assert [(item.key, item.position) for item in items] == [
        (b"r1", 9),
        (None, None),
        (None, None),
        (None, None),
        (b"mine", 9),
    ]


def test_show_is_never_ahead_of_the_clock():
    """Whatever its speed, no event of a show that begins now lies in the future when it is sent."""
    params = params_of(None, {"rooms": 1, "duration": 30.0})
    for speed in (0.5, 1.0, 10.0, None):
        now = time.time() * 1000
        show = starting(params, speed=speed, before_s=5.0)
        for item in items_of_show(arriving(show)):
            waited = 0 if speed is None else max(0, item.position - show.start - 5_000) / speed
            assert item.position <= now + waited + 6_000
