"""The groups `conversion`, `trust` and `group`: what sells, what comes back, who follows whom."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from tests.oracle import constants as c
from tests.oracle.events import Event
from tests.oracle.sessions import Session
from tests.oracle.window import Window, ratio, users


@dataclass
class Return:
    """A refund or cancellation of an order paid earlier in the session, and the money that counts."""

    event: Event
    paid: Event
    money: int


def paid_orders(session: Session) -> list[Event]:
    """Return the first payment of each order_id."""
    first: dict[str, Event] = {}
    for event in session.events:
        if event.topic == c.ORDERS and event.data["status"] == "paid":
            first.setdefault(event.data["order_id"], event)
    return list(first.values())


def returns(session: Session) -> tuple[list[Return], list[Event]]:
    """Return what came back of orders paid earlier in this session, and all other refunds and cancellations."""
    paid = {event.data["order_id"]: event for event in paid_orders(session)}
    known: list[Return] = []
    other: list[Event] = []
    for event in session.events:
        if event.topic != c.ORDERS or event.data["status"] not in ("refunded", "cancelled"):
            continue
        order = paid.get(event.data["order_id"])
        if order is None or order.seq > event.seq:
            other.append(event)
            continue
        before = sum(each.money for each in known if each.paid is order)
        same = event.data["currency"] == order.data["currency"]
        known.append(Return(event, order, min(event.data["amount"], order.data["amount"] - before) if same else 0))
    return known, other


def _money(pairs: list[tuple[str, int]]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for currency, amount in pairs:
        total[currency] += amount
    return dict(total)


def conversion(window: Window) -> dict[str, Any]:
    """Return the group `conversion`."""
    every = paid_orders(window.session)
    orders = [event for event in every if window.holds(event.t)]
    known, other = returns(window.session)
    back = {
        status: [each for each in known if window.holds(each.event.t) and each.event.data["status"] == status]
        for status in ("refunded", "cancelled")
    }
    gmv = _money([(event.data["currency"], event.data["amount"]) for event in orders])
    gone = {
        status: _money(
            [
                (each.paid.data["currency"], each.money)
                for each in found
                if each.event.data["currency"] == each.paid.data["currency"]
            ]
        )
        for status, found in back.items()
    }
    net = _money(
        [*gmv.items()] + [(currency, -amount) for money in gone.values() for currency, amount in money.items()]
    )
    repeats = {
        event.user
        for event in orders
        if any(earlier.user == event.user and earlier.seq < event.seq for earlier in every)
    }
    return {
        "orders": len(orders),
        "buyers": len(users(orders)),
        "units": sum(event.data["quantity"] for event in orders),
        "gmv": gmv,
        "refunds": len(back["refunded"]),
        "refunded": gone["refunded"],
        "cancellations": len(back["cancelled"]),
        "cancelled": gone["cancelled"],
        "other_returns": len([event for event in other if window.holds(event.t)]),
        "net_gmv": net,
        "gpm": _gpm(window, gmv),
        "orders_per_100_chatters": ratio(100 * len(orders), len(users(window.events(c.CHAT)))),
        "repeat_buyers": len(repeats),
        "covered": _by_cover(orders, back["refunded"], covered=True),
        "uncovered": _by_cover(orders, back["refunded"], covered=False),
    }


def _gpm(window: Window, gmv: dict[str, int]) -> dict[str, float] | None:
    entered = len(users(window.room("enter")))
    peak = max((event.data["value"] for event in window.room("viewers")), default=0)
    viewers = entered or peak
    return {currency: amount * 1000 / viewers for currency, amount in gmv.items()} if viewers else None


def _by_cover(orders: list[Event], refunds: list[Return], *, covered: bool) -> dict[str, int]:
    return {
        "orders": len([event for event in orders if (event.data.get("trusted_purchase") is True) == covered]),
        "refunds": len([e for e in refunds if (e.paid.data.get("trusted_purchase") is True) == covered]),
    }


def trust(window: Window) -> dict[str, Any]:
    """Return the group `trust`."""
    cues = [(event.label.cue, event.label.cue_target) for event in window.events(c.CHAT) if event.label]
    figures = conversion(window)
    return {
        **{
            cue: {target: cues.count((cue, target)) for target in ("anchor", "product", "viewers")}
            for cue in ("trust", "doubt")
        },
        "refund_rate": ratio(figures["refunds"], figures["orders"]),
    }


def group(window: Window) -> dict[str, Any]:
    """Return the group `group`, without what the contract leaves open."""
    events = window.session.events
    orders = [event for event in paid_orders(window.session) if window.holds(event.t)]
    by_share = [e for e in events if e.topic == c.ROOM and e.data["type"] == "enter" and e.data.get("referrer_id")]
    reports = [e for e in events if e.topic == c.CHAT and e.label and e.label.purchase_report]
    messages = [event for event in events if event.topic == c.CHAT]
    return {
        "entered_by_share": len(users(event for event in by_share if window.holds(event.t))),
        "share_orders": len(
            [o for o in orders if any(enter.user == o.user and enter.seq < o.seq for enter in by_share)]
        ),
        "follow_on_orders": len(
            [
                order
                for order in orders
                if any(
                    report.user != order.user and report.seq < order.seq and order.t - report.t < c.FOLLOW_ON
                    for report in reports
                )
            ]
        ),
        "replies": len([event for event in window.events(c.CHAT) if _replies(event, messages)]),
    }


def _replies(event: Event, messages: list[Event]) -> bool:
    return any(
        message.data["event_id"] == event.data.get("reply_to")
        and message.seq < event.seq
        and message.user != event.user
        and event.t - message.t <= c.REPLY_AGE
        for message in messages
    )
