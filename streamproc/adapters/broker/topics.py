"""Makes topics and checks existing ones, on any Kafka: the embedded broker's or a real cluster's.

Clients find no topic that appears after they have subscribed, and a wrong number of partitions would tear
rooms apart, so this runs before anything is read.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from streamproc.adapters.broker.errors import TopicError
from streamproc.adapters.broker.reach import why_unreachable

#: Connection settings beside the address, as aiokafka's clients name them (security_protocol, ssl_context,
#: sasl_mechanism, sasl_plain_username, sasl_plain_password).
Security = Mapping[str, Any]

_EXISTS: Final = 36  # TOPIC_ALREADY_EXISTS in the Kafka protocol
_POLL_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A wanted topic. `config` holds Kafka's topic settings; those left out are not checked.

    `replication` is used when the topic is made; -1 takes the cluster's default.
    """

    name: str
    partitions: int
    replication: int = -1
    config: Mapping[str, str] = field(default_factory=dict)


async def create_topics(
    bootstrap: str, specs: Sequence[TopicSpec], security: Security | None = None, *, timeout_s: float = 30.0
) -> list[str]:
    """Make the topics that are missing, check those that exist; returns the names of the new ones.

    Returns when every partition has a leader. Raises TopicError that lists all that is wrong.
    """
    async with _admin(bootstrap, security) as admin, _limit(bootstrap, timeout_s):
        missing = await _missing(admin, specs)
        await _create(admin, [spec for spec in specs if spec.name in missing], timeout_s)
        await _wait_for_leaders(admin, specs)
        _refuse(await _differences(admin, specs))
        return sorted(missing)


async def check_topics(
    bootstrap: str, specs: Sequence[TopicSpec], security: Security | None = None, *, timeout_s: float = 30.0
) -> None:
    """Raise TopicError that lists every topic that is missing or not as wanted; change nothing."""
    async with _admin(bootstrap, security) as admin, _limit(bootstrap, timeout_s):
        missing = await _missing(admin, specs)
        _refuse(
            [f"{name} is missing, or this user may not see it" for name in sorted(missing)]
            + await _differences(admin, [spec for spec in specs if spec.name not in missing])
        )


async def delete_topics(bootstrap: str, names: Sequence[str], security: Security | None = None) -> None:
    """Delete topics; those that do not exist are passed over."""
    async with _admin(bootstrap, security) as admin:
        await admin.delete_topics(list(names))


@contextlib.asynccontextmanager
async def _admin(bootstrap: str, security: Security | None) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **(security or {}))
    try:
        await admin.start()
    except KafkaError as error:
        await admin.close()
        why = await why_unreachable(bootstrap, security or {}, error)
        raise TopicError(f"no Kafka can be reached at {bootstrap}: {why}") from error
    try:
        yield admin
    finally:
        await admin.close()


@contextlib.asynccontextmanager
async def _limit(bootstrap: str, timeout_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError:
        raise TopicError(f"Kafka at {bootstrap} did not make its topics ready within {timeout_s:.0f} s") from None


def _refuse(problems: Iterable[str]) -> None:
    if found := list(problems):
        raise TopicError("topics are not as they have to be: " + "; ".join(found))


async def _missing(admin: Any, specs: Sequence[TopicSpec]) -> set[str]:  # noqa: ANN401 - aiokafka's admin client
    known = set(await admin.list_topics())
    return {spec.name for spec in specs} - known


async def _create(admin: Any, specs: Sequence[TopicSpec], timeout_s: float) -> None:  # noqa: ANN401
    if not specs:
        return
    wanted = [_new_topic(spec) for spec in specs]
    response = await admin.create_topics(wanted, timeout_ms=int(timeout_s * 1000))
    _refuse(
        f"{name} cannot be made: {message or for_code(code).__name__}"
        for name, code, message in ((entry[0], entry[1], entry[2]) for entry in response.topic_errors)
        if code not in {0, _EXISTS}
    )


def _new_topic(spec: TopicSpec) -> NewTopic:
    # With -1 for the cluster's default aiokafka wants an assignment, and takes an empty one.
    assignments: dict[int, list[int]] | None = {} if spec.replication == -1 else None
    return NewTopic(spec.name, spec.partitions, spec.replication, assignments, dict(spec.config))


async def _wait_for_leaders(admin: Any, specs: Sequence[TopicSpec]) -> None:  # noqa: ANN401
    """Poll until each topic's partitions are known and led; the caller limits the time."""
    names = [spec.name for spec in specs]
    while names:
        described = await admin.describe_topics(names)
        names = [
            topic["topic"]
            for topic in described
            if not topic["partitions"] or any(part["leader"] < 0 for part in topic["partitions"])
        ]
        if names:
            await asyncio.sleep(_POLL_S)


async def _differences(admin: Any, specs: Sequence[TopicSpec]) -> list[str]:  # noqa: ANN401
    if not specs:
        return []
    described = {topic["topic"]: topic for topic in await admin.describe_topics([spec.name for spec in specs])}
    settings = await _settings(admin, [spec for spec in specs if spec.config])
    problems = []
    for spec in specs:
        partitions = len(described[spec.name]["partitions"])
        if partitions != spec.partitions:
            problems.append(f"{spec.name} has {partitions} partitions and needs {spec.partitions}")
        for key, value in spec.config.items():
            found = settings[spec.name].get(key)
            if found != value:
                problems.append(f"{spec.name} has {key}={found} and needs {value}")
    return problems


async def _settings(admin: Any, specs: Sequence[TopicSpec]) -> dict[str, dict[str, str]]:  # noqa: ANN401
    if not specs:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, spec.name, dict(spec.config)) for spec in specs]
    found: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(resources):
        for code, message, _, name, entries, *_ in response.resources:
            _refuse([f"{name} cannot be described: {message or for_code(code).__name__}"] if code else [])
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found
