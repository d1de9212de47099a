"""What the worker tells whoever watches it: Prometheus, a test."""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from streamproc.pipeline.task import Task

#: The points of the path that `Observer.reach` names, in order: first a restore's, then a step's.
POINTS: Final = (
    "restore_begun",
    "fenced",
    "journal_read",
    "snapshots_loaded",
    "input_read_again",
    "restored",
    "applied",
    "classified_sent",
    "classified_acked",
    "closed",
    "transaction_begun",
    "outputs_sent",
    "offsets_sent",
    "outputs_acked",
    "transaction_ended",
)


class View(Protocol):
    """One partition number at work, for whoever looks on."""

    @property
    def partition(self) -> int:
        """Return the partition number."""

    @property
    def task(self) -> Task | None:
        """Return the task, or None while it is being restored."""

    def lag(self) -> dict[str, int]:
        """Return how much Kafka has that was not applied, by topic."""

    def uncommitted_s(self, now: float) -> float:
        """Return the age of the oldest work that is not committed, in s; ``now`` is monotonic."""


class Observer(Protocol):
    """Is told what happens. Every method must be cheap: some are called for each batch."""

    def watch(self, views: Iterable[View]) -> None:
        """Get to know all partitions at work; what is iterated over changes with assignments."""

    def batch(self, topic: str, records: int) -> None:
        """Take note of a batch that is to be processed."""

    def begin(self) -> None:
        """Take note that stages begin; laps follow."""

    def lap(self, stage: str) -> None:
        """Take note that a stage has ended which began at the last lap, or at their beginning."""

    def reach(self, point: str) -> None:
        """Take note that work has got to one of `POINTS`; nothing else may depend on it."""

    def committed(self, partition: int, seconds: float, records: int, snapshots: Sequence[int]) -> None:
        """Take note of a transaction: how long it took, its step's records, the sizes of its snapshots (bytes)."""

    def restored(self, partition: int, seconds: float, records: int) -> None:
        """Take note that a task was restored, and by how many records read again."""

    def retired(self, task: Task) -> None:
        """Take note that a task is gone; its counts must not be lost."""

    def dropped(self, partition: int, error: BaseException) -> None:
        """Take note that a task was given up because of ``error`` and will be restored."""

    def rebalanced(self, partitions: int) -> None:
        """Take note that the worker has that many partition numbers now."""


class Unobserved:
    """An observer that takes no notes."""

    def watch(self, views: Iterable[View]) -> None:
        """Take no note."""

    def batch(self, topic: str, records: int) -> None:
        """Take no note."""

    def begin(self) -> None:
        """Take no note."""

    def lap(self, stage: str) -> None:
        """Take no note."""

    def reach(self, point: str) -> None:
        """Take no note."""

    def committed(self, partition: int, seconds: float, records: int, snapshots: Sequence[int]) -> None:
        """Take no note."""

    def restored(self, partition: int, seconds: float, records: int) -> None:
        """Take no note."""

    def retired(self, task: Task) -> None:
        """Take no note."""

    def dropped(self, partition: int, error: BaseException) -> None:
        """Take no note."""

    def rebalanced(self, partitions: int) -> None:
        """Take no note."""
