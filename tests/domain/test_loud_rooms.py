"""Rooms of a size that the shipped bounds are for: numbers stay right where they can, and state stays small."""

from collections import Counter

import pytest
from msgspec import msgpack

from bench.memory import play
from streamproc.domain.rules import Bounds
from streamproc.domain.time import PANE

BOUNDS = Bounds()
MIB = 1 << 20


def _numbers(room, later=0):
    """Let the pane end that holds the last event, or what is that much later; return the session's record."""
    room.advance(((room.current.state.last + later) // PANE + 1) * PANE)
    return room.latest["session"]


@pytest.mark.long
def test_a_million_users():
    """A million users are counted, each once, while a fifth of them are remembered."""
    room, evicted, *_ = play("users", 1_000_000, BOUNDS)
    got = _numbers(room)
    assert (got["chat"]["messages"], got["chat"]["chatters"], got["viewers"]["entered"]) == (10**6,) * 3
    crowd = room.current.state.crowd
    assert max(len(each.last) for each in crowd.distincts()) <= BOUNDS.users
    assert len(crowd.authors) <= BOUNDS.messages
    assert room.state.ids.n <= BOUNDS.ids
    assert evicted.keys() == {"users", "messages", "ids"}
    assert len(msgpack.encode(room.state)) < 25 * MIB


def test_ten_thousand_open_questions():
    """Of ten thousand that nobody answers two thousand stay open, and five thousand closed are known whole."""
    room, evicted, *_ = play("questions", 10_000, BOUNDS)
    board = room.current.board
    assert (len(board.open), len(board.state.closed), len(board.state.clusters)) == (2_000, 5_000, 7_000)
    assert evicted == Counter(open_clusters=8_000, closed_clusters=3_000)
    assert len(msgpack.encode(room.state)) < 6 * MIB
    got = _numbers(room, later=75_000)["questions"]
    assert (got["asked"], got["due"], got["due_answered"], got["expired"], got["open"]) == (
        10_000,
        10_000,
        0,
        8_000,
        2_000,
    )


@pytest.mark.long
def test_a_million_orders():
    """A flood of orders is counted whole; a tenth of them can still be returned."""
    room, evicted, *_ = play("orders", 1_000_000, BOUNDS)
    got = _numbers(room)["conversion"]
    assert (got["orders"], got["buyers"], got["gmv"]) == (10**6, 10**6, {"CNY": 9_900 * 10**6})
    ledger = room.current.state.ledger
    assert len(ledger.orders) <= BOUNDS.orders + 10_000, "the bound is kept at pane ends"
    assert len(ledger.by_user) <= BOUNDS.users + 10_000
    assert evicted.keys() == {"orders", "users", "ids"}
    assert len(msgpack.encode(room.state)) < 30 * MIB
