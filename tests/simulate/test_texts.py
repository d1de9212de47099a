"""The words of the show: every line can be filled and fits into a record."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.simulate.items import Item, Slots, numerals, stock
from streamproc.simulate.material import CATEGORIES, LISTS, NAMED, OPINIONS, PROMPTS, REVIEWS, RUSH, SURVEYS
from streamproc.simulate.noise import as_cheer, as_question, as_speech, to_traditional

TOPICS = {
    "price",
    "size",
    "stock",
    "link",
    "shipping",
    "usage",
    "quality",
    "after_sales",
    "promotion",
    "other",
}
GOODS = [goods for kinds in CATEGORIES.values() for goods in kinds]
ODD = ("typos", "slips", "traditional", "prompts", "opinion", "review", "survey")


def all_texts():
    """Every template with a product it may be about."""
    for goods in GOODS:
        for group in goods.groups:
            for pool in (group.asks, group.answers, group.helps):
                yield from ((goods, text) for text in pool)
        yield from ((goods, text) for text in goods.pitch)
        for table in (OPINIONS, REVIEWS, SURVEYS):
            yield from ((goods, text) for pool in table.values() for text in pool)
    first = GOODS[0]
    for name, pool in LISTS.items():
        if name not in ODD:
            yield from ((first, text) for text in pool)
    yield from ((first, text) for prompt, replies in PROMPTS for text in (prompt, *replies))
    yield from ((first, text) for _, ways in RUSH for text in ways)


def test_every_template_can_be_filled():
    """Each slot of each text has a value, and no filled text is empty or longer than a record allows."""
    rng = Random(1)
    items = [Item(rng, goods, number + 1, f"p{number}", "CNY") for number, goods in enumerate(GOODS)]
    by_goods = {item.goods.name: item for item in items}
    for goods, text in all_texts():
        slots = Slots(rng, by_goods[goods.name], items)
        slots["nick"] = "小鱼"
        filled = text.format_map(slots)
        assert 0 < len(filled) <= 200, text
        assert "{" not in filled, text


def test_questions_cover_every_topic_and_are_many():
    """Groups have the contract's topics and subs, several ways to ask, and some answer and help."""
    groups = {group.key: group for goods in GOODS for group in goods.groups}
    assert {group.topic for group in groups.values()} == TOPICS
    assert {group.sub for group in groups.values()} == {"ask", "request"}
    assert all(len(group.asks) >= 3 and group.answers and group.helps for group in groups.values())
    assert len(groups) > 200
    assert sum(len(group.asks) for group in groups.values()) > 900
    assert {name for name, _ in RUSH} <= set(NAMED)


def test_groups_are_asked_of_products_they_fit_only():
    """Nobody asks a bag's size in kilograms, or whether a coat is alive."""
    by_name = {goods.name: goods for goods in GOODS}
    asks = {name: {ask for group in goods.groups for ask in group.asks} for name, goods in by_name.items()}
    assert "{w}斤穿什么码" in asks["高腰直筒牛仔裤"]
    assert "{w}斤穿什么码" not in asks["托特大容量包"]
    assert "活的吗" in asks["鲜活大闸蟹"]
    assert "活的吗" not in asks["赣南脐橙"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "零"),
        (9, "九"),
        (10, "十"),
        (19, "十九"),
        (99, "九十九"),
        (105, "一百零五"),
        (1010, "一千零一十"),
        (2000, "二千"),
    ],
)
def test_numerals(number, text):
    """Prices are read out as people say them."""
    assert numerals(number) == text


def test_numerals_end_at_ten_thousand():
    """Beyond what prices are, there is no numeral."""
    with pytest.raises(ValueError, match="10000"):
        numerals(10_000)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    text=st.sampled_from(["多少钱", "几号链接？", "160 105斤穿什么码", "有没有优惠券", "6"]),
)
def test_slips_leave_a_text(seed, text):
    """However it is mistyped or misheard, a text stays a text of about its length."""
    rng = Random(seed)
    for noisy in (as_question(rng, text), as_cheer(rng, text), as_speech(rng, text)):
        assert 0 < len(noisy) <= 2 * len(text) + 12


def test_speech_has_no_pauses_and_traditional_changes_characters():
    """Recognised speech has no spaces; a traditional keyboard writes 鏈接 for 链接."""
    assert all(" " not in as_speech(Random(seed), "来 看一下 3号") for seed in range(20))
    assert to_traditional("链接多少钱") == "鏈接多少錢"


def test_rooms_sell_different_goods_of_mostly_one_category():
    """A room's products differ while there are different goods, and more than half are of one category."""
    items = stock(Random(3), "room-001", 12, "CNY")
    assert len({item.goods.name for item in items}) == len({item.id for item in items}) == 12
    categories = [item.goods.category for item in items]
    assert max(categories.count(category) for category in categories) > 6
    assert len(stock(Random(3), "room-001", 150, "USD")) == 150
