"""What an operator is told at once: judged at pane ends on what the metrics records say.

An alert fires after its condition has held for two panes and resolves after three clear ones. A session's end resolves
all. Silence holds the others back: nothing can be said of a room in which nothing happens.
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

from msgspec import Struct, field

from streamproc.contracts import topics
from streamproc.domain.rules import Surroundings, Thresholds

Record = Mapping[str, Any]

#: Panes for which a condition holds before its alert fires, and for which it is clear before it resolves.
HOLD: Final = 2
CLEAR: Final = 3

SILENCE: Final = "silence"
SEVERITY: Final = {
    "unanswered_spike": "critical",
    "oldest_question": "warning",
    "overload": "warning",
    "negative_surge": "warning",
    "conversion_drop": "warning",
    SILENCE: "critical",
}
ASPECTS: Final = ("content", "product", "logistics", "service")

#: Median absolute deviation to standard deviation, of a normal distribution.
_MAD = 1.4826


class Finding(NamedTuple):
    """What one look at one condition found; ``value``, ``threshold`` and ``baseline`` are in one unit."""

    alert: str
    aspect: str | None
    holds: bool
    value: float | None
    threshold: float
    baseline: float | None
    summary: str


class Condition(Struct):
    """How long a condition has held or been clear, and since when its alert fires (ms)."""

    held: int = 0
    clear: int = 0
    fired_at: int | None = None
    value: float | None = None
    threshold: float = 0.0
    baseline: float | None = None


class Alerts(Struct):
    """A session's alerts. ``levels`` holds open askers of the last panes, with spikes cut down to the threshold."""

    conditions: dict[str, Condition] = field(default_factory=dict)
    levels: list[int] = field(default_factory=list)

    def judge(self, records: Sequence[Record], e: int, around: Surroundings) -> None:
        """Judge the records of one pane end ``e``, one a window in the order 60s, 300s, 900s, session."""
        findings = list(self._look(records, around.rules.thresholds))
        silent = self.conditions.get(f"{SILENCE}/-")
        for finding in findings:
            held_back = finding.alert != SILENCE and silent is not None and silent.fired_at is not None
            self._judge(finding, records[0], e, around, held_back=held_back)
            silent = self.conditions.get(f"{SILENCE}/-")

    def end(self, session: Record, t: int, around: Surroundings) -> None:
        """Resolve all that fires as the session ends at ``t``; ``session`` holds room_id and session_id."""
        for name, condition in self.conditions.items():
            if condition.fired_at is not None:
                alert, _, aspect = name.partition("/")
                finding = Finding(
                    alert,
                    None if aspect == "-" else aspect,
                    False,
                    condition.value,
                    condition.threshold,
                    condition.baseline,
                    "The session has ended.",
                )
                _emit(finding, condition.fired_at, t, session, around)
                condition.fired_at = None

    def _judge(self, finding: Finding, record: Record, e: int, around: Surroundings, *, held_back: bool) -> None:
        name = f"{finding.alert}/{finding.aspect or '-'}"
        condition = self.conditions.setdefault(name, Condition())
        condition.value, condition.baseline = _float(finding.value), _float(finding.baseline)
        condition.threshold = float(finding.threshold)
        if held_back:
            condition.held = 0
            if condition.fired_at is not None:
                _emit(finding, condition.fired_at, e, record, around)
                condition.fired_at = None
            return
        condition.held = condition.held + 1 if finding.holds else 0
        condition.clear = 0 if finding.holds else condition.clear + 1
        if condition.fired_at is None and condition.held >= HOLD:
            condition.fired_at = e
            _emit(finding, e, None, record, around)
        elif condition.fired_at is not None and condition.clear >= CLEAR:
            _emit(finding, condition.fired_at, e, record, around)
            condition.fired_at = None

    def _look(self, records: Sequence[Record], limits: Thresholds) -> Iterator[Finding]:
        minute, five, _, session = records
        silence = self.conditions.get(f"{SILENCE}/-")
        yield _silence(five, session, limits, firing=silence is not None and silence.fired_at is not None)
        yield self._spike(minute, limits)
        yield _oldest(minute, five, limits)
        yield _overload(minute, five, session, limits)
        for aspect in ASPECTS:
            yield _surge(aspect, minute, session, limits)
        yield _drop(five, session, limits)

    def _spike(self, minute: Record, limits: Thresholds) -> Finding:
        """Compare open askers with the median of the last panes, by its spread and by a factor."""
        value = minute["questions"]["open_askers"]
        levels = self.levels
        level = median(levels) if levels else 0.0
        spread = _MAD * median(abs(x - level) for x in levels) if levels else 0.0
        threshold = max(
            float(limits.spike_floor), limits.spike_factor * level, level + limits.spike_deviations * spread
        )
        warm = len(levels) >= limits.spike_warmup
        # A spike moves the level only as far as the threshold: it must not become the new normal by itself.
        levels.append(min(value, int(threshold)))
        del levels[: -limits.spike_memory]
        return Finding(
            "unanswered_spike",
            None,
            warm and value > threshold,
            value,
            threshold,
            level,
            f"{value} viewers wait for an answer; this room's usual level is {level:g}.",
        )


def _oldest(minute: Record, five: Record, limits: Thresholds) -> Finding:
    """Find a question that waits for minutes in a room that answers few of its questions in time."""
    questions, in_time = minute["questions"], five["questions"]["sla_rate"]
    age, askers = questions["oldest_open_age_ms"], questions["open_askers"]
    slow = in_time is None or in_time < limits.oldest_sla
    holds = slow and age is not None and age > limits.oldest_ms and askers >= limits.oldest_askers
    waited = "No question waits" if age is None else f"The oldest open question has waited {age / 1000:.0f} s"
    summary = f"{waited}; {askers} viewers wait."
    return Finding("oldest_question", None, holds, age, limits.oldest_ms, None, summary)


def _overload(minute: Record, five: Record, session: Record, limits: Thresholds) -> Finding:
    """Find more questions than answers over a minute and over five: chance alone makes the first now and then."""
    load, lasting, asked = minute["interaction"]["load"], five["interaction"]["load"], minute["questions"]["asked"]
    warm = session["end"] - session["start"] >= limits.overload_warmup_ms
    holds = warm and min(load, lasting) > limits.overload and asked >= limits.overload_asked
    summary = f"{asked} new questions in 60 s, {load:.1f} for each one answered."
    return Finding("overload", None, holds, load, limits.overload, None, summary)


def _surge(aspect: str, minute: Record, session: Record, limits: Thresholds) -> Finding:
    """Compare complaints of ``aspect`` a message in 60 s with the session's before."""
    messages, negative = minute["chat"]["messages"], minute["voice"][aspect]["neg"]
    before, complaints = session["chat"]["messages"] - messages, session["voice"][aspect]["neg"] - negative
    share = negative / messages if messages else None
    # One complaint in the prior's messages keeps a quiet beginning from making any complaint a surge.
    usual = (complaints + 1) / (before + limits.surge_prior)
    threshold = max(limits.surge_floor, limits.surge_factor * usual)
    holds = share is not None and negative >= limits.surge_count and share > threshold
    summary = f"{negative} complaints of the {aspect} in {messages} messages of 60 s; usual is {usual:.1%}."
    return Finding("negative_surge", aspect, holds, share, threshold, usual, summary)


def _drop(five: Record, session: Record, limits: Thresholds) -> Finding:
    """Compare the orders of 300 s with what the session's orders a message let expect of its messages."""
    orders, messages = five["conversion"]["orders"], five["chat"]["messages"]
    earlier = session["conversion"]["orders"] - orders
    rate = earlier / max(session["chat"]["messages"] - messages, 1)
    expected = rate * messages
    holds = expected >= limits.drop_expected and orders < limits.drop_share * expected
    summary = f"{orders} orders in 300 s where the session so far lets expect {expected:.0f}."
    return Finding("conversion_drop", None, holds, orders, limits.drop_share * expected, expected, summary)


def _silence(five: Record, session: Record, limits: Thresholds, *, firing: bool) -> Finding:
    """Find 60 s without an event in a room that had a message a second before."""
    silence = five["quality"]["silence_ms"]
    spoken = (five["end"] - max(five["start"], session["start"]) - silence) / 1000
    busy = spoken > 0 and five["chat"]["messages"] >= limits.silence_rate * spoken
    holds = silence >= limits.silence_ms and (busy or firing)
    summary = f"No event for {silence / 1000:.0f} s in a room that was busy."
    return Finding(SILENCE, None, holds, silence, limits.silence_ms, None, summary)


def _float(value: float | None) -> float | None:
    # One type, whether it comes from a count or from a snapshot: copies of a record are equal byte for byte.
    return None if value is None else float(value)


def _emit(finding: Finding, fired_at: int, resolved_at: int | None, record: Record, around: Surroundings) -> None:
    state = "firing" if resolved_at is None else "resolved"
    session_id = record["session_id"]
    body = {
        "id": f"{session_id}/{finding.alert}/{finding.aspect or '-'}/{fired_at}/{state}",
        "alert": finding.alert,
        "aspect": finding.aspect,
        "room_id": record["room_id"],
        "session_id": session_id,
        "state": state,
        "severity": SEVERITY[finding.alert],
        "fired_at": fired_at,
        "resolved_at": resolved_at,
        "value": _float(finding.value),
        "threshold": float(finding.threshold),
        "baseline": _float(finding.baseline),
        "summary": finding.summary,
        "runbook": f"{around.rules.runbooks}/{finding.alert}.md",
    }
    around.emit(topics.ALERTS, record["room_id"], body)
