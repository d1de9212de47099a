"""What the transport hands over, and to whom: batches of records, the state of each partition, the desk they go to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from aiokafka import TopicPartition

from streamproc.adapters.kafka.config import WorkerConfig


class State(NamedTuple):
    """What is known of a partition after a fetch: its position, and where its committed records end.

    ``answer`` numbers the answer of Kafka that ``end`` and the records before ``position`` come from; partitions of one
    answer share it. ``at`` is when it came (s, monotonic). Before the first answer, ``end`` is None.
    """

    epoch: int
    position: int
    end: int | None
    answer: int
    at: float


class Batch(NamedTuple):
    """Records fetched together, in order. ``epoch`` and ``number`` tell a stale batch and a lost one.

    ``answer`` is the number of Kafka's answer that they came with.
    """

    topic: str
    partition: int
    epoch: int
    number: int
    answer: int
    records: list[Any]


@dataclass(slots=True)
class Fetched:
    """One fetch: batches of the partitions that have any, states of all that were started."""

    batches: dict[TopicPartition, Batch]
    states: dict[TopicPartition, State]


class Desk(Protocol):
    """What takes the batches: it says what may be read, and has tasks restored before the first fetch."""

    @property
    def config(self) -> WorkerConfig:
        """Return the worker's configuration."""

    def readable(self) -> set[tuple[str, int]]:
        """Return the (topic, partition) pairs whose task is restored and which are not paused."""

    def saw(self, fetched: Fetched) -> None:
        """Take note of a fetch before its batches are handed over."""

    async def restored(self) -> Mapping[TopicPartition, int]:
        """Return where each assigned partition is read from, once all tasks are restored."""

    def fail(self, error: BaseException) -> None:
        """Stop the worker because of ``error``."""
