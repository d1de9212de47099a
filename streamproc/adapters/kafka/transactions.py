"""One transaction a step: outputs, journal, snapshots and input offsets become visible together or not at all."""

import asyncio
from contextlib import suppress

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError

from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.observer import Observer
from streamproc.adapters.kafka.sending import new_producer, send
from streamproc.pipeline.step import Commit

_STOP_S = 5.0


class Transactions:
    """The transactional producer of one task: its start fences whoever wrote for the partition before."""

    def __init__(self, config: WorkerConfig, partition: int, observer: Observer) -> None:
        self._config = config
        self._observer = observer
        self._partition = partition
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Become the partition's only writer: what another left open is aborted, or its commit completed."""
        self._producer = new_producer(self._config, self._partition)
        await self._producer.start()

    async def commit(self, commit: Commit) -> None:
        """Write a step; raise KafkaError or TimeoutError where its fate is not known to be good."""
        try:
            async with asyncio.timeout(self._config.commit_timeout_s):
                await self._write(commit)
        except (IllegalOperation, AssertionError) as error:
            # How aiokafka says that the producer has failed between two requests, fenced most likely.
            raise KafkaError("the producer of the partition's transactions has failed") from error

    async def _write(self, commit: Commit) -> None:
        producer, config = self._producer, self._config
        if producer is None:
            raise IllegalOperation("the producer was not started")
        reach = self._observer.reach
        await producer.begin_transaction()
        reach("transaction_begun")
        answers = await send(producer, config, self._partition, commit.outputs, self._observer)
        reach("outputs_sent")
        if commit.offsets:
            offsets = {
                TopicPartition(config.on_kafka(topic), self._partition): offset
                for topic, offset in commit.offsets.items()
            }
            await producer.send_offsets_to_transaction(offsets, config.app_id)
        reach("offsets_sent")
        await asyncio.gather(*answers)
        reach("outputs_acked")
        await producer.commit_transaction()
        reach("transaction_ended")

    async def stop(self) -> None:
        """Stop the producer, whatever state it is in; Kafka aborts a transaction that is open."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, TimeoutError, AssertionError):
                await asyncio.wait_for(producer.stop(), _STOP_S)
