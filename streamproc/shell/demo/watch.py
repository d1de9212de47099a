"""Reads the output topics as any other program would, and asks Kafka how far the worker's group has come."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final, Self

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streamproc.contracts import topics

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from streamproc.console.board import Board

_WINDOW: Final = re.compile(rb'"window":"(\w+)"')
_HEAD: Final = 400
_POLL_MS: Final = 200
_CLOSE_S: Final = 2.0


async def in_time(closing: Coroutine[Any, Any, None]) -> None:
    """Await a client's end for a few seconds at most: one that has lost its broker may wait for it for ever."""
    ending = asyncio.create_task(closing)
    await asyncio.wait([ending], timeout=_CLOSE_S)
    if ending.done():
        ending.result()
    else:
        ending.cancel()


class Watch:
    """A read_committed consumer of all output topics, from their ends on, that keeps a board."""

    def __init__(self, bootstrap: str, group: str, prefix: str, partitions: int, board: Board) -> None:
        self._group = group
        self._prefix = prefix
        self._board = board
        self._inputs = [TopicPartition(prefix + topic, p) for topic in topics.INPUTS for p in range(partitions)]
        self._outputs = [TopicPartition(prefix + topic, p) for topic in topics.OUTPUTS for p in range(partitions)]
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            isolation_level="read_committed",
            enable_auto_commit=False,
            max_partition_fetch_bytes=4 << 20,
        )
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        self._reading: asyncio.Task[None] | None = None
        #: Input records of earlier demos on the same data.
        self._before = 0

    async def __aenter__(self) -> Self:
        await self._admin.start()
        await self._consumer.start()
        self._consumer.assign(self._outputs)
        await self._consumer.seek_to_end(*self._outputs)
        for partition in self._outputs:
            await self._consumer.position(partition)
        self._before = sum((await self._consumer.end_offsets(self._inputs)).values())
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            if self._reading is not None:
                self._reading.cancel()
                await asyncio.wait([self._reading])
            await in_time(self._consumer.stop())
        finally:
            await in_time(self._admin.close())

    def check(self) -> None:
        """Raise what has ended the reading, if anything has."""
        if self._reading is not None and self._reading.done():
            self._reading.result()

    async def _read(self) -> None:
        while True:
            fetched = await self._consumer.getmany(timeout_ms=_POLL_MS)
            for partition, records in fetched.items():
                self._apply(partition.topic.removeprefix(self._prefix), records)
            # A full topic never lets go otherwise: aiokafka hands over what it has without a pause.
            await asyncio.sleep(0)

    def _apply(self, topic: str, records: list[Any]) -> None:
        if topic == topics.METRICS:
            records = self._newest(records)
        for record in records:
            self._board.apply(topic, orjson.loads(record.value))

    def _newest(self, records: list[Any]) -> list[Any]:
        """Return the newest record of each room and window; the others are only counted."""
        newest = {}
        for record in records:
            window = _WINDOW.search(record.value, 0, _HEAD)
            newest[record.key, window and window[1]] = record
        self._board.outputs[topics.METRICS] += len(records) - len(newest)
        return list(newest.values())

    # -- how far things are -------------------------------------------------------------------------------------

    async def processed(self) -> tuple[int, int]:
        """Return how many of the input records sent since the start the group has committed, and how many there are."""
        there = sum((await self._consumer.end_offsets(self._inputs)).values()) - self._before
        try:
            committed = await self._admin.list_consumer_group_offsets(self._group)
        except KafkaError:  # the group has no coordinator yet
            return 0, there
        wanted = set(self._inputs)
        done = sum(max(0, found.offset) for partition, found in committed.items() if partition in wanted)
        return max(0, done - self._before), there

    async def caught_up(self) -> bool:
        """Say whether all that the output topics hold now has been read."""
        ends = await self._consumer.end_offsets(self._outputs)
        return all([await self._consumer.position(partition) >= end for partition, end in ends.items()])
