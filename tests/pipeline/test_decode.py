"""Every reason for a dead letter, and their order."""

import json

import pytest

from streamproc.contracts import inputs, topics
from streamproc.pipeline.decode import LARGEST, decode
from streamproc.pipeline.records import Record, Rejected, dead_letter
from tests.fakes import T0

GOOD = {"event_id": "c1", "room_id": "r1", "user_id": "u", "text": "hi", "event_time": T0}


def _record(value, *, topic=topics.CHAT, key=None, timestamp=None):
    raw = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
    return Record(topic, 3, 7, timestamp, key, raw)


def _with(**changes):
    return {name: value for name, value in {**GOOD, **changes}.items() if value != "absent"}


@pytest.mark.parametrize(
    ("record", "reason", "detail"),
    [
        (_record(None), "empty", ""),
        (_record(b""), "empty", ""),
        (_record(b" " * (LARGEST + 1)), "too_large", "65537"),
        (_record(b'{"event_id": "c1", room'), "not_json", "line 1 column 20"),
        (_record(b"\xff\xfe{}"), "not_json", "utf-8"),
        (_record(b"\xef\xbb\xbf{}"), "not_json", "BOM"),
        (_record(b"[" * 60_000), "not_json", ""),
        (_record(b'{"event_time": NaN}'), "not_json", "NaN"),
        (_record(json.dumps(GOOD).encode()[:-1] + b', "x": -Infinity}'), "not_json", "Infinity"),
        (_record(b"5"), "invalid", "not an object"),
        (_record(b"null"), "invalid", "not an object"),
        (_record(_with(text="absent")), "invalid", "text"),
        (_record(_with(text=None)), "invalid", "text"),
        (_record(_with(text="")), "invalid", "text"),
        (_record(_with(text="x" * 501)), "invalid", "text"),
        (_record(_with(event_time=str(T0))), "invalid", "event_time"),
        (_record(_with(event_time=float(T0))), "invalid", "event_time"),
        (_record(_with(event_time=True)), "invalid", "event_time"),
        (_record(_with(event_time=inputs.TIME_MIN - 1)), "invalid", "event_time"),
        (_record(_with(event_time=inputs.TIME_MAX)), "invalid", "event_time"),
        (_record(b'{"event_id":"c","room_id":"r","user_id":"u","text":"t","event_time":1' + b"0" * 5000 + b"}"),
         "invalid", "event_time"),
        (_record(_with(room_id="a b")), "invalid", "room_id"),
        (_record(_with(room_id="a/b")), "invalid", "room_id"),
        (_record(_with(room_id="a\u00a0b")), "invalid", "room_id"),
        (_record(_with(event_id="a\x7f")), "invalid", "event_id"),
        (_record(_with(event_id="x" * 129)), "invalid", "event_id"),
        (_record(_with(user_id=5)), "invalid", "user_id"),
        (_record(_with(mentions=["u"] * 101)), "invalid", "mentions"),
        (_record(_with(mentions=["u", 5])), "invalid", "mentions.1"),
        (_record(_with(user={"level": -1})), "invalid", "user.level"),
        (_record(_with(text="\ud800")), "invalid", "text"),
        (_record(GOOD, key=b"r2"), "wrong_key", ""),
        (_record(GOOD, key=b""), "wrong_key", ""),
        (_record(GOOD, timestamp=T0 - 10_001), "future", "10001"),
        # The first that applies: invalid before wrong_key before future.
        (_record(_with(text=None), key=b"r2", timestamp=0), "invalid", "text"),
        (_record(GOOD, key=b"r2", timestamp=0), "wrong_key", ""),
    ],
)  # fmt: skip
def test_reasons(record, reason, detail):
    """Each unusable record is rejected with the first reason that applies, and told why."""
    rejected = decode(record)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == reason
    assert detail in rejected.detail


@pytest.mark.parametrize(
    "record",
    [
        _record(GOOD),
        _record(GOOD, key=b"r1", timestamp=T0 - 10_000),
        _record(_with(reply_to=None, unknown={"a": [1]})),
        _record(_with(unknown="\ud800")),
        _record(_with(text="NaN Infinity")),
        _record(_with(event_time=inputs.TIME_MIN)),
        _record(_with(event_time=inputs.TIME_MAX - 1)),
        _record(_with(user_id=" /@# ")),
        _record(_with(room_id="房间-1", mentions=["u"] * 100, text="字" * 500)),
        _record(json.dumps(GOOD).encode() + b" " * (LARGEST - len(json.dumps(GOOD)))),
    ],
)
def test_usable(record):
    """What the contract allows is allowed, to the last value."""
    assert not isinstance(decode(record), Rejected)


@pytest.mark.parametrize(
    ("topic", "value", "detail"),
    [
        (topics.ROOM, {"type": "viewers"}, "value: required for viewers"),
        (topics.ROOM, {"type": "enter"}, "user_id: required for enter"),
        (topics.ROOM, {"type": "cart", "user_id": "u"}, "product_id: required for cart"),
        (topics.ROOM, {"type": "product_shown"}, "product_id: required for product_shown"),
        (topics.ROOM, {"type": "dance"}, "type"),
        (topics.ANCHOR, {"anchor_id": "a", "role": "anchor", "channel": "text", "text": "t",
                         "end_time": T0 - 1}, "end_time"),
        (topics.FEEDBACK, {"user_id": "u", "channel": "survey", "score": 11}, "score"),
        (topics.FEEDBACK, {"user_id": "u", "channel": "survey", "score": 9.0}, "score"),
        (topics.ORDERS, {"order_id": "k", "user_id": "u", "product_id": "p", "quantity": 0, "amount": 1,
                         "currency": "CNY", "status": "paid"}, "quantity"),
        (topics.ORDERS, {"order_id": "k", "user_id": "u", "product_id": "p", "quantity": 1, "amount": 1,
                         "currency": "cny", "status": "paid"}, "currency"),
    ],
)  # fmt: skip
def test_rules_of_other_topics(topic, value, detail):
    """What a type of event needs is told by the name of the field."""
    rejected = decode(_record({"event_id": "e", "room_id": "r1", "event_time": T0, **value}, topic=topic))
    assert rejected == ("invalid", rejected.detail, "r1")
    assert detail in rejected.detail


def test_room_id_of_an_invalid_record():
    """An invalid record names its room only where the room_id itself is usable."""
    assert decode(_record(_with(text=None))).room_id == "r1"
    assert decode(_record(_with(room_id="a b"))).room_id is None


def test_dead_letter_holds_the_record():
    """A dead letter carries key and value as they came, but not a value that is too large."""
    letter = json.loads(dead_letter(_record(b"x", key=b"k"), Rejected("not_json", "why")).value)
    assert letter == {
        "id": "live.chat.v1/3/7", "topic": "live.chat.v1", "partition": 3, "offset": 7,
        "key": "aw==", "value": "eA==", "reason": "not_json", "detail": "why",
    }  # fmt: skip
    large = json.loads(dead_letter(_record(b" " * (LARGEST + 1)), Rejected("too_large", "")).value)
    assert large["value"] is None
    assert dead_letter(_record(b"x", key=b"k"), Rejected("not_json", "")).key == b"k"
