"""The incremental core against the oracle, which works every number out anew from the whole list of events."""

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamproc.contracts.label import Label
from streamproc.pipeline.decode import decode
from streamproc.pipeline.records import Record, Rejected
from tests.oracle import compare
from tests.oracle import constants as c
from tests.oracle.cases import read_case
from tests.oracle.compare import differences, some
from tests.oracle.hunt import first_difference
from tests.oracle.oracle import expected
from tests.oracle.reading import reason
from tests.oracle.stub import Marked, Matcher, Stub
from tests.oracle.traces import brief, talk, trace, usable
from tests.oracle.valid import FIELDS, wrong_fields

CASES = sorted((Path(__file__).parent / "regressions").glob("*.json"))
#: Share of the metric records that are compared in full; final ones always are.
SHARE = 0.05


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_regressions(path):
    """Traces on which task and oracle once differed."""
    shows, records = read_case(path)
    assert differences(records) == [], shows


@settings(
    derandomize=True,
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.randoms(use_true_random=False))
def test_random_traces(rnd):
    """On any trace the task's outputs are the oracle's."""
    assert differences(trace(rnd), looked_at=some(SHARE, 1)) == []


@pytest.mark.parametrize("seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(12, 400))])
def test_matches(seed):
    """Whatever a matcher finds, it is used as the contract says; what closed six minutes ago it need not find."""
    assert differences(brief(Random(seed)), Stub(Marked()), some(SHARE, seed)) == []
    assert differences(talk(Random(seed)), Stub(Marked()), some(SHARE, seed)) == []


def test_matches_are_seen():
    """The quick run's traces hold answers, joins and help that the matcher alone finds."""
    found = {each: Counter() for each in (Matcher, Marked)}
    for seed in range(12):
        for matcher, counts in found.items():
            outputs = compare.by_topic(compare.run(talk(Random(seed)), Stub(matcher())))
            changes = outputs[c.QUESTIONS]
            counts.update(each["change"] for each in changes)
            counts.update(each["answer"]["evidence"] for each in changes if each["change"] == "answered")
    assert min(found[Marked]["match"], found[Marked]["reply_to"]) > 20
    assert found[Marked]["joined"] > found[Matcher]["joined"]
    assert found[Marked]["peer_answered"] > found[Matcher]["peer_answered"]


@pytest.mark.parametrize("block", range(3))
def test_seeded_traces(block):
    """On these traces, richer than hypothesis makes them, the task's outputs are the oracle's."""
    assert first_difference(range(25 * block, 25 * block + 25), SHARE) is None


@pytest.mark.long
@pytest.mark.parametrize("block", range(20))
def test_many_traces(block):
    """On four thousand more traces the task's outputs are the oracle's."""
    assert first_difference(range(1000 + 200 * block, 1200 + 200 * block), SHARE) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
ODD = st.sampled_from(
    ["", "a", "a b", "\u3000", "\x85", "CNY", "paid", "viewers", "bot", 0, -1, 11, c.TIME_MIN, 1e3, ["a"], {}]
)


@settings(derandomize=True, max_examples=400, deadline=None)
@given(topic=st.sampled_from(c.INPUTS), rnd=st.randoms(use_true_random=False), data=st.data())
def test_what_is_usable(topic, rnd, data):
    """Whatever stands in a field, task and oracle agree on whether the record can be used, and on why not."""
    value = dict(usable(rnd, topic))
    changed = data.draw(st.lists(st.sampled_from(sorted(FIELDS[topic])), max_size=2, unique=True))
    for field in changed:
        value[field] = data.draw(JSON | ODD)
    record = Record(topic, 0, 0, None, None, json.dumps(value).encode())
    mine, others = decode(record), reason(record)
    assert (mine.reason if isinstance(mine, Rejected) else None) == others
    if isinstance(mine, Rejected) and mine.reason == "invalid":
        wrong = wrong_fields(topic, value)
        assert mine.detail.replace(":", ".").split(".")[0] in wrong


@pytest.mark.parametrize("seed", range(3))
def test_the_comparison_sees_a_difference(seed):
    """An oracle that is given one record less differs: the comparison compares."""
    records = trace(Random(seed))
    changed = [*records, Record(c.CHAT, 0, len(records), None, None, b"{")]
    oracle = expected(records, Stub(), compare.KEY)
    got = compare.by_topic(compare.run(changed))
    assert len(got[c.DEAD_LETTER]) == len(oracle.reading.dead_letters) + 1
    assert differences(changed) == []


def test_the_oracle_gives_the_example(eval_data):
    """The oracle is right where the contract's example says what is right."""
    example = eval_data / "example"
    lines = [json.loads(line) for line in (example / "trace.jsonl").read_text("utf-8").splitlines()]
    want = {path.stem: _read(path) for path in (example / "expected").glob("*.jsonl")}
    records = [Record(line["topic"], 0, n, None, None, _raw(line["value"])) for n, line in enumerate(lines)]
    labels = {each["id"]: each for each in want[c.CLASSIFIED] + want[c.FEEDBACK_CLASSIFIED]}
    oracle = expected(records, _Given(lines, labels), b"example")
    metrics = dict(oracle.metrics())
    for each in want[c.METRICS]:
        for group, names in compare.OPEN.items():
            each[group] = {name: value for name, value in each[group].items() if name not in names}
        assert list(compare.unequal(each, metrics[each["id"]]())) == []
    assert oracle.reading.classified == want[c.CLASSIFIED]
    assert oracle.reading.feedback_classified == want[c.FEEDBACK_CLASSIFIED]
    assert sorted(map(_id, oracle.questions())) == sorted(map(_id, want[c.QUESTIONS]))
    letters = [{name: value for name, value in each.items() if name != "detail"} for each in want[c.DEAD_LETTER]]
    assert oracle.reading.dead_letters == letters


class _Given(Stub):
    """Labels as the example's classified records have them."""

    def __init__(self, lines, labels):
        super().__init__()
        values = [line["value"] for line in lines if isinstance(line["value"], dict)]
        self.given = {
            value["text"]: labels[f"{value['room_id']}/{value['event_id']}"]
            for value in values
            if f"{value['room_id']}/{value['event_id']}" in labels
        }

    def label(self, texts):
        """Return the labels given."""
        names = [name for name in Label.__struct_fields__ if name != "advice"]
        return [Label(**{name: self.given[text][name] for name in names}, advice=None) for text in texts]


def _read(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _raw(value):
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()


def _id(value):
    return json.dumps(value, sort_keys=True)
