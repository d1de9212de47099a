"""Bad input on a real broker: it neither stops the worker nor moves anybody's time, and each record gets its due."""

import time
from collections import Counter
from dataclasses import replace
from typing import get_args

from streamproc.adapters.broker.topics import create_topics
from streamproc.adapters.kafka.topics import topic_specs
from streamproc.contracts import topics
from streamproc.contracts.outputs import Reason
from streamproc.pipeline.records import LARGEST_KEY, Record
from streamproc.shell.feed import Item, feed, new_producer
from tests.adapters.kafka.show import Traffic, a_show, check_equal, make_topics, published, send
from tests.broker import read_all
from tests.hardening.fuzz import Fuzzer, Judge

MINUTE = 60_000


def now_ms():
    """This machine's clock, which is the broker's."""
    return time.time_ns() // 1_000_000


async def sent(bootstrap, prefix, records):
    """Send records with whatever keys they have."""
    async with new_producer(bootstrap, {}) as producer:
        await feed(producer, [Item(r.topic, r.key, r.value, None) for r in records], prefix=prefix)


async def test_a_flood_of_broken_records_stops_nobody(broker, prefix, new_worker):
    """Thousands of fuzzed records on all topics to a worker: none lost, none twice, each as the judge has it."""
    await make_topics(broker.bootstrap, prefix, 1)
    worker, fuzzer = new_worker().start().wait_ready(), Fuzzer(7, clock=now_ms)
    for _ in range(12):
        await sent(broker.bootstrap, prefix, [fuzzer.record() for _ in range(500)])
    worker.wait_committed(6_000)
    assert worker.terminate() == 0
    found = await published(broker.bootstrap, prefix)
    letters = {name: letter["reason"] for name, letter in found[topics.DEAD_LETTER].items()}
    judge, reasons = Judge(), Counter()
    for topic in topics.INPUTS:
        for read in await read_all(broker.bootstrap, prefix + topic):
            record = Record(topic, 0, read.offset, read.timestamp, read.key, read.value)
            got, should = letters.pop(f"{topic}/0/{read.offset}", None), judge.reason(record)
            assert got == should or (should == "late" and got in {None, "too_late"}), (record, got, should)
            reasons[got] += 1
    assert not letters
    assert reasons.total() == 6_000
    assert set(reasons) == {None, *get_args(Reason)}


async def test_keys_and_values_of_any_size(broker, prefix, new_worker):
    """What Kafka took, the worker gets past: keys of 900 KB, values of 1 MB, and both as large as they may be."""
    traffic = Traffic(1)
    for key, value in ((b"k" * 900_000, b"{}"), (b"r", b"x" * 1_000_000), (b"k" * LARGEST_KEY, b"x" * 65_536)):
        traffic.add(topics.CHAT, "r", value, key=key)
    await make_topics(broker.bootstrap, prefix, 1)
    await sent(broker.bootstrap, prefix, traffic.records)
    worker = new_worker().start().wait_ready().wait_committed(3)
    assert worker.terminate() == 0
    letters = (await published(broker.bootstrap, prefix))[topics.DEAD_LETTER].values()
    assert [letter["reason"] for letter in letters] == ["invalid", "too_large", "not_json"]
    assert [letter["key"] is None for letter in letters] == [True, False, False]


async def test_producers_may_compress_as_they_like(broker, prefix, new_worker):
    """Records compressed with zstd, lz4, snappy and gzip are read like any others."""
    kinds = dict(zip(topics.INPUTS, ("zstd", "lz4", "snappy", "gzip", "zstd"), strict=True))
    specs = [
        replace(spec, config={**spec.config, "compression.type": kinds.get(spec.name.removeprefix(prefix), "producer")})
        for spec in topic_specs(2, prefix=prefix)
    ]
    await create_topics(broker.bootstrap, specs)
    traffic = a_show(duration=60.0)
    await send(broker.bootstrap, prefix, traffic.records)
    worker = new_worker().start().wait_ready().wait_committed(len(traffic.records))
    assert worker.terminate() == 0
    await check_equal(broker.bootstrap, prefix, traffic)


async def test_one_producers_clock_moves_nobody(broker, prefix, new_worker):
    """With one producer a day ahead and another 9 s, what others send in time is neither late nor lost."""
    await make_topics(broker.bootstrap, prefix, 1)
    worker = new_worker().start().wait_ready()
    for n in range(3):
        traffic = Traffic(1)
        for name, ahead in (("day", 24 * 60 * MINUTE), ("nine", 9_000), ("right", 0)):
            value = {"event_id": f"{name}{n}", "room_id": name, "user_id": "u", "text": "hi"}
            traffic.add(topics.CHAT, name, {**value, "event_time": now_ms() + ahead}, partition=0)
        await send(broker.bootstrap, prefix, traffic.records)
        worker.wait_committed(3 * n + 3)
    assert worker.metric("streamproc_late_total") == 0
    assert worker.terminate() == 0
    found = await published(broker.bootstrap, prefix)
    assert [letter["reason"] for letter in found[topics.DEAD_LETTER].values()] == ["future"] * 3
    assert {value["room_id"] for value in found[topics.CLASSIFIED].values()} == {"nine", "right"}
    assert len(found[topics.CLASSIFIED]) == 6
