"""Who replies to whom, who came by a share, whose report an order follows: also what the contract leaves open."""

import pytest
from msgspec import structs

from streamproc.domain.crowd import Crowd
from streamproc.domain.rules import Bounds, Rules
from tests.fakes import T0, Told, chat, new_task, paid, record, room, run, values


def _group(records, window="session", **options):
    return [each for each in run(records, **options)["metrics"] if each["window"] == window][-1]["group"]


def test_reciprocity():
    """Of the replies, those to a user who had replied to their author before: counted at the second tie, by whoever."""
    records = [
        chat(0, 0, user="ann"),
        chat(1, 1, user="bo", reply_to="e0"),
        chat(2, 2, user="bo", reply_to="e0"),
        chat(3, 3, user="ann", reply_to="e1"),
        chat(4, 4, user="cy", reply_to="e3"),
        chat(5, 5, user="bo", reply_to="e3"),
        chat(6, 6, user="ann", reply_to="e0"),
        chat(7, 7, user="ann", reply_to="none"),
    ]
    # bo to ann, bo to ann, ann to bo (returned), cy to ann, bo to ann (returned); oneself and nobody are no replies.
    group = _group(records)
    assert (group["replies"], group["reciprocity"]) == (5, 0.4)
    assert _group(records[:3])["reciprocity"] == 0
    assert _group(records[:1])["reciprocity"] is None


def test_a_tie_outlasts_its_window():
    """A reply in the window is returned where the first tie lies before it, but in the session."""
    records = [chat(0, 0, user="ann"), chat(1, 1, user="bo", reply_to="e0"), chat(2, 95, user="ann", reply_to="e1")]
    assert [_group(records, window)["reciprocity"] for window in ("60s", "session")] == [1.0, 0.5]
    again = [*records[:2], room(3, 5, "ended"), room(4, 70, "started"), chat(5, 71, user="bo"), *records[2:]]
    assert _group(again)["replies"] == 0, "what was written in another session is not replied to"


@pytest.mark.parametrize(
    ("follows", "expected"),
    [
        ([(True, True)], 1.0),
        ([(False, False)], 1.0),
        ([(True, False)], -1.0),
        ([(False, True)], -1.0),
        ([(None, True), (True, None), (None, None)], None),
        ([(True, True), (True, True), (False, False), (True, False), (None, True)], 0.5),
    ],
)
def test_homophily(follows, expected):
    """(alike - unlike) / (alike + unlike) over replies whose two authors are known to follow or not."""
    records = []
    for n, pair in enumerate(follows):
        for m, follower in enumerate(pair):
            more = {"reply_to": f"e{2 * n}"} if m else {}
            known = {} if follower is None else {"user": {"follower": follower}}
            at = 2 * n + m
            records.append(record("chat", at, event_time=at, text="x", user_id=f"u{n}{m}", **more, **known))
    assert _group(records)["homophily"] == expected


class _Advises(Told):
    """Texts that advise: `recommend` and `warn`."""

    def label(self, texts):
        """Return labels with advice."""
        labels = super().label(texts)
        return [
            structs.replace(label, advice=text if text in {"recommend", "warn"} else None)
            for text, label in zip(texts, labels, strict=True)
        ]


def test_advice():
    """Chat that recommends and chat that warns are counted apart."""
    records = [chat(0, 0, "recommend"), chat(1, 1, "warn"), chat(2, 2, "recommend"), chat(3, 3)]
    got = run(records, understanding=_Advises())["metrics"][-1]["recommend"]
    assert (got["chat_recommend"], got["chat_warn"]) == (2, 1)


def test_an_order_follows_the_newest_report_of_another():
    """Whoever else reported within the minute, however many reports oneself or one other made since."""
    reports = [chat(0, 0, "bought", user="bo"), chat(1, 30, "bought", user="ann"), chat(2, 40, "bought", user="ann")]

    def follows(*more):
        return _group([*reports, *more])["follow_on_orders"]

    assert follows(paid(9, 59, user="ann")) == 1
    assert follows(paid(9, 60, user="ann")) == 0
    assert follows(paid(9, 99, user="bo")) == 1
    assert follows(paid(9, 100, user="bo")) == 0
    assert follows(chat(5, 50, "bought", user="bo"), paid(9, 109, user="ann")) == 1
    assert follows(chat(5, 50, "bought", user="bo"), paid(9, 99, user="bo")) == 1
    assert follows(chat(5, 50, "bought", user="bo"), paid(9, 99, user="cy")) == 1
    assert _group([chat(0, 0), paid(9, 59, user="ann")])["follow_on_orders"] == 0


def test_pairs_and_messages_at_their_bounds():
    """At the bound nothing is forgotten; beyond it the oldest, which is counted."""
    records = [chat(n, n, user=f"u{n}", reply_to=f"e{n - 1}" if n else None) for n in range(5)]
    for messages, pairs, evicted in ((5, 4, (0, 0)), (4, 4, (1, 0)), (5, 3, (0, 1))):
        task = new_task(rules=Rules(bounds=Bounds(messages=messages, pairs=pairs)))
        task.read(records)
        task.finish()
        assert (task.counts["evicted", "messages"], task.counts["evicted", "pairs"]) == evicted
        crowd = task.rooms["r1"].current.state.crowd
        assert list(crowd.authors) == [f"e{n}" for n in range(5 - messages, 5)]
        assert len(crowd.pairs) == pairs
        assert [each for each in values(task)["metrics"] if each["window"] == "session"][-1]["group"]["replies"] == 4


def test_messages_too_old_to_be_replied_to_are_forgotten():
    """At each pane end those older than 15 min go, and so do counts of viewers."""
    keep = [room(99, 1, "viewers", value=5), *(room(100 + n, 300 * n, "follow", user_id="zoe") for n in range(1, 4))]
    task = new_task()
    task.read([chat(0, 1), chat(1, 10), *keep, room(200, 915, "follow", user_id="zoe")])
    assert list(task.rooms["r1"].current.state.crowd.authors) == ["e1"]
    task.read([room(201, 925, "follow", user_id="zoe")])
    crowd = task.rooms["r1"].current.state.crowd
    assert (list(crowd.authors), crowd.peak.panes, crowd.last) == ([], [], 5)


def test_nobody_reported():
    """Without a report nothing follows one."""
    assert not Crowd().follows_report("ann", 0)


def test_viewers_come_and_go():
    """The newest count is the last, up or down, the highest the peak; who enters twice is one, other events count."""
    records = [room(0, 0, "viewers", value=500), room(1, 30, "viewers", value=200), room(2, 65, "viewers", value=0)]
    records += [room(10 + n, 66, kind, user_id="ann", product_id="p") for n, kind in enumerate(["enter"] * 2)]
    records += [room(20 + n, 67, kind, user_id="ann", product_id="p") for n, kind in enumerate(["click", "cart"] * 2)]
    records += [room(30 + n, 68, kind, user_id="ann") for n, kind in enumerate(["follow", "share", "share"])]
    got = {(each["window"], (each["end"] - T0) // 1000): each["viewers"] for each in run(records)["metrics"]}
    seen = {key: (each["last"], each["peak"]) for key, each in got.items() if key[0] in ("60s", "session")}
    assert [seen["60s", end] for end in (10, 30, 40, 60, 70)] == [(500, 500)] * 2 + [(200, 500)] * 2 + [(0, 200)]
    assert seen["session", 70] == (0, 500)
    records.append(room(40, 69, "follow", user_id="ann", value=9))
    assert run(records)["metrics"][-1]["viewers"]["last"] == 0, "a value is a count of viewers where the event says so"
    counts = {"entered": 1, "follows": 1, "shares": 2, "clicks": 2, "carts": 2}
    assert {name: got["60s", 70][name] for name in counts} == counts
