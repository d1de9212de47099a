"""Records to Kafka's input topics, at the pace at which they happened, at any other, or as fast as it goes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from streamproc.pipeline.records import Record
    from streamproc.simulate.arrival import Arrival

#: Bytes of one batch, records put into batches before they are sent, batches on their way.
_BATCH_BYTES: Final = 512 << 10
_ROUND: Final = 2_000
_ON_THEIR_WAY: Final = 32
#: Seconds between two rounds at a set pace.
_TICK_S: Final = 0.05


class Item(NamedTuple):
    """One record to send; ``position`` is when it happened or arrived in ms, None where it has no time."""

    topic: str
    key: bytes | None
    value: bytes | None
    position: int | None


@dataclass(slots=True)
class Fed:
    """What has been sent so far: records by topic, and the newest position."""

    by_topic: Counter[str] = field(default_factory=Counter)
    newest: int | None = None

    @property
    def records(self) -> int:
        """All records sent."""
        return sum(self.by_topic.values())


def items_of_show(show: Iterable[Arrival]) -> Iterator[Item]:
    """Yield a synthetic show's records as they arrive."""
    for arrival in show:
        value = arrival.value
        raw = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else orjson.dumps(value)
        yield Item(arrival.topic, arrival.key.encode(), raw, arrival.at)


def items_of_records(records: Iterable[list[Record]]) -> Iterator[Item]:
    """Yield a recording's records; those without a key get their room's, where they have one that can be read."""
    for part in records:
        for record in part:
            value = _read(record.value)
            yield Item(record.topic, record.key or _key(value), record.value, _position(value))


def _read(value: bytes | None) -> Mapping[str, Any]:
    try:
        tree = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return {}
    return tree if isinstance(tree, dict) else {}


def _key(value: Mapping[str, Any]) -> bytes | None:
    room_id = value.get("room_id")
    return room_id.encode("utf-8", "replace") if isinstance(room_id, str) else None


def _position(value: Mapping[str, Any]) -> int | None:
    at = value.get("end_time") or value.get("event_time")
    return at if isinstance(at, int) else None


async def feed(
    producer: AIOKafkaProducer,
    items: Iterable[Item],
    *,
    prefix: str = "",
    begin: int | None = None,
    speed: float | None = None,
    told: Callable[[Fed], None] | None = None,
) -> Fed:
    """Send items, each to the partition of its key; return what was sent, when all of it has arrived.

    ``speed`` is event time per wall time, counted from ``begin`` (without it the first item's position); None sends as
    fast as it goes. ``told`` hears after every round.
    """
    sender = _Sender(producer, prefix)
    fed = Fed()
    began = time.monotonic()
    for count, item in enumerate(items, 1):
        if speed is not None and item.position is not None:
            begin = item.position if begin is None else begin
            while (item.position - begin) / 1000 / speed > time.monotonic() - began:
                await sender.flush()
                if told:
                    told(fed)
                await asyncio.sleep(_TICK_S)
        await sender.add(item)
        fed.by_topic[item.topic] += 1
        if item.position is not None and (fed.newest is None or item.position > fed.newest):
            fed.newest = item.position
        if count % _ROUND == 0:
            await sender.flush()
            if told:
                told(fed)
    await sender.flush()
    await sender.settle()
    if told:
        told(fed)
    return fed


class _Sender:
    """Fills batches by partition, and keeps a bounded number of them on their way."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str) -> None:
        self._producer = producer
        self._prefix = prefix
        self._partitions: dict[str, int] = {}
        self._open: dict[tuple[str, int], Any] = {}
        self._on_their_way: list[asyncio.Future[Any]] = []

    async def add(self, item: Item) -> None:
        topic = self._prefix + item.topic
        if topic not in self._partitions:
            self._partitions[topic] = len(await self._producer.partitions_for(topic))
        place = topic, partition_of(item.key, self._partitions[topic])
        batch = self._open.get(place)
        if batch is None:
            batch = self._open[place] = self._producer.create_batch()
        if batch.append(key=item.key, value=item.value, timestamp=None) is None:
            await self._send(place)
            batch = self._open[place] = self._producer.create_batch()
            batch.append(key=item.key, value=item.value, timestamp=None)

    async def flush(self) -> None:
        for place in list(self._open):
            await self._send(place)

    async def _send(self, place: tuple[str, int]) -> None:
        batch = self._open.pop(place)
        batch.close()
        self._on_their_way.append(await self._producer.send_batch(batch, place[0], partition=place[1]))
        if len(self._on_their_way) > _ON_THEIR_WAY:
            oldest, self._on_their_way = self._on_their_way[:8], self._on_their_way[8:]
            await asyncio.gather(*oldest)

    async def settle(self) -> None:
        await asyncio.gather(*self._on_their_way)
        self._on_their_way.clear()


@lru_cache(maxsize=100_000)
def partition_of(key: bytes | None, partitions: int) -> int:
    """Return the partition of a key as Kafka's own clients choose it; records without a key go to the first."""
    return (int(murmur2(key)) & 0x7FFFFFFF) % partitions if key is not None else 0


def new_producer(bootstrap: str, security: Mapping[str, Any]) -> AIOKafkaProducer:
    """Return a producer that loses nothing and keeps the order; the caller starts and stops it."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        max_batch_size=_BATCH_BYTES,
        max_request_size=2 << 20,
        linger_ms=0,
        **security,
    )
