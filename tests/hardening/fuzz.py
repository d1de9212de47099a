"""Broken records of every kind, and a judge of what each should become that shares nothing with the decoder."""

import json
import random
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from streamproc.contracts import topics
from streamproc.pipeline.records import Record
from tests.fakes import T0

SCHEMAS = Path(__file__).parents[2] / "schemas"
LARGEST = 65_536

# JSON Schema takes 5.0 for an integer; the contract does not.
_STRICT = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int),
)

GOOD = {
    topics.CHAT: {"event_id": "c1", "room_id": "r1", "user_id": "u1", "text": "口红多少钱", "event_time": T0,
                  "reply_to": "c0", "mentions": ["u2", "u3"], "product_id": "p",
                  "user": {"level": 3, "follower": True}},
    topics.ANCHOR: {"event_id": "a1", "room_id": "r1", "anchor_id": "m", "role": "anchor", "channel": "speech",
                    "text": "九十九", "event_time": T0, "end_time": T0 + 900, "reply_to": ["c1"]},
    topics.ORDERS: {"event_id": "o1", "order_id": "k1", "room_id": "r1", "user_id": "u1", "product_id": "p",
                    "quantity": 1, "amount": 9900, "currency": "CNY", "status": "paid", "event_time": T0,
                    "trusted_purchase": False},
    topics.ROOM: {"event_id": "x1", "room_id": "r1", "type": "enter", "event_time": T0, "user_id": "u1", "value": 5,
                  "product_id": "p", "referrer_id": "u2"},
    topics.FEEDBACK: {"event_id": "f1", "room_id": "r1", "user_id": "u1", "channel": "survey", "event_time": T0,
                      "text": "不错", "score": 9},
}  # fmt: skip

_ODD = [
    None, True, False, 0, -1, 1, 5.0, 1e308, 10**18, 10**40, "", " ", "0", "a/b", "a b", "a\u0000", "\u3000", "\u0085",
    "x" * 129, "字" * 500, "字" * 501, [], [1], ["u"], ["u"] * 100, ["u"] * 101, {}, {"a": 1}, "\ud800", "\u202e",

    "e\u0301" * 9, "viewers", "cart", "promotion_ended", "survey", "refunded", "usd", "USD", "U\nD", "bot",
    946684799999, 946684800000, 4102444799999, 4102444800000,
]  # fmt: skip


class Fuzzer:
    """An endless, seeded stream of records."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.n = 0

    def record(self):
        """Return one record: a good one, changed in one of many ways, or not at all."""
        rng = self.rng
        topic = rng.choice(topics.INPUTS)
        value = {**GOOD[topic], "event_id": f"e{self.n}", "event_time": T0 + rng.randrange(10_000)}
        if topic == topics.ANCHOR:
            value["end_time"] = value["event_time"] + rng.choice([0, 5, 500])
        key = rng.choice([None, b"r1", b"r1", b"r1", b"r2", b"", b"\xff"])
        timestamp = rng.choice([None, T0, T0 + 10_000, T0 + 10**9, 0])
        raw = self._break(value)
        self.n += 1
        return Record(topic, 0, self.n - 1, timestamp, key, raw)

    def _break(self, value):
        rng = self.rng
        how = rng.randrange(12)
        if how < 5:
            for _ in range(rng.choice([0, 0, 1, 1, 2])):
                self._change(value)
            return json.dumps(value, ensure_ascii=rng.random() < 0.3).encode("utf-8", "surrogatepass")
        raw = json.dumps(value, ensure_ascii=False).encode()
        return self._break_bytes(raw, how)

    def _change(self, value):
        rng = self.rng
        name = rng.choice([*value, "unknown"])
        if rng.random() < 0.3:
            value.pop(name, None)
        else:
            value[name] = rng.choice(_ODD)

    def _break_bytes(self, raw, how):
        rng = self.rng
        at = rng.randrange(len(raw))
        deep = rng.choice([5, 150, 5_000])
        number = rng.choice([b"NaN", b"-Infinity", b"1e999", b"1" * 30, b"1" * 5_000, b"01", b"1.", b"-"])
        other = rng.choice([None, b"", b"null", b"5", b"[]", b'"x"', b"\xef\xbb\xbf" + raw, b" " + raw + b"\n"])
        return {
            5: raw[:at],
            6: raw[:at] + bytes([rng.randrange(256)]) + raw[at + rng.randrange(2) :],
            7: other,
            8: raw[:-1] + b', "pad": "' + b"x" * (LARGEST - len(raw) - rng.randrange(9, 14)) + b'"}',
            9: raw[:-1] + b', "deep": ' + b"[" * deep + b"]" * deep + b"}",
            10: raw.replace(b'"event_time": ', b'"big": ' + number + b', "event_time": '),
            11: rng.randbytes(rng.choice([1, 9, 200, 70_000])),
        }[how]


class Judge:
    """Says what a record should become, from the committed schemas and the contract's text."""

    def __init__(self):
        self.validators = {
            topic: _STRICT(json.loads((SCHEMAS / f"{topic}.schema.json").read_text("utf-8"))) for topic in topics.INPUTS
        }

    def reason(self, record):
        """Return the reason for a dead letter, or None."""
        if not record.value:
            return "empty"
        if len(record.value) > LARGEST:
            return "too_large"
        try:
            value = json.loads(record.value.decode(), parse_constant=_refuse, parse_int=_whole)
        except (ValueError, RecursionError):
            return "not_json"
        if not isinstance(value, dict) or not self._valid(record.topic, value):
            return "invalid"
        if record.key is not None and record.key != value["room_id"].encode():
            return "wrong_key"
        end = value.get("end_time") if record.topic == topics.ANCHOR else None
        position = value["event_time"] if end is None else end
        return "future" if record.timestamp is not None and position > record.timestamp + 10_000 else None

    def _valid(self, topic, value):
        # Absent and null are the same, and unknown fields may hold anything.
        schema = self.validators[topic]
        known = {n: v for n, v in value.items() if v is not None and n in schema.schema["properties"]}
        if _surrogates(known) or not schema.is_valid(known):
            return False
        if topic == topics.ANCHOR:
            return known.get("end_time", known["event_time"]) >= known["event_time"]
        if topic == topics.ROOM:
            return _REQUIRED.get(known["type"], set()) <= known.keys()
        return True


_REQUIRED = {
    "viewers": {"value"}, "enter": {"user_id"}, "follow": {"user_id"}, "share": {"user_id"},
    "click": {"user_id", "product_id"}, "cart": {"user_id", "product_id"},
    "product_shown": {"product_id"}, "product_hidden": {"product_id"},
}  # fmt: skip


def _refuse(name):
    raise ValueError(name)


def _whole(digits):
    return int(digits) if len(digits) < 4_000 else float(digits)


def _surrogates(value):
    return any(0xD800 <= ord(c) < 0xE000 for c in json.dumps(value, ensure_ascii=False))
