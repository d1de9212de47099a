"""Static membership as Kafka means it: who has lost its name to another is told so.

aiokafka 0.14.0 sends heartbeats without the name. Kafka then says no more than that it does not know the member, which
joins again and takes the name back: two workers of one name would take all partitions from each other, for ever.
"""

from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.types import Int16, Int32, Schema, String

#: Kafka's FENCED_INSTANCE_ID, which aiokafka does not know.
_FENCED: Final = 82


class _HeartbeatResponse(Response):  # type: ignore[misc]  # mypy does not follow aiokafka's types
    API_KEY = 12
    API_VERSION = 3
    SCHEMA = Schema(("throttle_time_ms", Int32), ("error_code", Int16))


class _HeartbeatRequestV3(RequestStruct):  # type: ignore[misc]
    """The first that has the name."""

    API_KEY = 12
    API_VERSION = 3
    RESPONSE_TYPE = _HeartbeatResponse
    SCHEMA = Schema(
        ("group", String("utf-8")),
        ("generation_id", Int32),
        ("member_id", String("utf-8")),
        ("group_instance_id", String("utf-8")),
    )


class _NamedHeartbeat(Request[_HeartbeatRequestV3]):  # type: ignore[misc]
    API_KEY = 12

    def __init__(self, heartbeat: HeartbeatRequest, instance: str) -> None:
        self._values = (heartbeat._group, heartbeat._generation_id, heartbeat._member_id, instance)  # noqa: SLF001

    def build(self, request_struct_class: type[_HeartbeatRequestV3]) -> _HeartbeatRequestV3:
        return request_struct_class(*self._values)


class NamedConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """A consumer of a group under the name ``group_instance_id``, or none."""

    #: Another member has joined the group under this one's name.
    name_is_taken = False

    async def start(self) -> None:
        """Start, with a coordinator that says the name with every heartbeat."""
        await super().start()
        instance, coordinator = self._group_instance_id, self._coordinator
        if instance is None:
            return
        send = coordinator._send_req  # noqa: SLF001 - all that it sends to the group passes here

        async def send_named(request: Any) -> Any:  # noqa: ANN401 - aiokafka's
            if isinstance(request, HeartbeatRequest):
                request = _NamedHeartbeat(request, instance)
            answer = await send(request)
            if getattr(answer, "error_code", 0) == _FENCED:
                self.name_is_taken = True
            return answer

        coordinator._send_req = send_named  # noqa: SLF001
