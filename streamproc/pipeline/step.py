"""Steps: what one task processes between two commits, written down so that it can be done again.

Who is late depends on the order in which five topics happened to be read. A step's journal record holds that order,
and goes with the step's outputs, snapshots and input offsets into one transaction. A restore loads snapshots, reads
the journalled ranges again in the journalled order with the journalled watermarks, publishes nothing, and goes on.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from math import ceil
from typing import Any

import msgspec
from msgspec import Struct

from streamproc.contracts import topics
from streamproc.pipeline import snapshot
from streamproc.pipeline.formats import FORMAT, JOURNAL, FormatError, Migrations, check, migrate
from streamproc.pipeline.records import Output, Record
from streamproc.pipeline.task import Task


class StepError(Exception):
    """A journal or input that does not fit together; the message names the place."""


class Range(Struct, array_like=True):
    """Records of one topic that were read together, then the watermark. No topic: time moved an idle task."""

    topic: str | None
    first: int
    last: int
    watermark: int | None


class Step(Struct):
    """One journal record.

    ``floor`` is the first step that a restore from here has to read again: all that rooms owe to earlier steps is in
    snapshots. ``before`` is the watermark at the step's begin; ``watermark``, ``clocks``, ``highest`` and ``next``
    (offsets by topic) stand where they were at its end.
    """

    partition: int
    step: int
    floor: int
    before: int | None
    ranges: list[Range]
    watermark: int | None
    clocks: dict[str, int]
    highest: int | None
    next: dict[str, int]
    model_version: str
    format: int = FORMAT
    #: Whose journal it is: two groups on one journal would publish everything twice.
    group: str | None = None
    #: How many rooms have a snapshot: were some lost, a restore would begin their sessions anew.
    kept: int | None = None


class Commit(Struct):
    """What one transaction holds: outputs (journal and snapshots among them) and input offsets by topic."""

    step: int
    outputs: list[Output]
    offsets: dict[str, int]


class _Format(Struct):
    """Of a journal record of any version."""

    format: int


_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Step).decode
_DECODE_FORMAT = msgspec.json.Decoder(_Format).decode


def load_step(name: str, data: bytes, migrations: Migrations = JOURNAL) -> Step:
    """Return the journal record in ``data``; raise StepError, naming it ``name``, where that cannot be done."""
    try:
        # Before all else: another version may have other fields.
        version = _DECODE_FORMAT(data).format
        check(version, migrations)
        if version == FORMAT:
            return _DECODE(data)
        return msgspec.convert({**migrate(msgspec.json.decode(data), version, migrations), "format": FORMAT}, Step)
    except FormatError as error:
        raise StepError(f"{name}: {error}") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise StepError(f"{name}: {error}; the journal is damaged, see docs/operations.md") from error


class Stepper:
    """Runs one task in steps.

    ``spread`` is the number of steps over which the snapshots are spread. ``group`` signs the journal.
    """

    def __init__(self, task: Task, partition: int, *, spread: int = 10, group: str | None = None) -> None:
        self.task = task
        self.partition = partition
        self.spread = spread
        self.group = group
        self.step = 0
        self.next: dict[str, int] = {}
        self.before: int | None = None
        self.ranges: list[Range] = []
        self._still = False
        #: Rooms changed since their last snapshot, and the step that changed them first.
        self.dirty: dict[str, int] = {}
        #: Rooms that have a snapshot.
        self._kept: set[str] = set()
        #: Steps that the rooms' snapshots have, while a restore goes on.
        self._have: dict[str, int] = {}

    # -- a step

    def read(self, records: Sequence[Record], lagging: Collection[str] = ()) -> None:
        """Process records of one topic that were fetched together; what was read before is skipped.

        ``lagging`` names the topics that still hold unread records after these.
        """
        topic = records[0].topic
        start = self.next.get(topic)
        if start is not None and records[0].offset < start:
            records = [record for record in records if record.offset >= start]
            if not records:
                return
        before = self.task.watermark
        self.task.read(records)
        self.task.move(self.task.due_watermark(lagging))
        last = records[-1].offset
        self.next[topic] = last + 1
        self._note(Range(topic, records[0].offset, last, self.task.watermark), still=self.task.watermark == before)

    def idle(self, elapsed: int) -> None:
        """Let ``elapsed`` ms pass for a task that has nothing to read."""
        before = self.task.watermark
        self.task.move(self.task.idle_watermark(elapsed))
        if self.task.watermark != before:
            self._note(Range(None, 0, 0, self.task.watermark), still=False)

    def _note(self, entry: Range, *, still: bool) -> None:
        """Write down what was read; ``still`` says that the watermark stood still over it."""
        newest = self.ranges[-1] if self.ranges else None
        # Ranges over which the watermark stood still are one: lateness was judged alike in both.
        if (
            newest is not None
            and still
            and self._still
            and entry.topic is not None
            and entry.topic == newest.topic
            and entry.first == newest.last + 1
        ):
            newest.last = entry.last
        else:
            self.ranges.append(entry)
        self._still = still

    @property
    def open(self) -> bool:
        """Say whether the step holds anything to commit."""
        return bool(self.ranges)

    def close(self, *, all_rooms: bool = False) -> Commit:
        """End the step; return what its transaction holds. ``all_rooms`` leaves nothing to be read again."""
        self.step += 1
        task = self.task
        for room_id in task.dirty:
            self.dirty.setdefault(room_id, self.step)
        task.dirty.clear()
        n = len(self.dirty) if all_rooms else ceil(len(self.dirty) / self.spread)
        snapshots = self._snapshots(n, all_rooms=all_rooms)
        journal = Step(
            self.partition,
            self.step,
            min(self.dirty.values(), default=self.step + 1),
            self.before,
            self.ranges,
            task.watermark,
            dict(task.clocks),
            task.highest,
            dict(self.next),
            task.understanding.version,
            group=self.group,
            kept=len(self._kept),
        )
        _, outputs = task.take()
        key = str(self.partition).encode()
        outputs += [Output(topics.JOURNAL, key, _ENCODE(journal)), *snapshots]
        self.ranges = []
        self.before = task.watermark
        return Commit(self.step, outputs, dict(self.next))

    def _snapshots(self, n: int, *, all_rooms: bool) -> list[Output]:
        """Take snapshots of the ``n`` rooms that have been dirty the longest, few rooms no oftener than many."""
        due = self.step - self.spread // 2
        chosen = [room_id for room_id, since in islice(self.dirty.items(), n) if since <= due or all_rooms]
        waiting = self.task.buffered() if chosen else {}
        out = []
        for room_id in chosen:
            del self.dirty[room_id]
            room = self.task.rooms.get(room_id)
            value = b""
            if room is not None:
                value = snapshot.dump(snapshot.Snapshot(self.step, room.state, waiting.get(room_id, [])))
                self._kept.add(room_id)
            else:
                self._kept.discard(room_id)
            out.append(Output(topics.SNAPSHOTS, room_id.encode(), value))
        return out

    # -- a restore

    def load(self, snapshots: Iterable[tuple[str, bytes]]) -> None:
        """Put rooms back as their snapshots (room_id, bytes) have them; an empty one means that the room is gone."""
        for room_id, data in snapshots:
            if data:
                kept = snapshot.load(f"snapshot of room {room_id} in partition {self.partition}", data)
                self.task.put_back(kept.room, kept.waiting)
                self._have[room_id] = kept.step
                self._kept.add(room_id)

    def redo(self, step: Step, entry: Range, records: Sequence[Record]) -> None:
        """Do one journalled range again, or only move time where it has no topic."""
        ahead = {room_id for room_id, have in self._have.items() if have >= step.step}
        self.task.move(step.before, ahead)
        if records:
            self.task.read(records, ahead)
        self.task.move(entry.watermark, ahead)

    def redone(self, step: Step) -> None:
        """End a journalled step that was done again: what it published stays published."""
        for room_id in self.task.dirty:
            self.dirty.setdefault(room_id, step.step)
        self.task.dirty.clear()
        self.task.take()
        self.step = step.step

    def restored(self, last: Step) -> None:
        """End the restore: the task stands where the last committed step left it."""
        self.task.move(last.watermark)
        self.task.clocks = dict(last.clocks)
        self.task.highest = last.highest
        self.task.settle()
        self.task.take()
        self.step, self.next, self.before = last.step, dict(last.next), last.watermark
        self._have.clear()
        self.task.counts.clear()


def check_steps(steps: Sequence[Step], partition: int) -> None:
    """Raise StepError unless ``steps`` are all that a restore of the last of them needs, in order."""
    floor, last = min(steps[-1].floor, steps[-1].step), steps[-1].step
    have: dict[str, Any] = {"first": steps[0].step, "last": last}
    if [step.step for step in steps] != list(range(have["first"], last + 1)) or have["first"] > floor:
        known = {step.step for step in steps}
        missing = [n for n in range(floor, last + 1) if n not in known]
        raise StepError(f"journal of partition {partition}: step {missing[0] if missing else floor} is missing")
