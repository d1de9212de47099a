"""Readings of the contract where it leaves two (docs/decisions/0005): the one that was chosen."""

import json

import pytest

from streamproc.pipeline.decode import decode
from streamproc.pipeline.records import Record, Rejected
from tests.fakes import T0, Told, chat, new_task, paid, record, room, run
from tests.oracle.compare import differences
from tests.oracle.reading import reason


def _last(records, group, name):
    """Return a number of the last session record, on which task and oracle agree."""
    assert differences(records, Told()) == []
    return [each for each in run(records)["metrics"] if each["window"] == "session"][-1][group][name]


def test_an_order_is_paid_once_a_session():
    """An order that was paid in an earlier session counts again where it is paid again, and is then its order."""
    first = [room(0, 0, "started"), paid(1, 1), room(2, 5, "ended"), room(3, 20, "started")]
    assert _last([*first, paid(4, 21, status="refunded")], "conversion", "other_returns") == 1
    again = [*first, paid(4, 21), paid(5, 22, amount=40, status="refunded")]
    assert _last(again, "conversion", "net_gmv") == {"CNY": 60}


def test_events_of_one_moment_are_ordered_by_code_points():
    """Ids are ordered by code points, which is the order of their UTF-8, not of their UTF-16."""
    high, highest = "\ufffd", "\U00010000"
    marks = {high: 1, highest: 2}
    for first, second in ((high, highest), (highest, high)):
        records = [chat(0, 0)]
        records += [room(n, 1, "viewers", event_id=mark, value=marks[mark]) for n, mark in ((1, first), (2, second))]
        assert _last(records, "viewers", "last") == 2


def test_who_shares_with_themselves_came_by_a_share():
    """A referrer_id makes an entry one by a share, whosever it is."""
    records = [room(0, 0, "enter", user_id="ann", referrer_id="ann"), paid(1, 1)]
    assert _last(records, "group", "share_orders") == 1


def test_reports_of_purchase_are_chat():
    """A purchase report in a review is followed by no order."""
    review = record("feedback", 1, event_time=1, user_id="bo", channel="review", text="bought it")
    assert _last([chat(0, 0), review, paid(2, 2)], "group", "follow_on_orders") == 0
    assert _last([chat(0, 0), chat(1, 1, "bought it", user="bo"), paid(2, 2)], "group", "follow_on_orders") == 1


def test_sessions_that_begin_at_one_moment_share_their_id():
    """What starts, ends and starts at one moment is two sessions with one session_id."""
    records = [room(0, 0, "started"), room(1, 0, "ended"), room(2, 0, "started"), chat(3, 1), room(9, 20, "ended")]
    assert differences(records, Told()) == []
    got = run(records)["metrics"]
    ids = [each["id"] for each in got if each["window"] == "session"]
    assert ids == [f"r1@{T0}/session/{T0 + 10_000 * n}" for n in (1, 1, 2, 3)]
    assert [each["final"] for each in got if each["window"] == "session"] == [True, False, False, True]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"text": "👍" * 500}, None),
        ({"text": "👍" * 501}, "invalid"),
        ({"user_id": "é" * 128}, None),
        ({"event_id": "a\u200bb\ufeff"}, None),
        ({"event_id": "a\u3000b"}, "invalid"),
        ({"event_id": "a\x9fb"}, "invalid"),
    ],
)
def test_characters_are_code_points(change, expected):
    """Lengths count code points; whitespace is Unicode's, control characters are its category Cc, and no more."""
    value = {**json.loads(chat(0, 0).value), **change}
    got = Record("live.chat.v1", 0, 0, None, None, json.dumps(value).encode())
    item = decode(got)
    assert (item.reason if isinstance(item, Rejected) else None) == reason(got) == expected


@pytest.mark.parametrize("more", ["", ', "x": "NaN"'])
def test_of_a_name_that_stands_twice_the_last_counts(more):
    """JSON may hold a name twice: the last one counts, in whichever way a record is read."""
    raw = chat(0, 0).value.decode()[:-1] + f', "text": "second"{more}}}'
    item = decode(Record("live.chat.v1", 0, 0, None, None, raw.encode()))
    assert item.text == "second"


def test_a_text_of_marks_alone_is_taken_as_it_stands():
    """What has nothing but punctuation and symbols is not even folded: a wide question mark is another text."""
    task = new_task()
    assert [task.understanding.normalise(text) for text in ("？", "?", "？a")] == ["？", "?", "a"]
