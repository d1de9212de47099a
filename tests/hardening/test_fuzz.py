"""Whatever the bytes: each record is a valid record or one dead letter with the right reason."""

from collections import Counter

import pytest

from streamproc.contracts import topics
from tests.fakes import T0, chat, new_task, values
from tests.hardening.fuzz import Fuzzer, Judge


def _run(seed, n):
    fuzzer, judge, task, reasons = Fuzzer(seed), Judge(), new_task(), Counter()
    for _ in range(n // 500):
        batch = [fuzzer.record() for _ in range(500)]
        task.read(batch)
        letters = {d["offset"]: d["reason"] for d in values(task).get("dead-letter", [])}
        for record in batch:
            got, should = letters.get(record.offset), judge.reason(record)
            # Who is too late depends on the watermark; the judge knows records, not time.
            assert got == should or (should is None and got == "too_late"), (record, got, should)
            reasons[got] += 1
    assert sum(reasons.values()) == n
    return reasons


def test_twenty_thousand():
    """Every reason comes up, and none is wrong."""
    reasons = _run(1, 20_000)
    assert set(reasons) >= {None, "empty", "too_large", "not_json", "invalid", "wrong_key", "future"}


@pytest.mark.long
def test_a_million(capsys):
    """The same, a million times; prints the counts by reason."""
    total = Counter()
    for seed in range(2, 12):
        total += _run(seed, 100_000)
    with capsys.disabled():
        print(f"\n{total.total()} records: {dict(total)}")


def test_one_bad_clock_moves_nobody():
    """A clock a day ahead is refused; one 9 s ahead moves the watermark no further than the broker's clock."""
    task = new_task()
    base = T0
    task.read([chat(0, 0, timestamp=base), chat(1, 86_400, timestamp=base), chat(2, 9, timestamp=base)])
    assert task.watermark == base - 5_000
    assert task.counts["dead", "future"] == 1
    assert task.counts["late", topics.CHAT] == 0
