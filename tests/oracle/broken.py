"""Records that cannot be used, one for every way there is."""

import json
from random import Random
from typing import Any

from tests.oracle import constants as c

NOT_JSON = (
    b"{", b"nope", b"{'a': 1}", b"\xff\xfe", b'{"a": NaN}', b'{"a": 1} x', b" ", b'{"event_id":"x", room_id',
    b'{"a": "\x01"}', b'{"a": 01}', b'{"a": -Infinity}', b"\xef\xbb\xbf{}",
)  # fmt: skip
NOT_AN_OBJECT = (b"null", b"[]", b'"text"', b"7", b"true")
#: (field, wrong values); `...` stands for a missing field.
WRONG: dict[str, dict[str, tuple[Any, ...]]] = {
    "": {
        "event_id": (..., None, "", 5, "a/b", "a@b", "a#b", "a b", "a\u3000", "a\x00", "a\x85", "x" * 129, ["a"]),
        "event_time": (..., None, "1763712000000", 1763712000000.0, True, c.TIME_MIN - 1, c.TIME_MAX, -1, 10**30),
        "room_id": (..., None, "", 5, "a/b", "r0 ", "\u2028r0", "x" * 129),
        "product_id": ("", 5, "x" * 129, {}),
    },
    c.CHAT: {
        "user_id": (..., None, "", 7, "x" * 129),
        "text": (..., None, "", "长" * 501, 5, ["a"]),
        "reply_to": ("", 5, ["a"], "x" * 129),
        "mentions": ("u1", [5], [""], [None], {}, ["u1"] * 101, ["x" * 129]),
        "user": ("u1", {"level": -1}, {"level": 2.0}, {"follower": 1}, {"returning": "yes"}, []),
    },
    c.ANCHOR: {
        "anchor_id": (..., None, "", 7),
        "role": (..., None, "Anchor", "host", 1),
        "channel": (..., None, "video", ""),
        "text": (..., None, "", "长" * 501),
        "end_time": ("1", 0, 5.0, True, c.TIME_MAX),
        "reply_to": ("c1", [5], [""], ["c1"] * 101),
    },
    c.ORDERS: {
        "order_id": (..., None, "", 5),
        "user_id": (..., None, ""),
        "product_id": (..., None),
        "quantity": (..., None, 0, -1, 1.0, "1", True),
        "amount": (..., None, -1, 1.5, 100.0, "1", False),
        "currency": (..., None, "cny", "CN", "CNYY", "CN1", 5, "ＣＮＹ", "CNY\n"),
        "status": (..., None, "PAID", "shipped", 1),
        "reason": (5, ["a"]),
        "trusted_purchase": (0, 1, "true", []),
    },
    c.ROOM: {"type": (..., None, "start", "", 1), "value": (-1, 1.0, "5", True), "referrer_id": ("", 5)},
    c.FEEDBACK: {
        "user_id": (..., None, "", 5),
        "channel": (..., None, "chat"),
        "text": ("", 5, "长" * 501),
        "score": (-1, 11, 9.0, "9", True),
        "order_id": ("", 5),
    },
}

Broken = tuple[bytes | None, bytes | None, int | None, bool]


def broken(rnd: Random, topic: str, data: dict[str, Any]) -> Broken:
    """Return raw value, key and timestamp of an unusable record, and whether `data` (changed) is its value."""
    position = max(data["event_time"], data.get("end_time") or 0)
    key = data["room_id"].encode()
    ahead = 10_001 + rnd.randrange(2) * 10**6
    large = json.dumps({**data, "more": "x" * 65_536}).encode()
    ways: tuple[Broken, ...] = (
        (None, b"r0", None, False),
        (b"", None, None, False),
        (large, None, None, False),
        (NOT_JSON[rnd.randrange(len(NOT_JSON))], None, None, False),
        (NOT_AN_OBJECT[rnd.randrange(len(NOT_AN_OBJECT))], None, None, False),
        (None, (b"", b"r9", b"\xff", b"R0")[rnd.randrange(4)], None, True),
        (None, key, position - ahead, True),
    )
    way = rnd.randrange(2 * len(ways))
    if way < len(ways):
        return ways[way]
    _spoil(rnd, topic, data)
    return None, None, None, True


def _spoil(rnd: Random, topic: str, data: dict[str, Any]) -> None:
    fields = {**WRONG[""], **WRONG[topic]}
    name = sorted(fields)[rnd.randrange(len(fields))]
    value = fields[name][rnd.randrange(len(fields[name]))]
    if value is ...:
        data.pop(name, None)
    else:
        data[name] = value
