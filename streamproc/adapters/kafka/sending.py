"""What leaves: output records in batches a topic, and the classified records, which wait for no commit."""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer

from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.pipeline.records import Output


def new_producer(config: WorkerConfig, partition: int | None = None) -> AIOKafkaProducer:
    """Return a producer: transactional, as the owner of ``partition``, or idempotent for classified records."""
    transactional: dict[str, Any] = {}
    if partition is not None:
        transactional = {
            "transactional_id": config.transactional_id(partition),
            "transaction_timeout_ms": int(config.transaction_timeout_s * 1000),
        }
    return AIOKafkaProducer(
        bootstrap_servers=config.bootstrap,
        client_id=f"{config.app_id}-{'classified' if partition is None else partition}",
        enable_idempotence=True,
        max_batch_size=config.send_bytes,
        **transactional,
        **config.security,
    )


async def send(
    producer: AIOKafkaProducer, config: WorkerConfig, partition: int, outputs: Iterable[Output]
) -> list[asyncio.Future[Any]]:
    """Send outputs to ``partition`` of their topics, in order by topic; return the futures of the answers."""
    by_topic: dict[str, list[Output]] = {}
    for output in outputs:
        by_topic.setdefault(output.topic, []).append(output)
    answers = []
    for topic, chosen in by_topic.items():
        for batch in _batches(producer, chosen):
            answers.append(await producer.send_batch(batch, config.on_kafka(topic), partition=partition))
    return answers


def _batches(producer: AIOKafkaProducer, outputs: list[Output]) -> Iterable[Any]:
    batch = producer.create_batch()
    for _, key, value in outputs:
        # An empty value is a tombstone; an empty batch takes a record of any size.
        if batch.append(key=key, value=value or None, timestamp=None) is None:
            yield batch
            batch = producer.create_batch()
            batch.append(key=key, value=value or None, timestamp=None)
    batch.close()
    yield batch


class Outbox:
    """Classified records of one task on their way: sent at once, in order, while the task goes on."""

    def __init__(self, producer: AIOKafkaProducer, config: WorkerConfig, partition: int) -> None:
        self._producer = producer
        self._config = config
        self._partition = partition
        self._waiting: list[Output] = []
        self._sent = 0
        self._acked = 0
        self._changed = asyncio.Condition()
        self._sending: asyncio.Task[None] | None = None

    @property
    def size(self) -> int:
        """Return the number of records that Kafka has not acknowledged."""
        return self._sent - self._acked

    def put(self, outputs: list[Output]) -> None:
        """Have ``outputs`` sent."""
        self._sent += len(outputs)
        self._waiting += outputs
        if outputs and (self._sending is None or self._sending.done()):
            self._raise_failure()
            self._sending = asyncio.create_task(self._send())

    async def settle(self) -> None:
        """Wait until all that was put before is acknowledged; raise what went wrong."""
        target = self._sent
        while self._acked < target:
            self._raise_failure()
            sending = self._sending
            if sending is None:
                return
            await asyncio.shield(sending)

    async def ebb(self, most: int) -> None:
        """Wait until at most ``most`` records are on their way."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.size <= most or self._failed)
        self._raise_failure()

    async def close(self) -> None:
        """Give up what has not been acknowledged."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])

    @property
    def _failed(self) -> bool:
        task = self._sending
        return task is not None and task.done() and not task.cancelled() and task.exception() is not None

    def _raise_failure(self) -> None:
        if self._failed and self._sending is not None:
            self._sending.result()

    async def _send(self) -> None:
        try:
            while self._waiting:
                outputs, self._waiting = self._waiting, []
                answers = await send(self._producer, self._config, self._partition, outputs)
                await asyncio.gather(*answers)
                self._acked += len(outputs)
                await self._tell()
        except BaseException:
            await self._tell()
            raise

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
