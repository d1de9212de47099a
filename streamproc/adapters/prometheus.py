"""The worker's metrics: counted where it is cheap, put together when Prometheus asks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest
from time import monotonic, thread_time, time
from typing import Any, Final, NamedTuple, get_args

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from streamproc.adapters.kafka.observer import View
from streamproc.adapters.metrics import METRICS
from streamproc.contracts import topics
from streamproc.contracts.outputs import Kind, Reason
from streamproc.domain.room import Room
from streamproc.domain.rules import EVICTED
from streamproc.pipeline.task import Task

#: The label of all rooms beyond the busiest.
OTHER: Final = "_other"


_BY_NAME: Final = {metric.name: metric for metric in METRICS}

#: Counters of a task that have a label, and those that have none.
_LABELLED: Final = {
    "events": "streamproc_events_total",
    "dead": "streamproc_dead_letters_total",
    "late": "streamproc_late_total",
    "duplicate": "streamproc_duplicates_total",
    "evicted": "streamproc_evicted_total",
    "kind": "streamproc_classified_total",
}
_BARE: Final = {"outside": "streamproc_outside_session_total", "low_confidence": "streamproc_low_confidence_total"}

_KNOWN: Final = (
    *(("dead", reason) for reason in get_args(Reason)),
    *((what, topic) for what in ("events", "late", "duplicate") for topic in topics.INPUTS),
    *(("kind", kind) for kind in get_args(Kind)),
    *(("evicted", what) for what in EVICTED),
)

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_RECORDS: Final = (1, 10, 100, 500, 1_000, 2_000, 5_000)
_BYTES: Final = (1e3, 1e4, 1e5, 1e6, 4e6, 16e6)


class Metrics:
    """Counts for one worker (an `Observer`), and renders the page that Prometheus reads.

    ``rooms`` is the number of rooms with a label of their own; the others are one, `_other`.
    """

    def __init__(self, *, rooms: int, version: str, model_version: str) -> None:
        self._most = rooms
        self._versions = (version, model_version)
        self._views: Iterable[View] = ()
        self._gone: Counter[tuple[str, str]] = Counter()
        self._stages: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._lap_began = 0.0
        self._last_snapshot: float | None = None
        self._last_restore: float | None = None
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(namespace="streamproc", registry=self.registry)
        self._batches = self._histogram("streamproc_batch_records", _RECORDS)
        self._commits = self._histogram("streamproc_commit_seconds", _SECONDS)
        self._snapshots = self._histogram("streamproc_snapshot_bytes", _BYTES)
        self._restores = self._histogram("streamproc_restore_seconds", _SECONDS)
        self._batch_sizes: dict[str, Any] = {}
        self.registry.register(self)

    def _histogram(self, name: str, buckets: Sequence[float]) -> Histogram:
        declared = _BY_NAME[name]
        return Histogram(name, declared.meaning, declared.labels, registry=self.registry, buckets=buckets)

    def page(self) -> bytes:
        """Return the page in Prometheus' text format."""
        return generate_latest(self.registry)

    # -- the observer

    def watch(self, views: Iterable[View]) -> None:
        """Get to know all partitions at work; what is iterated over changes with assignments."""
        self._views = views

    def batch(self, topic: str, records: int) -> None:
        """Count a batch."""
        sizes = self._batch_sizes.get(topic)
        if sizes is None:
            sizes = self._batch_sizes[topic] = self._batches.labels(topic)
        sizes.observe(records)

    def begin(self) -> None:
        """Start the clock of the next lap."""
        self._lap_began = thread_time()

    def lap(self, stage: str) -> None:
        """Count the CPU time since the last lap for ``stage``."""
        now = thread_time()
        self._stages[stage] += now - self._lap_began  # type: ignore[assignment]  # a Counter of seconds
        self._lap_began = now

    def reach(self, point: str) -> None:
        """Take no note."""

    def committed(self, partition: int, seconds: float, records: int, snapshots: Sequence[int]) -> None:  # noqa: ARG002
        """Count a transaction."""
        self._commits.observe(seconds)
        self._numbers["streamproc_committed_records_total"] += records
        for size in snapshots:
            self._snapshots.observe(size)
        if snapshots:
            self._last_snapshot = monotonic()

    def restored(self, partition: int, seconds: float, records: int) -> None:  # noqa: ARG002
        """Count a restore."""
        self._restores.observe(seconds)
        self._numbers["streamproc_restored_records_total"] += records
        self._last_restore = monotonic()

    def retired(self, task: Task) -> None:
        """Keep the counts of a task that is gone."""
        self._gone.update(task.counts)

    def dropped(self, partition: int, error: BaseException) -> None:  # noqa: ARG002
        """Count a task that was given up."""
        self._dropped[type(error).__name__] += 1

    def rebalanced(self, partitions: int) -> None:  # noqa: ARG002
        """Count an assignment."""
        self._numbers["streamproc_rebalances_total"] += 1

    # -- the page

    def collect(self) -> Iterator[Metric]:
        """Yield what is not counted as it happens; prometheus_client calls this."""
        views = list(self._views)
        tasks = [view.task for view in views if view.task is not None]
        yield _family("streamproc_build_info", [(self._versions, 1)])
        yield from self._counters(tasks)
        yield from _partitions(views, tasks)
        yield from self._ages(views)
        yield from self._rooms(tasks)

    def _counters(self, tasks: Sequence[Task]) -> Iterator[Metric]:
        # Labels that are known begin at 0: a rate over the first of their kind would miss it otherwise.
        total = Counter(dict.fromkeys(_KNOWN, 0))
        total.update(self._gone)
        for task in tasks:
            total.update(task.counts)
        for what, name in _LABELLED.items():
            yield _family(name, [((label,), n) for (kind, label), n in total.items() if kind == what])
        for what, name in _BARE.items():
            yield _family(name, [((), total[what, ""])])
        yield _family("streamproc_stage_cpu_seconds_total", [((stage,), s) for stage, s in self._stages.items()])
        yield _family("streamproc_tasks_dropped_total", [((error,), n) for error, n in self._dropped.items()])
        for name in (
            "streamproc_committed_records_total",
            "streamproc_restored_records_total",
            "streamproc_rebalances_total",
        ):
            yield _family(name, [((), self._numbers[name])])

    def _ages(self, views: Sequence[View]) -> Iterator[Metric]:
        now = monotonic()
        yield _family(
            "streamproc_commit_age_seconds", [((), max((view.uncommitted_s(now) for view in views), default=0))]
        )
        for name, last in (
            ("streamproc_snapshot_age_seconds", self._last_snapshot),
            ("streamproc_restore_age_seconds", self._last_restore),
        ):
            yield _family(name, [] if last is None else [((), now - last)])

    def _rooms(self, tasks: Sequence[Task]) -> Iterator[Metric]:
        rooms = [room for task in tasks for room in task.rooms.values()]
        opened = [room for room in rooms if room.current is not None and room.latest]
        yield _family("streamproc_rooms", [((), len(rooms))])
        yield _family("streamproc_rooms_open", [((), sum(room.current is not None for room in rooms))])
        numbers = {room.state.room_id: _numbers(room) for room in opened}
        # A room that is called as the others together are is one of them.
        named = (room_id for room_id in numbers if room_id != OTHER)
        busiest = nlargest(self._most, named, key=lambda room_id: numbers[room_id].messages)
        chosen = {room_id: numbers.pop(room_id) for room_id in busiest}
        if numbers:
            chosen[OTHER] = _together(list(numbers.values()))
        for name, values in zip(_ROOM_METRICS, zip(*chosen.values(), strict=True), strict=True) if chosen else ():
            yield _family(
                name,
                [((room_id,), value) for room_id, value in zip(chosen, values, strict=True) if value is not None],
            )


class RoomNumbers(NamedTuple):
    """What Prometheus is told of one room, in the order of `_ROOM_METRICS`."""

    messages: int
    open: int
    askers: int
    oldest: float | None
    responsiveness: float | None
    in_time: float | None
    silence: float
    orders: int


_ROOM_METRICS: Final = (
    "streamproc_room_messages",
    "streamproc_room_open_questions",
    "streamproc_room_open_askers",
    "streamproc_room_oldest_question_seconds",
    "streamproc_room_responsiveness_ratio",
    "streamproc_room_sla_ratio",
    "streamproc_room_silence_seconds",
    "streamproc_room_orders",
)


def _numbers(room: Room) -> RoomNumbers:
    recent, session = room.latest["300s"], room.latest["session"]
    oldest = recent["questions"]["oldest_open_age_ms"]
    return RoomNumbers(
        recent["chat"]["messages"],
        recent["questions"]["open"],
        recent["questions"]["open_askers"],
        None if oldest is None else oldest / 1000,
        recent["interaction"]["responsiveness"],
        recent["questions"]["sla_rate"],
        recent["quality"]["silence_ms"] / 1000,
        session["conversion"]["orders"],
    )


def _together(rooms: Sequence[RoomNumbers]) -> RoomNumbers:
    """Return the sums of many rooms, their oldest question, their shortest silence, and their mean ratios."""
    return RoomNumbers(
        sum(room.messages for room in rooms),
        sum(room.open for room in rooms),
        sum(room.askers for room in rooms),
        max((room.oldest for room in rooms if room.oldest is not None), default=None),
        _mean(room.responsiveness for room in rooms),
        _mean(room.in_time for room in rooms),
        min(room.silence for room in rooms),
        sum(room.orders for room in rooms),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _partitions(views: Sequence[View], tasks: Sequence[Task]) -> Iterator[Metric]:
    lag: Counter[str] = Counter()
    for view in views:
        lag.update(view.lag())
    # Time stands still where nothing is live: that is no delay.
    live = [task for task in tasks if any(room.current is not None for room in task.rooms.values())]
    watermarks = [task.watermark for task in live if task.watermark is not None]
    yield _family("streamproc_partitions", [((), len(views))])
    yield _family("streamproc_partitions_restoring", [((), len(views) - len(tasks))])
    yield _family("streamproc_consumer_lag_records", [((topic,), n) for topic, n in lag.items()])
    yield _family("streamproc_freshness_seconds", [((), time() - min(watermarks) / 1000)] if watermarks else [])


def _family(name: str, samples: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    declared = _BY_NAME[name]
    family = (CounterMetricFamily if declared.type == "counter" else GaugeMetricFamily)(
        name, declared.meaning, labels=declared.labels
    )
    for labels, value in samples:
        family.add_metric(labels, value)
    return family
