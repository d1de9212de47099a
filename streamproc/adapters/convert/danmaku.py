"""Bilibili danmaku XML: `<d p="seconds,mode,size,colour,unix time,pool,user hash,id">text</d>`."""

from __future__ import annotations

import re
from math import isfinite
from operator import itemgetter
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, NoReturn
from xml.parsers import expat

from streamproc.adapters.files import FileError
from streamproc.contracts import topics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_danmaku"]

_CHUNK: Final = 1 << 16
#: What an id of a room may not have: separators of output ids, white space, control characters.
_UNSAFE: Final = re.compile(r"[/@#\s\x00-\x1f\x7f-\x9f]+")
_LONGEST_ID: Final = 128
#: XML 1.0 has none of these bytes in UTF-8, but recorders write what viewers send.
_CONTROLS: Final = bytes(code for code in range(32) if code not in b"\t\n\r")
#: From mode 7 on it is no message but a drawing or a script.
_DRAWINGS: Final = 7
#: Recorders write the date in seconds or in milliseconds.
_MILLISECONDS_FROM: Final = 100_000_000_000


def room_id_of(text: str | None) -> str | None:
    """Return a room_id as near to the text as ids may be; None for nothing."""
    return _UNSAFE.sub("-", text or "").strip("-")[:_LONGEST_ID] or None


class _Message(NamedTuple):
    """A message as the file has it: ms into the recording, ms since the epoch (0 where it has no date)."""

    offset: int
    date: int
    user: str
    text: str


def read_danmaku(
    file: IO[bytes], path: Path, *, room: str | None, name: str | None, start: int | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the file's chat messages in order of event time; those of one moment in the file's order.

    event_time is `start` plus the message's seconds; without a start second 0 is where the first dated message's date
    and seconds put it. The room is `room`, else the file's chatid, else `name`. user_id is the user hash; a message
    without one has a user of its own. Drawings and scripts (mode 7 and above) are left out. A file that breaks off, as
    that of a recorder which was killed does, counts up to there. The messages are held in memory, as files come in any
    order. Raises FileError, naming file and line, for what is no danmaku XML, and for a document type, which could hide
    entities. A file without a single message is one only if its outermost element is the `i` of all recorders.
    """
    reader = _Reader(path)
    reader.read(file)
    messages = reader.messages
    if not messages:
        return
    if start is None:
        dated = next((message for message in messages if message.date), None)
        if dated is None:
            raise FileError(f"{path}: its messages have no dates, so a start time is needed")
        start = dated.date - dated.offset
    room_id = room_id_of(room) or room_id_of(reader.chat_id) or room_id_of(name) or "room"
    order = sorted(range(len(messages)), key=list(map(itemgetter(0), messages)).__getitem__)
    for number in order:
        offset, _, user, text = messages[number]
        yield (
            topics.CHAT,
            {
                "event_id": f"d{number}",
                "room_id": room_id,
                "user_id": user or f"viewer-{number}",
                "text": text,
                "event_time": start + offset,
            },
        )


class _Reader:
    """Gathers the messages while expat goes through the file; nothing of the document is kept besides."""

    def __init__(self, path: Path) -> None:
        self.messages: list[_Message] = []
        self.chat_id: str | None = None
        self._root = ""
        self._path = path
        self._element = ""
        self._head = ""
        self._text: list[str] = []
        self._users: dict[str, str] = {}
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.StartDoctypeDeclHandler = self._refuse

    def read(self, file: IO[bytes]) -> None:
        """Read the whole file, piece by piece."""
        try:
            while piece := file.read(_CHUNK):
                self._parser.Parse(piece.translate(None, _CONTROLS), False)
            self._parser.Parse(b"", True)
            if not self.messages and self._root != "i":
                self._fail(f"an XML file of <{self._root[:40]}>, not of danmaku, which are <d p=...> in <i>")
        except expat.ExpatError as error:
            if self._breaks_off(error, file) and self.messages:
                return
            text = f"{self._path}:{error.lineno}: not well-formed XML: {expat.ErrorString(error.code)}"
            raise FileError(text) from error

    @staticmethod
    def _breaks_off(error: expat.ExpatError, file: IO[bytes]) -> bool:
        """Whether the parser wanted more than the file has."""
        unfinished = {"no element found", "unclosed token", "partial character", "unclosed CDATA section"}
        return expat.ErrorString(error.code) in unfinished and not file.read(1)

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        self._text.clear()
        self._root = self._root or element
        self._element = element
        if element == "d":
            self._head = attributes.get("p", "")

    def _end(self, element: str) -> None:
        if element == self._element:
            if element == "d":
                self._message("".join(self._text))
            elif element == "chatid":
                self.chat_id = "".join(self._text).strip() or None
        self._text.clear()
        self._element = ""

    def _message(self, text: str) -> None:
        parts = self._head.split(",")
        try:
            seconds, mode, date = float(parts[0]), int(parts[1]), int(parts[4])
        except (ValueError, IndexError):
            self._fail(f"p={self._head[:80]!r} is not seconds,mode,size,colour,unix time,pool,user hash,id")
        if not isfinite(seconds) or date < 0:
            self._fail(f"p={self._head[:80]!r} has no time")
        if mode >= _DRAWINGS:
            return
        user = parts[6].strip() if len(parts) > 6 else ""
        date = date if date >= _MILLISECONDS_FROM else date * 1000
        # Users come again and again, so one string for each saves memory.
        user = self._users.setdefault(user, user) if user.strip("0") else ""
        self.messages.append(_Message(round(seconds * 1000), date, user, text))

    def _refuse(self, *_: object) -> None:
        self._fail("has a document type declaration, which danmaku files have not and which could hide entities")

    def _fail(self, what: str) -> NoReturn:
        raise FileError(f"{self._path}:{self._parser.CurrentLineNumber}: {what}")
