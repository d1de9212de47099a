"""The synthetic show: usable, ordered, reproducible records that hang together."""

from collections import Counter, defaultdict
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.contracts import topics
from streamproc.contracts.inputs import MODELS
from streamproc.simulate import Phase, ShowParams, annotated, position, show

PARAMS = ShowParams(rooms=3, rate=3.0, duration=900.0, seed=11)


@pytest.fixture(scope="module")
def lines():
    """One show of three rooms and a quarter of an hour, with what was meant."""
    return list(annotated(PARAMS))


@settings(max_examples=12, derandomize=True, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    rooms=st.integers(1, 4),
    rate=st.floats(0.05, 6),
    products=st.integers(1, 60),
    currency=st.sampled_from(["CNY", "USD", "JPY"]),
)
def test_every_record_is_usable_and_in_its_place(seed, rooms, rate, products, currency):
    """Whatever the parameters: valid records, in order of position, with ids unique in their room and topic."""
    params = ShowParams(
        rooms=rooms,
        rate=rate,
        products=products,
        duration=120.0,
        seed=seed,
        product_seconds=20.0,
        currencies=(currency,),
    )
    last, ids = params.start, set()
    for topic, value in show(params):
        record = MODELS[topic].model_validate(value)
        assert position(value) >= last
        last = position(value)
        ids_before = len(ids)
        ids.add((topic, record.room_id, record.event_id))
        assert len(ids) == ids_before + 1
    assert last <= params.end + params.aftermath * 1000


def test_same_parameters_same_show_and_another_seed_another():
    """The show is a function of its parameters, lazily made, and the seed is one of them."""
    params = ShowParams(rooms=2, duration=60.0)
    assert list(show(params)) == list(show(params))
    other = ShowParams(rooms=2, duration=60.0, seed=8)
    assert list(show(params)) != list(show(other))
    assert len(list(islice(show(ShowParams(duration=1e9)), 100))) == 100


def test_a_room_does_not_depend_on_its_neighbours():
    """The first room of many is the first room alone, where its rate is the same."""
    alone = list(show(ShowParams(rooms=1, duration=60.0, skew=0.0)))
    among = [
        (topic, value)
        for topic, value in show(ShowParams(rooms=3, duration=60.0, skew=0.0))
        if value["room_id"] == "room-001"
    ]
    assert alone == among


def test_rooms_begin_and_end(lines):
    """Each room has started first and ended last, and nothing but orders and feedback comes after that."""
    by_room = defaultdict(list)
    for topic, value, _ in lines:
        by_room[value["room_id"]].append((topic, value))
    assert len(by_room) == 3
    for records in by_room.values():
        assert records[0][1]["type"] == "started"
        ended = next(place for place, (_, value) in enumerate(records) if value.get("type") == "ended")
        assert {topic for topic, _ in records[ended + 1 :]} <= {topics.ORDERS, topics.FEEDBACK}


def test_chat_is_mostly_small_talk_with_all_the_rest_in_it(lines):
    """Every class of message occurs, small talk is the largest, and every opinion has polarity and aspect."""
    labels = [truth.label.split("/") for topic, _, truth in lines if topic == topics.CHAT]
    counts = Counter("/".join(label[:2]) for label in labels)
    assert set(counts) == {
        "question/ask",
        "question/request",
        "mutuality/help",
        "mutuality/seek",
        "feedback/reply",
        "feedback/opinion",
        "other/-",
    }
    assert counts.most_common(1)[0][0] == "other/-"
    assert 0.08 < (counts["question/ask"] + counts["question/request"]) / len(labels) < 0.35
    assert all(len(label) == 4 for label in labels if label[1] == "opinion")


def test_answers_follow_their_questions_mostly_in_words(lines):
    """An answer is to a case whose newest ask is at most two minutes old; few have a reply_to."""
    asked, answers, explicit = {}, 0, 0
    for topic, value, truth in lines:
        if topic == topics.CHAT and truth.label.startswith("question") and truth.case:
            asked[truth.case] = value["event_time"]
            assert (truth.case == value["event_id"]) or truth.case in asked
        elif topic == topics.ANCHOR and truth.case:
            answers += 1
            explicit += "reply_to" in value
            assert truth.case in asked
            assert value["event_time"] - asked[truth.case] <= 120_000
            assert value["role"] in {"anchor", "assistant"}
    assert answers > 50
    assert 0 < explicit < answers / 2
    assert answers < len(asked)


def test_speech_takes_time_and_comes_one_piece_after_the_other(lines):
    """A piece of speech has an end after its beginning, and the anchor never says two at once."""
    said = defaultdict(int)
    for topic, value, _ in lines:
        if topic == topics.ANCHOR and value["channel"] == "speech":
            assert value["event_time"] >= said[value["room_id"]]
            assert value["end_time"] > value["event_time"]
            said[value["room_id"]] = value["end_time"]
    assert said


def test_questions_are_asked_again_in_other_words(lines):
    """Many cases have several askers, who use several wordings."""
    wordings, askers = defaultdict(set), defaultdict(set)
    for topic, value, truth in lines:
        if topic == topics.CHAT and truth.label.startswith("question") and truth.case:
            wordings[value["room_id"], truth.case].add(value["text"])
            askers[value["room_id"], truth.case].add(value["user_id"])
    shared = [case for case, users in askers.items() if len(users) >= 3]
    assert len(shared) > 20
    assert sum(len(wordings[case]) > 1 for case in shared) > 0.9 * len(shared)


def test_viewers_help_each_other_in_three_ways(lines):
    """Help names its asker by mention or reply, or does neither, and never comes from the one who asked."""
    author = {(v["room_id"], v["event_id"]): v["user_id"] for topic, v, _ in lines if topic == topics.CHAT}
    ways = Counter()
    for topic, value, truth in lines:
        if topic == topics.CHAT and truth.label == "mutuality/help" and truth.case:
            ways["mention" if "mentions" in value else "reply" if "reply_to" in value else "plain"] += 1
            assert value["user_id"] != author[value["room_id"], truth.case]
            assert value["user_id"] not in value.get("mentions", ())
    assert all(ways[way] > 5 for way in ("mention", "reply", "plain"))


def test_orders_are_placed_before_they_are_paid_and_paid_before_they_are_refunded(lines):
    """Each order goes through its statuses in order; amounts are the price by the quantity, refunds at most that."""
    orders = defaultdict(list)
    for topic, value, _ in lines:
        if topic == topics.ORDERS:
            orders[value["order_id"]].append(value)
    assert len(orders) > 100
    statuses = Counter()
    for history in orders.values():
        names = tuple(value["status"] for value in history)
        statuses[names] += 1
        assert len({value["user_id"] for value in history}) == 1
        assert all(value["amount"] <= history[0]["amount"] for value in history)
        assert all(value["reason"] for value in history if value["status"] in {"cancelled", "refunded"})
    assert set(statuses) <= {
        ("placed",),
        ("placed", "paid"),
        ("placed", "cancelled"),
        ("placed", "paid", "cancelled"),
        ("placed", "paid", "refunded"),
    }
    assert statuses["placed", "paid"] > sum(statuses.values()) / 2


def test_price_drops_bring_a_burst(lines):
    """In the half minute after a promotion begins more is asked than in the half minute before."""
    before = after = 0
    begun = [(v["room_id"], v["event_time"]) for topic, v, _ in lines if v.get("type") == "promotion_started"]
    for topic, value, truth in lines:
        if topic == topics.CHAT and truth.label.startswith("question"):
            for room, at in begun:
                if room == value["room_id"]:
                    after += at <= value["event_time"] < at + 30_000
                    before += at - 30_000 <= value["event_time"] < at
    assert begun
    assert after > 1.5 * before


def test_shares_bring_viewers_and_surveys_have_scores(lines):
    """Some who enter name the one who shared; surveys have a score, reviews a text."""
    sharers = {v["user_id"] for _, v, _ in lines if v.get("type") == "share"}
    referred = [v["referrer_id"] for _, v, _ in lines if "referrer_id" in v]
    assert referred
    assert set(referred) <= sharers
    feedback = [value for topic, value, _ in lines if topic == topics.FEEDBACK]
    assert {value["channel"] for value in feedback} == {"survey", "review", "after_sale"}
    assert all("score" in value for value in feedback if value["channel"] == "survey")
    assert all("text" in value for value in feedback if value["channel"] != "survey")


def test_silent_phase_is_silent_on_three_topics():
    """While a room is silent nothing comes from it on chat, anchor and room, and other rooms go on."""
    params = ShowParams(
        rooms=2, duration=300.0, rate=3.0, stagger=0.0, phases=(Phase(begin=100, end=200, rooms=1, silent=True),)
    )
    begin, end = params.start + 100_000, params.start + 200_000
    seen = Counter()
    for topic, value in show(params):
        if topic not in {topics.ORDERS, topics.FEEDBACK}:
            at = position(value)
            seen[value["room_id"], "before" if at < begin else "within" if at < end else "after"] += 1
    assert seen["room-001", "within"] == 0
    assert min(seen["room-001", "before"], seen["room-001", "after"], seen["room-002", "within"]) > 100
