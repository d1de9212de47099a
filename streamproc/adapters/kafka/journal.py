"""What a restore reads from Kafka: the end of the journal, the rooms' snapshots, the journalled input again."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from streamproc.adapters.kafka.config import LARGEST_RECORD, WorkerConfig
from streamproc.adapters.kafka.errors import WorkerError
from streamproc.contracts import topics
from streamproc.pipeline.records import Record
from streamproc.pipeline.step import Range, Step, load_step

_FETCH_MS: Final = 500
_FETCH_WAIT_MS: Final = 20
#: A journal record and its transaction's marker.
_OFFSETS_A_STEP: Final = 2


def _consumer_settings(config: WorkerConfig, partition: int) -> dict[str, Any]:
    return {
        "bootstrap_servers": config.bootstrap,
        "client_id": f"{config.app_id}-restore-{partition}",
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        # A fetch takes what it finds first even beyond this.
        "max_partition_fetch_bytes": LARGEST_RECORD,
        # Kafka answers a connection in order: a fetch that waits keeps the next request waiting.
        "fetch_max_wait_ms": _FETCH_WAIT_MS,
        **config.security,
    }


class Library:
    """Reads committed records of one partition number, from any topic, without the group.

    ``first`` and ``end`` hold each topic's first offset, and where its committed records ended when it was entered.
    """

    def __init__(self, config: WorkerConfig, partition: int) -> None:
        self._config = config
        self._partition = partition
        self._consumer: AIOKafkaConsumer = config.clients.consumer(**_consumer_settings(config, partition))
        self.first: dict[str, int] = {}
        self.end: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        try:
            await self._find_bounds()
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    def _tp(self, topic: str) -> TopicPartition:
        return TopicPartition(self._config.on_kafka(topic), self._partition)

    async def _find_bounds(self) -> None:
        """Ask for all topics at once: each is unknown at first, and aiokafka learns of one at a time."""
        names = (*topics.INPUTS, topics.JOURNAL, topics.SNAPSHOTS)
        found = await asyncio.gather(*(self._bounds_of(topic) for topic in names))
        self.first = dict(zip(names, (first for first, _ in found), strict=True))
        self.end = dict(zip(names, (end for _, end in found), strict=True))

    async def _bounds_of(self, topic: str) -> tuple[int, int]:
        tp = self._tp(topic)
        first = await self._consumer.beginning_offsets([tp])
        end = await self._consumer.end_offsets([tp])
        return first[tp], end[tp]

    async def has_grown(self) -> bool:
        """Say whether steps were committed since the library was entered."""
        tp = self._tp(topics.JOURNAL)
        return bool((await self._consumer.end_offsets([tp]))[tp] > self.end[topics.JOURNAL])

    # -- journal and snapshots

    async def steps(self) -> list[Step]:
        """Return the newest step and those before it down to its floor, in order; none where there is no journal."""
        start, stop = self.first[topics.JOURNAL], self.end[topics.JOURNAL]
        span = 64
        while True:
            begin = max(start, stop - span)
            found = [step async for step in self._steps(begin, stop)]
            if begin == start or (found and found[0].step <= found[-1].floor):
                break
            span = max(4 * span, _OFFSETS_A_STEP * (found[-1].step - found[-1].floor + 1) if found else 0)
        return [step for step in found if step.step >= found[-1].floor or step is found[-1]]

    async def all_steps(self, span: int = 2_000) -> AsyncIterator[list[Step]]:
        """Yield all steps there are, in order, some at a time: what they hold may be read between two lists."""
        start, stop = self.first[topics.JOURNAL], self.end[topics.JOURNAL]
        for begin in range(start, stop, span):
            if found := [step async for step in self._steps(begin, min(begin + span, stop))]:
                yield found

    async def _steps(self, begin: int, stop: int) -> AsyncIterator[Step]:
        async for record in self._read(topics.JOURNAL, begin, stop):
            name = f"{record.topic} partition {record.partition} offset {record.offset}"
            yield load_step(name, record.value or b"")

    async def snapshots(self) -> dict[str, bytes]:
        """Return the newest snapshot of every room; empty where the room is gone."""
        newest: dict[str, bytes] = {}
        async for record in self._read(topics.SNAPSHOTS, self.first[topics.SNAPSHOTS], self.end[topics.SNAPSHOTS]):
            newest[record.key.decode()] = record.value or b""
        return newest

    async def _read(self, topic: str, begin: int, stop: int) -> AsyncIterator[Any]:
        tp = self._tp(topic)
        if begin >= stop:
            return
        self._consumer.assign([tp])
        self._consumer.seek(tp, begin)
        # Markers of transactions take offsets too: the position passes them, records do not.
        while await self._consumer.position(tp) < stop:
            for records in (await self._consumer.getmany(tp, timeout_ms=_FETCH_MS)).values():
                for record in records:
                    if record.offset < stop:
                        yield record

    # -- input again

    async def input_again(self, steps: Sequence[Step]) -> AsyncIterator[tuple[Step, Range, list[Record]]]:
        """Yield the ranges of ``steps`` in order, each with its records."""
        starts: dict[str, int] = {}
        for step in steps:
            for entry in step.ranges:
                if entry.topic is not None:
                    starts.setdefault(entry.topic, entry.first)
        self._check_there(starts)
        shelves = {topic: Shelf(self._consumer, self._tp(topic), topic) for topic in starts}
        if starts:
            self._consumer.assign([self._tp(topic) for topic in starts])
        for topic, start in starts.items():
            self._consumer.seek(self._tp(topic), start)
        for step in steps:
            for entry in step.ranges:
                records = [] if entry.topic is None else await shelves[entry.topic].take(entry)
                yield step, entry, records
                await asyncio.sleep(0)

    def _check_there(self, starts: Mapping[str, int]) -> None:
        for topic, start in starts.items():
            if not self.first[topic] <= start <= self.end[topic]:
                raise WorkerError(
                    f"{self._config.on_kafka(topic)} partition {self._partition}: offset {start}, which the journal"
                    f" needs again, is gone: there are {self.first[topic]} to {self.end[topic]}; see docs/operations.md"
                )


class Shelf:
    """Records of one input topic, fetched when a range asks for them."""

    def __init__(self, consumer: AIOKafkaConsumer, tp: TopicPartition, topic: str) -> None:
        self._consumer = consumer
        self._tp = tp
        self._topic = topic
        self._records: list[Record] = []

    async def take(self, entry: Range) -> list[Record]:
        """Return the records from ``entry.first`` to ``entry.last``."""
        while not self._records or self._records[-1].offset < entry.last:
            found = await self._consumer.getmany(self._tp, timeout_ms=_FETCH_MS)
            self._records += as_records(self._topic, found.get(self._tp, ()))
            if not found and await self._consumer.position(self._tp) > entry.last:
                break
        cut = next((i for i, r in enumerate(self._records) if r.offset > entry.last), len(self._records))
        taken, self._records = self._records[:cut], self._records[cut:]
        taken = [record for record in taken if record.offset >= entry.first]
        if not taken or taken[0].offset != entry.first or taken[-1].offset != entry.last:
            raise WorkerError(
                f"{self._tp.topic} partition {self._tp.partition}: offsets {entry.first} to {entry.last}, which the"
                " journal needs again, are not all there; see docs/operations.md"
            )
        return taken


def as_records(topic: str, found: Sequence[Any]) -> list[Record]:
    """Return aiokafka's records as the pipeline's, under the topic's name in the contract."""
    return [Record(topic, r.partition, r.offset, r.timestamp, r.key, r.value) for r in found]


async def committed_offsets(config: WorkerConfig, partition: int) -> dict[str, int]:
    """Return the group's committed offsets of one partition number, by topic; those never committed are left out."""
    names = config.inputs
    admin = config.clients.admin(bootstrap_servers=config.bootstrap, **config.security)
    try:
        await admin.start()
        found = await admin.list_consumer_group_offsets(
            config.app_id, partitions=[TopicPartition(name, partition) for name in names]
        )
    finally:
        await admin.close()
    return {names[tp.topic]: kept.offset for tp, kept in found.items() if kept.offset >= 0}
