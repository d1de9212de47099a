"""The watermark, lateness, duplicates, and what leaves a task."""

from streamproc.contracts import topics
from streamproc.domain.time import GRACE
from streamproc.pipeline.task import IDLE_MOST
from tests.fakes import T0, chat, new_task, paid, record, room, run, said, values


def test_watermark_follows_the_highest_clock():
    """The watermark is the highest clock less grace, and never goes back."""
    task = new_task()
    task.read([chat(0, 100), chat(1, 98), chat(2, 101)])
    assert task.watermark == T0 + 101_000 - GRACE
    task.move(T0)
    assert task.watermark == T0 + 101_000 - GRACE


def test_a_fast_clock_moves_nobody_else():
    """A record's clock is its Kafka timestamp where that is earlier than its position."""
    task = new_task()
    task.read([chat(0, 109, timestamp=T0 + 100_000)])
    assert task.watermark == T0 + 95_000


def test_lag_holds_the_watermark():
    """While a topic has unread records the watermark waits for it; one that was never read stops it."""
    task = new_task(each=False)
    task.read([chat(0, 100), paid(1, 40)])
    assert task.due_watermark() == T0 + 95_000
    assert task.due_watermark([topics.ORDERS]) == T0 + 35_000
    assert task.due_watermark([topics.ROOM]) is None
    task.move(T0 + 1)
    assert task.due_watermark([topics.ROOM, topics.ORDERS]) == T0 + 1


def test_idle_task_moves_on_to_eleven_minutes():
    """Time goes on for an idle task, at most 11 min past the highest position: silent sessions end."""
    task = new_task()
    assert task.idle_watermark(1_000) is None
    task.read([chat(0, 0)])
    assert task.idle_watermark(1_000) == T0 - 4_000
    assert task.idle_watermark(10**9) == T0 + IDLE_MOST
    task.move(task.idle_watermark(10**9))
    assert [m["final"] for m in values(task)["metrics"]][-4:] == [True] * 4
    assert task.rooms["r1"].asleep


def test_late_by_fifteen_minutes_is_the_last_that_counts():
    """Exactly 15 min late is applied; a millisecond more is too late, unless it is an order or feedback."""
    start = [room(0, 0, "started"), chat(1, 5)]
    on = [chat(n, 500 * n) for n in range(2, 5)]  # the session lives on
    w = 2000 - 5
    out = run([*start, *on, chat(10, w - 900), chat(11, w - 900.001), paid(12, w - 900.001)])
    assert [(d["offset"], d["reason"]) for d in out["dead-letter"]] == [(11, "too_late")]
    session = [m for m in out["metrics"] if m["window"] == "session"][-1]
    assert session["quality"]["late"] == 2
    assert session["conversion"]["orders"] == 1


def test_older_than_the_open_session_is_too_late():
    """A late record from before the open session's first event is too late; an order is outside, not counted."""
    records = [room(0, 0, "started"), room(1, 50, "ended"), room(2, 60, "started"), chat(3, 100)]
    task = new_task()
    task.read([*records, chat(4, 59.999), paid(5, 59.999), chat(6, 60)])
    out = values(task)
    assert [d["offset"] for d in out["dead-letter"]] == [4]
    assert task.counts["outside", ""] == 1
    assert {c["event_id"] for c in out["chat.classified"]} == {"e3", "e6"}


def test_late_too_late_and_duplicate_publish_once():
    """A duplicate is not classified again; less than 15 min from the first it is one, at 15 min it is none."""
    records = [chat(0, 0, event_id="a"), chat(1, 1, event_id="a"), chat(2, 899.999, event_id="a")]
    out = run([*records, chat(3, 900, event_id="a")])
    assert [c["event_time"] - T0 for c in out["chat.classified"]] == [0, 900_000]


def test_ids_are_the_room_and_topics_own():
    """The same event_id in another room or topic is another event."""
    task = new_task()
    task.read([chat(0, 0, event_id="a"), chat(1, 0, event_id="a", room_id="r2"), said(2, 0, event_id="a")])
    assert not task.counts["duplicate", topics.CHAT]
    assert not task.counts["duplicate", topics.ANCHOR]


def test_order_of_application():
    """Events of one position are applied by topic, then event_id, whatever the order of arrival."""
    asks = [chat(0, 10, "ask.price q1", event_id="b"), chat(1, 10, "ask.price q2", event_id="a")]
    answer = said(2, 10, reply_to=["a", "b"], event_id="0")
    for records in ([*asks, answer], [answer, *asks[::-1]]):
        changes = run([*records, chat(9, 30)])["questions"]
        assert [(q["change"], q["event_id"]) for q in changes[:4]] == [
            ("opened", "a"), ("opened", "b"), ("answered", "0"), ("answered", "0"),
        ]  # fmt: skip


def test_no_user_id_leaves():
    """No output but a dead letter holds a raw user_id."""
    raw_id = "the-user"
    records = [
        chat(0, 0, "ask.price q", user=raw_id, mentions=[raw_id]),
        room(1, 1, "enter", user_id=raw_id, referrer_id=raw_id),
        paid(2, 2, user=raw_id),
        record("feedback", 3, event_time=3, user_id=raw_id, channel="review", text="opinion.product.neg bad"),
        chat(4, 60),
    ]
    task = new_task()
    task.read(records)
    task.finish()
    published, outputs = task.take()
    assert published
    assert not any(raw_id.encode() in output.value for output in published + outputs)


def test_counts_outside_a_session():
    """Events just after `ended` are classified and counted, and belong to nothing."""
    task = new_task()
    task.read([room(0, 0, "started"), room(1, 10, "ended"), chat(2, 69.999), chat(3, 90), chat(4, 200)])
    assert task.counts["outside", ""] == 1
    assert task.counts["kind", "other"] == 3
    assert task.rooms["r1"].current.id == f"r1@{T0 + 90_000}"
