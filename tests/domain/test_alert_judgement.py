"""Alerts pane by pane, on records made by hand: where each condition begins to hold, and what its records say."""

import pytest
from msgspec import msgpack

from streamproc.domain.alerts import ASPECTS, Alerts
from streamproc.domain.rules import Rules, Surroundings, Thresholds
from tests.fakes import T0, NoMatches

START = T0
#: A moment after all warm-ups.
LATER = T0 + 600_000


class _Desk:
    """Alerts of one session, judged pane by pane; what they publish is kept."""

    def __init__(self, **limits):
        self.alerts, self.out, self.e = Alerts(), [], LATER
        rules = Rules(thresholds=Thresholds(**limits), runbooks="pages")
        self.around = Surroundings(rules, NoMatches, self._emit, lambda *_: None)

    def _emit(self, topic, key, body):
        assert (topic, key) == ("live.alerts.v1", "r1")
        self.out.append(body)

    def pane(self, times=1, **numbers):
        """Judge panes with these numbers; return what was published, as (alert, state)."""
        before = len(self.out)
        for _ in range(times):
            self.e += 10_000
            self.alerts.judge(_records(self.e, **numbers), self.e, self.around)
        return [(body["alert"], body["state"]) for body in self.out[before:]]


def _records(
    e, *, askers=0, oldest=None, sla=None, load=(0.0, 0.0), asked=0, messages=(0, 0, 0), neg=(0, 0), aspect="service",
    orders=(0, 0), silence=0, start=START,
):  # fmt: skip
    """Return the four records of a pane end; pairs and triples are of 60s, 300s and session."""
    windows = []
    for name, begin, n in (
        ("60s", e - 60_000, 0),
        ("300s", e - 300_000, 1),
        ("900s", e - 900_000, 1),
        ("session", start, 2),
    ):
        complaints = {each: {"pos": 0, "neg": 0} for each in ASPECTS}
        complaints[aspect]["neg"] = neg[n // 2]
        windows.append(
            {
                "room_id": "r1",
                "session_id": f"r1@{START}",
                "window": name,
                "start": begin,
                "end": e,
                "chat": {"messages": messages[n]},
                "voice": complaints,
                "questions": {"open_askers": askers, "oldest_open_age_ms": oldest, "sla_rate": sla, "asked": asked},
                "interaction": {"load": load[n // 2 if name == "60s" else 1]},
                "conversion": {"orders": orders[n // 2]},
                "quality": {"silence_ms": silence},
            }
        )
    return windows


def _edge(**numbers):
    """Say whether the second of two panes with these numbers fires something."""
    return _Desk().pane(2, **numbers) != []


@pytest.mark.parametrize(
    ("holds", "not_yet"),
    [
        ({"oldest": 180_001, "askers": 3}, {"oldest": 180_000, "askers": 3}),
        ({"oldest": 180_001, "askers": 3}, {"oldest": 180_001, "askers": 2}),
        ({"oldest": 180_001, "askers": 3, "sla": 0.49}, {"oldest": 180_001, "askers": 3, "sla": 0.5}),
        ({"load": (1.51, 1.51), "asked": 5}, {"load": (1.5, 1.51), "asked": 5}),
        ({"load": (1.51, 1.51), "asked": 5}, {"load": (1.51, 1.5), "asked": 5}),
        ({"load": (1.51, 1.51), "asked": 5}, {"load": (1.51, 1.51), "asked": 4}),
        ({"neg": (5, 5), "messages": (49, 49, 49)}, {"neg": (5, 5), "messages": (50, 50, 50)}),
        ({"neg": (5, 5), "messages": (10, 10, 10)}, {"neg": (4, 4), "messages": (10, 10, 10)}),
        # 10 complaints of 110 messages before, with one of 50 in the prior: usual is 11/160, three times that 0.20625.
        ({"neg": (21, 31), "messages": (100, 100, 210)}, {"neg": (20, 30), "messages": (100, 100, 210)}),
        # 40 orders of 1000 messages before, 300 messages: 12 are expected, 30 % of those are 3.6.
        ({"orders": (3, 43), "messages": (0, 300, 1300)}, {"orders": (4, 44), "messages": (0, 300, 1300)}),
        ({"orders": (3, 43), "messages": (0, 300, 1300)}, {"orders": (3, 42), "messages": (0, 300, 1300)}),
        ({"orders": (5, 25), "messages": (0, 300, 600)}, {"orders": (6, 26), "messages": (0, 300, 600)}),
        ({"orders": (0, 12), "messages": (0, 1, 2)}, {"orders": (0, 11), "messages": (0, 1, 2)}),
        ({"orders": (0, 12), "messages": (0, 1, 1)}, {"orders": (0, 11), "messages": (0, 1, 1)}),
        ({"silence": 60_000, "messages": (0, 240, 240)}, {"silence": 59_999, "messages": (0, 241, 241)}),
        ({"silence": 60_000, "messages": (0, 240, 240)}, {"silence": 60_000, "messages": (0, 239, 239)}),
    ],
)
def test_where_a_condition_begins_to_hold(holds, not_yet):
    """Each threshold, just reached and not quite."""
    assert _edge(**holds)
    assert not _edge(**not_yet)


def test_a_young_sessions_silence():
    """What the room said is compared with the time it had to say it: from its start, where that is not 300 s ago."""
    young = {"silence": 60_000, "start": LATER - 80_000}
    # Its second pane ends 100 s after the start, 60 s of them silent.
    assert _edge(**young, messages=(40, 40, 40))
    assert not _edge(**young, messages=(39, 39, 39))
    assert not _edge(silence=60_000, start=LATER - 40_000, messages=(99, 99, 99)), "silent from its start"


def test_the_time_that_a_room_had_to_speak():
    """Half a second of talk is enough to be busy in; messages are compared with all of it, at whatever rate."""
    desk, start = _Desk(), LATER + 10_000 - 60_500
    desk.pane(start=start, silence=60_000, messages=(5, 5, 5))
    assert desk.pane(start=start, silence=70_000, messages=(5, 5, 5)) == [("silence", "firing")]
    for messages, fires in ((2400, True), (2399, False)):
        desk = _Desk(silence_rate=10)
        assert (desk.pane(2, silence=60_000, messages=(0, messages, messages)) != []) is fires


def test_overload_waits_for_the_warm_up():
    """In the first three minutes nothing can have been answered."""
    numbers = {"load": (9.0, 9.0), "asked": 9}
    assert not _edge(**numbers, start=LATER + 20_000 - 189_999)
    assert _edge(**numbers, start=LATER + 20_000 - 190_000)


def test_two_panes_fire_and_three_resolve():
    """It takes two panes in a row to fire and three clear ones in a row to resolve; each says so once."""
    desk, trouble = _Desk(), {"oldest": 200_000, "askers": 4}
    assert desk.pane(**trouble) == []
    assert desk.pane() == []
    assert desk.pane(**trouble) == []
    assert desk.pane(**trouble) == [("oldest_question", "firing")]
    assert desk.pane(5, **trouble) == []
    assert desk.pane(2) == []
    assert desk.pane(**trouble) == []
    assert desk.pane(2) == []
    assert desk.pane() == [("oldest_question", "resolved")]
    assert desk.pane(9) == []


def _last(desk):
    body = dict(desk.out[-1])
    fired = body["fired_at"]
    assert body.pop("id") == f"r1@{START}/{body['alert']}/{body['aspect'] or '-'}/{fired}/{body['state']}"
    assert (body.pop("room_id"), body.pop("session_id")) == ("r1", f"r1@{START}")
    assert body.pop("severity") == ("critical" if body["alert"] in {"unanswered_spike", "silence"} else "warning")
    assert body.pop("runbook") == f"pages/{body['alert']}.md"
    assert all(body[name] is None or isinstance(body[name], float) for name in ("value", "threshold", "baseline"))
    return body


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (
            {"oldest": 200_600, "askers": 4},
            (
                "oldest_question",
                None,
                200_600,
                180_000,
                None,
                "The oldest open question has waited 201 s; 4 viewers wait.",
            ),
        ),
        (
            {"load": (2.0, 3.0), "asked": 6},
            ("overload", None, 2.0, 1.5, None, "6 new questions in 60 s, 2.0 for each one answered."),
        ),
        (
            {"neg": (30, 40), "messages": (100, 100, 210)},
            (
                "negative_surge",
                "service",
                0.3,
                0.20625,
                0.06875,
                "30 complaints of the service in 100 messages of 60 s; usual is 6.9%.",
            ),
        ),
        (
            {"orders": (3, 43), "messages": (0, 300, 1300)},
            (
                "conversion_drop",
                None,
                3,
                3.6,
                12,
                "3 orders in 300 s where the session so far lets expect 12.",
            ),
        ),
        (
            {"silence": 65_500, "messages": (0, 240, 240)},
            ("silence", None, 65_500, 60_000, None, "No event for 66 s in a room that was busy."),
        ),
    ],
)
def test_what_a_record_says(numbers, expected):
    """Value, threshold and baseline are in one unit; the summary says it in words."""
    desk = _Desk()
    assert len(desk.pane(2, **numbers)) == 1
    body = _last(desk)
    assert (body["state"], body["fired_at"], body["resolved_at"]) == ("firing", LATER + 20_000, None)
    told = (*(body[name] for name in ("alert", "aspect", "value", "threshold", "baseline")), body["summary"])
    for mine, others in zip(told, expected, strict=True):
        assert mine == (pytest.approx(others) if isinstance(others, int | float) else others)
    assert desk.pane(3, start=LATER) == [(expected[0], "resolved")]
    body = _last(desk)
    assert (body["fired_at"], body["resolved_at"]) == (LATER + 20_000, LATER + 50_000)


def test_resolved_says_how_it_is_now():
    """A resolved alert's numbers are those of the pane in which it resolves."""
    desk = _Desk()
    desk.pane(2, oldest=200_000, askers=4)
    desk.pane(3, oldest=20_000, askers=1)
    body = _last(desk)
    assert (body["value"], body["summary"]) == (20_000, "The oldest open question has waited 20 s; 1 viewers wait.")
    desk.pane(2, oldest=200_000, askers=4)
    desk.pane(3)
    assert _last(desk)["summary"] == "No question waits; 0 viewers wait."


def test_a_spike_is_judged_by_the_rooms_own_level():
    """Above the floor, and above twice the level; each for two panes."""
    for usual, not_yet, threshold in ((50, 100, 100), (1, 10, 10)):
        desk = _Desk()
        desk.alerts.levels = [usual] * 20
        assert desk.pane(2, askers=not_yet) == []
        assert desk.pane(2, askers=not_yet + 1) == [("unanswered_spike", "firing")]
        body = _last(desk)
        assert (body["value"], body["threshold"], body["baseline"]) == (not_yet + 1, threshold, usual)
        said = f"{not_yet + 1} viewers wait for an answer; this room's usual level is {usual}."
        assert body["summary"] == said


def test_a_spike_needs_a_level_first():
    """Six panes make a level: the seventh may be the first of two that fire."""
    desk = _Desk()
    assert desk.pane(7, askers=1000) == []
    assert desk.pane(askers=1000) == [("unanswered_spike", "firing")]
    desk = _Desk()
    assert desk.pane(6) == []
    assert desk.pane(2, askers=11) == [("unanswered_spike", "firing")]
    (first,) = [body["baseline"] for body in desk.out]
    assert first == 0
    desk = _Desk(spike_floor=1)
    desk.pane(askers=5)
    assert desk.alerts.levels == [1], "with no level yet the floor is the threshold"


def test_the_deviations_of_a_restless_room():
    """A room whose level swings fires only above four robust standard deviations: 30 + 4 * 1.4826 * 20 = 148.6."""
    for askers, fires in ((148, []), (149, [("unanswered_spike", "firing")])):
        desk = _Desk()
        desk.alerts.levels = [10, 50] * 30
        desk.pane(askers=149)
        desk.alerts.levels = [10, 50] * 30
        assert desk.pane(askers=askers) == fires


def test_the_level_forgets_and_is_not_moved_by_spikes():
    """The level is that of the last panes; a spike counts in it as its threshold."""
    desk = _Desk(spike_memory=8)
    desk.alerts.levels = [40] * 8
    desk.pane(askers=1000)
    assert desk.alerts.levels == [40] * 7 + [80]
    desk.pane(20, askers=2)
    assert desk.alerts.levels == [2] * 8
    desk.pane(askers=5)
    assert desk.alerts.levels == [2] * 7 + [5]


def test_silence_holds_back_and_resolves_the_others():
    """With silence all that fires resolves, at once; nothing else fires; afterwards each needs two panes again."""
    desk = _Desk()
    trouble = {"oldest": 200_000, "askers": 4}
    desk.pane(2, **trouble)
    assert desk.pane(1, silence=60_000, messages=(0, 240, 240), **trouble) == []
    assert desk.pane(1, silence=70_000, messages=(0, 230, 230), **trouble) == [
        ("silence", "firing"),
        ("oldest_question", "resolved"),
    ]
    assert _last(desk)["resolved_at"] == desk.e
    assert desk.pane(9, silence=170_000, messages=(0, 0, 0), **trouble) == [], "it goes on, however little was said"
    assert desk.pane(2, **trouble) == []
    assert desk.pane(1, **trouble) == [("silence", "resolved")]
    assert desk.pane(1, **trouble) == [("oldest_question", "firing")]


def test_the_end_resolves_with_the_last_numbers():
    """A session's end resolves what fires, then, with the last pane's numbers; a snapshot changes nothing."""
    desk = _Desk()
    desk.pane(2, neg=(30, 40), messages=(100, 100, 210), aspect="product", oldest=200_000, askers=4)
    desk.pane(1, neg=(31, 41), messages=(100, 100, 210), aspect="product")
    desk.alerts = msgpack.decode(msgpack.encode(desk.alerts), type=Alerts)
    for _ in range(2):
        desk.alerts.end({"room_id": "r1", "session_id": f"r1@{START}"}, LATER + 33_000, desk.around)
    oldest, surge = desk.out[-2:]
    assert [(each["alert"], each["aspect"], each["state"]) for each in (oldest, surge)] == [
        ("oldest_question", None, "resolved"),
        ("negative_surge", "product", "resolved"),
    ]
    body = _last(desk)
    assert (body["value"], body["threshold"], body["baseline"]) == pytest.approx((0.31, 0.20625, 0.06875))
    assert (oldest["value"], oldest["baseline"], oldest["summary"]) == (None, None, "The session has ended.")
    assert {each["resolved_at"] for each in (oldest, surge)} == {LATER + 33_000}
    assert len(desk.out) == 4
