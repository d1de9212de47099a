"""Load: as many rooms and records as asked for, for ever, each usable."""

from collections import defaultdict
from itertools import islice

import pytest

from streamproc.contracts import topics
from streamproc.contracts.inputs import MODELS
from streamproc.simulate import ShowParams, load, position

PARAMS = ShowParams.preset("load", duration=60.0)


@pytest.mark.parametrize(("rate", "rooms"), [(200, 3), (2_000, 40), (150, 1)])
def test_load_has_the_rate_and_the_rooms(rate, rooms):
    """Over two rounds of the pool the rate is the one asked for and all rooms take part."""
    records = list(islice(load(PARAMS, rate, rooms), rate * 120))
    seconds = (position(records[-1][1]) - PARAMS.start) / 1000
    assert 0.8 * 120 < seconds < 1.2 * 120
    assert len({value["room_id"] for _, value in records}) == rooms


def test_load_is_usable_and_in_its_place():
    """Records are valid, in order of position, with unique ids, and refer to what was in the same round."""
    last, ids, chats = 0, set(), defaultdict(set)
    broken_off = 0
    for topic, value in islice(load(PARAMS, 500, 20), 60_000):
        MODELS[topic].model_validate(value)
        assert position(value) >= last
        last = position(value)
        place = (topic, value["room_id"], value["event_id"])
        assert place not in ids
        ids.add(place)
        if topic == topics.CHAT:
            chats[value["room_id"]].add(value["event_id"])
            broken_off += "reply_to" in value and value["reply_to"] not in chats[value["room_id"]]
    # Rooms begin in the middle of their show, so a few replies are to what was before.
    assert broken_off < 40


def test_load_is_reproducible_and_refuses_nonsense():
    """The same arguments give the same load; a rate or rooms of nothing are named."""
    assert list(islice(load(PARAMS, 100, 5), 500)) == list(islice(load(PARAMS, 100, 5), 500))
    with pytest.raises(ValueError, match="rate and rooms"):
        next(load(PARAMS, 0, 5))
