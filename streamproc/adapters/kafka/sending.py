"""What leaves: output records in batches a topic, and the classified records, which wait for no commit."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.errors import WorkerError, told
from streamproc.adapters.kafka.observer import Observer
from streamproc.adapters.kafka.topics import check_not_gone
from streamproc.pipeline.records import Output

_RETRY_S: Final = 0.2


def new_producer(config: WorkerConfig, partition: int | None = None) -> AIOKafkaProducer:
    """Return a producer: transactional, as the owner of ``partition``, or idempotent for classified records."""
    transactional: dict[str, Any] = {}
    if partition is not None:
        transactional = {
            "transactional_id": config.transactional_id(partition),
            "transaction_timeout_ms": int(config.transaction_timeout_s * 1000),
        }
    made: AIOKafkaProducer = config.clients.producer(
        bootstrap_servers=config.bootstrap,
        client_id=f"{config.app_id}-{'classified' if partition is None else partition}",
        enable_idempotence=True,
        max_batch_size=config.send_bytes,
        **transactional,
        **config.security,
    )
    return made


async def send(
    producer: AIOKafkaProducer, config: WorkerConfig, partition: int, outputs: Iterable[Output], observer: Observer
) -> list[asyncio.Future[Any]]:
    """Send outputs to ``partition`` of their topics, in order by topic; return the futures of the answers."""
    observer.begin()
    batches = list(_batches(producer, outputs))
    observer.lap("send")
    answers = []
    for topic, batch in batches:
        answer = await producer.send_batch(batch, config.on_kafka(topic), partition=partition)
        answer.add_done_callback(_look_at)
        answers.append(answer)
    return answers


def _look_at(answer: asyncio.Future[Any]) -> None:
    """Keep asyncio from reporting a failure that another one has hidden."""
    if not answer.cancelled():
        answer.exception()


def _batches(producer: AIOKafkaProducer, outputs: Iterable[Output]) -> Iterator[tuple[str, Any]]:
    batches: dict[str, Any] = {}
    for topic, key, value in outputs:
        batch = batches.get(topic)
        if batch is None:
            batch = batches[topic] = producer.create_batch()
        # An empty value is a tombstone.
        if batch.append(key=key, value=value or None, timestamp=None) is None:
            yield topic, batch
            batch = batches[topic] = producer.create_batch()
            # The first record of a batch may have any size.
            batch.append(key=key, value=value or None, timestamp=None)
    for topic, batch in batches.items():
        batch.close()
        yield topic, batch


class Outbox:
    """Classified records of one task on their way: sent at once, in order, while the task goes on."""

    def __init__(self, producer: AIOKafkaProducer, config: WorkerConfig, partition: int, observer: Observer) -> None:
        self._to = (producer, config, partition)
        self._observer = observer
        self._waiting: list[Output] = []
        self._sent = 0
        self._acked = 0
        self._sending: asyncio.Task[None] | None = None
        #: Set with every acknowledgement, and replaced.
        self._round: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def size(self) -> int:
        """Return the number of records that Kafka has not acknowledged."""
        return self._sent - self._acked

    def put(self, outputs: list[Output]) -> None:
        """Have ``outputs`` sent; raise what went wrong with earlier ones."""
        self._sent += len(outputs)
        self._waiting += outputs
        if self._waiting and (self._sending is None or self._sending.done()):
            if self._sending is not None:
                self._sending.result()
            self._sending = asyncio.create_task(self._send())

    async def settle(self) -> None:
        """Wait until all that was put before is acknowledged, or given up; raise what went wrong."""
        target = self._sent
        while self._acked < target and self._sending is not None:
            await asyncio.wait([self._round, self._sending], return_when=asyncio.FIRST_COMPLETED)
            if self._sending.cancelled():
                return
            if self._sending.done():
                self._sending.result()

    async def close(self) -> None:
        """Give up what was not acknowledged."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])

    async def _send(self) -> None:
        while self._waiting:
            outputs, self._waiting = self._waiting, []
            while not await self._is_sent(outputs):
                await self._wait()
            self._observer.reach("classified_acked")
            self._acked += len(outputs)
            self._round.set_result(None)
            self._round = asyncio.get_running_loop().create_future()

    async def _is_sent(self, outputs: list[Output]) -> bool:
        """Send and wait for the answers; False where that took too long, and copies have to be sent."""
        try:
            answers = await send(*self._to, outputs, self._observer)
            self._observer.reach("classified_sent")
            await asyncio.gather(*answers)
        except KafkaError as error:
            # An idempotent producer tries on by itself as long as that can help, but gives up batches that wait for
            # others, or for a partition's leader.
            if error.retriable or isinstance(error, KafkaTimeoutError):
                return False
            raise WorkerError(f"classified records cannot be sent: {told(error)}") from error
        return True

    async def _wait(self) -> None:
        _, config, _ = self._to
        # Sending to a topic that is gone takes too long, and for ever.
        with suppress(KafkaError):
            await check_not_gone(config)
        await asyncio.sleep(_RETRY_S)
