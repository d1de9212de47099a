"""Whatever the bytes: each record is a valid record or one dead letter with the right reason."""

import json
from collections import Counter
from time import process_time
from typing import get_args

import pytest

from streamproc.contracts import topics
from streamproc.contracts.outputs import Reason
from streamproc.pipeline import snapshot
from streamproc.pipeline.decode import DEEPEST, LARGEST, decode
from streamproc.pipeline.records import LARGEST_KEY, Rejected
from tests.fakes import T0, chat, new_task, paid, room, values
from tests.hardening.fuzz import Fuzzer, Judge


def _run(seed, n):
    """Return counts by reason, and the seconds that the task took."""
    fuzzer, judge, task, reasons, took = Fuzzer(seed), Judge(), new_task(), Counter(), 0.0
    for _ in range(n // 500):
        batch = [fuzzer.record() for _ in range(500)]
        began = process_time()
        task.read(batch)
        took += process_time() - began
        letters = {(d["topic"], d["offset"]): d["reason"] for d in values(task).get("dead-letter", [])}
        for record in batch:
            got, should = letters.pop((record.topic, record.offset), None), judge.reason(record)
            assert got == should or (should == "late" and got in {None, "too_late"}), (record, got, should)
            reasons[got] += 1
        assert not letters, "one dead letter a record"
    task.finish()
    assert sum(reasons.values()) == n
    return reasons, took


def test_twenty_thousand():
    """Every reason comes up, and none is wrong."""
    reasons, _ = _run(1, 20_000)
    assert set(reasons) == {None, *get_args(Reason)}


@pytest.mark.long
def test_a_million(capsys):
    """The same, a million times; prints the counts by reason, and the records a second beside those of clean input."""
    total, took = Counter(), 0.0
    for seed in range(2, 12):
        counts, seconds = _run(seed, 100_000)
        total += counts
        took += seconds
    clean, task = Fuzzer(1, broken=False), new_task()
    batches = [[clean.record() for _ in range(500)] for _ in range(200)]
    began = process_time()
    for batch in batches:
        task.read(batch)
        task.take()
    rate = 100_000 / (process_time() - began)
    with capsys.disabled():
        print(f"\n{total.total():,} records: {dict(total)}\n{total.total() / took:,.0f}/s, clean input {rate:,.0f}/s")


def test_clean_input_is_clean():
    """What the fuzzer breaks is good before it breaks it: nothing of it is rejected, and rooms get their metrics."""
    fuzzer, task = Fuzzer(1, broken=False), new_task()
    task.read([fuzzer.record() for _ in range(5_000)])
    found = values(task)
    assert "dead-letter" not in found
    assert len(found["metrics"]) > 100


@pytest.mark.parametrize("field", ["quantity", "amount"])
def test_no_number_is_too_much(field):
    """Orders of the largest integers allowed can be added, divided, written and kept; larger ones are invalid."""
    task = new_task()
    task.read([room(0, 0, "started"), room(1, 1, "viewers", value=3)])
    task.read([paid(n, 2 + n, order=f"k{n}", **{field: 10**200 - 1}) for n in range(50)])
    task.read([paid(n, 60 + n, order=f"k{n}", **{field: 10**200}) for n in range(50, 52)])
    task.finish()
    waiting = task.buffered().get("r1", [])
    snapshot.load("s", snapshot.dump(snapshot.Snapshot(1, task.rooms["r1"].state, waiting)))
    found = values(task)
    last = [each for each in found["metrics"] if each["window"] == "session"][-1]["conversion"]
    assert (last["units"] if field == "quantity" else last["gmv"]["CNY"]) == 50 * (10**200 - 1)
    assert [letter["reason"] for letter in found["dead-letter"]] == ["invalid"] * 2


def test_a_verdict_does_not_depend_on_where_the_reader_stands():
    """Nested deeply, a record is judged alike by a worker and by a restore, whose stacks are of other depths."""

    def judged(depth, frames):
        if frames:
            return judged(depth, frames - 1)
        value = chat(0, 0).value[:-1] + b', "x": "\\ud800", "y": ' + b"[" * depth + b"]" * depth + b"}"
        found = decode(chat(0, 0)._replace(value=value))
        return found.reason if isinstance(found, Rejected) else None

    for depth, reason in ((DEEPEST - 1, None), (DEEPEST, "not_json"), (850, "not_json"), (30_000, "not_json")):
        assert judged(depth, 0) == judged(depth, 250) == reason
    quoted = chat(0, 0, text="[" * 499, product_id="[" * 99)
    assert not isinstance(decode(quoted), Rejected)


@pytest.mark.parametrize("size", [LARGEST_KEY, LARGEST_KEY + 1, 900_000])
def test_no_dead_letter_is_too_large_to_be_written(size):
    """A huge key is left out: Kafka would refuse the dead letter, and the worker would never get past the record."""
    task = new_task()
    whole = chat(0, 0).value
    task.read([chat(0, 0)._replace(key=b"k" * size, value=whole + b" " * (LARGEST - len(whole)))])
    _, (output,) = task.take()
    letter = json.loads(output.value)
    assert letter["reason"] == "wrong_key"
    assert (letter["key"] is None) == (output.key is None) == (size > LARGEST_KEY)
    assert len(output.value) + len(output.key or b"") < 500_000


def test_one_bad_clock_moves_nobody():
    """A clock a day ahead is refused; one 9 s ahead moves the watermark no further than the broker's clock."""
    task = new_task()
    base = T0
    task.read([chat(0, 0, timestamp=base), chat(1, 86_400, timestamp=base), chat(2, 9, timestamp=base)])
    assert task.watermark == base - 5_000
    assert task.counts["dead", "future"] == 1
    assert task.counts["late", topics.CHAT] == 0
