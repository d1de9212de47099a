"""What must not matter: the order of arrival within grace, how reading is cut into batches, restarts."""

import json
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamproc.contracts import topics
from streamproc.domain.rules import Bounds, Rules
from streamproc.domain.time import GRACE
from streamproc.pipeline.step import Stepper, check_steps, load_step
from streamproc.pipeline.task import Task, TaskConfig
from tests.oracle import constants as c
from tests.oracle.compare import KEY
from tests.oracle.stub import Marked, Stub
from tests.oracle.traces import in_order, talk, trace

QUICK = settings(
    derandomize=True,
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
#: Seeds of the quick and the long run of what needs long traces.
SEEDS = [*range(16), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(16, 300))]


#: Bounds that every trace goes beyond.
FEW = Rules(bounds=Bounds(**dict.fromkeys(Bounds.__struct_fields__, 3)))


def new_task(*, each=True, rules=None):
    """Return a task with labels from the table, and a matcher that finds some."""
    return Task(Stub(Marked()), TaskConfig(KEY, rules or Rules()), each=each)


def played(batches, *, each=True):
    """Return what a task publishes for these batches of records."""
    task = new_task(each=each)
    published, outputs = [], []
    for batch in batches:
        task.read(batch)
        more, others = task.take()
        published += more
        outputs += others
    task.finish()
    more, others = task.take()
    return published + more, outputs + others


def canonical(outputs):
    """Return outputs in an order of their own."""
    return sorted(outputs, key=lambda output: (output.topic, output.key or b"", output.value))


def cut(rnd, items):
    """Cut a list into batches of random sizes."""
    batches, at = [], 0
    most = rnd.choice((1, 3, 10, 40))
    while at < len(items):
        size = rnd.randrange(1, most + 1)
        batches.append(items[at : at + size])
        at += size
    return batches


@QUICK
@given(st.randoms(use_true_random=False))
def test_batches_do_not_matter(rnd):
    """However a trace is cut into batches, the same records come out in the same order."""
    records = trace(rnd)
    assert played(cut(rnd, records)) == played([records])


@QUICK
@given(st.randoms(use_true_random=False))
def test_disorder_within_grace_does_not_matter(rnd):
    """Arrivals less than grace apart may come in any order: the same records come out."""
    records = in_order(rnd)
    shuffled = sorted(records, key=lambda record: position(record) + rnd.randrange(GRACE))
    for mine, others in zip(played([records]), played([shuffled]), strict=True):
        assert canonical(mine) == canonical(others)


def position(record):
    """Return the position of a valid record."""
    value = json.loads(record.value)
    return value.get("end_time") or value["event_time"]


class Broker:
    """Logs by topic, and what was committed."""

    def __init__(self, records, rules=None):
        self.rules = rules
        self.logs = {topic: [] for topic in topics.INPUTS}
        for record in records:
            log = self.logs[record.topic]
            log.append(record._replace(offset=len(log)))
        self.published, self.outputs, self.journal, self.snapshots = [], [], [], {}

    def commit(self, commit):
        """Keep what a transaction holds."""
        for output in commit.outputs:
            if output.topic == topics.JOURNAL:
                self.journal.append(output.value)
            elif output.topic == topics.SNAPSHOTS:
                self.snapshots[output.key.decode()] = output.value
            else:
                self.outputs.append(output)

    def restored(self, spread):
        """Return a new stepper that stands where the last commit left off."""
        stepper = Stepper(new_task(each=False, rules=self.rules), 0, spread=spread)
        steps = [load_step("journal", value) for value in self.journal]
        if not steps:
            return stepper
        stepper.load(self.snapshots.items())
        again = [step for step in steps if step.step >= steps[-1].floor]
        if again:
            check_steps(again, 0)
        for step in again:
            for entry in step.ranges:
                log = self.logs[entry.topic][entry.first : entry.last + 1] if entry.topic else []
                stepper.redo(step, entry, log)
            stepper.redone(step)
        stepper.restored(steps[-1])
        return stepper


def reads(rnd, broker):
    """Draw what a worker does: (topic, from, to, topics that lag then), or None where the step is committed."""
    at = dict.fromkeys(broker.logs, 0)
    script = []
    while left := [topic for topic, log in broker.logs.items() if at[topic] < len(log)]:
        topic = left[rnd.randrange(len(left))]
        first, at[topic] = at[topic], min(at[topic] + rnd.randrange(1, 9), len(broker.logs[topic]))
        lagging = [each for each in left if at[each] < len(broker.logs[each])]
        script.append((topic, first, at[topic], lagging))
        if rnd.randrange(3) == 0:
            script.append(None)
    return script


def work(records, script, rnd, crash, rules=None):
    """Do a script; ``crash`` is the share of commits after which all but what was committed is lost."""
    broker = Broker(records, rules)
    stepper = broker.restored(rnd.randrange(1, 8))
    for entry in script:
        if entry is not None:
            topic, first, last, lagging = entry
            stepper.read(broker.logs[topic][first:last], lagging)
            if rnd.randrange(1000) < crash * 300:
                stepper = again(broker, rnd, script, entry)
            continue
        broker.commit(stepper.close())
        if rnd.randrange(1000) < crash * 1000:
            stepper = broker.restored(rnd.randrange(1, 8))
    stepper.idle(700_000)
    broker.commit(stepper.close(all_rooms=True))
    return broker


def again(broker, rnd, script, reached):
    """Lose what was not committed, and read the same again."""
    stepper = broker.restored(rnd.randrange(1, 8))
    for entry in script[: script.index(reached) + 1]:
        if entry is not None and entry[2] > stepper.next.get(entry[0], 0):
            topic, first, last, lagging = entry
            stepper.read(broker.logs[topic][first:last], lagging)
    return stepper


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("sort", "rules"), [(trace, None), (talk, None), (trace, FEW), (talk, FEW)])
def test_restarts_do_not_matter(sort, rules, seed):
    """Restored from snapshots and journal after a commit or in the middle of a step, a worker publishes the same.

    What is evicted at the bounds is the same too.
    """
    records = sort(Random(seed))
    script = reads(Random(seed), Broker(records))
    whole = work(records, script, Random(seed), 0, rules)
    broken = work(records, script, Random(seed), 0.5, rules)
    assert canonical(broken.outputs) == canonical(whole.outputs)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_worker_gives_what_replay_gives(seed):
    """However a worker comes to read its topics, it publishes what `replay` does of a trace in order."""
    records = in_order(Random(seed))
    script = reads(Random(seed), Broker(records))
    task = new_task(each=False)
    stepper = Stepper(task, 0)
    outputs = []
    for topic, first, last, lagging in filter(None, script):
        stepper.read(Broker(records).logs[topic][first:last], lagging)
        outputs += stepper.close().outputs
    task.finish()
    outputs += task.take()[1]
    mine = [output for output in outputs if output.topic in (c.QUESTIONS, c.METRICS, topics.ALERTS)]
    assert canonical(mine) == canonical(played([records])[1])
