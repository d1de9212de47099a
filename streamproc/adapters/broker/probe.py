"""Asks a Kafka port whether a broker answers on it."""

from __future__ import annotations

import socket
import struct
from typing import Final

from streamproc.adapters.broker.config import LOOPBACK

# ApiVersions (key 18) version 0 with correlation id 1 and no client id: the first request any client
# sends, and the only one a broker answers before it knows the client (Kafka protocol guide).
_BODY: Final = struct.pack(">hhih", 18, 0, 1, -1)
_REQUEST: Final = struct.pack(">i", len(_BODY)) + _BODY
_HEAD: Final = struct.Struct(">iih")  # length, correlation id, error code


def answers(port: int, timeout_s: float = 2.0) -> bool:
    """Tell whether a broker on this loopback port answers an ApiVersions request without an error."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout_s) as connection:
            connection.sendall(_REQUEST)
            head = b""
            while len(head) < _HEAD.size:
                part = connection.recv(_HEAD.size - len(head))
                if not part:
                    return False
                head += part
    except OSError:
        return False
    _, correlation, error = _HEAD.unpack(head)
    return bool(correlation == 1 and error == 0)
