"""Which fields of an input value are wrong: the table of the contract's section "Input", by hand."""

import unicodedata
from collections.abc import Callable
from typing import Any

from tests.oracle import constants as c

Check = Callable[[Any], bool]


def _utf8(value: str) -> bool:
    """Say whether a string has no half of a surrogate pair, which JSON can write and UTF-8 cannot."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


def _id(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 128 and _utf8(value)


def _key_id(value: Any) -> bool:
    return _id(value) and not any(
        char in "/@#" or char.isspace() or unicodedata.category(char) == "Cc" for char in value
    )


def _text(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 500 and _utf8(value)


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _time(value: Any) -> bool:
    return _integer(value) and c.TIME_MIN <= value < c.TIME_MAX


def _count(value: Any) -> bool:
    return _integer(value) and value >= 0


def _quantity(value: Any) -> bool:
    return _integer(value) and value >= 1


def _score(value: Any) -> bool:
    return _integer(value) and 0 <= value <= 10


def _currency(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 3 and all("A" <= char <= "Z" for char in value)


def _bool(value: Any) -> bool:
    return isinstance(value, bool)


def _string(value: Any) -> bool:
    return isinstance(value, str)


def _ids(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 100 and all(_id(each) for each in value)


def _one_of(*choices: str) -> Check:
    return lambda value: isinstance(value, str) and value in choices


def _user(value: Any) -> bool:
    checks = {"level": _count, "follower": _bool, "returning": _bool}
    return isinstance(value, dict) and all(
        value.get(field) is None or check(value[field]) for field, check in checks.items()
    )


ROOM_TYPES = (
    "started", "ended", "viewers", "enter", "follow", "share", "product_shown", "product_hidden",
    "promotion_started", "promotion_ended", "click", "cart",
)  # fmt: skip

#: Field to (required, check), by topic. Every record has the first three.
EVERY: dict[str, tuple[bool, Check]] = {
    "event_id": (True, _key_id),
    "room_id": (True, _key_id),
    "event_time": (True, _time),
}
FIELDS: dict[str, dict[str, tuple[bool, Check]]] = {
    c.CHAT: {
        **EVERY,
        "user_id": (True, _id),
        "text": (True, _text),
        "reply_to": (False, _id),
        "mentions": (False, _ids),
        "product_id": (False, _id),
        "user": (False, _user),
    },
    c.ANCHOR: {
        **EVERY,
        "anchor_id": (True, _id),
        "role": (True, _one_of("anchor", "assistant", "bot")),
        "channel": (True, _one_of("speech", "text", "pin", "demo")),
        "text": (True, _text),
        "end_time": (False, _time),
        "reply_to": (False, _ids),
        "product_id": (False, _id),
    },
    c.ORDERS: {
        **EVERY,
        "order_id": (True, _id),
        "user_id": (True, _id),
        "product_id": (True, _id),
        "quantity": (True, _quantity),
        "amount": (True, _count),
        "currency": (True, _currency),
        "status": (True, _one_of("placed", "paid", "cancelled", "refunded")),
        "reason": (False, _string),
        "trusted_purchase": (False, _bool),
    },
    c.ROOM: {
        **EVERY,
        "type": (True, _one_of(*ROOM_TYPES)),
        "value": (False, _count),
        "user_id": (False, _id),
        "product_id": (False, _id),
        "referrer_id": (False, _id),
    },
    c.FEEDBACK: {
        **EVERY,
        "user_id": (True, _id),
        "channel": (True, _one_of("review", "after_sale", "survey")),
        "text": (False, _text),
        "score": (False, _score),
        "order_id": (False, _id),
        "product_id": (False, _id),
    },
}
NEEDS = {
    "value": ("viewers",),
    "user_id": ("enter", "follow", "share", "click", "cart"),
    "product_id": ("product_shown", "product_hidden", "click", "cart"),
}


def wrong_fields(topic: str, value: dict[str, Any]) -> list[str]:
    """Return the names of the wrong and missing fields; absent and null are the same."""
    wrong = [
        field
        for field, (required, check) in FIELDS[topic].items()
        if (required if value.get(field) is None else not check(value[field]))
    ]
    if topic == c.ROOM:
        wrong += [field for field, types in NEEDS.items() if value.get("type") in types and value.get(field) is None]
    if topic == c.ANCHOR and not wrong and value.get("end_time") is not None:
        wrong += ["end_time"] if value["end_time"] < value["event_time"] else []
    return wrong
