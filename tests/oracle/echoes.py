"""Events placed exactly where a rule about an earlier event turns: at its distance, and one ms beside it."""

from typing import TYPE_CHECKING, Any

from tests.oracle import constants as c

if TYPE_CHECKING:
    from tests.oracle.show import Show

Event = tuple[str, dict[str, Any]]
#: One ms before, at, and one ms after.
BESIDE = (-1, 0, 0, 1)


def echo(show: "Show", topic: str, data: dict[str, Any]) -> Event | None:
    """Return an event at a distance that matters from an earlier one, or None where no rule ties them."""
    beside = show.pick(*BESIDE)
    at = data.get("end_time") or data["event_time"]
    base = {"event_id": show.name(), "room_id": data["room_id"]}
    kinds = {
        c.CHAT: (_answered, _asked_again, _bought, _followed, _replied),
        c.ANCHOR: (_rejoined, _rejoined, _rejoined),
        c.ROOM: (_after_mark, _started),
    }
    make = show.pick(*kinds[topic], _silence, _started, _replied)
    found = make(show, topic, data, at + beside)
    return None if found is None else (found[0], base | found[1])


def _answered(show: "Show", topic: str, data: dict[str, Any], at: int) -> Event | None:
    said: dict[str, Any] = {
        "anchor_id": "mei",
        "role": show.pick("anchor", "assistant"),
        "channel": show.pick("demo", "text"),
        "text": "好",
        "reply_to": [data["event_id"]],
    }
    if show.chance(0.5):
        return c.ANCHOR, said | {"event_time": at + 60_000}
    return c.ANCHOR, said | {"event_time": at + show.pick(10_000, 59_000), "end_time": at + 75_000}


def _asked_again(show: "Show", topic: str, data: dict[str, Any], at: int) -> Event | None:
    again = {name: data[name] for name in ("text", "product_id") if name in data}
    return c.CHAT, again | {"event_time": at + show.pick(30_000, 600_000), "user_id": show.user()}


def _rejoined(show: "Show", topic: str, data: dict[str, Any], at: int) -> Event | None:
    named = [sent.data for sent in show.sent if sent.data.get("event_id") in (data.get("reply_to") or [])]
    asked = [each for each in named if "user_id" in each]
    return (_asked_again(show, topic, asked[0], at)) if asked else None


def _bought(show: "Show", topic: str, data: dict[str, Any], at: int) -> Event | None:
    return c.ORDERS, _order(show) | {"event_time": at + show.pick(0, 300_000), "user_id": data["user_id"]}


def _followed(show: "Show", topic: str, data: dict[str, Any], at: int) -> Event | None:
    return c.ORDERS, _order(show) | {"event_time": at + 60_000, "user_id": show.user()}


def _replied(show: "Show", topic: str, data: dict[str, Any], at: int) -> Event | None:
    reply = {"user_id": show.user(), "text": "我买过 不掉色", "reply_to": data["event_id"]}
    return c.CHAT, reply | {"event_time": at + show.pick(60_000, 900_000)}


def _after_mark(show: "Show", topic: str, data: dict[str, Any], at: int) -> Event | None:
    return (_lively if show.chance(0.5) else _started)(show, topic, data, at)


def _lively(show: "Show", topic: str, data: dict[str, Any], at: int) -> Event | None:
    return c.CHAT, {"user_id": show.user(), "text": "666", "event_time": at + 60_000}


def _started(show: "Show", topic: str, data: dict[str, Any], at: int) -> Event | None:
    return c.ROOM, {"type": "started", "event_time": at + show.pick(0, 60_000)}


def _silence(show: "Show", topic: str, data: dict[str, Any], at: int) -> Event | None:
    return c.CHAT, {"user_id": show.user(), "text": "666", "event_time": at + 600_000}


def _order(show: "Show") -> dict[str, Any]:
    return {
        "order_id": f"o{show.rnd.randrange(show.style.orders)}",
        "product_id": "p0",
        "quantity": 1,
        "amount": 100,
        "currency": "CNY",
        "status": "paid",
    }
