"""Kafka's part in one process: logs, transactions, fencing, group offsets; and clients that can die with their process.

test_fake_kafka.py holds it to the real one. Requests are on their way for a while, in the order of their producer: one
whose sender dies meanwhile arrives or does not, and its answer is never heard.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError, ProducerFenced
from aiokafka.structs import OffsetAndMetadata

from streamproc.adapters.kafka.clients import Clients

#: LogAppendTime of everything: later than any show.
NOW = 1_900_000_000_000


@dataclass(eq=False)
class Transaction:
    """What one producer has written and not ended, or how it ended."""

    state: str = "open"
    first: dict = field(default_factory=dict)
    offsets: dict = field(default_factory=dict)


class Entry(NamedTuple):
    """One offset of a log: a record, or the marker of a transaction's end (no transaction, and `value` says which)."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    transaction: Transaction | None = None
    marker: bool = False


class FakeKafka:
    """The broker. Every method is one request, done at once."""

    def __init__(self):
        self.logs = defaultdict(list)
        self.groups = defaultdict(dict)
        self._epochs = defaultdict(int)
        self._open = {}
        self.under_way = set()

    def begin(self, transactional_id):
        """Take a new producer of that id: what the last one left open is aborted, and it may write no more."""
        self._end(transactional_id, "aborted")
        self._epochs[transactional_id] += 1
        return self._epochs[transactional_id]

    def _check(self, transactional_id, epoch):
        if epoch != self._epochs[transactional_id]:
            raise ProducerFenced

    def append(self, tp, records, transactional_id=None, epoch=0):
        """Write records, (key, value) each."""
        transaction = None
        log = self.logs[tp]
        if transactional_id is not None:
            self._check(transactional_id, epoch)
            transaction = self._open.setdefault(transactional_id, Transaction())
            transaction.first.setdefault(tp, len(log))
        for key, value in records:
            log.append(Entry(*tp, len(log), NOW, key, value, transaction))

    def add_offsets(self, transactional_id, epoch, group, offsets):
        """Let offsets be committed with the transaction."""
        self._check(transactional_id, epoch)
        transaction = self._open.setdefault(transactional_id, Transaction())
        transaction.offsets.setdefault(group, {}).update(offsets)

    def commit(self, transactional_id, epoch):
        """End the transaction well."""
        self._check(transactional_id, epoch)
        self._end(transactional_id, "committed")

    def _end(self, transactional_id, state):
        transaction = self._open.pop(transactional_id, None)
        if transaction is None:
            return
        transaction.state = state
        for tp in transaction.first:
            log = self.logs[tp]
            log.append(Entry(*tp, len(log), NOW, None, state.encode(), None, marker=True))
        if state == "committed":
            for group, offsets in transaction.offsets.items():
                self.groups[group].update(offsets)

    def stable(self, tp):
        """Return the offset before which every transaction has ended."""
        begun = [t.first[tp] for t in self._open.values() if tp in t.first]
        return min(begun, default=len(self.logs[tp]))

    def read(self, tp, position, most=500):
        """Return the committed records from `position` and where to read on."""
        stop = min(self.stable(tp), position + most)
        entries = self.logs[tp][position:stop]
        hidden = {"open", "aborted"}
        there = [e for e in entries if not e.marker and (e.transaction is None or e.transaction.state not in hidden)]
        return there, max(position, stop)

    def committed(self, tp):
        """Return all committed records of a partition."""
        return self.read(tp, 0, len(self.logs[tp]))[0]


class Machine:
    """A process with its clients; dead, it sends and hears nothing more."""

    def __init__(self, broker, rng):
        self.broker = broker
        self.rng = rng
        self.death = asyncio.Event()
        self._cut = False

    @property
    def clients(self):
        """What the worker's code makes its clients with."""
        return Clients(partial(Producer, self), partial(Consumer, self), partial(Admin, self))

    @property
    def dead(self):
        """Whether it is."""
        return self.death.is_set()

    def ask(self, request, *args, after=None):
        """Send a request, behind the one `after`; return the future of its answer."""
        answer = asyncio.get_running_loop().create_future()
        carrying = asyncio.ensure_future(self._carry(request, args, after, answer))
        self.broker.under_way.add(carrying)
        carrying.add_done_callback(self.broker.under_way.discard)
        answer.carrying = carrying
        answer.add_done_callback(lambda a: a.cancelled() or a.exception())
        return answer

    async def _carry(self, request, args, after, answer):
        if self.dead:
            return
        await self._on_the_way()
        if after is not None:
            await asyncio.wait([after])
        if self.dead:
            self._cut = self._cut or self.rng.random() < 0.5
            if self._cut:
                return
        result, error = None, None
        try:
            result = request(*args)
        except KafkaError as raised:
            error = raised
        # The next request need not wait for this one's answer.
        self.broker.under_way.add(back := asyncio.ensure_future(self._answer(answer, result, error)))
        back.add_done_callback(self.broker.under_way.discard)

    async def _answer(self, answer, result, error):
        await self._on_the_way()
        if self.dead or answer.done():
            return
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)

    async def _on_the_way(self):
        # Now and then one takes longer than a whole transaction.
        for _ in range(self.rng.randrange(3) if self.rng.random() < 0.95 else 60):
            await asyncio.sleep(0)


class Batch(list):
    """Records to be sent together."""

    def __init__(self, size):
        super().__init__()
        self._left = size

    def append(self, *, key, value, timestamp):
        """Take a record, unless it is not the first and does not fit."""
        self._left -= len(key or b"") + len(value or b"") + 20
        if self and self._left < 0:
            return None
        super().append((key, value))
        return self

    def close(self):
        """Take no more."""


class Producer:
    """As AIOKafkaProducer, as far as the worker uses it."""

    def __init__(self, machine, *, transactional_id=None, max_batch_size=16384, **_):
        self._machine = machine
        self._id = transactional_id
        self._size = max_batch_size
        self._epoch = 0
        self._last = None
        self._sent = []
        self._in_transaction = self._failed = False

    def _ask(self, request, *args):
        answer = self._machine.ask(request, *args, after=self._last)
        self._last = answer.carrying
        return answer

    async def start(self):
        """Fence whoever had the id before."""
        if self._id is not None:
            self._epoch = await self._ask(self._machine.broker.begin, self._id)

    async def stop(self):
        """Send what is left; an open transaction stays open."""
        if not self._machine.dead and self._last is not None:
            await asyncio.wait([self._last])

    def create_batch(self):
        """Return an empty batch."""
        return Batch(self._size)

    async def send_batch(self, batch, topic, *, partition):
        """Send it; return the future of the answer."""
        self._need(self._id is None or self._in_transaction)
        whose = () if self._id is None else (self._id, self._epoch)
        answer = self._ask(self._machine.broker.append, TopicPartition(topic, partition), list(batch), *whose)
        self._sent.append(answer)
        return answer

    def _need(self, holds):
        if not holds:
            raise IllegalOperation("not in a transaction")

    async def begin_transaction(self):
        """Begin; Kafka hears of it with the first record."""
        self._need(not self._in_transaction)
        self._in_transaction, self._sent = True, []

    async def send_offsets_to_transaction(self, offsets, group):
        """Commit offsets with the transaction."""
        self._need(self._in_transaction)
        kept = {tp: OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
        await self._ask(self._machine.broker.add_offsets, self._id, self._epoch, group, kept)

    async def commit_transaction(self):
        """End it, once all that was sent is there."""
        self._need(self._in_transaction)
        await asyncio.gather(*self._sent)
        await self._ask(self._machine.broker.commit, self._id, self._epoch)
        self._in_transaction = False


class Consumer:
    """As AIOKafkaConsumer without a group, read_committed."""

    def __init__(self, machine, **_):
        self._machine = machine
        self._positions = {}

    async def start(self):
        """Connect."""

    async def stop(self):
        """Disconnect."""

    async def beginning_offsets(self, tps):
        """Nothing is ever deleted."""
        return dict.fromkeys(tps, 0)

    async def end_offsets(self, tps):
        """Return where committed records end."""
        return {tp: await self._machine.ask(self._machine.broker.stable, tp) for tp in tps}

    def assign(self, tps):
        """Read these from now on."""
        self._positions = dict.fromkeys(tps, 0)

    def seek(self, tp, offset):
        """Read on there."""
        self._positions[tp] = offset

    async def position(self, tp):
        """Return the offset that is read next."""
        return self._positions[tp]

    async def getmany(self, *tps, timeout_ms):
        """Return the next records of each, one at least where there are any."""
        found = {}
        for tp in tps:
            most = self._machine.rng.randint(1, 400)
            records, self._positions[tp] = await self._machine.ask(
                self._machine.broker.read, tp, self._positions[tp], most
            )
            if records:
                found[tp] = records
        return found


class Admin:
    """As AIOKafkaAdminClient."""

    def __init__(self, machine, **_):
        self._machine = machine

    async def start(self):
        """Connect."""

    async def close(self):
        """Disconnect."""

    async def list_consumer_group_offsets(self, group, partitions):
        """Return committed offsets; -1 where there are none."""
        kept = await self._machine.ask(lambda: dict(self._machine.broker.groups[group]))
        return {tp: kept.get(tp, OffsetAndMetadata(-1, "")) for tp in partitions}
