"""What Kafka lets the worker do with its topics: asked at the start, so that nothing is found missing hours later."""

from collections.abc import Iterator
from typing import Any, Final, cast

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from streamproc.adapters.broker.errors import TopicError
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.contracts import topics

#: Kafka's operations, as bits of a number.
_BITS: Final = {"Read": 1 << 3, "Write": 1 << 4, "DescribeConfigs": 1 << 10}

#: What docs/security.md lists; Describe comes with either of the first two.
NEEDED: Final = {
    **dict.fromkeys(topics.INPUTS, ("Read", "DescribeConfigs")),
    **dict.fromkeys(topics.OUTPUTS, ("Write",)),
    **dict.fromkeys((topics.JOURNAL, topics.SNAPSHOTS), ("Read", "Write", "DescribeConfigs")),
}

_PARTITION: Final = (
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", Array(Int32)),
    ("isr", Array(Int32)),
    ("offline_replicas", Array(Int32)),
)
_BROKER: Final = (
    ("node_id", Int32), ("host", String("utf-8")), ("port", Int32), ("rack", String("utf-8"))
)  # fmt: skip


class _MetadataResponse(Response):  # type: ignore[misc]  # mypy does not follow aiokafka's types
    """The first that tells what is allowed; aiokafka's own end before it."""

    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(*_BROKER)),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                ("partitions", Array(*_PARTITION)),
                ("authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class _MetadataRequestV8(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _MetadataRequest(Request[_MetadataRequestV8]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_MetadataRequestV8]) -> _MetadataRequestV8:
        return request_struct_class(self._names, False, False, True)


async def check_rights(config: WorkerConfig) -> None:
    """Raise TopicError that names every right on a topic that the worker needs on topics it may see, and has not."""
    admin = AIOKafkaAdminClient(bootstrap_servers=config.bootstrap, **config.security)
    await admin.start()
    try:
        answer = await admin._send_request(_MetadataRequest([config.on_kafka(topic) for topic in NEEDED]))  # noqa: SLF001
    finally:
        await admin.close()
    allowed = {topic: cast("int", bits) for error, topic, _, _, bits in answer.topics if not error}
    if missing := list(_missing(config, allowed)):
        raise TopicError("Kafka does not allow what the worker needs (docs/security.md): " + "; ".join(missing))


def _missing(config: WorkerConfig, allowed: dict[str, Any]) -> Iterator[str]:
    for topic, operations in NEEDED.items():
        name = config.on_kafka(topic)
        lacking = [each for each in operations if not allowed.get(name, -1) & _BITS[each]]
        if lacking:
            yield f"{', '.join(lacking)} on {name}"
