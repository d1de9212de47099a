"""Random usable events of every topic."""

from typing import Any

from tests.oracle import constants as c
from tests.oracle.show import Show
from tests.oracle.stub import LABELS

QUESTIONS = [text for text, label in LABELS.items() if label.kind == "question"]
OTHERS = [text for text, label in LABELS.items() if label.kind != "question"]
HELP = [text for text, label in LABELS.items() if label.sub == "help"]


def event(show: Show, at: int) -> tuple[str, dict[str, Any]]:
    """Draw an event whose position is `at` (ms): topic and value."""
    base = {"event_id": show.name(), "room_id": f"r{show.rnd.randrange(show.style.rooms)}", "event_time": at}
    if show.chance(show.style.marks):
        return c.ROOM, base | {"type": show.pick("started", "ended", "ended")}
    topic, data = MAKES[show.pick(*show.style.about)](show)
    data = base | data
    if "end_time" in data:
        data["end_time"] = at
        data["event_time"] = at - show.pick(0, 1_000, 8_000, 15_000, 60_000)
    return topic, data


def _product(show: Show) -> dict[str, Any]:
    names = [f"p{n}" for n in range(show.style.products)]
    choices: list[dict[str, Any]] = [{}, {}, {"product_id": None}, *({"product_id": name} for name in names)]
    return choices[show.rnd.randrange(len(choices))]


def _some_chats(show: Show) -> list[str]:
    known = show.pick(show.chats[-8:], show.asked[-4:], show.asked[-2:])
    return [known[show.rnd.randrange(len(known))] for _ in range(show.pick(1, 1, 2, 3))] if known else ["none"]


def _chat(show: Show) -> tuple[str, dict[str, Any]]:
    asked = QUESTIONS[-show.style.questions :]
    text = show.pick(*show.pick(asked, asked, OTHERS, HELP))
    data: dict[str, Any] = {"user_id": show.user(), "text": text + show.pick("", "", "？", "!"), **_product(show)}
    if show.chance(0.3):
        data["reply_to"] = _some_chats(show)[0]
    if show.chance(0.2):
        data["mentions"] = [show.user() for _ in range(show.pick(0, 1, 2))]
    if show.chance(0.1):
        data["user"] = show.pick({}, {"level": 0, "follower": None}, {"returning": True, "more": 1})
    (show.asked if text in QUESTIONS else show.chats).append(show.last)
    return c.CHAT, data


def _anchor(show: Show) -> tuple[str, dict[str, Any]]:
    data: dict[str, Any] = {
        "anchor_id": "mei",
        "role": show.pick("anchor", "anchor", "assistant", "bot"),
        "channel": show.pick("speech", "text", "pin", "demo"),
        "text": show.pick("九十九", "好的"),
        **_product(show),
    }
    if show.chance(0.8):
        data["reply_to"] = _some_chats(show)
    if show.chance(0.4):
        data["end_time"] = 0
    return c.ANCHOR, data


def _order(show: Show) -> tuple[str, dict[str, Any]]:
    return c.ORDERS, {
        "order_id": f"o{show.rnd.randrange(show.style.orders)}",
        "user_id": show.user(),
        "product_id": show.pick("p0", "p1"),
        "quantity": show.pick(1, 1, 2, 7),
        "amount": show.pick(0, 100, 100, 100, 60, 60, 199, 5_000, 10**20),
        "currency": show.pick("CNY", "CNY", "CNY", "USD"),
        "status": show.pick("paid", "paid", "paid", "refunded", "refunded", "cancelled", "placed"),
        **show.pick({}, {"trusted_purchase": True}, {"trusted_purchase": False}, {"trusted_purchase": None}),
    }


def _room(show: Show) -> tuple[str, dict[str, Any]]:
    kind = show.pick("viewers", "enter", "enter", "enter", "follow", "share", "click", "cart")
    data: dict[str, Any] = {"type": kind, **_product(show)}
    if kind == "viewers":
        data["value"] = show.pick(0, 1, 120, 999)
    else:
        data["user_id"] = show.user()
    if kind in ("click", "cart"):
        data["product_id"] = show.pick("p0", "p1")
    if kind == "enter" and show.chance(0.5):
        data["referrer_id"] = show.user()
    return c.ROOM, data


def _stage(show: Show) -> tuple[str, dict[str, Any]]:
    kind = show.pick("product_shown", "product_shown", "product_hidden", "promotion_started", "promotion_ended")
    data: dict[str, Any] = {"type": kind, **_product(show)}
    if kind.startswith("product"):
        data["product_id"] = show.pick("p0", "p1")
    return c.ROOM, data


def _feedback(show: Show) -> tuple[str, dict[str, Any]]:
    data: dict[str, Any] = {"user_id": show.user(), "channel": show.pick("review", "after_sale", "survey", "survey")}
    if show.chance(0.6):
        data["text"] = show.pick(*OTHERS)
    if show.chance(0.7):
        data["score"] = show.pick(0, 6, 7, 8, 9, 10)
    return c.FEEDBACK, data


MAKES = {"c": _chat, "a": _anchor, "o": _order, "r": _room, "f": _feedback, "s": _stage}
