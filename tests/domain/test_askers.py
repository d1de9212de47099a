"""Who asked, was answered, bought: one user's 300 s, and how many users are kept."""

import pytest

from streamproc.domain.askers import Asker, Askers
from streamproc.domain.cluster import ANSWERED, Answer, Cluster
from streamproc.domain.rules import Bounds, Rules
from streamproc.domain.windows import Tally
from tests.fakes import Told, chat, new_task, paid, room, said, values
from tests.oracle.compare import differences

BOUNDS = Bounds(users=10, asker_clusters=2)


def _cluster(key, answered=None):
    cluster = Cluster(key, 0, "q", "ask", None, None, 0, 0, None)
    if answered is not None:
        cluster.state = ANSWERED
        cluster.answer = Answer("a", "anchor", "speech", 0, answered, 0, "reply_to", None)
    return cluster


def _judged(askers, clusters=(), most=10):
    tally = Tally()
    due = askers.next_due()
    kept = askers.judge(due, {cluster.key: cluster for cluster in clusters}, tally, most)
    return due, kept, tally.pane


def test_nobody_waits():
    """Without askers nothing is due."""
    assert Askers().next_due() is None


@pytest.mark.parametrize(
    ("asked", "answered", "bought", "counted"),
    [
        (10, None, None, {"unanswered_askers": 1}),
        (10, 309, None, {"answered_askers": 1}),
        (10, 310, None, {"unanswered_askers": 1}),
        (10, 50, 60, {"answered_askers": 1, "answered_bought": 1}),
        (10, 60, 60, {"unanswered_askers": 1, "unanswered_bought": 1}),
        (10, 70, 60, {"unanswered_askers": 1, "unanswered_bought": 1}),
    ],
)
def test_one_asker(asked, answered, bought, counted):
    """An answer counts before the first order or, without one, before the deadline."""
    askers, cluster = Askers(), _cluster("c", None if answered is None else answered * 1000)
    assert askers.ask("ann", cluster, asked * 1000, None, BOUNDS) is None
    if bought is not None:
        askers.order("ann", bought * 1000, {"c": cluster})
    assert _judged(askers, [cluster]) == ((asked + 300) * 1000, True, counted)
    assert askers.judged == {"ann"}


def test_only_the_first_order_counts():
    """A second order changes nothing, nor does one by somebody who did not ask."""
    askers, cluster = Askers(), _cluster("c")
    askers.ask("ann", cluster, 0, None, BOUNDS)
    askers.order("ann", 60_000, {"c": cluster})
    cluster.answer = _cluster("c", 70_000).answer
    askers.order("ann", 80_000, {"c": cluster})
    askers.order("bo", 80_000, {"c": cluster})
    assert list(askers.pending) == ["ann"]
    assert _judged(askers, [cluster])[2] == {"unanswered_askers": 1, "unanswered_bought": 1}


def test_the_first_ask_in_each_question_counts():
    """Answered is who had asked, before the order, in any question that was answered before it."""
    askers, first, second = Askers(), _cluster("a"), _cluster("b", 50_000)
    askers.ask("ann", first, 0, None, BOUNDS)
    askers.ask("ann", second, 20_000, None, BOUNDS)
    askers.ask("ann", second, 60_000, None, BOUNDS)
    assert askers.pending["ann"].asks == {"a": 0, "b": 20_000}
    askers.order("ann", 60_000, {"a": first, "b": second})
    assert _judged(askers)[2] == {"answered_askers": 1, "answered_bought": 1}
    askers.ask("bo", second, 60_000, None, BOUNDS)
    askers.order("bo", 60_000, {"b": second})
    assert _judged(askers)[2] == {"unanswered_askers": 1, "unanswered_bought": 1}
    askers.ask("cy", second, 60_000, None, BOUNDS)
    assert _judged(askers)[2] == {"unanswered_askers": 1}, "a question that is no longer known was not answered"


def test_an_order_at_the_instant_of_the_question():
    """Who bought just before, at the same time, bought in the 300 s; who bought earlier did not."""
    for last, bought in ((1000, True), (999, False), (None, False)):
        askers = Askers()
        askers.ask("ann", _cluster("c"), 1000, last, BOUNDS)
        assert askers.pending["ann"] == Asker(1000, {"c": 1000}, bought, answered=False)


@pytest.mark.parametrize(("asked", "bought"), [(49, 1), (50.001, 0)])
def test_a_late_order_at_the_instant_of_the_question(asked, bought):
    """An order that comes late counts where it is applied when the question is, but not where earlier."""
    early = [room(0, 0, "started"), room(1, 55, "follow", user_id="zoe"), paid(2, 20)]
    records = [*early, chat(3, asked, "ask a"), room(4, 400, "follow", user_id="zoe")]
    assert differences(records, Told()) == []
    task = new_task()
    task.read(records)
    task.finish()
    group = [each for each in values(task)["metrics"] if each["window"] == "session"][-1]["askers"]
    assert group["unanswered"]["bought"] == bought


def test_who_was_judged_is_judged_once():
    """Whoever asks again after their 300 s is no new asker."""
    askers = Askers()
    askers.ask("ann", _cluster("c"), 0, None, BOUNDS)
    _judged(askers)
    assert askers.ask("ann", _cluster("d"), 400_000, None, BOUNDS) is None
    assert askers.next_due() is None


def test_askers_beyond_the_bound():
    """So many wait to be judged, and the names of so many judged are kept; who is beyond either is told."""
    askers = Askers()
    few = Bounds(users=2)
    assert [askers.ask(user, _cluster("c"), 0, None, few) for user in ("ann", "bo", "cy")] == [None, None, "askers"]
    assert list(askers.pending) == ["ann", "bo"]
    assert askers.ask("ann", _cluster("d"), 1, None, few) is None
    assert [_judged(askers, most=1)[1] for _ in range(2)] == [True, False]
    assert askers.judged == {"ann"}


def test_many_questions_of_one_asker():
    """So many different questions of a user are known; one of those asked again is no further one."""
    askers = Askers()
    told = [askers.ask("ann", _cluster(key), n, None, BOUNDS) for n, key in enumerate("aabacb")]
    assert told == [None, None, None, None, "asker_clusters", None]
    assert askers.pending["ann"].asks == {"a": 0, "b": 2}
    task = new_task(rules=Rules(bounds=BOUNDS))
    task.read([chat(n, n, f"ask q{n % 3}") for n in range(6)] + [chat(9, 20)])
    assert task.counts["evicted", "asker_clusters"] == 2


def test_askers_beyond_the_bound_are_counted():
    """Askers who cannot be kept are counted as evicted: once when they ask, or once when they are judged."""
    asks = [chat(n, n, f"ask q{n}", user=f"u{n}") for n in range(4)]
    task = new_task(rules=Rules(bounds=Bounds(users=3)))
    task.read([*asks, room(9, 320, "follow", user_id="zoe")])
    assert task.counts["evicted", "askers"] == 1
    more = [chat(20 + n, 330 + n, f"ask r{n}", user=f"v{n}") for n in range(3)]
    task.read([*more, room(40, 640, "follow", user_id="zoe"), room(41, 650, "follow", user_id="zoe")])
    assert task.counts["evicted", "askers"] == 1 + 3
    task.finish()
    assert [each for each in values(task)["metrics"] if each["window"] == "session"][-1]["askers"]["due"] == 6


def test_the_group_in_a_record():
    """One answered asker who bought and one unanswered who did not: rates, difference and interval."""
    records = [
        chat(0, 0, "ask a"),
        chat(1, 1, "ask b", user="bo"),
        said(2, 10, reply_to=["e0"]),
        paid(3, 20),
        chat(4, 320),
    ]
    task = new_task()
    task.read(records)
    task.finish()
    group = [each for each in values(task)["metrics"] if each["window"] == "session"][-1]["askers"]
    assert group["answered"] == {"askers": 1, "bought": 1, "rate": 1.0}
    assert group["unanswered"] == {"askers": 1, "bought": 0, "rate": 0.0}
    assert (group["due"], group["difference"]) == (2, 1.0)
    assert -1 < group["ci_low"] < 0 < group["ci_high"] == pytest.approx(1)
