"""Random traces: few rooms, users, texts, products and orders, and times that fall on every boundary.

Every choice is drawn from one `random.Random`, so that a seed or hypothesis' own source makes the trace.
"""

import json
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from streamproc.pipeline.records import Record
from tests.oracle import constants as c
from tests.oracle.broken import broken
from tests.oracle.echoes import echo
from tests.oracle.stub import LABELS

T0 = 1_763_712_000_000
QUESTIONS = [text for text, label in LABELS.items() if label.kind == "question"]
OTHERS = [text for text, label in LABELS.items() if label.kind != "question"]
HELP = [text for text, label in LABELS.items() if label.sub == "help"]

#: c chat, a anchor, o orders, r room, f feedback, s what is on stage.
ABOUT = ("ccccaaoorrsf", "ccccccaa", "ccccaaao", "ccoooo", "cooor", "crsss", "cccrsf", "cor")

SHORT = ((0, 1, 1_000, 3_000), (0, 1_000, 5_000, 20_000))

#: Distances (s) that some rule is about, and what lies beside them (ms).
DISTANCES = (5, 10, 15, 30, 60, 65, 75, 300, 305, 600, 605, 900, 905)
BESIDE = (0, 0, 0, -1, 1)


@dataclass(frozen=True)
class Style:
    """What sort of trace: how many events, how far apart (ms), how late, how broken."""

    events: int
    rooms: int
    gaps: tuple[int, ...]
    #: Share of events placed at a distance of DISTANCES from an earlier one; only short ones where not `long`.
    on_boundary: float
    long: bool
    #: Delays of arrival (ms), one drawn for each event.
    delays: tuple[int, ...]
    broken: float
    duplicate: float
    stamped: bool
    marks: float
    #: What the trace is about: names of the functions that make an event, as often as they are to be drawn.
    about: str
    #: How many different question texts, products, orders and users there are.
    questions: int
    products: int
    orders: int
    users: int
    #: Share of events at a distance that matters from one earlier event, and of those exactly 15 min late.
    echoes: float
    very_late: float


@dataclass
class Sent:
    """A record to be, and when it arrives."""

    arrival: int
    topic: str
    data: dict[str, Any]
    raw: bytes | None = None
    key: bytes | None = None
    timestamp: int | None = None
    has_raw: bool = False
    usable: bool = True


@dataclass
class Show:
    """A trace in the making."""

    rnd: Random
    style: Style
    now: int = T0
    sent: list[Sent] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    chats: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    count: int = 0
    last: str = ""

    def pick(self, *choices: Any) -> Any:
        """Draw one of the choices."""
        return choices[self.rnd.randrange(len(choices))]

    def chance(self, share: float) -> bool:
        """Draw whether something happens."""
        return self.rnd.randrange(1000) < share * 1000

    def user(self) -> str:
        """Draw a user."""
        return f"u{self.rnd.randrange(self.style.users)}"

    def name(self) -> str:
        """Return a new event_id; the letter makes their order unlike that of time."""
        self.count += 1
        self.last = f"{self.pick('a', 'k', 'z')}{self.count}"
        return self.last


def style(rnd: Random) -> Style:
    """Draw a sort of trace."""
    dense = rnd.randrange(4) > 0
    within = (0, 0, 0, 1_000, 4_999, 5_000)
    delays = {
        0: (0,),
        1: within,
        2: (*within, *within, 5_001, 10_000, 20_000, 70_000),
        3: (*within, 65_000, 300_000, 600_000, 905_000, 905_001, 904_999, 1_200_000),
    }[rnd.randrange(4)]
    return Style(
        events=rnd.choice((10, 30, 60, 60, 100, 140)),
        rooms=rnd.choice((1, 1, 1, 2, 3)),
        gaps=rnd.choice(SHORT) if dense else (0, 1_000, 10_000, 30_000, 60_000, 100_000),
        on_boundary=rnd.choice((0.1, 0.3, 0.5)),
        long=not dense,
        delays=delays,
        broken=rnd.choice((0.0, 0.05)),
        duplicate=rnd.choice((0.0, 0.08)),
        stamped=rnd.randrange(4) == 0,
        marks=rnd.choice((0.0, 0.0, 0.01, 0.05, 0.2)),
        about=rnd.choice(ABOUT),
        questions=rnd.choice((1, 2, 5)),
        products=rnd.choice((0, 1, 2)),
        orders=rnd.choice((2, 4, 9)),
        users=rnd.choice((2, 3, 6)),
        echoes=rnd.choice((0.0, 0.1, 0.3)),
        very_late=rnd.choice((0.0, 0.0, 0.05)),
    )


def trace(rnd: Random) -> list[Record]:
    """Return a random trace, in order of arrival."""
    return made(rnd, style(rnd))


def made(rnd: Random, what: Style) -> list[Record]:
    """Return a random trace of a style, in order of arrival."""
    show = Show(rnd, what)
    for _ in range(show.style.events):
        draw = show.rnd.randrange(1000) / 1000
        if draw < show.style.broken:
            _send_broken(show)
        elif draw < show.style.broken + show.style.duplicate and show.sent:
            _send_again(show)
        elif not (show.chance(show.style.echoes) and _send_echo(show)):
            _send(show, *_event(show, _time(show)))
    arrived = sorted(show.sent, key=lambda sent: sent.arrival)
    return [
        Record(sent.topic, 0, offset, sent.timestamp, sent.key, _bytes(sent)) for offset, sent in enumerate(arrived)
    ]


def _bytes(sent: Sent) -> bytes | None:
    return sent.raw if sent.has_raw else json.dumps(sent.data, ensure_ascii=False).encode()


def _time(show: Show) -> int:
    show.now += show.pick(*show.style.gaps)
    if show.chance(0.1):
        show.now = (show.now // c.PANE + 1) * c.PANE + show.pick(*BESIDE)
    if show.times and show.chance(show.style.on_boundary):
        distances = DISTANCES if show.style.long else DISTANCES[:9]
        at = show.times[show.rnd.randrange(len(show.times))]
        at += show.pick(*distances) * c.SECOND + show.pick(*BESIDE)
        if show.now - 20_000 <= at <= show.now + (700_000 if show.style.long else 90_000):
            show.now = max(show.now, at)
            return at
    return show.now


def _send(show: Show, topic: str, data: dict[str, Any]) -> None:
    position = max(data["event_time"], data.get("end_time") or 0)
    show.times.append(position)
    sent = Sent(position + show.pick(*show.style.delays), topic, data)
    if show.chance(show.style.very_late):
        # What comes 15 min and grace later moves the watermark to just where this is late or too late.
        late = c.TOO_LATE + c.GRACE + show.pick(*BESIDE)
        pusher = {"event_id": show.name(), "room_id": "r0", "event_time": position + late, "type": "follow"}
        pusher["user_id"] = "u0"
        sent.arrival = position + late
        show.sent.append(Sent(position + late - show.pick(1, 2), c.ROOM, pusher))
    sent.key = data["room_id"].encode() if show.chance(0.3) else None
    if show.style.stamped and show.chance(0.8):
        sent.timestamp = max(sent.arrival, position) - show.pick(0, 0, 1_000, 4_000, 10_000, 10_000)
    show.sent.append(sent)


def _send_echo(show: Show) -> bool:
    """Send an event that is tied to an earlier one; time may jump ahead for it, far only now and then."""
    usable = [sent for sent in show.sent[-12:] if sent.usable and sent.topic in c.LIVELY]
    if not usable:
        return False
    first = usable[show.rnd.randrange(len(usable))]
    event = echo(show, first.topic, first.data)
    if event is None:
        return False
    at = event[1].get("end_time") or event[1]["event_time"]
    furthest = show.pick(100_000, 100_000, 100_000, 700_000, 1_000_000)
    if not show.now - 30_000 <= at <= show.now + furthest:
        return False
    show.now = max(show.now, at)
    _send(show, *event)
    return True


def _send_again(show: Show) -> None:
    first = show.sent[show.rnd.randrange(len(show.sent))]
    data = dict(first.data)
    if not first.has_raw and type(data.get("event_time")) is int:
        shift = show.pick(0, 0, 0, 1, 5_000, 60_000, 899_999, 900_000, -60_000, -899_999, -900_000)
        if first.topic == c.CHAT and abs(shift) == c.DUPLICATE:
            shift //= 2  # an ask with the id of another ask would give two clusters one id
        data["event_time"] += shift
        if type(data.get("end_time")) is int:
            data["end_time"] += shift
    late = show.pick(0, 0, 1_000, 5_000, 30_000, 600_000, 900_000)
    again = Sent(first.arrival + late, first.topic, data, first.raw, first.key, None, first.has_raw, usable=False)
    show.sent.append(again)


def _send_broken(show: Show) -> None:
    at = _time(show)
    topic, data = _event(show, at)
    raw, key, timestamp, body = broken(show.rnd, topic, data)
    sent = Sent(at + show.pick(*show.style.delays), topic, data, raw, key, timestamp, not body, usable=False)
    show.sent.append(sent)


def _event(show: Show, at: int) -> tuple[str, dict[str, Any]]:
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
    return show.pick({}, {}, {"product_id": None}, *({"product_id": name} for name in names))


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
        "text": "九十九",
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


def in_order(rnd: Random) -> list[Record]:
    """Return a random trace of usable records, none twice, in order of position."""
    calm = replace(style(rnd), delays=(0,), broken=0.0, duplicate=0.0, very_late=0.0, stamped=False)
    return made(rnd, calm)


def usable(rnd: Random, topic: str) -> dict[str, Any]:
    """Return the value of a random usable record of a topic."""
    show = Show(rnd, style(rnd))
    made_by = {c.CHAT: "c", c.ANCHOR: "a", c.ORDERS: "o", c.ROOM: "rs", c.FEEDBACK: "f"}
    show.style = replace(show.style, about=made_by[topic], marks=0.0)
    return _event(show, T0)[1]
