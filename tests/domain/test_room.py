"""A room's memory of ids, how it is bounded, and what a restored room knows."""

import pytest
from msgspec import msgpack

from streamproc.domain.events import Happening, Message, Opinion, Purchase, Utterance
from streamproc.domain.room import Ids, Room, RoomState
from streamproc.domain.time import DUPLICATE, LATENESS
from tests.fakes import T0, Told, chat, new_task, record, room, run, said
from tests.oracle.compare import differences

#: The begin of a quarter of an hour, by which ids are kept together.
BEGIN = T0 // DUPLICATE * DUPLICATE


def _order(event_id, position):
    return Purchase(event_id, "r1", position, "o", "u", 1, 1, "CNY", "paid")


def _follow(event_id, position):
    return Happening(event_id, "r1", position, "follow")


def test_ids_are_told_apart_by_topic_and_time():
    """The same id is a repetition less than 15 min away, before or after, in its topic alone."""
    ids = Ids()
    assert not ids.is_duplicate(_follow("a", BEGIN + 5))
    assert ids.is_duplicate(_follow("a", BEGIN + 5))
    assert ids.is_duplicate(_follow("a", BEGIN + 5 + DUPLICATE - 1))
    assert ids.is_duplicate(_follow("a", BEGIN + 5 - DUPLICATE + 1))
    assert not ids.is_duplicate(_order("a", BEGIN + 5))
    assert not ids.is_duplicate(_follow("b", BEGIN + 5))
    assert ids.n == 3
    assert not ids.is_duplicate(_follow("a", BEGIN + 5 + DUPLICATE))
    assert not ids.is_duplicate(_follow("a", BEGIN + 5 - DUPLICATE))
    assert ids.n == 5


def test_the_oldest_ids_of_the_fullest_topic_go_first():
    """At the bound nothing goes; beyond it the oldest of the topic with most, and a sixty-fourth with them."""
    ids = Ids()
    for n in range(128):
        ids.is_duplicate(_follow(f"f{n}", BEGIN + n * DUPLICATE // 64))
    for n in range(4):
        ids.is_duplicate(_order(f"o{n}", BEGIN))
    assert (ids.n, ids.bound(132), ids.n) == (132, 0, 132)
    assert (ids.bound(128), ids.n) == (6, 126)
    assert [len(spans) for spans in ids.spans] == [0, 0, 1, 2, 0]
    assert not ids.is_duplicate(_follow("f5", BEGIN + 5 * DUPLICATE // 64))
    assert ids.is_duplicate(_follow("f6", BEGIN + 6 * DUPLICATE // 64))
    assert ids.is_duplicate(_order("o0", BEGIN))
    assert (ids.bound(64), ids.n) == (64, 63)
    assert sorted(ids.spans[3]) == [BEGIN // DUPLICATE + 1], "a quarter of an hour with none left is gone"
    assert sum(len(kept) for spans in ids.spans for kept in spans.values()) == ids.n


def test_ids_that_nothing_can_repeat_are_forgotten():
    """An id is kept while a record in time may repeat it; orders' and feedback's as long as a session is open."""
    makes = [
        lambda at: Message("a", "r1", at, "u", "x", None),
        lambda at: Utterance("a", "r1", at, "anchor", "speech", "x", at),
        lambda at: _order("a", at),
        lambda at: _follow("a", at),
        lambda at: Opinion("a", "r1", at, "survey"),
    ]
    for lasting, left in ((True, [0, 0, 1, 0, 1]), (False, [0, 0, 0, 0, 0])):
        ids = Ids()
        for make in makes:
            ids.is_duplicate(make(BEGIN + DUPLICATE - 1))
        # The newest record that repeats it lies 15 min - 1 ms on, and is in time until the watermark is 15 min further.
        last = BEGIN + DUPLICATE - 1 + DUPLICATE - 1 + LATENESS
        ids.prune(last, lasting=lasting)
        assert ids.n == 5
        ids.prune(last + 2, lasting=lasting)
        assert [len(spans) for spans in ids.spans] == left
        assert ids.n == sum(left)


def test_a_restored_room_is_as_the_lost_one():
    """An open session, and those whose last pane has not ended, are there again and end as they would have."""
    records = [room(0, 0, "started"), room(1, 12, "ended"), room(2, 13, "started"), chat(3, 14), said(4, 20)]
    task = new_task()
    task.read(records)
    lost = task.rooms["r1"]
    state = msgpack.decode(msgpack.encode(lost.state), type=RoomState)
    emitted = []
    again = Room(state, lost.around)
    lost.around.emit = lambda *each: emitted.append(each)
    assert not again.asleep
    assert [session.id for session in again.ending] == [f"r1@{T0}"]
    assert again.current.id == f"r1@{T0 + 13_000}"
    for each in (lost, again):
        each.advance(T0 + 30_000)
        assert [session.id for session in each.ending] == []
    assert emitted[: len(emitted) // 2] == emitted[len(emitted) // 2 :]
    assert [key for _, key, _ in emitted] == ["r1"] * 24


def test_what_is_applied_to_no_session_is_counted():
    """A `ended` with none open, what comes within a minute of it, and an order without a session."""
    task = new_task()
    task.read([room(0, 0, "ended"), chat(1, 59.999), chat(2, 100)])
    task.finish()
    assert task.counts["outside", ""] == 2
    assert task.rooms["r1"].current.id == f"r1@{T0 + 100_000}"


def test_the_newest_records_are_kept_for_whoever_looks_on():
    """A room holds the newest record of each window."""
    task = new_task()
    task.read([chat(0, 5), chat(1, 27)])
    assert {window: each["end"] - T0 for window, each in task.rooms["r1"].latest.items()} == dict.fromkeys(
        ("60s", "300s", "900s", "session"), 20_000
    )


def test_of_two_sessions_the_earlier_pane_comes_first():
    """The last pane of the session that ended comes before the new one's, whose own comes at the same end."""
    got = run([room(0, 1, "started"), room(1, 12, "started"), chat(2, 25)])["metrics"]
    ends = [(each["session_id"], each["end"] - T0, each["final"]) for each in got if each["window"] == "60s"]
    first, second = f"r1@{T0 + 1000}", f"r1@{T0 + 12_000}"
    assert ends == [(first, 10_000, False), (first, 20_000, True), (second, 20_000, False), (second, 30_000, False)]


@pytest.mark.parametrize(
    ("name", "last"), [("duplicate", chat(0, 5)), ("invalid", record("chat", 3, event_time=604, user_id="ann"))]
)
def test_what_cannot_count_after_the_silence_counts_nowhere(name, last):
    """A repetition or a broken record read when silence has just ended the session is none of that session's."""
    for shift, counted in ((0, 1), (0.001, 0)):
        records = [chat(0, 5), room(1, 609.999 + shift, "ended", room_id="r2"), last]
        assert last_of_session(records)["quality"][name] == counted
        assert differences(records, Told()) == []


def last_of_session(records):
    """Return the last record of the room's first session."""
    return next(
        each for each in run(records)["metrics"][::-1] if each["window"] == "session" and each["room_id"] == "r1"
    )
