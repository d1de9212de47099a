"""What a room sells, and the questions asked about it."""

from bisect import bisect
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any, Final

from streamproc.simulate.material import CATEGORIES, LISTS, Goods, Group
from streamproc.simulate.noise import pick

if TYPE_CHECKING:
    from streamproc.simulate.people import Viewer

__all__ = ["Case", "Item", "Slots", "draw_group", "numerals", "stock"]

#: Minor units of a yuan, and what people call the currency.
_CURRENCIES: Final = {
    "CNY": (100, "块"),
    "HKD": (108, "港币"),
    "TWD": (440, "台币"),
    "MYR": (62, "马币"),
    "SGD": (18, "新币"),
    "USD": (14, "美金"),
}
_DIGITS: Final = "零一二三四五六七八九"
_UNITS: Final = ("", "十", "百", "千")
_SIZES: Final = ((92, "S"), (108, "M"), (122, "L"), (138, "XL"))
_MAIN_CATEGORY: Final = 0.75
#: Slots that are names, and those that are numbers from the first to below the second.
_NAMES: Final = {"loc": LISTS["places"], "exp": LISTS["couriers"]}
_NUMBERS: Final = {"h": (150, 175), "w": (85, 150), "k": (3, 100), "q": (2, 5), "d": (2, 6), "mon": (1, 25)}


def numerals(number: int) -> str:
    """Return a number below 10,000 as it is read out: 199 is 一百九十九.

    Raises ValueError outside of 0-9999.
    """
    if not 0 <= number < 10_000:
        raise ValueError(f"no numerals for {number}")
    if number == 0:
        return _DIGITS[0]
    text, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit == 0:
            gap = bool(text)
            continue
        text += (_DIGITS[0] if gap else "") + _DIGITS[digit] + _UNITS[place]
        gap = False
    return text[1:] if text.startswith("一十") else text


class Item:
    """One product of a room with its link number and price of the moment.

    price is in whole units of the currency as people say it, `amount` in its minor units.
    """

    __slots__ = ("amount", "calls", "goods", "id", "normal", "number", "price", "slots")

    def __init__(self, rng: Random, goods: Goods, number: int, product_id: str, currency: str) -> None:
        minor, word = _CURRENCIES.get(currency, (100, currency))
        yuan = goods.low + int(rng.random() ** 1.5 * (goods.high - goods.low))
        yuan -= (yuan + 1) % 10  # prices end in 9
        self.goods = goods
        self.id = product_id
        self.number = number
        self.calls = goods.calls
        self.normal = max(1, yuan * minor // 100)
        self.slots: dict[str, Any] = {"u": goods.unit, "n": number, "y": word, "old": int(self.normal * 1.6)}
        self.set_price(self.normal)

    def set_price(self, price: int) -> None:
        """Sell at this price from now on."""
        self.price = price
        self.amount = price * 100
        self.slots["price"] = price
        self.slots["zh"] = numerals(price) if price < 10_000 else str(price)


def stock(rng: Random, room: str, count: int, currency: str) -> list[Item]:
    """Draw what a room sells: most of it of one category, all different while there are different goods."""
    names = list(CATEGORIES)
    main = list(CATEGORIES[pick(rng, tuple(names))])
    others = [goods for name in names for goods in CATEGORIES[name] if goods not in main]
    rng.shuffle(main)
    rng.shuffle(others)
    of_main = min(len(main), max(1, round(count * _MAIN_CATEGORY)))
    chosen = main[:of_main] + others[: max(0, count - of_main)]
    rng.shuffle(chosen)
    return [
        Item(rng, chosen[place % len(chosen)], place + 1, f"{room}-p{place + 1:02d}", currency)
        for place in range(count)
    ]


class Slots(dict[str, Any]):
    """What a text about an item is filled with: the item's own values, all others drawn when they are first needed."""

    __slots__ = ("_item", "_items", "_rng")

    def __init__(self, rng: Random, item: Item, items: Sequence[Item]) -> None:
        super().__init__(item.slots)
        self._rng = rng
        self._item = item
        self._items = items

    def __missing__(self, slot: str) -> str | int:
        if slot in {"p2", "n2"}:
            place = self._items.index(self._item) + 1 + int(self._rng.random() * (len(self._items) - 1))
            other = self._items[place % len(self._items)]
            self["n2"], self["p2"] = other.number, other.calls[0]
            return other.number if slot == "n2" else other.calls[0]
        value = self[slot] = self._draw(slot)
        return value

    def _draw(self, slot: str) -> str | int:
        """Draw a value for the slot; KeyError for one that no text may have."""
        goods = self._item.goods
        if slot == "c2":
            return goods.variants[(goods.variants.index(self["c"]) + 1) % len(goods.variants)]
        if slot == "sz":
            return next((size for limit, size in _SIZES if self["w"] < limit), "2XL")
        roll = self._rng.random()
        names = goods.calls if slot == "p" else goods.variants if slot == "c" else _NAMES.get(slot)
        if names is not None:
            return names[int(roll * len(names))]
        low, high = _NUMBERS[slot]
        return low + int(roll * (high - low))


class Case:
    """One thing that is being asked, by however many viewers in however many words."""

    __slots__ = ("answered", "asked", "askers", "group", "id", "item", "last", "planned", "slots")

    def __init__(self, group: Group, item: Item, slots: dict[str, Any], at: int) -> None:
        self.group = group
        self.item = item
        self.slots = slots
        self.id = ""
        self.asked: list[str] = []
        self.askers: list[Viewer] = []
        self.last = at
        self.planned = False
        self.answered: int | None = None

    @property
    def personal(self) -> bool:
        """Whether it is about the asker's own body or place, so that nobody else asks quite the same."""
        return bool({"w", "mon", "loc"} & set(self.group.varies))

    def words(self, rng: Random, pool: Sequence[str]) -> str:
        """One of the pool's texts about this case."""
        return pool[int(rng.random() * len(pool))].format_map(self.slots)


def draw_group(rng: Random, item: Item) -> Group:
    """Draw what is asked next about a product."""
    goods = item.goods
    return goods.groups[bisect(goods.weights, rng.random() * goods.weights[-1])]
