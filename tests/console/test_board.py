"""The board keeps what the picture needs, from output records alone."""

from streamproc.console.board import Board
from streamproc.contracts import topics
from tests.fakes import T0, chat, paid, room, run, said


def question(cluster="r1@1/c1", n=0, **more):
    """Return a question record."""
    value = {
        "id": f"{cluster}#{n}", "cluster_id": cluster, "room_id": "r1", "change": "opened", "at": T0, "text": "多少钱",
        "topic": "price", "state": "open", "asks": 1, "askers": 1, "first_ask": T0, "answer": None, "peer_answer": None,
    }  # fmt: skip
    return {**value, **more}


def a_show():
    """Return the board after a short show through the core."""
    records = [
        room(0, 0, "started"),
        room(1, 1, "viewers", value=1_234),
        chat(2, 2, "ask.price 多少钱", user="ann"),
        chat(3, 3, "ask.size 什么码", user="bo", event_id="c3"),
        said(4, 9, "都有", reply_to=["c3"]),
        paid(5, 12, amount=9_900),
        chat(6, 31, "hello"),
    ]
    board = Board()
    for short, found in run(records).items():
        for value in found:
            board.apply(f"live.{short}.v1", value)
    return board


def test_what_the_core_publishes_is_kept():
    """Rooms, waiting questions, money and counts are those of the records."""
    board = a_show()
    seen = board.rooms["r1"]
    assert seen.number("60s", "viewers", "last") == 1_234
    assert seen.number("session", "conversion", "orders") == 1
    assert (board.open, board.oldest(T0 + 60_000), board.oldest(None)) == (1, 58_000, 38_000)
    assert board.money == {"CNY": 9_900}
    assert board.changes == {"opened": 2, "answered": 1}
    assert board.outputs[topics.CLASSIFIED] == board.kinds.total() == 3
    assert board.newest == T0 + 40_000
    assert not seen.over


def test_question_that_is_answered_waits_no_longer():
    """The newest change of a cluster decides, and moves it to the list's end."""
    board = Board()
    board.apply(topics.QUESTIONS, question())
    board.apply(topics.QUESTIONS, question("r1@1/c2", first_ask=T0 + 5))
    board.apply(topics.QUESTIONS, question(n=1, change="answered", state="answered"))
    assert board.open == 1
    assert board.oldest(T0 + 7) == 2
    assert list(board.questions) == ["r1@1/c2", "r1@1/c1"]


def test_alert_is_there_while_it_fires():
    """A resolved one is gone."""
    board = Board()
    alert = {"session_id": "r1@1", "alert": "silence", "aspect": None, "state": "firing"}
    board.apply(topics.ALERTS, alert)
    assert len(board.alerts) == 1
    board.apply(topics.ALERTS, {**alert, "state": "resolved"})
    assert not board.alerts


def test_board_is_bounded():
    """A recording of a million questions does not fill the memory with those that are over."""
    board = Board()
    for n in range(1_000):
        board.apply(topics.QUESTIONS, question(f"r1@1/c{n}", change="expired", state="expired"))
    assert len(board.questions) <= 200
    assert board.open == 0
