"""Batches that were fetched before a task was restored."""

import asyncio

from aiokafka import TopicPartition

from streamproc.adapters.kafka.batches import Batch
from streamproc.contracts import topics
from tests.adapters.kafka.show import a_show
from tests.durability.lives import PARTITION, Life, Play


class Still(Life):
    """A worker to whom nothing is handed over."""

    begun = None

    async def _start_at(self, partition, positions, epoch):
        self.begun.set()
        return await super()._start_at(partition, positions, epoch)

    async def _feed(self):
        await self.machine.death.wait()


async def test_a_batch_from_before_the_restore_is_dropped():
    """The restored task reads it again; were it applied as well, its records would be out of order or lost."""
    play = Play(a_show(1, rooms=3, duration=30.0, rate=1.5, seed=1), 1)
    play.send(60)
    life = Still(play.broker, play.rng, None)
    life.begun = asyncio.Event()
    living = asyncio.ensure_future(life.run())
    await life.begun.wait()
    await life.runner.ready.wait()
    records, _ = play.broker.read(TopicPartition(topics.CHAT, PARTITION), 0)
    assert records
    epoch = life.epoch
    await life.runner.take(topics.CHAT, Batch(topics.CHAT, PARTITION, epoch - 1, 0, 0, records))
    assert not life.runner.task.counts
    await life.runner.take(topics.CHAT, Batch(topics.CHAT, PARTITION, epoch, 0, 0, records))
    assert life.runner.task.counts["events", topics.CHAT] == len(records)
    life.machine.death.set()
    await living
