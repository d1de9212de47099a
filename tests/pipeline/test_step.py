"""A task that is restored from snapshots and journal goes on as if nothing had been."""

import json
import random

import pytest

from streamproc.contracts import topics
from streamproc.pipeline.step import Step, StepError, Stepper, check_steps, load_step
from tests.fakes import chat, new_task, paid, room, said


def _event(rng, i, when):
    """A random record of some room at ``when`` seconds."""
    who, place = f"u{rng.randrange(9)}", {"room_id": f"r{rng.randrange(3)}", "event_id": f"e{i}"}
    match rng.randrange(5):
        case 0:
            return chat(0, when, f"ask.price q{rng.randrange(5)}", user=who, **place)
        case 1:
            return chat(0, when, "help x", user=who, mentions=["u1", "u2"], **place)
        case 2:
            return said(0, when, reply_to=[f"e{i - 3}", f"e{i - 9}"], **place)
        case 3:
            status = rng.choice(["paid", "paid", "refunded"])
            return paid(0, when, order=f"k{rng.randrange(40)}", user=who, status=status, **place)
        case _:
            return room(0, when, rng.choice(["started", "ended", "viewers"]), value=i, **place)


def _trace(seed, n=400):
    """Logs by topic: three rooms over some minutes, disordered, some late."""
    rng = random.Random(seed)
    logs = {topic: [] for topic in topics.INPUTS}
    at = 0.0
    for i in range(n):
        at += rng.choice([0.2, 1, 3, 20 if rng.random() < 0.1 else 0.5])
        record = _event(rng, i, max(0.0, at - rng.choice([0, 0, 0, 1, 4, 30])))
        log = logs[record.topic]
        log.append(record._replace(offset=len(log)))
    return logs


class _Broker:
    """Input logs and what was committed."""

    def __init__(self, logs):
        self.logs, self.outputs, self.journal, self.snapshots, self.offsets = logs, [], [], {}, {}

    def commit(self, commit):
        for output in commit.outputs:
            if output.topic == topics.JOURNAL:
                self.journal.append(output.value)
            elif output.topic == topics.SNAPSHOTS:
                self.snapshots[output.key.decode()] = output.value
            else:
                self.outputs.append(output.value)
        self.offsets.update(commit.offsets)

    def restore(self, spread):
        stepper = Stepper(new_task(each=False), 0, spread=spread)
        if not self.journal:
            return stepper
        stepper.load(self.snapshots.items())
        last = load_step("last", self.journal[-1])
        steps = [load_step("journal", value) for value in self.journal]
        steps = [step for step in steps if step.step >= last.floor]
        if steps:
            check_steps(steps, 0)
        for step in steps:
            for entry in step.ranges:
                log = self.logs[entry.topic][entry.first : entry.last + 1] if entry.topic else []
                stepper.redo(step, entry, log)
            stepper.redone(step)
        stepper.restored(last)
        return stepper


def _play(logs, order, *, spread=3, crashes=()):
    """Read batches in the given order; crash before committing the steps named; return what was published."""
    broker = _Broker(logs)
    stepper = broker.restore(spread)
    for n, (topic, first, last) in enumerate(order):
        stepper.read(logs[topic][first:last])
        if n % 5 == 4:
            stepper.idle(700)
        if n % 4 == 3:
            commit = stepper.close()
            broker.commit(commit)
            if n in crashes:
                stepper = broker.restore(spread)
    broker.commit(stepper.close(all_rooms=True))
    return broker


def _order(logs, seed):
    rng = random.Random(seed)
    at = dict.fromkeys(logs, 0)
    order = []
    while any(at[topic] < len(log) for topic, log in logs.items()):
        topic = rng.choice([topic for topic, log in logs.items() if at[topic] < len(log)])
        n = rng.randrange(1, 12)
        order.append((topic, at[topic], at[topic] + n))
        at[topic] += n
    return order


def _by_id(outputs):
    # Rooms may come in another order after a restore; within a room nothing may.
    return sorted((json.loads(value) for value in outputs), key=lambda value: value["id"])


@pytest.mark.parametrize("seed", range(12))
def test_restore_changes_nothing(seed):
    """Restored after any commit, a task publishes exactly what it would have published."""
    logs = _trace(seed)
    order = _order(logs, seed)
    whole = _play(logs, order)
    broken = _play(logs, order, spread=1 + seed, crashes=set(range(3, len(order), 4 * (1 + seed % 3))))
    assert _by_id(broken.outputs) == _by_id(whole.outputs)
    assert broken.offsets == whole.offsets == {t: len(log) for t, log in logs.items() if log}
    assert len(whole.outputs) > 100


def test_read_again_is_skipped():
    """Records that were read before are skipped, in whole or in part."""
    stepper = Stepper(new_task(each=False), 0)
    stepper.read([chat(0, 1), chat(1, 2)])
    stepper.read([chat(1, 2), chat(2, 3)])
    stepper.read([chat(0, 1)])
    assert stepper.next == {topics.CHAT: 3}
    assert stepper.task.counts["events", topics.CHAT] == 3


def test_floor_is_the_oldest_step_without_snapshot():
    """A restore reads again from the first step that some room's snapshot does not have."""
    stepper = Stepper(new_task(each=False), 0, spread=2)
    for n in range(6):
        stepper.read([chat(2 * n, n, room_id=f"r{2 * n}"), chat(2 * n + 1, n, room_id=f"r{2 * n + 1}")])
        floors = [
            load_step("j", output.value).floor for output in stepper.close().outputs if output.topic == topics.JOURNAL
        ]
        assert floors == [min(stepper.dirty.values(), default=n + 2)]
    assert stepper.close(all_rooms=True)
    assert not stepper.dirty


def test_a_missing_step_is_named():
    """A journal with a gap, or that begins too late, is refused with the step that is missing."""
    steps = [Step(2, n, 3, None, [], None, {}, None, {}, "m") for n in (3, 4, 6)]
    with pytest.raises(StepError, match="partition 2: step 5 is missing"):
        check_steps(steps, 2)
    with pytest.raises(StepError, match="partition 2: step 3 is missing"):
        check_steps([Step(2, 4, 3, None, [], None, {}, None, {}, "m")], 2)


def test_a_damaged_journal_record_is_named():
    """What is no journal record is refused with its place; one of a newer format with what to do."""
    with pytest.raises(StepError, match=r"offset 5: .*journal is damaged"):
        load_step("offset 5", b"{")
    commit = Stepper(new_task(each=False), 0).close()
    newer = commit.outputs[-1].value.replace(b'"format":1', b'"format":2')
    with pytest.raises(StepError, match="newer"):
        load_step("offset 5", newer)


def test_a_room_that_is_gone_leaves_no_snapshot():
    """Once its last event can be no duplicate any more a room is forgotten, and Kafka told so by an empty snapshot."""
    stepper = Stepper(new_task(each=False), 0, spread=1)
    stepper.read([chat(0, 0), chat(1, 0, room_id="r2")])
    stepper.close()
    kept = {}
    for n in range(1, 4):
        stepper.read([chat(1 + n, 3600 * n, room_id="r2")])
        kept |= {o.key: o.value for o in stepper.close().outputs if o.topic == topics.SNAPSHOTS}
    assert kept[b"r1"] == b""
    assert kept[b"r2"] != b""


def _other(offset, at):
    """A message in another room, which moves time."""
    return chat(offset, at, room_id="r2")


_ORDER = paid(0, 0, event_id="o")
#: Steps: an order's id is forgotten as the room sleeps, after its snapshot; or it is not yet, as the session is open,
#: which the snapshot has as ended already.
_FORGOTTEN = [
    [[_ORDER], [chat(0, 0), chat(1, 2_400)], [room(0, 2_460, "ended")]],
    [[_other(2, 2_520)]],
    [[_other(3, 2_720)]],
    [[_other(4, 2_760)]],
]
_KEPT = [
    [[_ORDER], [*(chat(n, 525 * n) for n in range(6)), _other(6, 2_640)]],
    [[chat(7, 2_650)]],
    [[_other(8, 2_712)]],
    [[room(0, 2_730, "ended")], [_other(9, 2_760)]],
]


@pytest.mark.parametrize(("steps", "spread", "duplicates"), [(_FORGOTTEN, 1, 0), (_KEPT, 4, 1)])
def test_ids_are_forgotten_alike_by_a_restored_task(steps, spread, duplicates):
    """An order is repeated after long: whether its id is still known is the same after a restore."""
    n = 1 + steps[-1][-1][0].offset
    after = [[chat(n, 2_880)], [_other(n + 1, 2_940)], [_ORDER._replace(offset=1)], [_other(n + 2, 3_000)]]
    read = [record for step in steps for batch in step for record in batch]
    for restores in (False, True):
        broker = _Broker({topic: [record for record in read if record.topic == topic] for topic in topics.INPUTS})
        stepper = broker.restore(spread)
        for step in steps:
            for batch in step:
                stepper.read(batch)
            broker.commit(stepper.close(all_rooms=step is steps[0]))
        if restores:
            stepper = broker.restore(spread)
        for batch in after:
            stepper.read(batch)
        made = [json.loads(output.value) for output in stepper.close().outputs if output.topic == topics.METRICS]
        newest = [each for each in made if each["room_id"] == "r1" and each["window"] == "session"][-1]
        assert newest["quality"]["duplicate"] == duplicates, f"restored: {restores}"
