"""The scenarios do what their names say, as far as the generator itself knows it."""

from collections import Counter
from statistics import mean

from streamproc.contracts import topics
from streamproc.simulate import ShowParams, annotated, position

EXPIRY = 600_000


def open_cases(params, every=30_000):
    """The number of open cases and the age of the oldest (ms) at each `every` ms, by what the generator meant."""
    first, last, case_of, found = {}, {}, {}, []
    at = params.start + every
    for topic, value, truth in annotated(params):
        while position(value) >= at and at <= params.end:
            for case in [case for case, asked in last.items() if asked < at - EXPIRY]:
                del first[case], last[case]
            found.append((len(first), max((at - asked for asked in first.values()), default=0)))
            at += every
        if topic == topics.CHAT and truth.label.startswith("question") and truth.case:
            case_of[value["event_id"]] = truth.case
            first.setdefault(truth.case, value["event_time"])
            last[truth.case] = value["event_time"]
        elif topic == topics.ANCHOR:
            answered = {truth.case, *(case_of[event_id] for event_id in value.get("reply_to", ()))}
            for case in answered & set(first):
                del first[case], last[case]
    return found


def by_minute(params, label):
    """How often a label occurs in each minute."""
    counts = Counter(
        (position(v) - params.start) // 60_000 for _, v, truth in annotated(params) if truth.label == label
    )
    return [counts[minute] for minute in range(round(params.duration / 60))]


def test_unanswered_burst_piles_up():
    """Open cases stay steady for ten minutes and then grow to several times as many within four."""
    counts = [count for count, _ in open_cases(ShowParams.preset("unanswered-burst"))]
    usual, peak = max(counts[8:20]), max(counts[20:29])
    assert peak > 3 * usual


def test_keeps_up_leaves_little_open():
    """A busy room whose desk answers at once has few open questions, none of them old."""
    found = open_cases(ShowParams.preset("keeps-up"))
    assert mean(count for count, _ in found) < 10
    assert max(age for _, age in found) < 25_000


def test_ten_open_is_steady():
    """About ten questions are open all the time, and none waits for longer than a minute."""
    found = open_cases(ShowParams.preset("ten-open"))[6:-4]
    assert 7 <= mean(count for count, _ in found) <= 13
    assert max(count for count, _ in found) <= 25
    assert max(age for _, age in found) < 60_000


def test_ignored_question_grows_old():
    """Nobody answers, so the oldest open question is as old as the show, with many askers."""
    params = ShowParams.preset("ignored-question")
    assert max(age for _, age in open_cases(params)) > 600_000
    askers = Counter(truth.case for _, _, truth in annotated(params) if truth.label.startswith("question"))
    assert askers.most_common(1)[0][1] >= 10


def test_bad_product_surges():
    """Complaints about the product come several a minute in the bad phase, and hardly ever outside."""
    params = ShowParams.preset("bad-product")
    counts = by_minute(params, "feedback/opinion/neg/product")
    assert min(counts[15:19]) > 10 * max(1, mean(counts[:15]))


def test_conversion_drops_to_nothing():
    """Orders come steadily, then for ten minutes next to none, while the chat goes on."""
    params = ShowParams.preset("conversion-drop")
    paid = by_minute(params, "paid")
    assert mean(paid[5:16]) > 8
    assert max(paid[18:26]) <= 3
    assert min(by_minute(params, "other/-")[18:26]) > 50


def test_silent_room_has_had_a_message_a_second():
    """Before it falls silent the first room has more than one event a second on average."""
    params = ShowParams.preset("silent-room")
    first = [
        position(value)
        for topic, value, _ in annotated(params)
        if value["room_id"] == "room-001" and topic in {topics.CHAT, topics.ANCHOR, topics.ROOM}
    ]
    begin, end = params.start + 400_000, params.start + 580_000
    assert sum(at < begin for at in first) > 400
    assert not any(begin <= at < end for at in first)
    assert max(first) > end
