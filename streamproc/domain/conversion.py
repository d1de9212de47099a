"""Orders of one session: what was paid, by whom, and what of it came back."""

from msgspec import Struct, field

from streamproc.domain.events import Purchase
from streamproc.domain.windows import Distinct, Tally, forget


class Paid(Struct, gc=False):
    """A paid order; ``left`` is what has not been given back, in minor units."""

    left: int
    currency: str
    trusted: bool


class Buyer(Struct, gc=False):
    """A user's paid orders in the session."""

    orders: int
    last: int


class Ledger(Struct):
    """The session's paid orders, oldest first, and their buyers, by last order."""

    orders: dict[str, Paid] = field(default_factory=dict)
    by_user: dict[str, Buyer] = field(default_factory=dict)
    buyers: Distinct = field(default_factory=Distinct)
    repeaters: Distinct = field(default_factory=Distinct)
    currencies: list[str] = field(default_factory=list)

    def pay(self, order: Purchase, t: int, pane: int, tally: Tally) -> bool:
        """Count an order's first payment; return False for a later one, which is ignored."""
        if order.order_id in self.orders:
            return False
        self.orders[order.order_id] = Paid(order.amount, order.currency, order.trusted)
        tally.add("orders")
        tally.add("units", order.quantity)
        tally.add("covered_orders" if order.trusted else "uncovered_orders")
        self._money("gmv", order.amount, order.currency, tally)
        self.buyers.mark(order.user, pane)
        buyer = self.by_user.pop(order.user, None)
        if buyer is None:
            buyer = Buyer(1, t)
        else:
            buyer.orders += 1
            buyer.last = t
            self.repeaters.mark(order.user, pane)
        self.by_user[order.user] = buyer
        return True

    def bound(self, orders: int, users: int) -> int:
        """Forget the oldest orders and buyers beyond the bounds; return how many. Their returns are others' then."""
        return forget(self.orders, orders) + forget(self.by_user, users)

    def give_back(self, order: Purchase, tally: Tally) -> None:
        """Count a refund or cancellation; of an order that was not paid in this session, without its money."""
        paid = self.orders.get(order.order_id)
        if paid is None:
            tally.add("other_returns")
            return
        refunded = order.status == "refunded"
        tally.add("refunds" if refunded else "cancellations")
        if refunded:
            tally.add("covered_refunds" if paid.trusted else "uncovered_refunds")
        if order.currency == paid.currency:
            amount = min(order.amount, paid.left)
            paid.left -= amount
            self._money("refunded" if refunded else "cancelled", amount, paid.currency, tally)

    def last_order(self, user: str) -> int | None:
        """Return when ``user`` last bought in this session."""
        buyer = self.by_user.get(user)
        return None if buyer is None else buyer.last

    def roll(self, pane: int) -> None:
        """Begin ``pane``."""
        self.buyers.roll(pane)
        self.repeaters.roll(pane)

    def _money(self, what: str, amount: int, currency: str, tally: Tally) -> None:
        if currency not in self.currencies:
            self.currencies.append(currency)
        tally.add(f"{what}/{currency}", amount)
        # How often, beside how much: a currency that was counted stays, if with 0.
        tally.add(f"{what}#{currency}")
