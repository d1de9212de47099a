"""Orders and what follows them: payment, reports in the chat, refunds, surveys, reviews."""

from typing import Any, Final

from streamproc.contracts import topics
from streamproc.simulate.items import Item, Slots
from streamproc.simulate.material import LISTS, REVIEWS, SURVEYS
from streamproc.simulate.noise import pick
from streamproc.simulate.people import Crowd, Viewer
from streamproc.simulate.room import Room, Truth

__all__ = ["Shop"]

#: Seconds: the mean times to pay, to report it in the chat, to cancel, to be sent back, to answer a survey.
_PAY: Final = 9.0
_REPORT: Final = 6.0
_CANCEL: Final = 90.0
_REFUND: Final = 240.0
_FEEDBACK: Final = 150.0
_TIMEOUT: Final = 300.0
_REPORTS: Final = 0.3
_FOLLOWERS: Final = 0.12
_PARTIAL: Final = 0.15
_REPORT_TRUTH: Final = Truth("feedback/reply")
_ONE: Final = 0.82


class Shop:
    """The till of one room."""

    def __init__(self, room: Room, crowd: Crowd, items: list[Item], currency: str) -> None:
        self._room = room
        self._crowd = crowd
        self._items = items
        self._currency = currency
        self._orders = 0

    def tempt(self, viewer: Viewer, item: Item, chance: float, soon: float) -> None:
        """With this chance the viewer orders, within some `soon` seconds."""
        room = self._room
        if room.rng.random() < chance * room.phase.orders:
            room.after(soon, self.order, (viewer, item))

    def order(self, who: tuple[Viewer, Item]) -> None:
        """Place an order, and let happen to it what happens to orders."""
        room, params, rng = self._room, self._room.params, self._room.rng
        viewer, item = who
        self._orders += 1
        quantity = 1 if rng.random() < _ONE else 2 + int(rng.random() * 3)
        order = {
            "order_id": f"{room.id}-{room.start // 1000:x}-{self._orders}",
            "user_id": viewer.id,
            "product_id": item.id,
            "quantity": quantity,
            "amount": item.amount * quantity,
            "currency": self._currency,
        }
        self._record(order, "placed")
        if rng.random() >= params.unpaid:
            room.after(_PAY, self._pay, (viewer, item, order))
        elif rng.random() < 0.6:
            room.after(_TIMEOUT, self._cancel, (order, "超时未支付"))

    def _record(self, order: dict[str, Any], status: str, **more: object) -> None:
        self._room.emit(topics.ORDERS, {**order, "status": status, **more}, Truth(status))

    def _pay(self, what: tuple[Viewer, Item, dict[str, Any]]) -> None:
        room, params, rng = self._room, self._room.params, self._room.rng
        viewer, item, order = what
        roll = rng.random()
        trusted: dict[str, Any] = {} if roll > 0.85 else {"trusted_purchase": roll < params.trusted}
        self._record(order, "paid", **trusted)
        if rng.random() < _REPORTS:
            room.after(_REPORT, self._report, (viewer, item))
        if rng.random() < params.cancellations:
            room.after(_CANCEL, self._cancel, (order, pick(rng, LISTS["cancel"][:-1])))
        elif rng.random() < params.refunds:
            room.after(_REFUND, self._refund, (viewer, item, order))
        if rng.random() < params.surveys:
            room.after(_FEEDBACK, self._survey, (viewer, order))
        if rng.random() < params.reviews:
            room.after(_FEEDBACK, self._review, (viewer, item, order))

    def _report(self, what: tuple[Viewer, Item]) -> None:
        room, rng = self._room, self._room.rng
        viewer, item = what
        text = pick(rng, LISTS["reply"]).format_map(Slots(rng, item, self._items))
        room.chat(viewer, text, _REPORT_TRUTH)
        self.tempt(self._crowd.talker(), item, _FOLLOWERS, 25.0)

    def _cancel(self, what: tuple[dict[str, Any], str]) -> None:
        order, reason = what
        self._record(order, "cancelled", reason=reason)

    def _refund(self, what: tuple[Viewer, Item, dict[str, Any]]) -> None:
        rng = self._room.rng
        viewer, item, order = what
        part = order["amount"] // 2 if rng.random() < _PARTIAL else order["amount"]
        self._record({**order, "amount": part}, "refunded", reason=pick(rng, LISTS["refund"]))
        if rng.random() < 0.35:
            text = pick(rng, LISTS["after_sale"]).format_map(Slots(rng, item, self._items))
            self._feedback(viewer, order, "after_sale", text=text)

    def _survey(self, what: tuple[Viewer, dict[str, Any]]) -> None:
        rng = self._room.rng
        viewer, order = what
        unhappy = self._room.phase.negatives or 0.18
        roll = rng.random()
        tone = "detractor" if roll < unhappy else "passive" if roll < unhappy + 0.25 else "promoter"
        score = {"detractor": int(rng.random() * 7), "passive": 7 + int(rng.random() * 2)}.get(
            tone, 9 + int(rng.random() * 2)
        )
        text = {"text": pick(rng, SURVEYS[tone])} if rng.random() < 0.3 else {}
        self._feedback(viewer, order, "survey", score=score, **text)

    def _review(self, what: tuple[Viewer, Item, dict[str, Any]]) -> None:
        rng = self._room.rng
        viewer, item, order = what
        unhappy = self._room.phase.negatives or 0.15
        roll = rng.random()
        tone = "bad" if roll < unhappy else "mid" if roll < unhappy + 0.15 else "good"
        text = pick(rng, REVIEWS[tone]).format_map(Slots(rng, item, self._items))
        self._feedback(viewer, order, "review", text=text)

    def _feedback(self, viewer: Viewer, order: dict[str, Any], channel: str, **more: object) -> None:
        fields = {
            "user_id": viewer.id,
            "channel": channel,
            "order_id": order["order_id"],
            "product_id": order["product_id"],
        }
        self._room.emit(topics.FEEDBACK, {**fields, **more}, Truth(channel))
