"""One restored task at work, without Kafka: what a fetch makes of its time."""

import asyncio

from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.observer import Unobserved
from streamproc.adapters.kafka.restore import Start
from streamproc.adapters.kafka.work import Surroundings, Work
from streamproc.contracts import topics
from streamproc.pipeline.step import Range, Stepper
from streamproc.pipeline.task import TaskConfig
from tests.fakes import T0, chat, new_task


def new_work(stepper, ends):
    """Work that begins where `ends` say all was read."""
    config = WorkerConfig(TaskConfig(b"k"))
    around = Surroundings(config, stepper.task.understanding, Unobserved(), None, asyncio.Semaphore(), None)
    return Work(stepper, Start(dict(ends), dict(ends), 1, 1, 1), 1, around)


async def test_time_that_the_last_owner_held_back_moves_on():
    """All was read by a worker that was lost before a fetch showed that nothing lags: the next one moves time on."""
    lost = new_task(each=False)
    stepper = Stepper(lost, 0)
    stepper.read([chat(0, 0, timestamp=T0 + 600_000)], [])
    stepper.read([chat(1, 60, timestamp=T0 + 600_000)], [topics.ROOM])
    stepper.close()
    assert lost.watermark == T0 - 5_000
    work = new_work(stepper, dict.fromkeys(topics.INPUTS, 2))
    work.settle()
    assert lost.watermark == T0 + 55_000
    assert stepper.ranges == [Range(None, 0, 0, T0 + 55_000)], "a restore has to move time as well"
    await work.close()
