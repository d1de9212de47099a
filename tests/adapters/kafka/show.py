"""A show on Kafka for the worker's tests: what is sent, and what has to come out of it."""

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass, field
from zlib import crc32

import orjson
from aiokafka import AIOKafkaProducer

from streamproc.adapters.broker.topics import create_topics
from streamproc.adapters.kafka.topics import topic_specs
from streamproc.contracts import topics
from streamproc.contracts.label import Label
from streamproc.domain.time import GRACE, PANE
from streamproc.pipeline.records import Record
from streamproc.pipeline.task import Task, TaskConfig
from streamproc.simulate.arrival import arrivals
from streamproc.simulate.params import ShowParams
from streamproc.simulate.show import show
from tests.broker import read_all
from tests.fakes import Told

HASH_KEY = b"kafka-tests"
#: A room after the show in every partition, so that time passes its end.
CLOSING = "closing"
#: Event time that is sent at once (ms): to a worker at work, so little that no record can be late, with the show's own
#: disorder on top; and to one that will find a backlog.
LIVE_MS = 1_000
BACKLOG_MS = 30_000

_ASKS = ("?", "？", "吗", "多少", "怎么", "什么", "哪", "几")
_GOOD, _BAD = ("好", "喜欢", "满意"), ("差", "不行", "失望")


class Plain(Told):
    """Tells labels of Chinese texts by single characters: quick, and the same in every process."""

    version = "plain"

    @staticmethod
    def _label(text):
        if any(mark in text for mark in _ASKS):
            return Label("question", "ask", "neu", "-", "other", None, None, False, 0.8125, None)
        if text.startswith(("可以", "穿", "我买")):
            return Label("mutuality", "help", "neu", "-", None, None, None, False, 0.75, None)
        for polarity, marks in (("pos", _GOOD), ("neg", _BAD)):
            if any(mark in text for mark in marks):
                return Label("feedback", "opinion", polarity, "product", None, None, None, False, 0.75, None)
        return Label("other", "-", "neu", "-", None, None, None, False, 0.25, None)


@dataclass
class Traffic:
    """Records in order of sending; offsets are those that Kafka will give them in new topics."""

    partitions: int
    records: list[Record] = field(default_factory=list)
    next: dict = field(default_factory=lambda: defaultdict(int))

    def add(self, topic, room_id, value, *, key=True, partition=None):
        """Append a record; ``value`` is bytes, text, None, or something that becomes JSON."""
        if partition is None:
            partition = crc32(room_id.encode()) % self.partitions
        if isinstance(value, str):
            value = value.encode()
        data = value if value is None or isinstance(value, bytes) else orjson.dumps(value)
        offset = self.next[topic, partition]
        self.next[topic, partition] = offset + 1
        self.records.append(
            Record(topic, partition, offset, None, room_id.encode() if key is True else key or None, data)
        )

    def close(self, at):
        """End every partition with an event at ``at`` (ms) in a room of its own."""
        for partition in range(self.partitions):
            room_id = f"{CLOSING}{partition}"
            value = {"event_id": "end", "room_id": room_id, "type": "viewers", "value": 1, "event_time": at}
            self.add(topics.ROOM, room_id, value, partition=partition)

    @property
    def highest(self):
        """Return the highest event time (ms): the last record's, which closes the traffic."""
        return json.loads(self.records[-1].value)["event_time"]


def a_show(partitions=2, **params):
    """Return a seeded show as it arrives, without late records unless asked for, closed two panes after its end."""
    traffic = Traffic(partitions)
    highest = 0
    chosen = ShowParams(**{"rooms": 4, "duration": 120.0, "aftermath": 20.0, "rate": 3.0, "disorder": 2.0, **params})
    for arrival in arrivals(show(chosen), chosen):
        traffic.add(arrival.topic, arrival.key, arrival.value)
        # A broken record's time may be anything.
        highest = max(highest, min(arrival.at, _event_time(traffic.records[-1]) or 0))
    traffic.close(highest + 3 * PANE)
    return traffic


async def make_topics(bootstrap, prefix, partitions):
    """Make all topics of a worker."""
    await create_topics(bootstrap, topic_specs(partitions, prefix=prefix))


async def send(bootstrap, prefix, records, *, live=False):
    """Send records in order, a slice at a time; ``live`` slices are so short that no topic gets ahead of another."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=1 << 20, enable_idempotence=True)
    await producer.start()
    try:
        for part in _slices(records, LIVE_MS if live else BACKLOG_MS):
            answers = []
            for (topic, partition), group in _grouped(part).items():
                batch = producer.create_batch()
                for record in group:
                    assert batch.append(key=record.key, value=record.value, timestamp=None) is not None
                answers.append(await producer.send_batch(batch, prefix + topic, partition=partition))
            await asyncio.gather(*answers)
    finally:
        await producer.stop()


def _slices(records, span):
    """Yield slices of records in which the highest event time moves by at most ``span`` (ms)."""
    part, first, highest = [], None, 0
    for record in records:
        highest = max(highest, _event_time(record) or 0)
        first = highest if first is None else first
        if highest - first > span and part:
            yield part
            part, first = [], highest
        part.append(record)
    yield part


def _event_time(record):
    try:
        value = json.loads(record.value or b"null")
    except ValueError:
        return None
    at = value.get("end_time") or value.get("event_time") if isinstance(value, dict) else None
    return at if isinstance(at, int) else None


def _grouped(records):
    groups = defaultdict(list)
    for record in records:
        groups[record.topic, record.partition].append(record)
    return groups


def replayed(traffic, understanding=None):
    """Return what `replay` makes of the traffic: topic -> id -> value."""
    task = Task(understanding or Plain(), TaskConfig(HASH_KEY), each=True)
    task.read(traffic.records)
    task.finish()
    found = defaultdict(dict)
    for outputs in task.take():
        for output in outputs:
            value = json.loads(output.value)
            assert value["id"] not in found[output.topic]
            found[output.topic][value["id"]] = value
    return found


async def published(bootstrap, prefix):
    """Return what a read_committed reader sees: topic -> id -> value; ids come once, but for classified records."""
    found = defaultdict(dict)
    for topic in topics.OUTPUTS:
        for record in await read_all(bootstrap, prefix + topic):
            value = json.loads(record.value)
            again = found[topic].setdefault(value["id"], value)
            if topic in {topics.CLASSIFIED, topics.FEEDBACK_CLASSIFIED}:
                assert again == value, f"{value['id']} came with another content on {topic}"
            else:
                assert again is value, f"{value['id']} came twice on {topic}"
    return found


def comparable(found, until):
    """Return the outputs that lie before ``until`` (ms), without what depends on arrival."""
    kept = {}
    for topic, values in found.items():
        for output_id, value in values.items():
            at = value.get("end", value.get("at", value.get("resolved_at") or value.get("fired_at", 0)))
            if at <= until and not value.get("room_id", "").startswith(CLOSING):
                if "quality" in value:
                    quality = {k: v for k, v in value["quality"].items() if k not in {"duplicate", "invalid"}}
                    value = {**value, "quality": quality}  # noqa: PLW2901
                kept[topic, output_id] = value
    return kept


def last_pane(traffic):
    """Return the last pane end that every task reaches without being idle (ms)."""
    return (traffic.highest - GRACE) // PANE * PANE


async def differences(bootstrap, prefix, traffic):
    """Say where what was published differs from what `replay` makes of the same records."""
    until = last_pane(traffic)
    expected = comparable(replayed(traffic), until)
    assert len(expected) > 100
    try:
        found = comparable(await published(bootstrap, prefix), until)
    except AssertionError as error:
        return [str(error)]
    return [
        *(f"missing: {key}" for key in sorted(expected.keys() - found.keys())),
        *(f"not expected: {key}" for key in sorted(found.keys() - expected.keys())),
        *(f"different: {key}" for key in sorted(found.keys() & expected.keys()) if found[key] != expected[key]),
    ]


async def check_equal(bootstrap, prefix, traffic):
    """Compare what was published with what `replay` makes of the same records."""
    found = await differences(bootstrap, prefix, traffic)
    assert found[:5] == []
