"""A snapshot is read back as it was, or refused with one clear line."""

import pytest
from msgspec import to_builtins

from streamproc.pipeline import snapshot
from streamproc.pipeline.formats import FORMAT
from streamproc.pipeline.snapshot import Snapshot, SnapshotError
from tests.fakes import chat, new_task, paid, room, said


def _snapshot(amount=100):
    task = new_task()
    task.read([
        room(0, 0, "started"), room(1, 1, "enter", user_id="u", referrer_id="v"), chat(2, 2, "ask.price q"),
        chat(3, 3, "help q", user="bo", reply_to="e2"), said(4, 8, reply_to=["e2"]), paid(5, 9, amount=amount),
        paid(6, 10, amount=amount, status="refunded"), chat(7, 40, "ask.size q2"), chat(8, 44, "bought 已拍"),
    ])  # fmt: skip
    return Snapshot(4, task.rooms["r1"].state, task.buffered()["r1"])


@pytest.mark.parametrize("amount", [100, 10**30])
def test_round_trip(amount):
    """Every part of a room's state comes back, integers beyond 64 bits too."""
    before = _snapshot(amount)
    after = snapshot.load("s", snapshot.dump(before))
    assert to_builtins(after) == to_builtins(before)
    assert after.waiting


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:3], "no snapshot"),
        (lambda data: data[:-1], "checksum"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "checksum"),
        (lambda data: bytes([FORMAT + 1]) + data[1:], "newer"),
        (lambda data: bytes([0]) + data[1:], "format 0 is older than this version reads"),
    ],
)
def test_damage_is_named(damage, message):
    """A damaged or newer snapshot is refused with its name."""
    with pytest.raises(SnapshotError, match=f"room r1: .*{message}"):
        snapshot.load("room r1", damage(snapshot.dump(_snapshot())))
