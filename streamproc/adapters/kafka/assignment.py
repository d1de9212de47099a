"""The partition numbers this worker has: starts a runner for each, and ends them when they go elsewhere."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping

import structlog
from aiokafka import TopicPartition

from streamproc.adapters.kafka.batches import Batch, Fetched
from streamproc.adapters.kafka.errors import WorkerError
from streamproc.adapters.kafka.runner import Runner
from streamproc.adapters.kafka.work import Surroundings
from streamproc.contracts import topics

_log = structlog.get_logger(__name__)


class Assignment:
    """All runners of a worker. It is the `Desk` of the transport, and the agent gives it the batches.

    `failure` is resolved with the first error that must stop the worker.
    """

    def __init__(self, around: Surroundings) -> None:
        self.config = around.config
        self.failure: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self._around = around
        self._is_assigned = False
        self._runners: dict[int, Runner] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._names = self.config.inputs

    def __iter__(self) -> Iterator[Runner]:
        return iter(list(self._runners.values()))

    @property
    def ready(self) -> bool:
        """Say whether the group has assigned partitions, none even, and all of them are restored."""
        return self._is_assigned and all(runner.ready.is_set() for runner in self)

    def fail(self, error: BaseException) -> None:
        """Stop the worker because of ``error``; the first one counts."""
        if not self.failure.done():
            self.failure.set_result(error)

    # -- the consumer group

    async def assigned(self, tps: Iterable[tuple[str, int]]) -> None:
        """Take over partitions; all that this worker has after a rebalance come at once."""
        partitions: dict[int, set[str]] = {}
        for topic, partition in tps:
            partitions.setdefault(partition, set()).add(self._names[topic])
        for partition, names in partitions.items():
            if names != set(topics.INPUTS):
                missing = ", ".join(sorted(set(topics.INPUTS) - names))
                self.fail(
                    WorkerError(
                        f"partition {partition} was assigned without {missing}: the topic is gone, or another program"
                        " is in the group"
                    )
                )
                return
        await self.end(all_rooms=False)
        for partition in sorted(partitions):
            runner = self._runners[partition] = Runner(partition, self._around)
            running = self._running[partition] = asyncio.create_task(runner.run())
            running.add_done_callback(self._ended)
        self._is_assigned = True
        self._around.observer.rebalanced(len(partitions))
        _log.info("assigned", partitions=sorted(partitions))

    async def revoked(self) -> None:
        """Finish or abandon all tasks: their partitions may be another's in a moment."""
        if self._runners:
            _log.info("revoked", partitions=sorted(self._runners))
        await self.end(all_rooms=False)

    async def end(self, *, all_rooms: bool, abandon: bool = False) -> None:
        """End all runners with a last commit; one that does not get there in time, or all, are abandoned."""
        self._is_assigned = False
        runners, self._runners = self._runners, {}
        running, self._running = self._running, {}
        for runner in runners.values():
            runner.end(all_rooms=all_rooms)
        for partition, runner in runners.items():
            if abandon or not runner.ready.is_set():
                running[partition].cancel()
        if running:
            timeout = self.config.stop_timeout_s if all_rooms else self.config.revoke_timeout_s
            _, late = await asyncio.wait(running.values(), timeout=timeout)
            for task in late:
                task.cancel()
            if late:
                _log.warning("steps_abandoned", tasks=len(late))
                await asyncio.wait(late)

    def _ended(self, running: asyncio.Task[None]) -> None:
        error = None if running.cancelled() else running.exception()
        if error is not None:
            self.fail(error)

    # -- the transport's desk

    def readable(self) -> set[tuple[str, int]]:
        """Return the (topic on Kafka, partition) pairs that may be fetched."""
        on_kafka = self.config.on_kafka
        return {(on_kafka(topic), runner.partition) for runner in self for topic in runner.readable()}

    def saw(self, fetched: Fetched) -> None:
        """Take note of a fetch before its batches are handed over."""
        for tp, state in fetched.states.items():
            runner = self._runners.get(tp.partition)
            if runner is not None:
                runner.saw(self._names[tp.topic], state, fetched.batches.get(tp))
        for runner in self:
            runner.settle()

    async def restored(self) -> Mapping[TopicPartition, int]:
        """Wait until every task is restored; return where its topics are read from.

        Faust asks more than once after an assignment, and at the same time: nothing is done twice here.
        """
        starts: dict[TopicPartition, int] = {}
        for runner, running in [(runner, self._running[runner.partition]) for runner in self]:
            ready = asyncio.ensure_future(runner.ready.wait())
            await asyncio.wait([ready, running], return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
            if runner.start is not None:
                starts |= {
                    TopicPartition(self.config.on_kafka(topic), runner.partition): offset
                    for topic, offset in runner.start.positions.items()
                }
        return starts

    # -- the agent

    async def take(self, batch: Batch) -> None:
        """Give a batch to its task; one of a partition that is gone is dropped, and will be read by its new owner."""
        runner = self._runners.get(batch.partition)
        if runner is not None:
            await runner.take(self._names[batch.topic], batch)
