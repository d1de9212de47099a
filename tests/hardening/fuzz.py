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
    None, True, False, 0, -1, 1, 5.0, 1e308, 10**18, 10**40, 10**200 - 1, 10**200, 10**400, -(10**400),
    "", " ", "0", "5",
    "a/b", "a b", "a\u0000", "\u3000", "\u0085", "x" * 129, "字" * 500, "字" * 501, "x" * 70_000, [], [1], ["u"],
    ["u"] * 100, ["u"] * 101, ["u", None], {}, {"a": 1}, {"level": -1}, {"level": 10**200}, {"follower": 1}, "\ud800",
    "\u202e", "e\u0301" * 9, "viewers", "cart", "promotion_ended", "survey", "refunded", "usd", "USD", "U\nD", "bot",
    0, 1, 86_400_000, 946684799999, 946684800000, 4102444799999, 4102444800000, str(T0), float(T0),
]  # fmt: skip

_ROOMS = [f"r{n}" for n in range(1, 6)]
#: What a producer's clock may be off by in ms: none of it is late, unless it is one of the last two.
_OFF = [0, 0, 0, -500, -2_000, 3_000, 9_999, 10_000, 10_001, 60_000, 86_400_000, -20 * 60_000, -86_400_000]
_STEP_MS = 20


class Fuzzer:
    """An endless, seeded stream of records as a Kafka of LogAppendTime has them; ``broken`` False leaves all whole.

    ``clock`` is the broker's, in ms; without it every record comes 20 ms after the one before.
    """

    def __init__(self, seed, *, broken=True, clock=None):
        self.clock = clock
        self.rng = random.Random(seed)
        self.broken = broken
        self.n = 0
        self.offsets = dict.fromkeys(topics.INPUTS, 0)

    @property
    def now(self):
        """The broker's clock in ms."""
        return self.clock() if self.clock else T0 + self.n * _STEP_MS

    def record(self):
        """Return one record: a good one, changed in one of many ways, or not at all."""
        rng = self.rng
        self.n += 1
        topic = rng.choice(topics.INPUTS)
        value = self._good(topic)
        key, raw = value["room_id"].encode(), None
        if self.broken:
            key = rng.choice([None, *[key] * 8, b"other", b"", b"\xff", b"k" * 70_000])
            if rng.random() < 0.2:
                value["event_time"] = value["event_time"] + rng.choice(_OFF)
                value.pop("end_time", None)
            raw = self._break(value)
        else:
            raw = json.dumps(value, ensure_ascii=False).encode()
        offset = self.offsets[topic]
        self.offsets[topic] += 1
        return Record(topic, 0, offset, self.now, key, raw)

    def _good(self, topic):
        rng = self.rng
        at = self.now - rng.randrange(1_000)
        value = {**GOOD[topic], "event_id": f"e{self.n}", "room_id": rng.choice(_ROOMS), "event_time": at}
        if topic == topics.ANCHOR:
            value["end_time"] = at + rng.choice([0, 5, 500])
        if topic == topics.ORDERS:
            value["order_id"] = f"k{rng.randrange(self.n)}"
            value["status"] = rng.choice(["placed", "paid", "paid", "cancelled", "refunded"])
        return value

    def _break(self, value):
        rng = self.rng
        how = rng.randrange(14)
        if how < 5:
            for _ in range(rng.choice([0, 0, 1, 1, 2])):
                self._change(value)
            return json.dumps(value, ensure_ascii=rng.random() < 0.3).encode("utf-8", "surrogatepass")
        return self._break_bytes(json.dumps(value, ensure_ascii=False).encode(), how)

    def _change(self, value):
        rng = self.rng
        name = rng.choice([*value, "unknown"])
        if rng.random() < 0.3:
            value.pop(name, None)
        elif isinstance(value.get(name), dict) and rng.random() < 0.7:
            value[name] = {**value[name], rng.choice([*value[name], "unknown"]): rng.choice(_ODD)}
        else:
            value[name] = rng.choice(_ODD)

    def _break_bytes(self, raw, how):
        rng = self.rng
        at = rng.randrange(len(raw))
        deep = rng.choice([5, 150, 499, 500, 5_000])
        number = rng.choice([b"NaN", b"-Infinity", b"1e999", b"1" * 30, b"1" * 5_000, b"01", b"1.", b"-", b"-0"])
        other = rng.choice([None, b"", b"null", b"5", b"[]", b'"x"', b"\xef\xbb\xbf" + raw, b" " + raw + b"\n"])
        cut = rng.randrange(len(raw))
        return {
            5: raw[:at],
            6: raw[:at] + bytes([rng.randrange(256)]) + raw[at + rng.randrange(2) :],
            7: other,
            8: raw[:-1] + b', "pad": "' + b"x" * (LARGEST - len(raw) - rng.randrange(9, 14)) + b'"}',
            9: raw[:-1] + b', "deep": ' + b"[" * deep + b"]" * deep + b"}",
            10: raw.replace(b'"event_time": ', b'"big": ' + number + b', "event_time": '),
            11: rng.randbytes(rng.choice([1, 9, 200, 70_000])),
            12: raw[: min(at, cut)] + raw[max(at, cut) :],
            13: b"x" * 950_000 if rng.random() < 0.02 else raw[:-1] + b", " + raw[1:at] + b"}",
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
        return "not_json" if _depth(value) > 500 else self._of_json(record, value)

    def _of_json(self, record, value):
        if not isinstance(value, dict) or not self._valid(record.topic, value):
            return "invalid"
        if record.key is not None and record.key != value["room_id"].encode():
            return "wrong_key"
        position = _position(record.topic, value)
        if record.timestamp is not None and position > record.timestamp + 10_000:
            return "future"
        # Whether it is too late depends on the watermark, which this judge does not know.
        return "late" if record.timestamp is not None and position < record.timestamp - 2_500 else None

    def _valid(self, topic, value):
        # Absent and null are the same, and unknown fields may hold anything.
        schema = self.validators[topic]
        known = {n: v for n, v in value.items() if v is not None and n in schema.schema["properties"]}
        if isinstance(known.get("user"), dict):
            known["user"] = {n: v for n, v in known["user"].items() if n in ("level", "follower", "returning")}
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


def _position(topic, value):
    end = value.get("end_time") if topic == topics.ANCHOR else None
    return value["event_time"] if end is None else end


def _depth(value):
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        each, depth = waiting.pop()
        if isinstance(each, dict | list):
            deepest = max(deepest, depth)
            waiting += [(one, depth + 1) for one in (each.values() if isinstance(each, dict) else each)]
    return deepest


def _refuse(name):
    raise ValueError(name)


def _whole(digits):
    return int(digits) if len(digits) < 4_000 else float(digits)


def _surrogates(value):
    return any(0xD800 <= ord(c) < 0xE000 for c in json.dumps(value, ensure_ascii=False))
