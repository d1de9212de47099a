"""Where one partition number's topics stand: what Kafka has, what was fetched, what the task has applied."""

from collections.abc import Iterable, Mapping
from time import monotonic

from streamproc.adapters.kafka.batches import Batch, State

#: Answers of Kafka older than this say nothing about now.
_FRESH_S = 3.0


class Reading:
    """Tells which topics lag, which are too far ahead of those, and whether there is nothing to read at all.

    ``positions`` and ``ends`` are offsets by topic at the start: where reading goes on, where committed records end.
    """

    def __init__(self, positions: Mapping[str, int], ends: Mapping[str, int]) -> None:
        self.positions = dict(positions)
        self.ends = dict(ends)
        #: Records by topic that were fetched and have not been applied.
        self.waiting = dict.fromkeys(positions, 0)
        #: The newest answer of Kafka by topic, when it came, and the newest one that applied records came with.
        self.answers = dict.fromkeys(positions, 0)
        self._at = dict.fromkeys(positions, -_FRESH_S)
        self._applied = 0
        self._expected = dict.fromkeys(positions, 0)

    def saw(self, topic: str, state: State, records: int) -> None:
        """Take note of a fetch that brought so many records."""
        self.positions[topic] = state.position
        if state.end is not None and state.end > self.ends[topic]:
            self.ends[topic] = state.end
        self.answers[topic], self._at[topic] = state.answer, state.at
        self.waiting[topic] += records

    def takes(self, topic: str, batch: Batch) -> bool:
        """Take note of a batch that is to be applied; False where one before it was lost on the way."""
        self.waiting[topic] -= len(batch.records)
        self._applied = max(self._applied, batch.answer)
        self._expected[topic] += 1
        return batch.number == self._expected[topic] - 1

    def lag(self, topic: str) -> int:
        """Return how much Kafka has that was not applied: records that were fetched, and offsets that were not."""
        return max(0, self.ends[topic] - self.positions[topic]) + self.waiting[topic]

    def lagging(self) -> list[str]:
        """Return the topics that hold, or may hold, records which were not applied.

        A topic is known to be empty only by an answer that is no older than the records which were applied: what came
        in between would be late though it was there.
        """
        return [topic for topic in self.ends if self.lag(topic) or self.answers[topic] < self._applied]

    def answers_come(self) -> bool:
        """Say whether Kafka has answered for every topic just now."""
        return monotonic() - min(self._at.values()) < _FRESH_S


def too_far_ahead(clocks: Mapping[str, int], lagging: Iterable[str], most_ms: int) -> set[str]:
    """Return the topics to pause while others catch up: what is read of them would only wait in the reorder buffer.

    ``clocks`` are the highest event times (ms) by topic. The topic that is furthest behind is never among them.
    """
    behind = [clocks.get(topic, -1) for topic in lagging]
    if not behind:
        return set()
    slowest = min(behind)
    return {topic for topic, clock in clocks.items() if clock > slowest + most_ms}
