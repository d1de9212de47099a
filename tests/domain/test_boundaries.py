"""Every boundary of the contract, hit one ms before, exactly, and one ms after; the oracle is held to the same."""

import pytest

from tests.fakes import Told, chat, paid, room, run, said
from tests.oracle.compare import differences

#: name -> (records for a shift in s, what is looked at, its values at -1, 0 and +1 ms)
CASES = {}
MS = 0.001


def case(before, exactly, after):
    """Register a function that takes a shift in s and returns (records, what to look at)."""

    def register(build):
        CASES[build.__name__] = (build, {-1: before, 0: exactly, 1: after})
        return build

    return register


def last(group, name, window="session"):
    """Look at a number of the last record of a window."""
    return lambda got: [each for each in got["metrics"] if each["window"] == window][-1][group][name]


def at(second, group, name, window="60s"):
    """Look at a number of the record of a pane end, in s after the start."""

    def look(got):
        ends = f"/{window}/{1_763_712_000_000 + second * 1000}"
        return next(each for each in got["metrics"] if each["id"].endswith(ends))[group][name]

    return look


def sessions(got):
    """Look at the number of sessions."""
    return len({each["session_id"] for each in got["metrics"]})


def changes(got):
    """Look at the changes of questions."""
    return [each["change"] for each in got.get("questions", [])]


def reasons(got):
    """Look at the reasons of dead letters."""
    return [each["reason"] for each in got.get("dead-letter", [])]


def start(second=0):
    """Start a session."""
    return room(900, second, "started")


def later(second, n=901):
    """Let the watermark pass a second: something with no meaning happens 5 s after it."""
    return room(n, second + 5, "follow", user_id="zoe")


@case(1, 0, 0)
def pane_end(d):
    """An event at a pane's end belongs to the next one."""
    return [start(), chat(1, 20 + d), later(30)], at(20, "chat", "messages")


@case(0, 1, 1)
def window_start(d):
    """A window holds its first instant."""
    return [start(), chat(1, 20 + d), later(80)], at(80, "chat", "messages")


@case(1, 0, 0)
def late(d):
    """An event at the watermark is in time."""
    return [start(), later(50), chat(1, 50 + d), later(70, 902)], last("quality", "late")


@case(["too_late"], [], [])
def too_late(d):
    """Late by 15 min and no more is applied."""
    alive = [later(300 * n, 910 + n) for n in range(1, 4)]
    return [start(), *alive, later(1000), chat(1, 100 + d)], reasons


@case(["too_late"], [], [])
def before_the_opener(d):
    """What is late and older than the event that opened the session is too late."""
    return [start(10), later(30), chat(1, 10 + d)], reasons


@case(0, 1, 1)
def order_before_the_opener(d):
    """A late order older than the event that opened the session is outside of it."""
    return [start(10), later(30), paid(1, 10 + d), later(40, 902)], last("conversion", "orders")


@case(1, 0, 0)
def duplicate(d):
    """The same id 15 min apart is no duplicate."""
    alive = [later(300 * n, 910 + n) for n in range(1, 4)]
    return [start(), chat(1, 10), *alive, chat(1, 910 + d), later(920)], last("quality", "duplicate")


@case(0, 1, 0)
def remembered(d):
    """An id is remembered until nothing that repeats it can be in time: half an hour, less a ms."""
    alive = [later(300 * n, 910 + n) for n in range(1, 6)]
    first, again = chat(1, 10), chat(1, 909.999 + d)
    return [start(), first, *alive, later(1809.999), again, later(1820, 902)], last("quality", "duplicate")


@case([], [], ["future"])
def future(d):
    """A position 10 s after the record's timestamp is possible."""
    return [chat(1, 20 + d, timestamp=1_763_712_010_000)], reasons


@case([], [], ["future"])
def future_of_speech(d):
    """Speech is as far ahead as its end is."""
    return [said(1, 5, end_time=20 + d, timestamp=1_763_712_010_000)], reasons


@case(1, 0, 0)
def late_speech(d):
    """Speech is as late as its end is."""
    return [start(), later(50), said(1, 20, end_time=50 + d), later(70, 902)], last("quality", "late")


@case(1, 2, 2)
def after_ended(d):
    """A minute after `ended` anything opens a session."""
    return [start(), room(1, 10, "ended"), chat(2, 70 + d)], sessions


@case(1, 2, 2)
def restart(d):
    """`started` within a minute of what opened the session is an event like any other."""
    return [chat(1, 10), room(2, 70 + d, "started"), later(90)], sessions


@case(1, 1, 2)
def start_again(d):
    """`started` at the very start of a session does not restart it."""
    return [room(1, 10, "started"), room(2, 10 + max(d, 0), "started"), later(30)], sessions


@case(1, 2, 2)
def silence(d):
    """Ten minutes of silence end a session before what happens then."""
    return [start(), chat(1, 10), chat(2, 610 + d), later(620)], sessions


@case([20], [20, 30], [20, 30])
def last_pane(d):
    """A session that ends at a pane's end has its last record a pane later."""

    def ends(got):
        return [each["end"] - 1_763_712_000_000 for each in got["metrics"] if each["window"] == "60s" and each["end"]]

    records = [start(10), room(1, 20 + d, "ended"), chat(2, 40)]
    return records, lambda got: [end // 1000 for end in ends(got)]


@case(1, 2, 2)
def end_of_file(d):
    """Time goes on to the end of the pane that holds the last event."""
    return [start(), chat(1, 10 + d)], lambda got: len(got["metrics"]) // 4


@case(1, 0, 0)
def known_in_time(d):
    """An answer has to be known before the question comes due, whenever it was begun."""
    spoken = said(2, 20, end_time=85 + d, reply_to=["e1"])
    return [start(), chat(1, 10, "ask.price a"), spoken, later(95)], last("questions", "due_answered")


@case(1, 0, 0)
def said_in_time(d):
    """An answer has to begin within a minute."""
    spoken = said(2, 70 + d, reply_to=["e1"])
    return [start(), chat(1, 10, "ask.price a"), spoken, later(95)], last("questions", "due_answered")


@case(0, 1, 1)
def due_at_the_end(d):
    """What comes due at the session's end is due; later it never is."""
    return [start(), chat(1, 10, "ask.price a"), room(2, 85 + d, "ended"), chat(3, 90)], last("questions", "due")


@case(["opened", "answered", "joined"], ["opened", "answered", "joined"], ["opened", "answered", "opened"])
def rejoin(d):
    """For 30 s after its answer a question is still the same one."""
    records = [start(), chat(1, 10, "ask.price a"), said(2, 20, reply_to=["e1"]), chat(3, 50 + d, "ask.price a")]
    return records, changes


@case(["opened", "joined"], ["opened", "expired", "opened"], ["opened", "expired", "opened"])
def expiry(d):
    """Ten minutes after it was last asked a question expires, before it is asked again."""
    return [start(), chat(1, 10, "ask.price a"), later(300), chat(2, 610 + d, "ask.price a")], changes


@case(1.0, 0.0, 0.0)
def peer_in_time(d):
    """Viewers have a minute to help."""
    helped = chat(2, 70 + d, "help x", user="bo", reply_to="e1")
    return [start(), chat(1, 10, "ask.price a"), helped, later(95)], last("interaction", "mutuality")


def _asker(*records):
    return [start(), chat(1, 10, "ask.price a"), *records, later(330)]


@case(1, 0, 0)
def bought_by_the_deadline(d):
    """An order at the deadline comes too late for its asker."""
    return _asker(paid(2, 310 + d)), lambda got: last("askers", "unanswered")(got)["bought"]


@case(0, 1, 1)
def bought_from_the_question_on(d):
    """An order at the instant of the question counts."""
    return _asker(paid(2, 10 + d)), lambda got: last("askers", "unanswered")(got)["bought"]


@case(1, 0, 0)
def answered_by_the_deadline(d):
    """An answer at the deadline comes too late for the asker."""
    return _asker(said(2, 310 + d, reply_to=["e1"])), lambda got: last("askers", "answered")(got)["askers"]


@case(1, 0, 0)
def answered_before_bought(d):
    """An answer at the instant of the order is not before it."""
    return _asker(said(2, 30 + d, reply_to=["e1"]), paid(3, 30)), lambda got: last("askers", "answered")(got)["bought"]


@case(0, 1, 1)
def asker_due_at_the_end(d):
    """An asker whose deadline is the session's end is due."""
    records = [start(), chat(1, 10, "ask.price a"), room(2, 310 + d, "ended"), chat(3, 320)]
    return records, last("askers", "due")


@case(1, 0, 0)
def follow_on(d):
    """An order a minute after another's report does not follow it."""
    return [start(), chat(1, 10, "bought x", user="bo"), paid(2, 70 + d), later(90)], last("group", "follow_on_orders")


@case(1, 1, 0)
def reply(d):
    """A message of 15 min ago can still be replied to."""
    alive = [later(300 * n, 910 + n) for n in range(1, 4)]
    records = [start(), chat(1, 10, user="bo"), *alive, chat(2, 910 + d, reply_to="e1"), later(930)]
    return records, last("group", "replies")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_boundary(name, shift):
    """At a boundary the task does what the contract says, and so does the oracle."""
    build, values = CASES[name]
    records, look = build(shift * MS)
    assert look(run(records)) == values[shift]
    assert differences(records, Told()) == []


@pytest.mark.parametrize(("size", "reason"), [(65_536, []), (65_537, ["too_large"])])
def test_largest_record(size, reason):
    """A record of 64 KiB is not too large."""
    small = chat(1, 10)
    record = small._replace(value=small.value + b" " * (size - len(small.value)))
    assert reasons(run([record])) == reason
    assert differences([record], Told()) == []
