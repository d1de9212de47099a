"""What must come out of a list of records by the contract: worked out from the whole list, by definition, slowly."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from streamproc.pipeline.records import Record
from tests.oracle import constants as c
from tests.oracle import conversion, window
from tests.oracle.askers import askers
from tests.oracle.clusters import Cluster, Same, clusters
from tests.oracle.interaction import interaction
from tests.oracle.reading import Mark, Reader, Reading, Understands
from tests.oracle.sessions import Session, sessions
from tests.oracle.stub import Matcher
from tests.oracle.window import Window

Json = dict[str, Any]

GROUPS: dict[str, Callable[[Window], Json]] = {
    "chat": window.chat,
    "voice": window.voice,
    "questions": window.questions,
    "interaction": interaction,
    "conversion": conversion.conversion,
    "askers": askers,
    "viewers": window.viewers,
    "trust": conversion.trust,
    "recommend": window.recommend,
    "group": conversion.group,
    "quality": window.quality,
}


class Expected:
    """The expected output records of each topic; metrics are worked out one by one, as they are asked for."""

    def __init__(self, records: Iterable[Record], understanding: Any, key: bytes) -> None:
        reader = Reader(understanding, key)
        for record in records:
            reader.read(record)
        self.reading: Reading = reader.finish()
        self.w = self.reading.w
        same = Same(understanding.normalise, getattr(understanding, "matcher", Matcher()))
        self.sessions: list[tuple[Session, list[Cluster]]] = []
        for room in dict.fromkeys(event.data["room_id"] for event in self.reading.applied):
            for session in sessions(room, self.reading.applied, self.w):
                self.sessions.append((session, clusters(session, self.w, same)))

    def questions(self) -> list[Json]:
        """Return all records of live.questions.v1."""
        return [change for _, found in self.sessions for cluster in found for change in cluster.changes]

    def panes(self) -> Iterator[tuple[Session, list[Cluster], int]]:
        """Yield each session with each pane end at which it gets records."""
        for session, found in self.sessions:
            e = (session.start // c.PANE + 1) * c.PANE
            while e <= self.w and (session.end is None or session.end >= e - c.PANE):
                yield session, found, e
                e += c.PANE

    def metrics(self) -> Iterator[tuple[str, Callable[[], Json]]]:
        """Yield the id of each record of live.metrics.v1, with what works the record out."""
        for session, found, e in self.panes():
            for name, length in c.WINDOWS.items():
                b = session.start if length is None else e - length
                marks = [
                    mark for mark in self.reading.marks if (mark.room, mark.session) == (session.room, session.place)
                ]
                yield f"{session.id}/{name}/{e}", _later(session, found, marks, name, b, e)


def _later(session: Session, found: list[Cluster], marks: list[Mark], name: str, b: int, e: int) -> Callable[[], Json]:
    def work_out() -> Json:
        seen = Window(session, found, marks, b, e)
        return {
            "id": f"{session.id}/{name}/{e}",
            "room_id": session.room,
            "session_id": session.id,
            "window": name,
            "start": b,
            "end": e,
            "final": session.end is not None and session.end < e,
            **{group: work(seen) for group, work in GROUPS.items()},
        }

    return work_out


def expected(records: Iterable[Record], understanding: Understands, key: bytes) -> Expected:
    """Return what must come out of these records."""
    return Expected(records, understanding, key)
