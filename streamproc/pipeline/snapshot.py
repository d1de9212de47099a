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
from streamproc.pipeline.formats import FORMAT, SNAPSHOTS, FormatError, Migrations, check, migrate

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


def load(name: str, data: bytes, migrations: Migrations = SNAPSHOTS) -> Snapshot:
    """Return the snapshot in ``data``; raise SnapshotError, naming it ``name``, where that cannot be done."""
    if len(data) <= _HEAD.size:
        raise SnapshotError(f"{name}: {len(data)} bytes are no snapshot; {_REMEDY}")
    version, checksum = _HEAD.unpack_from(data)
    try:
        check(version, migrations)
    except FormatError as error:
        raise SnapshotError(f"{name}: {error}") from error
    body = data[_HEAD.size :]
    if crc32(body) != checksum:
        raise SnapshotError(f"{name}: the checksum does not match; {_REMEDY}")
    try:
        if version == FORMAT and body[:1] == b"m":
            return _DECODER.decode(body[1:])
        tree: Any = msgspec.msgpack.decode(body[1:]) if body[:1] == b"m" else json.loads(body[1:])
        return msgspec.convert(migrate(tree, version, migrations), Snapshot, str_keys=body[:1] != b"m")
    except (msgspec.MsgspecError, ValueError) as error:
        raise SnapshotError(f"{name}: {error}; {_REMEDY}") from error


_REMEDY: Final = "restore the topic, or give up the room or start anew as docs/operations.md describes"
