"""Alerts fire when an operator would want it, resolve, and keep still otherwise."""

import pytest

from streamproc.contracts.outputs import Alert
from tests.fakes import T0, chat, paid, room, run, said


class _Show:
    """A trace written second by second."""

    def __init__(self):
        self.records, self.n = [], 0

    def add(self, make, at, *args, **value):
        """Add a record at a second of the show; return its event_id."""
        record = make(self.n, at, *args, **value)
        self.records.append((at, self.n, record))
        self.n += 1
        return f"e{self.n - 1}"

    def alerts(self):
        """Play the show; return its alerts as (name, state, second, aspect)."""
        out = run([record for *_, record in sorted(self.records, key=lambda r: r[:2])]).get("alerts", [])
        for value in out:
            Alert.model_validate(value)
        return [(a["alert"], a["state"], ((a["resolved_at"] or a["fired_at"]) - T0) / 1000, a["aspect"]) for a in out]


def _busy(show, start, end, *, answered=True, every=4):
    """A question every few seconds, answered five seconds later."""
    for at in range(start, end, every):
        asked = show.add(chat, at, f"ask.price q{at}", user=f"u{at % 37}")
        if answered:
            show.add(said, at + 5, reply_to=[asked])
    for at in range(start, end):
        show.add(chat, at, "hello", user=f"v{at % 50}")


def _named(alerts, name):
    return [(state, at) for alert, state, at, _ in alerts if alert == name]


def test_burst_of_unanswered_questions():
    """A burst that nobody answers fires within 30 s of event time and resolves once it is answered."""
    show = _Show()
    _busy(show, 0, 900)
    asks = [show.add(chat, 300 + n / 10, f"ask.stock burst{n}", user=f"w{n}") for n in range(40)]
    show.add(said, 420, reply_to=asks)
    spikes = _named(show.alerts(), "unanswered_spike")
    assert [state for state, _ in spikes] == ["firing", "resolved"]
    assert 300 < spikes[0][1] <= 330
    assert 420 < spikes[1][1] <= 460


def test_keeping_up_never_fires():
    """A busy room whose anchor keeps up fires nothing."""
    show = _Show()
    _busy(show, 0, 1800, every=2)
    assert show.alerts() == []


def test_always_ten_open_does_not_fire_on_the_eleventh():
    """A room's own level is what counts: ten always open are no spike, nor is one more."""
    show = _Show()
    for at in range(0, 1800, 10):
        show.add(chat, at, f"ask.other q{at}", user=f"u{at}")
        show.add(said, at + 100 - (at == 1000) * 0.001, reply_to=[f"e{show.n - 1}"])
    show.add(chat, 1001, "ask.other one more", user="x")
    assert _named(show.alerts(), "unanswered_spike") == []


def _talk(show, start, end):
    for at in range(start, end):
        show.add(chat, at, "hello", user=f"v{at % 50}")


def test_oldest_question():
    """Three viewers waiting for more than three minutes fire; the answer resolves."""
    show = _Show()
    _talk(show, 0, 600)
    asks = [show.add(chat, 100 + n, f"ask.size old{n}", user=f"w{n}") for n in range(3)]
    show.add(said, 400, reply_to=asks)
    assert _named(show.alerts(), "oldest_question") == [("firing", 300.0), ("resolved", 430.0)]


def test_one_old_question_among_answered_ones():
    """In a room that answers the others in time, a question that was missed pages nobody."""
    show = _Show()
    _busy(show, 0, 600)
    for n in range(3):
        show.add(chat, 100 + n, f"ask.size old{n}", user=f"w{n}")
    assert _named(show.alerts(), "oldest_question") == []


def test_overload():
    """More questions than answers for 20 s fire; fewer than five in a minute never do."""
    show = _Show()
    _busy(show, 0, 300)
    for n in range(60):
        show.add(chat, 300 + n, f"ask.link l{n}", user=f"w{n % 3}")
    assert _named(show.alerts(), "overload")[0][0] == "firing"
    quiet = _Show()
    for at in range(0, 900, 20):
        quiet.add(chat, at, f"ask.link l{at}", user="w")
    assert _named(quiet.alerts(), "overload") == []


def test_negative_surge_names_its_aspect():
    """Complaints of one aspect far above the session's usual fire for that aspect alone, and resolve."""
    show = _Show()
    _busy(show, 0, 1200)
    for n in range(20):
        show.add(chat, 600 + n, "opinion.logistics.neg 还不发货", user=f"w{n}")
    alerts = show.alerts()
    assert [(name, state, aspect) for name, state, _, aspect in alerts if name == "negative_surge"] == [
        ("negative_surge", "firing", "logistics"),
        ("negative_surge", "resolved", "logistics"),
    ]


def test_conversion_drop():
    """Orders that stop while chat goes on fire against the session's own rate."""
    show = _Show()
    _busy(show, 0, 2400)
    for at in range(0, 1200, 5):
        show.add(paid, at, order=f"k{at}", user=f"b{at}")
    drops = _named(show.alerts(), "conversion_drop")
    assert drops[0][0] == "firing"
    assert 1380 <= drops[0][1] <= 1500


def test_silence_holds_the_others_back():
    """Silence fires alone: what fired resolves with it, and it resolves when the room speaks again."""
    show = _Show()
    _busy(show, 0, 400)
    for n in range(30):
        show.add(chat, 380 + n / 2, f"ask.stock s{n}", user=f"w{n}")
    show.add(chat, 800, "back")
    _busy(show, 801, 900)
    alerts = show.alerts()
    silence = _named(alerts, "silence")
    assert [state for state, _ in silence] == ["firing", "resolved"]
    fired, resolved = silence[0][1], silence[1][1]
    assert 455 <= fired <= 480
    assert ("unanswered_spike", "resolved", fired, None) in alerts
    assert not [a for a in alerts if a[1] == "firing" and fired < a[2] < resolved]


def test_quiet_room_is_not_silent():
    """A room that never had a message a second does not alarm by being quiet."""
    show = _Show()
    for at in range(0, 1200, 90):
        show.add(chat, at, "hello")
    assert _named(show.alerts(), "silence") == []


@pytest.mark.parametrize("how", ["ended", "started", "silence"])
def test_the_sessions_end_resolves_all(how):
    """Whatever ends a session resolves its alerts at that moment."""
    show = _Show()
    show.add(room, 0, "started")
    _busy(show, 0, 300)
    for n in range(40):
        show.add(chat, 250 + n / 10, f"ask.stock b{n}", user=f"w{n}")
    if how == "silence":
        end = max(at for at, *_ in show.records) + 600.0
        show.add(chat, 2000, "later")
    else:
        show.add(room, 310, how)
        show.add(chat, 400, "after")
        end = 310.0
    alerts = show.alerts()
    firing = {(name, aspect) for name, state, at, aspect in alerts if state == "firing"}
    resolved = {(name, aspect) for name, state, at, aspect in alerts if state == "resolved"}
    assert ("unanswered_spike", None) in firing
    assert firing == resolved
    assert max(at for _, state, at, _ in alerts if state == "resolved") == end


def test_nothing_flaps():
    """A level that swings around the threshold fires at most once in five minutes."""
    show = _Show()
    _busy(show, 0, 600)
    for start in range(600, 900, 20):
        asks = [show.add(chat, start + n / 10, f"ask.stock f{start}{n}", user=f"w{n}") for n in range(30)]
        show.add(said, start + 9, reply_to=asks)
    assert len([s for s, _ in _named(show.alerts(), "unanswered_spike") if s == "firing"]) <= 1
