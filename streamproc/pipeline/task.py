"""The data path of one task, top to bottom: decode, understand, order, apply, emit.

A task is one partition number over all input topics. It knows no Kafka and no clock: records and watermarks come in,
outputs are taken out. The worker, `replay` and a restore all run this same code.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from heapq import heappop, heappush
from typing import Any

from msgspec import Struct

from streamproc.contracts.inputs import AnyInput, Chat, Feedback
from streamproc.contracts.label import Label
from streamproc.domain.events import LASTING, AnyEvent
from streamproc.domain.room import Room, RoomState
from streamproc.domain.rules import Rules, Surroundings
from streamproc.domain.time import DUPLICATE, GRACE, LATENESS, MINUTE, PANE
from streamproc.pipeline.decode import decode, position
from streamproc.pipeline.events import Understanding, classified, event_of, user_hash
from streamproc.pipeline.records import Output, Record, Rejected, dead_letter, encode

#: An idle task's watermark goes no further past the highest position: enough to end every silent session.
IDLE_MOST = 11 * MINUTE

Buffered = tuple[int, int, str, int, AnyEvent]


class TaskConfig(Struct, frozen=True):
    """What the numbers depend on beside the records."""

    hash_key: bytes
    rules: Rules = Rules()


def _no_lap(_: str) -> None:
    """Measure nothing."""


class Task:
    """One task at work.

    ``each`` moves the watermark after every record, as `replay` does; a worker calls `move` after each batch.
    ``lap`` is told the name of every stage as it ends, so that the shell may time them.
    """

    def __init__(
        self,
        understanding: Understanding,
        config: TaskConfig,
        *,
        each: bool = False,
        lap: Callable[[str], None] = _no_lap,
    ) -> None:
        self.understanding = understanding
        self.each = each
        self.lap = lap
        self.hashed = user_hash(config.hash_key)
        self.around = Surroundings(config.rules, understanding.index, self._emit, self._count)
        self.rooms: dict[str, Room] = {}
        self.watermark: int | None = None
        self.clocks: dict[str, int] = {}
        self.highest: int | None = None
        #: Rooms changed since their last snapshot, but for what any moment of time would bring them again.
        self.dirty: set[str] = set()
        #: Counts of what happened, for the Prometheus endpoint: (name, label) -> n, only ever growing.
        self.counts: Counter[tuple[str, str]] = Counter()
        self.published: list[Output] = []
        self.outputs: list[Output] = []
        self._buffer: list[Buffered] = []
        self._sequence = 0

    # -- in: a batch of records

    def read(self, records: Sequence[Record], skip: Collection[str] = ()) -> None:
        """Take a batch in order of arrival; events of rooms in ``skip`` only move the clocks."""
        items = [decode(record) for record in records]
        self.lap("decode")
        labels = self._understand(items)
        self.lap("understand")
        for record, item, label in zip(records, items, labels, strict=True):
            self.counts["events", record.topic] += 1
            if isinstance(item, Rejected):
                self._reject(record, item, skip)
            elif item.room_id in skip:
                self._clock(record, position(item))
            else:
                self._order(record, item, label)
            if self.each and self.highest is not None:
                self.move(max(self.clocks.values()) - GRACE)
        self.lap("apply")

    def _understand(self, items: Sequence[AnyInput | Rejected]) -> list[Label | None]:
        """Label all texts of a batch at once."""
        texts = [item.text for item in items if isinstance(item, Chat | Feedback) and item.text is not None]
        found = iter(self.understanding.label(texts) if texts else ())
        return [next(found) if isinstance(item, Chat | Feedback) and item.text is not None else None for item in items]

    def _reject(self, record: Record, rejected: Rejected, skip: Collection[str] = ()) -> None:
        self.outputs.append(dead_letter(record, rejected))
        self.counts["dead", rejected.reason] += 1
        room_id = rejected.room_id
        if room_id is not None and room_id not in skip:
            self._note("invalid", room_id)

    # -- order: late, duplicate, or in its place

    def _order(self, record: Record, item: AnyInput, label: Label | None) -> None:
        event = event_of(item, label, self.hashed, self.understanding.normalise)
        room = self.rooms.get(event.room_id)
        if room is None:
            room = self.rooms[event.room_id] = Room(RoomState(event.room_id), self.around)
        self.dirty.add(event.room_id)
        w = self.watermark
        late = w is not None and event.position < w
        if late and w is not None and not isinstance(event, LASTING):
            room.advance(w)
            if w - event.position > LATENESS or room.is_before_session(event.position):
                self._reject(record, Rejected("too_late", f"{w - event.position} ms behind the watermark"))
                return
        if room.state.ids.is_duplicate(event):
            self.counts["duplicate", record.topic] += 1
            self._note("duplicate", event.room_id)
            return
        if room.state.ids.n > self.around.rules.bounds.ids:
            self._count("ids", room.state.ids.bound(self.around.rules.bounds.ids))
        self._clock(record, event.position)
        if label is not None and isinstance(item, Chat | Feedback):
            self._publish(item, label)
        if w is not None and event.position <= w:
            if late:
                self.counts["late", record.topic] += 1
            room.apply(event, w)
        else:
            self._sequence += 1
            heappush(self._buffer, (event.position, event.order, event.event_id, self._sequence, event))

    def _clock(self, record: Record, at: int) -> None:
        if self.highest is None or at > self.highest:
            self.highest = at
        # A fast clock moves nobody else: the broker's timestamp bounds it.
        clock = at if record.timestamp is None else min(at, record.timestamp)
        if clock > self.clocks.get(record.topic, -1):
            self.clocks[record.topic] = clock

    def _note(self, what: str, room_id: str) -> None:
        """Count a duplicate or an invalid record where the watermark stands."""
        room = self.rooms.get(room_id)
        if room is not None and self.watermark is not None:
            self.dirty.add(room_id)
            room.note(what, self.watermark)

    # -- time: the watermark releases events, and time brings what it brings

    def due_watermark(self, lagging: Collection[str] = ()) -> int | None:
        """Return where the watermark belongs: the highest clock - grace, held back by topics that lag."""
        if not self.clocks:
            return self.watermark
        highest = max(self.clocks.values())
        for topic in lagging:
            clock = self.clocks.get(topic)
            if clock is None:
                return self.watermark
            highest = min(highest, clock)
        return highest - GRACE

    def idle_watermark(self, elapsed: int) -> int | None:
        """Return where an idle task's watermark belongs after ``elapsed`` ms without a record."""
        if self.watermark is None or self.highest is None:
            return self.watermark
        return max(self.watermark, min(self.watermark + elapsed, self.highest + IDLE_MOST))

    def move(self, watermark: int | None, ahead: Collection[str] = ()) -> None:
        """Move the watermark on, never back: apply the events it releases.

        Rooms in ``ahead`` are as a later step left them: what time made them forget they have forgotten.
        """
        before = self.watermark
        if watermark is None or (before is not None and watermark <= before):
            return
        self.watermark = watermark
        buffer, rooms = self._buffer, self.rooms
        while buffer and buffer[0][0] <= watermark:
            event = heappop(buffer)[4]
            rooms[event.room_id].apply(event, event.position)
        if before is None or before // PANE != watermark // PANE:
            self.settle()
        if before is not None and before // DUPLICATE != watermark // DUPLICATE:
            self._prune(watermark, ahead)

    def settle(self) -> None:
        """Let all rooms reach the last pane end.

        Rooms without events go from pane end to pane end and no further, so that a restored task is exactly as far
        as the one that was lost; and in the order of their ids, since a restore brings them back in another.
        """
        if self.watermark is None:
            return
        e = self.watermark // PANE * PANE
        for _, room in sorted(self.rooms.items()):
            if not room.asleep:
                room.advance(e)

    def finish(self) -> None:
        """End the input: move to the end of the pane that holds the highest position."""
        if self.highest is not None:
            self.move((self.highest // PANE + 1) * PANE)

    def _prune(self, watermark: int, ahead: Collection[str]) -> None:
        for room_id in [room_id for room_id in self.rooms if room_id not in ahead]:
            room = self.rooms[room_id]
            # No event changes the room here: a snapshot from before would know more, and call more a duplicate.
            if room.state.ids.prune(watermark, lasting=room.current is not None):
                self.dirty.add(room_id)
            if room.asleep and not room.state.ids.n:
                del self.rooms[room_id]
                self.dirty.add(room_id)

    # -- out

    def _publish(self, item: Chat | Feedback, label: Label) -> None:
        self.published.append(classified(item, label, self.hashed, self.understanding.version))
        self.counts["kind", label.kind] += 1
        if label.confidence < 0.5:
            self.counts["low_confidence", ""] += 1

    def _emit(self, topic: str, key: str, value: dict[str, Any]) -> None:
        self.outputs.append(Output(topic, key.encode(), encode(value)))

    def _count(self, what: str, n: int) -> None:
        self.counts["outside" if what == "outside" else "evicted", "" if what == "outside" else what] += n

    def take(self) -> tuple[list[Output], list[Output]]:
        """Take the classified records, which leave at once, and the others, which leave with the step's commit."""
        published, outputs = self.published, self.outputs
        self.published, self.outputs = [], []
        return published, outputs

    def buffered(self) -> dict[str, list[AnyEvent]]:
        """Return the events that wait for the watermark, by room."""
        waiting: dict[str, list[AnyEvent]] = {}
        for entry in sorted(self._buffer):
            waiting.setdefault(entry[4].room_id, []).append(entry[4])
        return waiting

    def put_back(self, room: RoomState, waiting: Sequence[AnyEvent]) -> None:
        """Put a room back as a snapshot has it."""
        self.rooms[room.room_id] = Room(room, self.around)
        for event in waiting:
            self._sequence += 1
            heappush(self._buffer, (event.position, event.order, event.event_id, self._sequence, event))
