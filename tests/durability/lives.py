"""One task after the other in one process, each dying at some moment, over the fake of Kafka."""

import asyncio
import random
from itertools import pairwise
from time import monotonic

from aiokafka import TopicPartition

from streamproc.adapters.kafka.batches import Batch, State
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.observer import Unobserved
from streamproc.adapters.kafka.rebuild import do_again
from streamproc.adapters.kafka.runner import Runner
from streamproc.adapters.kafka.sending import new_producer
from streamproc.adapters.kafka.work import Surroundings
from streamproc.contracts import topics
from streamproc.domain.time import GRACE
from streamproc.pipeline.step import Stepper, load_step
from streamproc.pipeline.task import Task, TaskConfig
from tests.adapters.kafka.show import HASH_KEY, Plain
from tests.durability.fake_kafka import FakeKafka, Machine

AT_LEAST_ONCE = {topics.CLASSIFIED, topics.FEEDBACK_CLASSIFIED}
PARTITION = 0


def tp_of(topic):
    """Return the partition that all is about."""
    return TopicPartition(topic, PARTITION)


class Fatal(Unobserved):
    """Lets the machine die when work has got to points so many times, or when its task is dropped."""

    def __init__(self, machine, points):
        self._machine = machine
        self._left = points
        self.where = "between"

    def reach(self, point):
        """Count down."""
        self._left -= 1
        if not self._left:
            self.where = point
            self._machine.death.set()

    def dropped(self, partition, error):
        """Die: the group would give the partition to another."""
        self.where = "dropped"
        self._machine.death.set()


class Life:
    """A worker with the one task, from its start to its death; `points` of None lets it live."""

    #: Turns without a batch after which it dies.
    quiet = 60

    def __init__(self, broker, rng, points, **settings):
        self.broker, self.rng = broker, rng
        self.machine = Machine(broker, rng)
        self.observer = Fatal(self.machine, points or -1)
        self.config = WorkerConfig(
            TaskConfig(HASH_KEY), clients=self.machine.clients, commit_interval_s=0.0, heartbeat_s=0.0,
            **{"snapshot_spread": 3, "max_step_records": 40, "max_ahead_ms": 5_000, **settings},
        )  # fmt: skip
        self.runner = None
        self.epoch, self._answer, self._at, self._numbers, self._states = 0, 0, {}, {}, {}

    async def _start_at(self, partition, positions, epoch):
        self.epoch, self._at = epoch, dict(positions)
        self._numbers, self._states = dict.fromkeys(positions, 0), {}
        return True

    async def run(self):
        """Work until death; whatever fails but by it is raised."""
        classified = new_producer(self.config)
        await classified.start()
        around = Surroundings(
            self.config, Plain(), self.observer, classified, asyncio.Semaphore(1), self._start_at
        )  # fmt: skip
        self.runner = Runner(PARTITION, around)
        parts = [asyncio.ensure_future(each) for each in (self.runner.run(), self._feed(), self.machine.death.wait())]
        done, others = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        for part in others:
            part.cancel()
        await asyncio.wait(parts)
        for part in done:
            part.result()

    async def _feed(self):
        """Hand batches over until there have been none for a while: it dies of that, too."""
        quiet = 0
        while quiet < self.quiet:
            await asyncio.sleep(0)
            if self.runner.ready.is_set():
                quiet = 0 if await self._fetch(sorted(self.runner.readable())) else quiet + 1
        self.machine.death.set()

    def most_of(self, topic):
        """Return how many records a fetch brings of a topic."""
        return self.rng.randint(1, 30)

    async def _fetch(self, readable):
        """Fetch of some topics, as the transport does."""
        self._answer += 1
        batches = []
        for topic in [topic for topic in readable if self.rng.random() < 0.7]:
            records, position = self.broker.read(tp_of(topic), self._at[topic], self.most_of(topic))
            self._at[topic] = position
            end = self.broker.stable(tp_of(topic))
            self._states[topic] = State(self.epoch, position, end, self._answer, monotonic())
            if records:
                batches.append(Batch(topic, PARTITION, self.epoch, self._numbers[topic], self._answer, records))
                self._numbers[topic] += 1
        fresh = {batch.topic: batch for batch in batches}
        for topic, state in self._states.items():
            self.runner.saw(topic, state, fresh.get(topic))
        self.runner.settle()
        for batch in batches:
            await self.runner.take(batch.topic, batch)
        return batches


class Play:
    """A show on the fake broker, worked on by one life after the other; `seed` decides all but the loop's own order."""

    def __init__(self, traffic, seed, **settings):
        self.traffic, self.settings = traffic, settings
        self.rng = random.Random(seed)
        self.broker = FakeKafka()
        self.crashes, self.at = 0, {}
        self._zombie = None
        self._sent = 0

    async def run(self, *, every=40):
        """Let workers die after up to `every` points, until all is committed."""
        while self._sent < len(self.traffic.records) or not self.committed():
            self.send(self.rng.randint(0, 120))
            async with asyncio.timeout(30):
                await self._live(self.rng.randint(1, every))
        if self._zombie is not None:
            self._zombie[0].machine.death.set()
            await self._zombie[1]
        if self.broker.under_way:
            await asyncio.wait(self.broker.under_way)
        return self

    async def _live(self, points):
        life = Life(self.broker, self.rng, points, **self.settings)
        living = asyncio.ensure_future(life.run())
        # One in five lives on for a while beside its heir: a zombie.
        if self._zombie is None and self.rng.random() < 0.2:
            for _ in range(self.rng.randint(1, 300)):
                await asyncio.sleep(0)
            if not living.done():
                self._zombie = life, living
                return
        await living
        self._note(life)
        if self._zombie is not None and self.rng.random() < 0.5:
            zombie, still = self._zombie
            self._zombie = None
            zombie.machine.death.set()
            await still
            self._note(zombie)

    def _note(self, life):
        self.crashes += 1
        self.at[life.observer.where] = self.at.get(life.observer.where, 0) + 1

    def send(self, n):
        """Send the next `n` records of the show."""
        part = self.traffic.records[self._sent : self._sent + n]
        self._sent += len(part)
        for record in part:
            self.broker.append(tp_of(record.topic), [(record.key, record.value)])

    def committed(self):
        """Say whether all was read in committed steps, and time stands where it belongs."""
        kept = self.broker.groups["streamproc"]
        if any(kept.get(tp_of(t), (0,))[0] < len(self.broker.logs[tp_of(t)]) for t in topics.INPUTS):
            return False
        last = self.steps()[-1]
        return last.watermark >= max(last.clocks.values()) - GRACE

    # -- what has to hold in the end

    def steps(self):
        """Return the committed journal."""
        return [load_step("journal", record.value) for record in self.broker.committed(tp_of(topics.JOURNAL))]

    def published(self, topic):
        """Return the committed values of a topic in order; copies of classified records are one."""
        values = [record.value for record in self.broker.committed(tp_of(topic))]
        return list(dict.fromkeys(values)) if topic in AT_LEAST_ONCE else values

    def input_is_read_once(self):
        """Say whether the journal has each offset of each topic exactly once, in order."""
        ranges = {topic: [(-1, -1)] for topic in topics.INPUTS}
        for step in self.steps():
            for entry in step.ranges:
                if entry.topic is not None:
                    ranges[entry.topic].append((entry.first, entry.last))
        return all(
            all(after[0] == before[1] + 1 for before, after in pairwise(found))
            and found[-1][1] == len(self.broker.logs[tp_of(topic)]) - 1
            for topic, found in ranges.items()
        )

    async def again(self):
        """Return what the journal says was published: topic -> values."""
        machine = Machine(self.broker, self.rng)
        config = WorkerConfig(TaskConfig(HASH_KEY), clients=machine.clients)
        task = Task(Plain(), config.task)
        found = {topic: [] for topic in topics.OUTPUTS}
        async for _ in do_again(Stepper(task, PARTITION), config):
            for outputs in task.take():
                for output in outputs:
                    found[output.topic].append(output.value)
        return found
