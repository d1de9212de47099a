"""One restored task at work, without Kafka: what a fetch makes of its time."""

import asyncio
from time import monotonic

from streamproc.adapters.kafka.batches import Batch, State
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.observer import Unobserved
from streamproc.adapters.kafka.restore import Start
from streamproc.adapters.kafka.work import Surroundings, Work
from streamproc.contracts import topics
from streamproc.pipeline.records import Record
from streamproc.pipeline.step import Range, Stepper
from streamproc.pipeline.task import TaskConfig
from tests.fakes import T0, chat, new_task, paid, record


def new_work(stepper, ends, **settings):
    """Work that begins where `ends` say all was read."""
    config = WorkerConfig(TaskConfig(b"k"), **settings)
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


async def test_a_topic_that_waited_for_an_empty_one_is_read_on():
    """Orders, far ahead of a topic that may lag, are paused until Kafka says that nothing is there, then read on."""
    stepper = Stepper(new_task(each=False), 0)
    work = new_work(stepper, dict.fromkeys(topics.INPUTS, 0))

    def fetched(answer, records, *names):
        for topic in names:
            here = records if topic == topics.ORDERS else []
            state = State(1, len(here), 9 if topic == topics.ORDERS else 0, answer, monotonic())
            batch = Batch(topic, 0, 1, 0, answer, here) if here else None
            work.saw(topic, state, batch)
            if batch:
                yield batch

    old = record("room", 0, event_time=-100, type="viewers", value=1, timestamp=T0)
    stepper.task.read([old])
    others = [topic for topic in topics.INPUTS if topic != topics.ORDERS]
    assert list(fetched(1, [], *others)) == []
    (batch,) = fetched(2, [paid(0, 0, timestamp=T0)], topics.ORDERS)
    work.apply(topics.ORDERS, batch)
    assert topics.ORDERS in work.paused
    assert list(fetched(3, [], *others)) == []
    work.settle()
    assert topics.ORDERS not in work.paused
    await work.close()


async def test_a_step_is_bounded_by_its_bytes():
    """A flood of large records that cannot be used is committed early: its dead letters hold it whole."""
    stepper = Stepper(new_task(each=False), 0)
    work = new_work(stepper, dict.fromkeys(topics.INPUTS, 0), max_step_bytes=100_000)
    large = [Record(topics.CHAT, 0, n, T0, None, b"x" * 60_000) for n in range(2)]
    for number, record_ in enumerate(large):
        assert not work.large.is_set()
        batch = Batch(topics.CHAT, 0, 1, number, number, [record_])
        work.saw(topics.CHAT, State(1, number + 1, 2, number, monotonic()), batch)
        await asyncio.wait_for(work.room(), 5)
        work.apply(topics.CHAT, batch)
    assert work.large.is_set()
    waiting = asyncio.ensure_future(work.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await work.close()
    await waiting
