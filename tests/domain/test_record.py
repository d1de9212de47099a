"""The metrics record: what stands in it of nothing, and the weights of its index."""

from typing import get_args

import pytest

from streamproc.contracts.outputs import Topic
from streamproc.domain.record import weighted_index
from streamproc.domain.rules import WEIGHTS, Rules
from tests.fakes import T0, chat, paid, room, run, said

NOTHING = {
    "chat": {
        "messages": 0,
        "chatters": 0,
        "by_kind": {"question": 0, "mutuality": 0, "feedback": 0, "other": 0},
        "by_sub": {"ask": 0, "request": 0, "help": 0, "seek": 0, "reply": 0, "opinion": 0},
    },
    "voice": {
        **{aspect: {"pos": 0, "neg": 0} for aspect in ("content", "product", "logistics", "service")},
        "neg_per_1000": None,
    },
    "questions": {
        **dict.fromkeys(("asked", "answered", "expired", "due", "due_answered", "open", "open_askers"), 0),
        "by_topic": {},
        "latency_ms": {"mean": None, "p50": None, "p90": None, "p99": None},
        "sla_rate": None,
        "oldest_open_age_ms": None,
    },
    "interaction": {
        **dict.fromkeys(("display", "promotion", "responsiveness", "mutuality", "haptics", "index")),
        **dict.fromkeys(("helpers", "requests_due", "requests_shown", "requests_answered"), 0),
        "load": 0.0,
        "coverage": 0.0,
    },
    "conversion": {
        **dict.fromkeys(("orders", "buyers", "units", "refunds", "cancellations", "other_returns", "repeat_buyers"), 0),
        **{name: {} for name in ("gmv", "refunded", "cancelled", "net_gmv")},
        "gpm": None,
        "orders_per_100_chatters": None,
        "covered": {"orders": 0, "refunds": 0},
        "uncovered": {"orders": 0, "refunds": 0},
    },
    "askers": {
        "due": 0,
        "answered": {"askers": 0, "bought": 0, "rate": None},
        "unanswered": {"askers": 0, "bought": 0, "rate": None},
        **dict.fromkeys(("difference", "ci_low", "ci_high")),
    },
    "viewers": {"last": None, "peak": None, **dict.fromkeys(("entered", "follows", "shares", "clicks", "carts"), 0)},
    "trust": {
        "trust": {"anchor": 0, "product": 0, "viewers": 0},
        "doubt": {"anchor": 0, "product": 0, "viewers": 0},
        "refund_rate": None,
    },
    "recommend": {
        **dict.fromkeys(("promoters", "passives", "detractors", "chat_recommend", "chat_warn"), 0),
        "nps": None,
    },
    "group": {
        **dict.fromkeys(("entered_by_share", "share_orders", "follow_on_orders", "replies"), 0),
        "reciprocity": None,
        "homophily": None,
    },
    "quality": {"late": 0, "duplicate": 0, "invalid": 0, "mean_confidence": None, "low_confidence": None},
}


def test_of_nothing():
    """Where nothing happened counts are 0, maps empty, all else null; every window has a record."""
    got = run([room(0, 3, "started")])["metrics"]
    for each, window, start in zip(got, ("60s", "300s", "900s", "session"), (-50, -290, -890, 3), strict=True):
        expected = {
            "id": f"r1@{T0 + 3000}/{window}/{T0 + 10_000}",
            "room_id": "r1",
            "session_id": f"r1@{T0 + 3000}",
            "window": window,
            "start": T0 + start * 1000,
            "end": T0 + 10_000,
            "final": False,
            **NOTHING,
            "quality": {**NOTHING["quality"], "silence_ms": 7000},
        }
        assert each == expected


def test_of_one_thing_the_others_are_nothing():
    """One sure message, question or order leaves everything at 0 that is not about it."""
    got = run([chat(0, 0, "ask.price a"), said(1, 1, reply_to=["e0"]), paid(2, 2), chat(3, 90)])["metrics"][-1]
    assert got["quality"]["low_confidence"] == 0.5
    (first, *_) = run([chat(0, 0, "ask.price a")])["metrics"]
    assert (first["quality"]["mean_confidence"], first["quality"]["low_confidence"]) == (0.75, 0)
    assert first["voice"]["neg_per_1000"] == 0
    interaction = got["interaction"]
    assert (interaction["mutuality"], interaction["haptics"], interaction["load"]) == (0, None, 1)
    assert interaction["responsiveness"] == pytest.approx(0.9672161004820059)
    assert got["questions"]["by_topic"] == {"price": 1}
    assert (got["trust"]["refund_rate"], got["conversion"]["orders_per_100_chatters"]) == (0, 100)


def test_every_topic_has_its_count():
    """Questions are counted by the topic of the first ask, whichever of the labels' topics it is."""
    names = get_args(Topic)
    got = run([chat(n, n, f"ask.{name} q{n}") for n, name in enumerate(names)])["metrics"][-1]
    assert got["questions"]["by_topic"] == dict.fromkeys(names, 1)


def test_the_other_way_round():
    """The answered asker did not buy and the unanswered one did."""
    records = [
        chat(0, 0, "ask a"),
        chat(1, 1, "ask b", user="bo"),
        said(2, 10, reply_to=["e0"]),
        paid(3, 20, user="bo"),
        chat(4, 320),
    ]
    group = run(records)["metrics"][-1]["askers"]
    assert (group["difference"], group["answered"]["rate"], group["unanswered"]["rate"]) == (-1, 0, 1)
    assert group["ci_low"] == pytest.approx(-1)
    assert -1 < group["ci_high"] < 1


def test_weights_of_the_index():
    """The index is the mean, by weight, of the components that are known; coverage is their share of all weight."""
    everything = dict.fromkeys(WEIGHTS, 1.0)
    assert weighted_index(everything, WEIGHTS) == (pytest.approx(1), pytest.approx(1))
    assert weighted_index(dict.fromkeys(WEIGHTS), WEIGHTS) == (None, 0)
    some = {**dict.fromkeys(WEIGHTS), "display": 0.5, "haptics": 0.0}
    assert weighted_index(some, WEIGHTS) == (pytest.approx(0.5 * 0.157 / 0.345), pytest.approx(0.345 / 0.668))
    assert weighted_index(some, {**dict.fromkeys(WEIGHTS, 0.0), "mutuality": 1.0}) == (None, 0)
    assert weighted_index(everything, dict.fromkeys(WEIGHTS, 0.0)) == (None, None)
    assert Rules().weights == WEIGHTS
