"""Arrival: small disorder changes nothing but order; what is late, twice or broken is what was asked for."""

from collections import Counter

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from streamproc.contracts import topics
from streamproc.contracts.inputs import MODELS
from streamproc.simulate import ShowParams, arrivals, disorder, position, show, to_jsonl_line

GRACE = 5_000
TOO_LATE = 900_000


def ids(records):
    """What was sent, whatever the order."""
    return Counter((topic, value["room_id"], value["event_id"]) for topic, value in records)


@settings(max_examples=15, derandomize=True, deadline=None)
@given(jitter=st.floats(0, 5), most=st.floats(0, 4.9), seed=st.integers(0, 1000))
def test_small_disorder_stays_below_the_grace(jitter, most, seed):
    """Every record arrives once, in order of arrival, never more than the grace behind the newest position."""
    params = ShowParams(rooms=2, duration=40.0, jitter=jitter, disorder=most, seed=seed)
    arrived = list(arrivals(show(params), params))
    assert ids((arrival.topic, arrival.value) for arrival in arrived) == ids(show(params))
    newest, before = 0, 0
    for arrival in arrived:
        assert before <= arrival.at
        assert arrival.key == arrival.value["room_id"]
        assert position(arrival.value) > newest - GRACE
        newest, before = max(newest, position(arrival.value)), arrival.at


def test_without_any_delay_nothing_changes():
    """No jitter: order of position is order of arrival."""
    params = ShowParams(duration=40.0, jitter=0.0)
    assert list(disorder(show(params), params)) == list(show(params))


@pytest.mark.parametrize(("field", "low", "high"), [("late", GRACE, TOO_LATE), ("very_late", TOO_LATE, 1_600_000)])
def test_late_records_are_that_late(field, low, high):
    """About the share asked for arrives within the time that its name means."""
    params = ShowParams(rooms=1, duration=300.0, jitter=0.0, **{field: 0.2})
    delays = [arrival.at - position(arrival.value) for arrival in arrivals(show(params), params)]
    late = [delay for delay in delays if delay]
    assert 0.15 < len(late) / len(delays) < 0.25
    assert all(low < delay < high for delay in late)


def test_duplicates_come_again_and_change_nothing():
    """Second copies are equal to the first and come within the time in which ids are remembered."""
    params = ShowParams(rooms=1, duration=200.0, duplicates=0.2)
    first, again = {}, 0
    for arrival in arrivals(show(params), params):
        place = (arrival.topic, arrival.value["event_id"])
        if place in first:
            again += 1
            assert first[place].value == arrival.value
            assert arrival.at - first[place].at < TOO_LATE
        first.setdefault(place, arrival)
    assert 0.15 < again / len(first) < 0.25


def test_broken_records_are_unusable_and_come_on_top():
    """Each broken record fails in one of the contract's ways, all ways occur, and every good record still comes."""
    params = ShowParams(rooms=1, duration=400.0, broken=0.2)
    good, ways = [], Counter()
    for topic, value in disorder(show(params), params):
        way = why(topic, value)
        ways[way] += 1
        if way == "good":
            good.append((topic, value))
    assert ids(good) == ids(show(params))
    assert set(ways) == {"good", "empty", "not_json", "too_large", "invalid"}


def why(topic, value):
    """The contract's reason against a record, or `good`."""
    if isinstance(value, str):
        if not value:
            return "empty"
        if len(value.encode()) > 65_536:
            return "too_large"
        try:
            orjson.loads(value)
        except orjson.JSONDecodeError:
            return "not_json"
    try:
        MODELS[topic].model_validate(value)
    except ValidationError:
        return "invalid"
    return "good"


def test_a_topic_can_lag():
    """All of one topic arrives later by the lag, the others as usual."""
    params = ShowParams(duration=60.0, jitter=0.0, lag_topic=topics.ORDERS, lag=8.0)
    for arrival in arrivals(show(params), params):
        expected = 8_000 if arrival.topic == topics.ORDERS else 0
        assert arrival.at - position(arrival.value) == expected


def test_lines_are_the_replay_format():
    """A line holds topic and value, raw text as a string, key and timestamp where given."""
    value = {"text": "多少钱"}
    assert orjson.loads(to_jsonl_line("live.chat.v1", value)) == {"topic": "live.chat.v1", "value": value}
    line = to_jsonl_line("live.chat.v1", '{"broken', key="r", timestamp=5)
    assert line.endswith(b"\n")
    assert orjson.loads(line) == {"topic": "live.chat.v1", "value": '{"broken', "key": "r", "timestamp": 5}
