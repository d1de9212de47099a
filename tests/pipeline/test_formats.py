"""What older versions wrote: read as it was meant, made into the present format, or refused in one line.

tests/pipeline/formats holds one snapshot and one journal record of each format, as its version wrote them, and what
they say. `python -m tests.pipeline.test_formats` adds those of a new format; the old ones are never written again.
"""

import json
from pathlib import Path
from zlib import crc32

import msgspec
import pytest

from streamproc.contracts import topics
from streamproc.pipeline import snapshot
from streamproc.pipeline.formats import FORMAT
from streamproc.pipeline.snapshot import SnapshotError
from streamproc.pipeline.step import StepError, Stepper, load_step
from tests.fakes import chat, new_task, paid, room, said, values

FORMATS = Path(__file__).parent / "formats"
KEPT = sorted(int(path.stem) for path in FORMATS.glob("*.snapshot"))


def written():
    """Return a snapshot and a journal record of the present format."""
    task = new_task(each=False)
    stepper = Stepper(task, 0, spread=1)
    for n, records in enumerate([
        [room(0, 0, "started"), room(1, 1, "enter", user_id="u"), room(2, 2, "product_shown", product_id="p")],
        [chat(0, 2, "ask.price 多少钱"), chat(1, 3, "help q", user="bo", reply_to="e0"), chat(2, 40, "ask.size 尺码")],
        [said(0, 8, reply_to=["e0"])],
        [paid(0, 9, amount=10**12), paid(1, 10, status="refunded")],
        [chat(3, 44, "bought 已拍", user="cat")],
    ]):  # fmt: skip
        stepper.read(records)
        outputs = stepper.close(all_rooms=n == 4).outputs
    return (next(o.value for o in outputs if o.topic == topic) for topic in (topics.SNAPSHOTS, topics.JOURNAL))


def _holds(now, said):
    """Whether all that was said is there; a field may have been added, with a default."""
    if isinstance(said, dict):
        return isinstance(now, dict) and all(key in now and _holds(now[key], value) for key, value in said.items())
    if isinstance(said, list):
        return isinstance(now, list) and len(now) == len(said) and all(map(_holds, now, said))
    return now == said


@pytest.mark.parametrize("number", KEPT)
def test_every_format_ever_written_is_read(number):
    """A room and a step come out of an old snapshot and journal record as they were when they were written."""
    kept, journal = ((FORMATS / f"{number}.{kind}").read_bytes() for kind in ("snapshot", "journal"))
    said = json.loads((FORMATS / f"{number}.json").read_text("utf-8"))
    loaded = snapshot.load("s", kept)
    assert kept[0] == number
    assert _holds(json.loads(msgspec.json.encode([loaded, load_step("j", journal)])), said)


@pytest.mark.parametrize("number", KEPT)
def test_a_room_of_any_format_goes_on(number):
    """A restored room counts, answers and ends as it would have: what was asked before is answered now."""
    stepper = Stepper(new_task(each=True), 0)
    stepper.load([("r1", (FORMATS / f"{number}.snapshot").read_bytes())])
    stepper.restored(load_step("j", (FORMATS / f"{number}.journal").read_bytes()))
    stepper.task.read([said(1, 60, reply_to=["e2"]), room(3, 70, "ended")])
    stepper.task.finish()
    found = values(stepper.task)
    last = [record for record in found["metrics"] if record["window"] == "session"][-1]
    assert last["final"]
    assert (last["questions"]["asked"], last["questions"]["answered"]) == (2, 2)
    assert last["conversion"]["gmv"] == {"CNY": 10**12}


def test_the_present_format_is_kept():
    """Whoever raises the format adds what it writes."""
    assert list(range(1, FORMAT + 1)) == KEPT


def test_an_older_format_is_made_into_the_present_one():
    """What has a migration goes through it, snapshot and journal record; what has none is refused in one line."""
    kept, journal = written()
    body = b"m" + msgspec.msgpack.encode({"n": 7, **msgspec.msgpack.decode(kept[6:])})
    old = bytes([0]) + crc32(body).to_bytes(4) + body
    loaded = snapshot.load("s", old, {0: lambda tree: {**tree, "step": tree.pop("n")}})
    assert loaded.step == 7
    assert loaded.room == snapshot.load("s", kept).room
    with pytest.raises(
        SnapshotError, match=r"s: format 0 is older than this version reads \(1 to 1\); .*operations.md$"
    ):
        snapshot.load("s", old)
    tree = json.loads(journal)
    old = json.dumps({**{k: v for k, v in tree.items() if k != "step"}, "n": 7, "format": 0}).encode()
    step = load_step("j", old, {0: lambda tree: {**tree, "step": tree.pop("n")}})
    assert (step.step, step.next, step.format) == (7, tree["next"], FORMAT)
    with pytest.raises(StepError, match=r"j: format 0 is older than this version reads \(1 to 1\)"):
        load_step("j", old)


def test_a_newer_format_is_refused_whatever_it_holds():
    """Not as damaged, though its fields may be others: one line says to start the version that wrote it."""
    with pytest.raises(SnapshotError, match="s: format 2 is newer than this version's 1; start the version that wrote"):
        snapshot.load("s", bytes([2]) + b"anything at all")
    with pytest.raises(StepError, match="j: format 2 is newer than this version's 1; start the version that wrote it"):
        load_step("j", b'{"format": 2, "other": "fields"}')


if __name__ == "__main__":
    kept, journal = written()
    if (FORMATS / f"{FORMAT}.snapshot").exists():
        raise SystemExit(f"format {FORMAT} is there already")
    (FORMATS / f"{FORMAT}.snapshot").write_bytes(kept)
    (FORMATS / f"{FORMAT}.journal").write_bytes(journal)
    meant = [snapshot.load("s", kept), load_step("j", journal)]
    (FORMATS / f"{FORMAT}.json").write_bytes(msgspec.json.format(msgspec.json.encode(meant), indent=1) + b"\n")
