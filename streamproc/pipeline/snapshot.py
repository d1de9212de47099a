"""A room's state as bytes: versioned, checksummed, never unpickled.

Layout: one byte format, four bytes CRC-32 of the rest (big endian), one byte codec (m msgpack, j JSON), body.
"""

import json
from struct import Struct as Layout
from typing import Any, Final
from zlib import crc32

import msgspec

from streamproc.domain.events import AnyEvent
from streamproc.domain.room import RoomState

#: Raised whenever a field of the state changes its meaning; what reads older formats goes into `_MIGRATIONS`.
FORMAT: Final = 1

_HEAD: Final = Layout(">BI")


class SnapshotError(Exception):
    """A snapshot that cannot be used; the message names it and says what to do."""


class Snapshot(msgspec.Struct):
    """A room after ``step``, and its events that wait for the watermark."""

    step: int
    room: RoomState
    waiting: list[AnyEvent]


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Snapshot)


def dump(snapshot: Snapshot) -> bytes:
    """Return a snapshot as bytes."""
    try:
        body = b"m" + _ENCODER.encode(snapshot)
    except OverflowError:  # an integer beyond 64 bits: money may be larger
        body = b"j" + json.dumps(msgspec.to_builtins(snapshot)).encode()
    return _HEAD.pack(FORMAT, crc32(body)) + body


def load(name: str, data: bytes) -> Snapshot:
    """Return the snapshot in ``data``; raise SnapshotError, naming it ``name``, where that cannot be done."""
    if len(data) <= _HEAD.size:
        raise SnapshotError(f"{name}: {len(data)} bytes are no snapshot; {_REMEDY}")
    version, checksum = _HEAD.unpack_from(data)
    if version > FORMAT:
        raise SnapshotError(
            f"{name}: format {version} is newer than this version's {FORMAT}; start the version that wrote it"
        )
    body = data[_HEAD.size :]
    if crc32(body) != checksum:
        raise SnapshotError(f"{name}: the checksum does not match; {_REMEDY}")
    try:
        return _read(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise SnapshotError(f"{name}: {error}; {_REMEDY}") from error


_REMEDY: Final = "restore the topic, or set an earlier start as docs/operations.md describes"


def _read(body: bytes) -> Snapshot:
    if body[:1] == b"m":
        return _DECODER.decode(body[1:])
    tree: Any = json.loads(body[1:])
    return msgspec.convert(tree, Snapshot, str_keys=True)
