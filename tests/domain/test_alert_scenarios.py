"""Alerts on shows from the generator: each fires where its trouble is, within a minute, and nothing else does.

Labels are what the generator meant, so that this tests the alerts and not the classifier.
"""

import json
from collections import Counter

import pytest

from streamproc.contracts.label import Label
from streamproc.pipeline.records import Record
from streamproc.simulate.params import ShowParams
from streamproc.simulate.show import annotated
from tests.fakes import Told, run


class _Meant(Told):
    """Labels as the generator meant them."""

    def __init__(self):
        self.labels = {}

    def note(self, text, truth):
        """Remember what a text was meant to be."""
        kind, sub, polarity, aspect = (*truth.label.split("/"), "", "", "")[:4]
        topic = "other" if kind == "question" else None
        sub = "-" if kind == "other" else sub
        label = Label(kind, sub, polarity or "neu", aspect or "-", topic, None, None, False, 0.9, None)
        self.labels.setdefault(text, label)

    def label(self, texts):
        """Return the labels meant; feedback texts are opinions here."""
        opinion = Label("feedback", "opinion", "neu", "-", None, None, None, False, 0.9, None)
        return [self.labels.get(text, opinion) for text in texts]


def _alerts(preset):
    """Play a preset; return its alerts as (room, name, aspect, state, seconds into the show)."""
    params, meant, records, offsets = ShowParams.preset(preset), _Meant(), [], Counter()
    for topic, value, truth in annotated(params):
        if topic == "live.chat.v1":
            meant.note(value["text"], truth)
        records.append(Record(topic, 0, offsets[topic], None, None, json.dumps(value).encode()))
        offsets[topic] += 1
    return [
        (a["room_id"], a["alert"], a["aspect"], a["state"], ((a["resolved_at"] or a["fired_at"]) - params.start) / 1000)
        for a in run(records, understanding=meant).get("alerts", [])
    ]


@pytest.mark.parametrize("preset", ["calm", "keeps-up", "ten-open"])
def test_nothing_to_tell(preset):
    """A calm room, a busy one that keeps up, and one that always has ten open questions alarm nobody."""
    assert _alerts(preset) == []


@pytest.mark.parametrize(
    ("preset", "expected", "begins"),
    [
        ("unanswered-burst", {("unanswered_spike", None), ("overload", None), ("oldest_question", None)}, 600),
        ("silent-room", {("silence", None)}, 400),
        ("bad-product", {("negative_surge", "product")}, 900),
        ("conversion-drop", {("conversion_drop", None)}, 1000),
        ("ignored-question", {("oldest_question", None), ("overload", None)}, 0),
    ],
)
def test_each_trouble_has_its_alert(preset, expected, begins):
    """The trouble's own alerts fire once each, in the room that has it, after it begins, and all resolve."""
    alerts = _alerts(preset)
    fired = [(name, aspect) for _, name, aspect, state, _ in alerts if state == "firing"]
    assert set(fired) == expected
    assert len(fired) == len(expected), "nothing flaps"
    assert Counter(fired) == Counter((name, aspect) for _, name, aspect, state, _ in alerts if state == "resolved")
    assert {room for room, *_ in alerts} == {"room-001"}
    assert min(at for *_, state, at in alerts if state == "firing") >= begins


def test_a_burst_fires_within_thirty_seconds():
    """From the burst's first second to the alert: at most 30 s of event time."""
    fired = [
        at for _, name, _, state, at in _alerts("unanswered-burst") if (name, state) == ("unanswered_spike", "firing")
    ]
    assert 600 < fired[0] <= 630
