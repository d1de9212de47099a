"""What Prometheus reads: declared once, bounded, and cheap with many rooms."""

import re
from dataclasses import dataclass

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streamproc.adapters.prometheus import METRICS, OTHER, Metrics
from streamproc.domain.rules import EVICTED
from tests.fakes import chat, new_task, paid

_NAME = re.compile(r"^streamproc_[a-z_]+$")


@dataclass
class Shown:
    """A partition at work, as the metrics see it."""

    partition: int
    task: object
    waiting: dict
    age: float = 0.0

    def lag(self):
        """Return the lag by topic."""
        return self.waiting

    def uncommitted_s(self, now):
        """Return the age that was told."""
        return self.age


def task_with_rooms(count, seconds=15, most=50):
    """A task with rooms, each with one more message than the one before, past a pane end."""
    task = new_task()
    records = []
    for room in range(count):
        name = f"r{room:04}"
        records += [chat(100 * room + i, 1, "ask.price 多少钱", room_id=name) for i in range(1 + room % most)]
        records.append(paid(room, 2, room_id=name, order=f"o{room}"))
    # Time passes by events of another room; replay's grace is 5 s.
    records.append(chat(10**6, seconds + 10, room_id="zz"))
    task.read(records)
    return task


def samples(metrics):
    """The page as {(name, label values): value}."""
    page = metrics.page().decode()
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


@pytest.fixture
def metrics():
    """Metrics with three rooms of their own."""
    return Metrics(rooms=3, version="1.2", model_version="m")


def test_every_metric_is_declared_and_every_declared_one_shown(metrics):
    """Names, types and labels on the page are those of METRICS; nothing is missing, nothing is added."""
    metrics.watch([Shown(0, task_with_rooms(5, seconds=120), {"live.chat.v1": 2})])
    task = task_with_rooms(1)
    task.counts.update({("late", "t"): 1, ("duplicate", "t"): 1, ("evicted", "users"): 1, ("dead", "invalid"): 1})
    metrics.retired(task)
    metrics.batch("live.chat.v1", 7)
    metrics.begin()
    metrics.lap("decode")
    metrics.committed(0, 0.1, 7, [100])
    metrics.restored(0, 0.1, 3)
    metrics.dropped(0, RuntimeError())
    metrics.rebalanced(1)
    families = {f.name: f for f in text_string_to_metric_families(metrics.page().decode())}
    shown = {}
    for family in families.values():
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        if not name.endswith("_created"):
            shown[name] = (family.type, labels)
    assert shown == {metric.name: (metric.type, set(metric.labels)) for metric in METRICS}


def test_evictions_begin_at_zero(metrics):
    """Whatever may be evicted has its line before the first time, so that no rate misses that."""
    families = {f.name: f for f in text_string_to_metric_families(metrics.page().decode())}
    shown = {s.labels["what"]: s.value for s in families["streamproc_evicted"].samples if s.name.endswith("_total")}
    assert shown == dict.fromkeys(EVICTED, 0.0)


def test_names_follow_prometheus_rules():
    """All have the prefix; counters end in _total; seconds and bytes are in the name; each says what it means."""
    for metric in METRICS:
        assert _NAME.match(metric.name)
        assert (metric.type == "counter") == metric.name.endswith("_total")
        assert metric.unit not in {"seconds", "bytes"} or f"_{metric.unit}" in metric.name
        assert metric.meaning.endswith(".")
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_the_busiest_rooms_have_labels_and_the_others_one(metrics):
    """Three rooms of their own by messages, all others together: nothing is lost in the sums."""
    metrics.watch([Shown(0, task_with_rooms(10), {})])
    found = samples(metrics)
    rooms = {key[1] for key in found if key[0] == "streamproc_room_messages"}
    assert rooms == {"r0009", "r0008", "r0007", OTHER}
    assert found["streamproc_room_messages", "r0009"] == 10
    assert found["streamproc_room_messages", OTHER] == sum(range(1, 8))
    assert found["streamproc_room_open_questions", OTHER] == 7
    assert found["streamproc_room_oldest_question_seconds", OTHER] == 19.0
    assert found["streamproc_room_orders", "r0009"] == 1
    assert ("streamproc_room_responsiveness_ratio", "r0009") not in found, "nothing was due: no value, not 0"


def test_a_room_called_other_is_one_of_the_others(metrics):
    """Its messages, though most of all, are neither lost nor taken for a room's own."""
    task = new_task()
    task.read([chat(room * 10 + n, 1, room_id=f"r{room}") for room in range(4) for n in range(2)])
    task.read([*(chat(1_000 + n, 1, room_id=OTHER) for n in range(9)), chat(10**6, 25, room_id="zz")])
    metrics.watch([Shown(0, task, {})])
    found = samples(metrics)
    assert found["streamproc_room_messages", OTHER] == 9 + 2
    assert sum(key[0] == "streamproc_room_messages" for key in found) == 4


def test_counts_outlive_their_task(metrics):
    """A task that goes to another worker takes none of this worker's counts with it."""
    task = task_with_rooms(2)
    views = [Shown(0, task, {})]
    metrics.watch(views)
    before = samples(metrics)["streamproc_events_total", "live.chat.v1"]
    metrics.retired(task)
    views.clear()
    assert samples(metrics)["streamproc_events_total", "live.chat.v1"] == before


def test_lag_freshness_and_ages_are_those_of_the_worst(metrics):
    """Lag adds up over partitions; freshness and the age of what is not committed are the worst partition's."""
    slow, fast = new_task(), new_task()
    slow.read([chat(0, 10), chat(1, 20)])
    fast.read([chat(0, 100), chat(1, 110)])
    metrics.watch(
        [
            Shown(0, slow, {"live.chat.v1": 2}, 1.5),
            Shown(1, fast, {"live.chat.v1": 3}, 0.5),
            Shown(2, None, {}),
        ]
    )
    found = samples(metrics)
    assert found["streamproc_consumer_lag_records", "live.chat.v1"] == 5
    assert found[("streamproc_commit_age_seconds",)] == 1.5
    assert found[("streamproc_partitions",)] == 3
    assert found[("streamproc_partitions_restoring",)] == 1
    ahead = found[("streamproc_freshness_seconds",)]
    metrics.watch([Shown(1, fast, {})])
    assert ahead - samples(metrics)[("streamproc_freshness_seconds",)] == pytest.approx(90, abs=5)


def test_a_partition_without_open_rooms_is_not_stale(metrics):
    """Where no session is open time may stand still: freshness is of those that are live."""
    ended = new_task()
    ended.read([chat(0, 0)])
    ended.move(ended.idle_watermark(10**9))
    metrics.watch([Shown(0, ended, {})])
    assert ("streamproc_freshness_seconds",) not in samples(metrics)


def test_known_labels_begin_at_zero(metrics):
    """A rate sees the first dead letter of a reason, since its counter was there before."""
    found = samples(metrics)
    assert found["streamproc_dead_letters_total", "invalid"] == 0
    assert found["streamproc_late_total", "live.chat.v1"] == 0


def test_two_thousand_rooms_make_no_more_samples_than_the_busiest(metrics):
    """The page grows with the rooms that have labels, not with the rooms that exist."""
    metrics.watch([Shown(0, task_with_rooms(2_000, most=2), {})])
    page = metrics.page().decode()
    assert page.count('room="') == 4 * 6
    assert samples(metrics)[("streamproc_rooms_open",)] == 2_000


def test_an_idle_worker_has_a_page(metrics):
    """Before any assignment there is a page, without values that are not known."""
    found = samples(metrics)
    assert found["streamproc_build_info", "m", "1.2"] == 1
    assert ("streamproc_freshness_seconds",) not in found
