"""Dead letters as a tool: which there are, which of them sending again can help, and sending those."""

from __future__ import annotations

import time
from base64 import b64decode
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError
from pydantic import ConfigDict, ValidationError

from streamproc.contracts import topics
from streamproc.contracts.outputs import DeadLetter
from streamproc.domain.time import AHEAD
from streamproc.pipeline.decode import decode, position
from streamproc.pipeline.records import Record, Rejected
from streamproc.shell.errors import CommandError
from streamproc.shell.feed import new_producer, partition_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping

_POLL_MS: Final = 500

#: What becomes of a record that is sent again as it is.
OUTLOOK: Final = {
    "empty": "stays empty",
    "too_large": "its value is not kept; its producer has to send it again, smaller",
    "not_json": "stays what it is; its producer has to mend it",
    "invalid": "usable only for a version of the worker that knows its fields",
    "wrong_key": "usable with --fix-key, which sends it under its room_id",
    "future": "usable now, as its time has come; it counts as late where the watermark has passed it",
    "too_late": "stays too late, as the watermark never goes back; only `replay` of files can count it",
}


class Letter(NamedTuple):
    """One dead letter; ``written`` is when the worker published it, ms."""

    written: int
    body: dict[str, Any]

    @property
    def reason(self) -> str:
        """Why the record could not be used."""
        return str(self.body["reason"])

    def record(self) -> Record:
        """Return the record as it was, without a timestamp."""
        key, value = self.body["key"], self.body["value"]
        return Record(
            self.body["topic"],
            self.body["partition"],
            self.body["offset"],
            None,
            None if key is None else b64decode(key),
            None if value is None else b64decode(value),
        )


class _Readable(DeadLetter):
    """A dead letter of a version that may know more fields."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def letter_of(written: int, value: bytes | None) -> Letter | None:
    """Return what a record of the topic holds, or None where it is no dead letter: others may write there."""
    try:
        read = _Readable.model_validate_json(value or b"")
        for raw in (read.key, read.value):
            b64decode(raw or "", validate=True)
    except (ValidationError, ValueError):
        return None
    return Letter(written, orjson.loads(value or b"")) if read.topic in topics.INPUTS else None


class Filter(NamedTuple):
    """Which letters are meant: of these reasons and topics (none: all), written in [since, until) ms."""

    reasons: Collection[str] = ()
    topics: Collection[str] = ()
    since: int | None = None
    until: int | None = None

    def takes(self, letter: Letter) -> bool:
        """Say whether a letter is meant."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.topics or letter.body["topic"] in self.topics)
            and (self.since is None or letter.written >= self.since)
            and (self.until is None or letter.written < self.until)
        )


async def read_letters(
    bootstrap: str, prefix: str, security: Mapping[str, Any], wanted: Filter, passed_over: Callable[[str], None]
) -> AsyncIterator[Letter]:
    """Yield the dead letters that are there now and that ``wanted`` takes; ``passed_over`` hears of what is none."""
    async with _consumer(bootstrap, security) as consumer:
        ends = await _assign(consumer, prefix + topics.DEAD_LETTER, wanted.since)
        while pending := [p for p, end in ends.items() if await consumer.position(p) < end]:
            for records in (await consumer.getmany(*pending, timeout_ms=_POLL_MS)).values():
                for record in records:
                    letter = letter_of(record.timestamp, record.value)
                    if letter is None:
                        passed_over(f"{record.topic}/{record.partition}/{record.offset}")
                    elif wanted.takes(letter):
                        yield letter


@asynccontextmanager
async def _consumer(bootstrap: str, security: Mapping[str, Any]) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False, **security
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def _assign(consumer: AIOKafkaConsumer, topic: str, since: int | None) -> dict[TopicPartition, int]:
    """Start at ``since``, or at the beginning; return where each partition ends now."""
    try:
        await consumer._client._wait_on_metadata(topic)  # noqa: SLF001 - aiokafka knows partitions only of topics it was asked for
    except UnknownTopicOrPartitionError as error:
        raise CommandError(f"there is no topic {topic}, or this user may not see it") from error
    partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    if since is not None:
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, since))
        ends = await consumer.end_offsets(partitions)
        for partition, place in found.items():
            consumer.seek(partition, ends[partition] if place is None else place.offset)
    return dict(await consumer.end_offsets(partitions))


class Verdict(NamedTuple):
    """What is to be done with a letter: the record to send, or None with the reason why not."""

    record: Record | None
    why: str


def judge(letter: Letter, now: int, *, fix_key: bool, unchanged: bool) -> Verdict:
    """Return whether sending a letter's record again can help; ``unchanged`` sends it even where it seems vain."""
    record, reason = letter.record(), letter.reason
    if reason in {"empty", "too_large"} or record.value is None:
        return Verdict(None, OUTLOOK["too_large" if reason == "too_large" else "empty"])
    if reason == "wrong_key" and fix_key:
        return _with_its_room(record)
    if reason == "wrong_key" and record.key is None:
        return Verdict(None, "its key is not kept: usable with --fix-key")
    if reason == "future":
        item = decode(record)
        if not isinstance(item, Rejected) and position(item) > now + AHEAD:
            return Verdict(None, f"its time comes in {(position(item) - now) // 1000} s")
        return Verdict(record, OUTLOOK[reason])
    return Verdict(record if unchanged else None, OUTLOOK[reason])


def _with_its_room(record: Record) -> Verdict:
    item = decode(record._replace(key=None))
    if isinstance(item, Rejected):
        return Verdict(None, f"without its key it is {item.reason}: {item.detail}")
    return Verdict(record._replace(key=item.room_id.encode()), OUTLOOK["wrong_key"])


async def send_again(
    bootstrap: str, prefix: str, security: Mapping[str, Any], records: list[Record], *, rekeyed: bool
) -> None:
    """Send records to their topics: to the partition they came from, or where their new key belongs."""
    producer = new_producer(bootstrap, security)
    await producer.start()
    try:
        for record in records:
            topic = prefix + record.topic
            partitions = len(await producer.partitions_for(topic))
            partition = partition_of(record.key, partitions) if rekeyed else record.partition % partitions
            await producer.send_and_wait(topic, record.value, key=record.key, partition=partition)
    finally:
        await producer.stop()


def now_ms() -> int:
    """Return the time, ms since the epoch."""
    return time.time_ns() // 1_000_000
