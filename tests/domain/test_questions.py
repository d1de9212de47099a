"""Questions: what the matcher is asked, what is remembered of old ones, what a restored board knows."""

import json

import pytest
from msgspec import msgpack

from streamproc.domain.cluster import BoardState
from streamproc.domain.questions import Board, _slot
from streamproc.domain.rules import Bounds, Rules
from tests.fakes import T0, Finds, chat, new_task, room, run, said, values


def _play(records, understanding=None, **bounds):
    task = new_task(understanding=understanding, rules=Rules(bounds=Bounds(**bounds)))
    task.read(sorted(records, key=_position))
    task.finish()
    return task, values(task).get("questions", [])


def _position(record):
    value = json.loads(record.value)
    return value.get("end_time") or value["event_time"]


def _told(questions):
    return [(each["change"], each["event_id"], each["cluster_id"].rpartition("/")[2]) for each in questions]


def test_the_matcher_is_asked_about_the_right_product():
    """What a text names itself goes before what is on show; bots are not asked about."""
    understanding = Finds()
    records = [
        chat(0, 0, "ask.price a"),
        room(1, 1, "product_shown", product_id="shown"),
        chat(2, 2, "ask.price a"),
        chat(3, 3, "ask.size b", product_id="named"),
        said(4, 4, "x"),
        said(5, 5, "y", product_id="named"),
        said(6, 6, "z", role="bot"),
        chat(7, 7, "help v", user="bo"),
        chat(8, 8, "help w", user="bo", product_id="named"),
    ]
    _, questions = _play(records, understanding)
    (index,) = understanding.indexes
    assert index.asked == [
        ("same", "ask.price a", "price", None),
        ("same", "ask.price a", "price", "shown"),
        ("same", "ask.size b", "size", "named"),
        ("answered_by", "x", "shown"),
        ("answered_by", "y", "named"),
        ("helped_by", "help v", "shown"),
        ("helped_by", "help w", "named"),
    ]
    assert list(index.held.values()) == [
        ("ask.price a", "price", None),
        ("ask.price a", "price", "shown"),
        ("ask.size b", "size", "named"),
    ]
    assert [each["product_id"] for each in questions] == [None, "shown", "named"]


def test_the_matcher_joins_only_questions_of_one_product():
    """What a matcher finds of another product is another question."""
    records = [chat(0, 0, "ask a"), chat(1, 1, "ask b"), chat(2, 2, "ask b", product_id="p"), chat(3, 3, "ask a", "bo")]
    _, questions = _play(records, Finds({"ask b": ["ask a"], "ask a": ["ask a"]}))
    assert _told(questions) == [
        ("opened", "e0", "e0"),
        ("joined", "e1", "e0"),
        ("opened", "e2", "e2"),
        ("joined", "e3", "e0"),
    ]


def test_a_match_has_its_score_and_a_reply_has_none():
    """What is replied to is answered whenever it was asked, what the matcher finds only where it was asked before."""
    records = [
        chat(0, 10, "ask a"),
        chat(1, 10, "ask b"),
        chat(2, 10, "ask c"),
        chat(3, 20, "ask d"),
        said(4, 19.999, "x", end_time=30, reply_to=["e2", "e3"]),
    ]
    _, questions = _play(records, Finds({"x": ["ask a", "ask c", "ask d"]}))
    answers = {each["text"]: each["answer"] for each in questions if each["change"] == "answered"}
    assert {text: (answer["evidence"], answer["score"]) for text, answer in answers.items()} == {
        "ask a": ("match", 0.75),
        "ask c": ("reply_to", None),
        "ask d": ("reply_to", None),
    }
    assert answers["ask d"]["latency_ms"] == 0
    again = [*records[:3], said(4, 9.999, "x", end_time=30)]
    assert "answered" not in [each["change"] for each in _play(again, Finds({"x": ["ask a"]}))[1]]
    again = [*records[:3], said(4, 10, "x", end_time=30)]
    assert "answered" in [each["change"] for each in _play(again, Finds({"x": ["ask a"]}))[1]]


def test_help_that_the_matcher_finds():
    """A message that the matcher takes for help peer-answers open questions of others, the oldest first, once."""
    records = [
        chat(0, 10, "ask a"),
        chat(1, 11, "ask b"),
        chat(2, 12, "ask c", user="bo"),
        said(3, 13, "x", reply_to=["e1"]),
        chat(4, 14, "help y", user="bo"),
        chat(5, 15, "help y", user="cy"),
    ]
    _, questions = _play(records, Finds({"help y": ["ask a", "ask b", "ask c"]}))
    helped = [each for each in _told(questions) if each[0] == "peer_answered"]
    assert helped == [("peer_answered", "e4", "e0"), ("peer_answered", "e5", "e2")]


def test_percentiles_of_two_hundred():
    """The record's percentiles are the 100th, 180th and 198th of two hundred answers."""
    asks = [chat(n, n / 100, f"ask q{n}", user=f"u{n}") for n in range(200)]
    answers = [said(1000 + n, n / 100 + 3 + n / 10, reply_to=[f"e{n}"]) for n in range(200)]
    records = [*asks, *answers, room(2000, 40, "ended")]
    got = run(sorted(records, key=_position))["metrics"]
    latency = [each for each in got if each["window"] == "session"][-1]["questions"]["latency_ms"]
    assert latency == {"mean": 12_950, "p50": 12_900, "p90": 20_900, "p99": 22_700}


def _alive(start, end, n=500):
    """Keep a session alive with what means nothing."""
    return [room(n + at, at, "follow", user_id="zoe") for at in range(start, end, 300)]


LONG_AGO = 1500


@pytest.mark.parametrize(
    ("between", "reopened"),
    [
        ([said(1, 20, reply_to=["e0"])], "e0"),
        ([], None),
        ([said(1, 20, reply_to=["e0"]), chat(2, 60, "ask a")], None),
        ([said(1, 20, reply_to=["e0"]), chat(2, 60, "ask a"), said(3, 70, reply_to=["e2"])], "e2"),
        ([said(1, 20, reply_to=["e0"]), chat(2, 60, "ask a", product_id="p"), said(3, 70, reply_to=["e2"])], "e0"),
        ([chat(1, 620, "ask a"), said(2, 640, reply_to=["e1"])], "e1"),
    ],
)
def test_a_question_from_long_ago(between, reopened):
    """What became of the newest that asked the same of the same product decides, however long it has been closed."""
    last = chat(90, LONG_AGO, "ask a", user="bo")
    records, understanding = [*between, *_alive(100, LONG_AGO), last, *_alive(LONG_AGO, 1600)], Finds()
    task, questions = _play([chat(0, 0, "ask a"), *records], understanding)
    opened = [each for each in questions if each["event_id"] == "e90"]
    assert [each["change"] for each in opened] == ["opened"]
    assert opened[0]["reopened_from"] == (reopened and f"r1@{T0}/{reopened}")
    assert list(task.rooms["r1"].current.board.state.clusters) == ["e90"]
    assert list(understanding.indexes[-1].held) == ["e90"]
    assert list(task.rooms["r1"].current.board.state.by_text.values()) == [["e90"]]


def test_an_old_question_is_known_by_each_of_its_texts():
    """A question that many texts asked is known again by any of them; the newer one by what both asked."""
    records = [
        chat(0, 0, "ask a"),
        chat(1, 1, "ask b"),
        said(2, 20, reply_to=["e0"]),
        chat(3, 100, "ask b"),
        said(4, 120, reply_to=["e3"]),
        *_alive(200, LONG_AGO),
        chat(5, LONG_AGO, "ask b"),
        chat(6, LONG_AGO, "ask a"),
    ]
    _, questions = _play(records, Finds({"ask b": ["ask a"]}))
    reopened = {each["event_id"]: each["reopened_from"] for each in questions if each["change"] == "opened"}
    assert reopened == {"e0": None, "e3": f"r1@{T0}/e0", "e5": f"r1@{T0}/e3", "e6": f"r1@{T0}/e0"}


def test_the_newest_of_two_old_questions_counts():
    """A text that two questions held is known by the one that was opened last, even where it closed first."""
    records = [
        chat(0, 0, "ask a"),
        chat(1, 1, "ask b"),
        chat(2, 2, "ask y"),
        said(3, 5, reply_to=["e1"]),
        chat(4, 40, "ask y"),
        said(5, 50, reply_to=["e0"]),
        *_alive(100, LONG_AGO),
        chat(6, LONG_AGO, "ask y"),
    ]
    _, questions = _play(records, Finds({"ask y": ["ask a", "ask b"]}))
    joined = [(each["event_id"], each["cluster_id"][-2:]) for each in questions if each["change"] == "joined"]
    assert joined == [("e2", "e1"), ("e4", "e0")]
    assert questions[-1]["reopened_from"] == f"r1@{T0}/e1"


def test_products_and_texts_do_not_run_together():
    """No two pairs of product and text share a slot, whatever a product is called."""
    pairs = [(None, "px"), ("p", "x"), ("px", ""), (None, "1:px"), ("1", "px"), (None, "x")]
    assert len({_slot(*pair) for pair in pairs}) == len(pairs)


def test_the_oldest_past_is_forgotten():
    """Of questions closed long ago only so many are remembered; the oldest are evicted and counted."""
    asks = [chat(n, n, f"ask q{n}", user=f"u{n}") for n in range(5)]
    again = [chat(100 + n, LONG_AGO, f"ask q{n}") for n in range(5)]
    records = [*asks, said(5, 10, reply_to=[f"e{n}" for n in range(5)]), *_alive(100, LONG_AGO), *again]
    task, questions = _play(records, past_clusters=3)
    assert task.counts["evicted", "past_clusters"] == 2
    reopened = [each["reopened_from"] for each in questions if each["at"] == T0 + LONG_AGO * 1000]
    assert reopened == [None, None, *(f"r1@{T0}/e{n}" for n in (2, 3, 4))]
    assert _play(records, past_clusters=5)[0].counts["evicted", "past_clusters"] == 0


def test_closed_questions_beyond_the_bound():
    """Beyond the bound the question that closed first is counted as due at once, and kept as a line."""
    records = [
        chat(0, 0, "ask a"),
        chat(1, 1, "ask b"),
        said(2, 5, reply_to=["e0", "e1"]),
        chat(3, 6, "ask c"),
        said(4, 7, reply_to=["e3"]),
        chat(5, 8, "ask d"),
        chat(6, 9, "ask a"),
        room(7, 12, "follow", user_id="zoe"),
    ]
    task, questions = _play(records, past_clusters=2)
    assert task.counts["evicted", "closed_clusters"] == 1
    assert task.counts["evicted", "past_clusters"] == 0
    assert _told(questions)[-1] == ("opened", "e6", "e6"), "within 30 s of its answer, but no longer known whole"
    assert questions[-1]["reopened_from"] == f"r1@{T0}/e0"
    board = task.rooms["r1"].current.board.state
    assert (list(board.clusters), board.closed) == (["e1", "e3", "e5", "e6"], ["e1", "e3"])
    assert board.due == ["e1", "e3", "e5", "e6"]
    assert [board.clusters[key].events for key in board.clusters] == [[], [], ["e5"], ["e6"]]
    assert task.rooms["r1"].current.state.tally.totals[0]["due_answered"] == 1
    later = [*records, *(room(20 + n, 80 + n, "follow", user_id="zoe") for n in range(8))]
    for most, evicted in ((1, 2), (2, 1), (3, 0)):
        task, _ = _play(later, past_clusters=most)
        assert task.counts["evicted", "closed_clusters"] == evicted
        counted = task.rooms["r1"].current.state.tally.totals[3]
        # Without the bound the second ask of the first question would have joined it.
        assert (counted["due"], counted["due_answered"]) == (5 if most < 3 else 4, 3)


@pytest.mark.parametrize("at", [74.999, 75, 75.001])
def test_a_closed_question_is_due_once(at):
    """Whether it makes room just before, when or after it comes due, a question comes due once."""
    records = [chat(0, 0, "ask a"), chat(1, 1, "ask b"), said(2, 5, reply_to=["e0", "e1"]), chat(3, at, "ask c")]
    task, _ = _play([*records, room(9, 160, "follow", user_id="zoe")], past_clusters=1)
    assert task.counts["evicted", "closed_clusters"] == 1
    counted = task.rooms["r1"].current.state.tally.totals[3]
    assert (counted["due"], counted["due_answered"]) == (3, 2)


def test_many_texts_of_one_question():
    """Of the texts that asked one question so many are remembered; with more it is asked by them all the same."""
    others = [f"ask t{n}" for n in range(1, 6)]
    records = [chat(0, 0, "ask t0"), *(chat(n, n, f"ask t{n}") for n in range(1, 6)), chat(6, 6, "ask t5")]
    task, questions = _play(records, Finds({text: ["ask t0"] for text in others}), cluster_texts=3)
    assert [each["change"] for each in questions] == ["opened", *["joined"] * 6]
    (cluster,) = task.rooms["r1"].current.board.open.values()
    assert cluster.norms == ["askt0", "askt1", "askt2"]
    assert task.counts["evicted", "cluster_texts"] == 4
    assert [len(keys) for keys in task.rooms["r1"].current.board.state.by_text.values()] == [1, 1, 1]


def test_reply_to_knows_the_newest_asks():
    """Beyond the bound a reply to an old ask of a question is not recognised; a reply to a newer one is."""
    asks = [chat(n, n, "ask a", user=f"u{n}") for n in range(4)]
    for replied, answered in ((0, False), (1, True), (3, True)):
        task, questions = _play([*asks, said(5, 10, reply_to=[f"e{replied}"])], cluster_asks=3)
        assert ("answered" in [each["change"] for each in questions]) is answered
        assert task.counts["evicted", "cluster_asks"] == 1
    assert _play(asks, cluster_asks=4)[0].counts["evicted", "cluster_asks"] == 0


def test_what_was_asked_longest_ago_makes_room():
    """Beyond the bound the question asked the longest ago expires at once, which need not be the first opened."""
    records = [chat(0, 0, "ask a"), chat(1, 1, "ask b"), chat(2, 2, "ask a"), chat(3, 3, "ask c"), chat(4, 4, "ask a")]
    task, questions = _play(records, open_clusters=2)
    assert _told(questions)[3:] == [("expired", None, "e1"), ("opened", "e3", "e3"), ("joined", "e4", "e0")]
    assert [each["at"] - T0 for each in questions if each["change"] == "expired"] == [3000]
    assert task.counts["evicted", "open_clusters"] == 1


def test_askers_beyond_the_bound():
    """A question counts so many askers; one who asks again is none beyond the bound."""
    asks = [chat(n, n, "ask a", user=f"u{n % 3}") for n in range(6)]
    task, questions = _play(asks, users=3)
    assert (questions[-1]["asks"], questions[-1]["askers"]) == (6, 3)
    assert task.counts["evicted", "cluster_askers"] == 0
    task, questions = _play(asks, users=2)
    assert (questions[-1]["asks"], questions[-1]["askers"]) == (6, 2)
    assert task.counts["evicted", "cluster_askers"] == 2


def test_a_restored_board_knows_what_the_lost_one_did():
    """Indexes are made again from the state: open and closed questions, asks that may be replied to, who waits."""
    records = [
        chat(0, 0, "ask.price a"),
        chat(1, 1, "ask.price a", user="bo"),
        chat(2, 2, "ask.size b", product_id="p"),
        chat(3, 3, "ask.link c"),
        said(4, 4, reply_to=["e3"]),
    ]
    understanding = Finds()
    task = new_task(understanding=understanding)
    task.read([*records, room(9, 20, "follow", user_id="zoe")])
    lost = task.rooms["r1"].current.board
    state = msgpack.decode(msgpack.encode(lost.state), type=BoardState)
    board = Board(state, lost.tally, lost.room_id, lost.session_id, lost.around)
    assert understanding.indexes[-1].held == understanding.indexes[0].held
    assert list(understanding.indexes[-1].held) == ["e0", "e2", "e3"]
    assert list(board.open) == list(lost.open) == ["e0", "e2"]
    assert board.asked == lost.asked == {"e0": "e0", "e1": "e0", "e2": "e2"}
    assert board.waiting == lost.waiting
    assert sorted(map(len, board.waiting.values())) == [1, 2]
