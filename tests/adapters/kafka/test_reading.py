"""Lag, pauses and idleness of one partition number, by the offsets and answers that are fed in."""

from time import monotonic

from streamproc.adapters.kafka.batches import Batch, State
from streamproc.adapters.kafka.idle import Idle
from streamproc.adapters.kafka.reading import Reading, too_far_ahead


def state(position, end, answer=1, at=0.0):
    """A partition's state."""
    return State(1, position, end, answer, at)


def batch(number, records=1, answer=1):
    """A batch."""
    return Batch("a", 0, 1, number, answer, [None] * records)


def test_a_topic_lags_until_its_records_are_applied():
    """What was there at the start lags; so does what was fetched and waits."""
    reading = Reading({"a": 0, "b": 5}, {"a": 3, "b": 5})
    assert reading.lagging() == ["a"]
    reading.saw("a", state(3, 3), 2)
    reading.saw("b", state(5, 5), 0)
    assert reading.lag("a") == 2
    assert reading.lagging() == ["a"], "it was fetched, and is not applied"
    assert reading.takes("a", batch(0, 2))
    assert reading.lagging() == []


def test_new_ends_are_noticed_and_never_go_back():
    """Kafka's later answers move the end on; an answer without one changes nothing."""
    reading = Reading({"a": 0}, {"a": 3})
    reading.saw("a", state(3, None), 0)
    assert reading.lagging() == []
    reading.saw("a", state(3, 9), 0)
    reading.saw("a", state(3, 4), 0)
    assert reading.lag("a") == 6


def test_markers_without_records_end_the_lag():
    """A position that passed a transaction's marker is at the end, though no record came."""
    reading = Reading({"a": 0}, {"a": 2})
    reading.saw("a", state(2, 2), 0)
    assert reading.lagging() == []


def test_a_topic_may_lag_until_a_later_answer_says_that_it_does_not():
    """Records of answer 7 are applied: a topic that answer 6 found empty may have got some before them."""
    reading = Reading({"a": 0, "b": 0}, {"a": 0, "b": 0})
    reading.saw("a", state(1, 1, answer=7), 1)
    reading.saw("b", state(0, 0, answer=6), 0)
    assert reading.takes("a", batch(0, answer=7))
    assert reading.lagging() == ["b"]
    reading.saw("b", state(0, 0, answer=8), 0)
    assert reading.lagging() == []


def test_a_lost_batch_is_noticed():
    """Batches are numbered a topic; one that is missing is told by the next."""
    reading = Reading({"a": 0}, {"a": 0})
    assert reading.takes("a", batch(0))
    assert not reading.takes("a", batch(2))


def test_the_slowest_topic_is_never_paused():
    """Topics more than the limit ahead of the slowest one that lags are paused; none when nothing lags."""
    clocks = {"a": 1_000, "b": 70_000, "c": 61_001}
    assert too_far_ahead(clocks, ["a"], 60_000) == {"b", "c"}
    assert too_far_ahead(clocks, ["b", "c"], 60_000) == set()
    assert too_far_ahead(clocks, [], 60_000) == set()
    assert too_far_ahead(clocks, ["unread"], 0) == {"a", "b", "c"}


def test_kafka_answers_only_when_all_topics_do():
    """One topic without a recent answer is an outage, not silence."""
    reading = Reading({"a": 0, "b": 0}, {"a": 0, "b": 0})
    reading.saw("a", state(0, 0, at=monotonic()), 0)
    reading.saw("b", state(0, 0, at=monotonic() - 60), 0)
    assert not reading.answers_come()
    reading.saw("b", state(0, 0, at=monotonic()), 0)
    assert reading.answers_come()


def test_idle_time_passes_a_second_a_second_after_the_timeout():
    """Nothing for 10 s, then all of the time that passes, without loss of fractions."""
    idle = Idle(10.0, 100.0)
    assert [idle.elapsed(now, resting=True) for now in (105.0, 109.9, 111.0, 111.5005, 111.501)] == [0, 0, 1000, 500, 1]


def test_records_and_outages_end_idleness():
    """A record, or answers that stay away, make the 10 s begin anew."""
    idle = Idle(10.0, 0.0)
    assert idle.elapsed(12.0, resting=True) == 2000
    idle.read(13.0)
    assert idle.elapsed(22.9, resting=True) == 0
    assert idle.elapsed(24.0, resting=True) == 1000
    assert idle.elapsed(25.0, resting=False) == 0
    assert idle.elapsed(34.9, resting=True) == 0
    assert idle.elapsed(36.0, resting=True) == 1000
