"""What the doctor looks at, one finding a line, each with what to do about it."""

from __future__ import annotations

import platform
import time
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streamproc import __version__
from streamproc.adapters.broker.errors import TopicError
from streamproc.adapters.broker.reach import why_unreachable
from streamproc.adapters.broker.topics import check_topics
from streamproc.adapters.kafka.topics import topic_specs
from streamproc.contracts import topics
from streamproc.shell.settings import DEVELOPMENT_KEY, PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

GOOD: Final = "ok"
DOUBTFUL: Final = "warn"
BAD: Final = "FAIL"

#: The versions whose inner parts the worker uses.
_PINNED: Final = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0"}
#: Records that wait; more is worth a look.
_LAG: Final = 10_000
#: ms by which two clocks may differ unnoticed; the contract's `future` begins at 10 s.
_SKEW: Final = 2_000
#: ms that a broker may take to answer.
_PATIENCE_MS: Final = 10_000
#: Variables with the settings' prefix that are for others: the settings' file, the tests, compose.
_NO_SETTINGS: Final = {"SETTINGS", "EVAL_DATA", "VERSION"}


class Finding(NamedTuple):
    """One line: how it is (GOOD, DOUBTFUL, BAD), what was looked at, what was seen and what to do."""

    state: str
    what: str
    seen: str
    todo: str = ""


async def examine(
    settings: Settings, access: Mapping[str, Any], environment: Mapping[str, str]
) -> AsyncIterator[Finding]:
    """Look at everything, from the inside out; what cannot be looked at without the broker is left out."""
    for finding in (_versions(), _settings(settings), *_unknown(environment)):
        yield finding
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap, request_timeout_ms=_PATIENCE_MS, **access)
    began = time.perf_counter()
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
    except (KafkaError, OSError) as error:
        why = await why_unreachable(settings.bootstrap, access, error)
        seen = f"no Kafka can be reached at {settings.bootstrap}: {why}"
        yield Finding(BAD, "broker", seen, "is it up, and are bootstrap and security_protocol those of its listener?")
        await admin.close()
        return
    try:
        took = 1000 * (time.perf_counter() - began)
        yield Finding(
            GOOD, "broker", f"{settings.bootstrap} answers in {took:.0f} ms, {_number(len(cluster['brokers']), 'node')}"
        )
        async for finding in _kafka(admin, settings, access):
            yield finding
    except KafkaError as error:
        todo = "may this user describe topics, groups and offsets, and do all nodes answer?"
        yield Finding(BAD, "broker", f"it does not tell more: {_reason(error)}", todo)
    finally:
        await admin.close()


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _number(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _versions() -> Finding:
    found = {name: _version(name) for name in _PINNED}
    seen = f"streamproc {__version__}, Python {platform.python_version()}, " + ", ".join(
        f"{name} {number}" for name, number in found.items()
    )
    if found != _PINNED:
        wanted = ", ".join(f"{name}=={number}" for name, number in _PINNED.items())
        return Finding(BAD, "versions", seen, f"install {wanted}: the worker uses inner parts of these")
    return Finding(GOOD, "versions", seen)


def _unknown(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Name the variables that look like settings and are none: a slip of the pen is otherwise taken for nothing."""
    known = {name.upper() for name in Settings.model_fields} | _NO_SETTINGS
    for name in sorted(each.removeprefix(PREFIX) for each in environment if each.startswith(PREFIX)):
        if name not in known:
            meant = get_close_matches(name, known, 1)
            todo = f"is {PREFIX}{meant[0]} meant?" if meant else "docs/configuration.md has all settings"
            yield Finding(DOUBTFUL, "settings", f"{PREFIX}{name} is none, and does nothing", todo)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _settings(settings: Settings) -> Finding:
    changed = ", ".join(sorted(settings.model_fields_set)) or "all at their defaults"
    if settings.user_key == DEVELOPMENT_KEY.encode():
        todo = "user hashes use a key known to everybody; set hash_key and env=production where users are real"
        return Finding(DOUBTFUL, "settings", f"{settings.env}; set: {changed}", todo)
    return Finding(GOOD, "settings", f"{settings.env}; set: {changed}")


async def _kafka(admin: Any, settings: Settings, access: Mapping[str, Any]) -> AsyncIterator[Finding]:  # noqa: ANN401
    there = await admin.list_topics()
    chat = settings.topic_prefix + topics.CHAT
    wanted = [name for topic in topics.INPUTS if (name := settings.topic_prefix + topic) in there]
    described = await admin.describe_topics(wanted) if wanted else []
    counts = {each["topic"]: len(each["partitions"]) for each in described}
    partitions = counts.get(chat, 0)
    yield await _topics(settings, access, partitions)
    yield await _group(admin, settings)
    if counts:
        consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap, enable_auto_commit=False, **access)
        await consumer.start()
        try:
            # Counts may differ: what is asked of a partition that is not there has no answer.
            inputs = [TopicPartition(topic, p) for topic, count in counts.items() for p in range(count)]
            yield await _lag(admin, consumer, settings, inputs)
            yield await _clock(consumer, inputs)
        finally:
            await consumer.stop()


async def _topics(settings: Settings, access: Mapping[str, Any], partitions: int) -> Finding:
    specs = topic_specs(partitions or settings.partitions, prefix=settings.topic_prefix, needed_only=True)
    try:
        await check_topics(settings.bootstrap, specs, access)
    except TopicError as error:
        return Finding(
            BAD, "topics", str(error), "`streamproc topics create` makes what is missing; change the rest by hand"
        )
    return Finding(GOOD, "topics", f"{len(specs)} topics of {partitions} partitions, settings as needed")


async def _group(admin: Any, settings: Settings) -> Finding:  # noqa: ANN401 - aiokafka's admin client
    try:
        answers = await admin.describe_consumer_groups([settings.group])
    except KafkaError:  # nobody has used a group here yet
        answers = []
    # (error, group, state, protocol type, protocol, members, ...)
    _, _, state, _, _, members, *_ = next((g for a in answers for g in a.groups), (0, "", "Dead", "", "", []))
    if not members:
        return Finding(BAD, "group", f"{settings.group}: no worker is in it ({state})", "start `streamproc worker`")
    seen = f"{settings.group}: {_number(len(members), 'worker')}, {state}"
    if state != "Stable":
        return Finding(DOUBTFUL, "group", seen, "ask again in a minute; a group that stays so waits for a dead member")
    return Finding(GOOD, "group", seen)


async def _lag(admin: Any, consumer: Any, settings: Settings, inputs: list[TopicPartition]) -> Finding:  # noqa: ANN401
    ends = await consumer.end_offsets(inputs)
    begins = await consumer.beginning_offsets(inputs)
    try:
        committed = await admin.list_consumer_group_offsets(settings.group)
    except KafkaError:
        committed = {}
    lag: dict[str, int] = {}
    for place, end in ends.items():
        done = committed[place].offset if place in committed else begins[place]
        lag[place.topic] = lag.get(place.topic, 0) + max(0, end - max(done, begins[place]))
    total = sum(lag.values())
    seen = f"{total:,} records wait" + "".join(f", {topic} {n:,}" for topic, n in lag.items() if n)
    if total > _LAG:
        return Finding(DOUBTFUL, "lag", seen, "see docs/runbooks: is the worker up, is there enough of it?")
    return Finding(GOOD, "lag", seen)


async def _clock(consumer: Any, inputs: list[TopicPartition]) -> Finding:  # noqa: ANN401
    """Compare this clock with the newest time that the broker has stamped on an input record."""
    newest = await _newest_timestamp(consumer, inputs)
    if newest is None:
        return Finding(GOOD, "clock", "no input record yet to compare with")
    ahead = newest - time.time_ns() // 1_000_000
    if ahead > _SKEW:
        return Finding(BAD, "clock", f"the broker's clock is {ahead / 1000:.1f} s ahead of this one", "set both by NTP")
    return Finding(GOOD, "clock", f"the newest input record is {max(0, -ahead) / 1000:.0f} s old")


async def _newest_timestamp(consumer: Any, inputs: list[TopicPartition]) -> int | None:  # noqa: ANN401
    ends = await consumer.end_offsets(inputs)
    begins = await consumer.beginning_offsets(inputs)
    filled = [place for place in inputs if ends[place] > begins[place]]
    if not filled:
        return None
    consumer.assign(filled)
    for place in filled:
        consumer.seek(place, ends[place] - 1)
    newest: int | None = None
    left = set(filled)
    for _ in range(10):
        for place, records in (await consumer.getmany(*left, timeout_ms=500)).items():
            left.discard(place)
            newest = max([newest or 0, *(record.timestamp for record in records)])
        if not left:
            break
    return newest
