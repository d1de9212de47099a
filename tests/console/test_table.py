"""The picture fits its terminal, Chinese text and all, and says what the records say."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from streamproc.console import words
from streamproc.console.board import Board
from streamproc.console.table import Status, picture, plain
from streamproc.contracts import topics
from tests.fakes import T0, chat, paid, room, run, said

STATUS = Status(
    title="a show in 3 rooms", elapsed="1:00 of 5:00", sent=1_000, rate=25.0, behind=6_000.0, now=T0 + 70_000
)


def a_board(rooms=1):
    """Return the board after the same show in so many rooms."""
    board = Board()
    for n in range(rooms):
        at = {"room_id": f"直播间-{n + 1}"}
        records = [
            room(0, 0, "started", **at),
            room(1, 1, "viewers", value=1_234 + n, **at),
            chat(2, 2, "ask.price 这个大码的红色连衣裙现在拍多少钱啊主播能不能再便宜一点", event_id="q1", **at),
            chat(3, 3, "ask.size 穿什么码", user="bo", event_id="q2", **at),
            said(4, 9, "都有", reply_to=["q2"], **at),
            paid(5, 12, amount=990_000, **at),
            chat(6, 40, "hello", **at),
        ]
        for short, found in run(records).items():
            for value in found:
                board.apply(f"live.{short}.v1", value)
    return board


def drawn(board, width, height, status=STATUS):
    """Return the picture as lines of text."""
    sink = io.StringIO()
    console = Console(file=sink, width=width, height=height, color_system=None, legacy_windows=False)
    console.print(picture(board, status, width, height))
    return sink.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (60, 20), (200, 60)])
@pytest.mark.parametrize("rooms", [0, 1, 30])
def test_picture_fits_its_terminal(width, height, rooms):
    """No line is wider and no picture higher, with characters that take two columns."""
    found = drawn(a_board(rooms), width, height)
    assert max(map(cell_len, found)) <= width
    assert len(found) <= height


def test_narrow_picture_says_what_counts():
    """Room, viewers, waiting question and its age, orders, money, the worker's state: all at 80 columns."""
    text = "\n".join(drawn(a_board(), 80, 24))
    for part in ("直播间-1", "1,234", "¥9,900", "这个大码", "answered in 6 s", "25/s", "6.0 s", "waiting 1:08"):
        assert part in text


def test_foot_is_whole_in_a_narrow_terminal():
    """At 80 columns the worker's line ends with its CPU, however much has been sent."""
    status = Status(sent=999_999, rate=99_999.0, behind=59_900.0, lag=999_999, cpu=1.0)
    assert drawn(a_board(), 80, 24, status)[-1].rstrip().endswith("dead letters 0 · CPU 100%")


def test_wide_picture_says_more():
    """Topics and the numbers that there is no room for at 80 columns."""
    text = "\n".join(drawn(a_board(), 120, 40))
    for part in ("chatters", "load", "price", "answered in 6 s (speech)"):
        assert part in text


def test_rooms_that_do_not_fit_are_counted():
    """The busiest are shown and the others told as a number."""
    assert any("more" in line and "…" in line for line in drawn(a_board(30), 80, 24))


def test_alert_is_shown():
    """The newest one that fires, with its summary."""
    board = a_board()
    alert = {
        "session_id": "s", "alert": "silence", "aspect": None, "state": "firing", "room_id": "r9",
        "severity": "critical", "summary": "Nothing for 60 s.",
    }  # fmt: skip
    board.apply(topics.ALERTS, alert)
    assert any("silence" in line and "r9: Nothing for 60 s." in line for line in drawn(board, 80, 24))


def test_recording_has_a_bar():
    """How far it is analysed stands under the title."""
    status = Status(title="t", done=0.5, elapsed="3 s")
    assert drawn(a_board(), 80, 24, status)[1].startswith("━" * 80)
    assert plain(a_board(), status).startswith("3 s, 50% done  rooms 1")


def test_plain_line_holds_the_same():
    """Without a terminal one line says it."""
    line = plain(a_board(), STATUS)
    assert "\n" not in line
    for part in (
        "1:00 of 5:00",
        "rooms 1",
        "viewers 1,234",
        "questions 2 (open 1, oldest 1:08)",
        "orders 1",
        "GMV ¥9,900",
    ):
        assert part in line


def test_markup_in_texts_is_text():
    """What a viewer types in brackets colours nothing and stays readable."""
    board = Board()
    value = {
        "id": "x#0", "cluster_id": "x", "room_id": "[red]r1", "change": "opened", "at": T0,
        "text": "[bold]多少钱\n吗[/]", "topic": None, "state": "open",
        "asks": 1, "askers": 1, "first_ask": T0, "answer": None, "peer_answer": None,
    }  # fmt: skip
    board.apply(topics.QUESTIONS, value)
    text = "\n".join(drawn(board, 120, 40))
    assert "[bold]多少钱 吗[/]" in text
    assert "[red]r1" in text


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (words.age(None), "-"),
        (words.age(59_999), "59 s"),
        (words.age(60_000), "1:00"),
        (words.age(3_723_000), "1:02:03"),
        (words.count(1_234_567), "1.2M"),
        (words.share(0.256), "26%"),
        (words.share(None), "-"),
        (words.money({"CNY": 123_456, "JPY": 500, "USD": 0}), "¥1,235 JPY 500"),
        (words.money({}), "-"),
        (words.rate(3.14), "3.1/s"),
    ],
)
def test_numbers_are_short_with_their_unit(shown, wanted):
    """Nothing known is a dash, and currencies are never added up."""
    assert shown == wanted
