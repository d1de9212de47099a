"""Random traces: few rooms, users, texts, products and orders, and times that fall on every boundary."""

import json
from dataclasses import replace
from random import Random
from typing import Any

from streamproc.pipeline.records import Record
from tests.oracle import constants as c
from tests.oracle.broken import broken
from tests.oracle.echoes import echo
from tests.oracle.makers import event
from tests.oracle.show import BESIDE, DISTANCES, T0, Sent, Show, Style, style


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
            _send(show, *event(show, _time(show)))
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
        at: int = show.times[show.rnd.randrange(len(show.times))]
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
    tied = echo(show, first.topic, first.data)
    if tied is None:
        return False
    at: int = tied[1].get("end_time") or tied[1]["event_time"]
    furthest = show.pick(100_000, 100_000, 100_000, 700_000, 1_000_000)
    if not show.now - 30_000 <= at <= show.now + furthest:
        return False
    show.now = max(show.now, at)
    _send(show, *tied)
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
    topic, data = event(show, at)
    raw, key, timestamp, body = broken(show.rnd, topic, data)
    sent = Sent(at + show.pick(*show.style.delays), topic, data, raw, key, timestamp, not body, usable=False)
    show.sent.append(sent)


def in_order(rnd: Random) -> list[Record]:
    """Return a random trace of usable records, none twice, in order of position."""
    calm = replace(style(rnd), delays=(0,), broken=0.0, duplicate=0.0, very_late=0.0, stamped=False)
    return made(rnd, calm)


def brief(rnd: Random) -> list[Record]:
    """Return the first five minutes of a random trace."""
    records = trace(rnd)
    return [record for record in records if not _later(record, T0 + 300_000)]


def talk(rnd: Random) -> list[Record]:
    """Return a random trace of up to five minutes in which viewers and anchor talk, of several texts and products."""
    dense = replace(style(rnd), events=120, rooms=1, gaps=(0, 1_000, 3_000), on_boundary=0.05, long=False, echoes=0.0)
    chatty = replace(dense, about="ccccccccaaa", questions=5, products=rnd.choice((0, 1, 2)), users=6)
    records = made(rnd, replace(chatty, marks=0.01, broken=0.0, very_late=0.0))
    return [record for record in records if not _later(record, T0 + 300_000)]


def _later(record: Record, when: int) -> bool:
    try:
        time = json.loads(record.value or b"")["event_time"]
    except (ValueError, TypeError, KeyError):
        return False
    return type(time) is int and time >= when


def usable(rnd: Random, topic: str) -> dict[str, Any]:
    """Return the value of a random usable record of a topic."""
    show = Show(rnd, style(rnd))
    made_by = {c.CHAT: "c", c.ANCHOR: "a", c.ORDERS: "o", c.ROOM: "rs", c.FEEDBACK: "f"}
    show.style = replace(show.style, about=made_by[topic], marks=0.0)
    return event(show, T0)[1]
