"""The Faust app: one agent over the five input topics, and nothing of Faust's that would lose records."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, Final

import faust
from aiokafka import AIOKafkaProducer, TopicPartition
from faust.app.base import BootStrategy
from faust.types import TP, StreamT
from mode.supervisors import CrashingSupervisor
from yarl import URL

from streamproc.adapters.kafka.assignment import Assignment
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.observer import Observer
from streamproc.adapters.kafka.sending import new_producer
from streamproc.adapters.kafka.transport import BatchConsumer, BatchTransport, KeepingFlow
from streamproc.adapters.kafka.work import Surroundings
from streamproc.pipeline.events import Understanding

#: Longer than any run: Faust has nothing to commit and no livelock to detect.
_NEVER_S: Final = 10.0**7


class ConsumerOnly(BootStrategy):  # type: ignore[misc]  # mypy does not follow Faust's types
    """Starts the consumer and the agent: no producer, web server or leader of Faust's."""

    enable_kafka_producer = False
    enable_web = False
    enable_sensors = False


class WorkerApp(faust.App):  # type: ignore[misc]
    """The app: `assignment` holds the tasks, `classified` is the producer of what waits for no commit."""

    BootStrategy = ConsumerOnly
    assignment: Assignment
    classified: AIOKafkaProducer

    @cached_property
    def flow_control(self) -> KeepingFlow:
        """Return the valve before the agent's queue."""
        return KeepingFlow(loop=self.loop)

    def _create_directories(self) -> None:
        """Make no folders: nothing is kept on disk."""


def build_app(config: WorkerConfig, understanding: Understanding, observer: Observer) -> WorkerApp:
    """Return the worker's app, wired and not started. Call it inside the loop that runs it."""
    app = WorkerApp(config.app_id, **_settings(config))
    app.classified = new_producer(config)
    around = Surroundings(
        config, understanding, observer, app.classified, asyncio.Semaphore(config.restores), _starter(app, config)
    )
    assignment = app.assignment = Assignment(around)
    app.transport = BatchTransport(app.conf.broker_consumer, app, desk=assignment)
    observer.watch(assignment)
    _connect(app, assignment)
    _add_agent(app, config, assignment)
    return app


def _settings(config: WorkerConfig) -> dict[str, Any]:
    return {
        "broker": [URL(f"kafka://{address}") for address in config.bootstrap.split(",")],
        "store": "memory://",
        "cache": "memory://",
        "autodiscover": False,
        "web_enabled": False,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "key_serializer": "raw",
        "value_serializer": "raw",
        "stream_wait_empty": False,
        "stream_buffer_maxsize": config.buffered_batches,
        "stream_recovery_delay": 0.0,
        "agent_supervisor": CrashingSupervisor,
        "broker_session_timeout": config.session_timeout_s,
        "broker_heartbeat_interval": config.heartbeat_s,
        # Faust waits this long for a restore and then goes on, but closed partitions stay closed.
        "broker_request_timeout": max(90.0, config.session_timeout_s),
        "broker_commit_interval": _NEVER_S,
        "broker_commit_livelock_soft_timeout": _NEVER_S,
        "stream_processing_timeout": _NEVER_S,
        "loghandlers": [],
    }


def _starter(app: WorkerApp, config: WorkerConfig) -> Callable[[int, Mapping[str, int], int], Awaitable[bool]]:
    async def start_at(partition: int, positions: Mapping[str, int], epoch: int) -> bool:
        consumer: BatchConsumer = app.consumer
        return await consumer.start_at(
            {TopicPartition(config.on_kafka(topic), partition): offset for topic, offset in positions.items()}, epoch
        )

    return start_at


def _connect(app: WorkerApp, assignment: Assignment) -> None:
    async def on_assigned(_: WorkerApp, assigned: set[TP], **__: object) -> None:
        await assignment.assigned((tp.topic, tp.partition) for tp in assigned)

    async def on_revoked(_: WorkerApp, revoked: set[TP], **__: object) -> None:  # noqa: ARG001 - all of them are
        await assignment.revoked()

    app.on_partitions_assigned.connect(on_assigned, weak=False)
    app.on_partitions_revoked.connect(on_revoked, weak=False)


def _add_agent(app: WorkerApp, config: WorkerConfig, assignment: Assignment) -> None:
    topic = app.topic(*config.inputs, key_type=bytes, value_type=bytes, acks=False)

    async def analyse(stream: StreamT[Any]) -> None:
        """Give fetched batches to their tasks, in order."""
        try:
            async for event in stream.noack().events():
                message = event.message
                if message.generation_id == app.consumer_generation_id:
                    await assignment.take(message.value)
        except Exception as error:
            assignment.fail(error)
            raise

    app.agent(topic, name="analyse", concurrency=1, supervisor_strategy=CrashingSupervisor)(analyse)
