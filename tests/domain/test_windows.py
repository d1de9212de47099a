"""Rolling numbers equal what adding everything up again gives."""

from math import ceil

from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.domain.time import PANES
from streamproc.domain.windows import WHOLE, Distinct, Peak, Spread, Tally

#: Events as (panes to go on first, value): long gaps, so that every window empties.
EVENTS = st.lists(
    st.tuples(st.sampled_from([0, 0, 0, 1, 2, 5, 6, 7, 29, 30, 31, 89, 90, 91]), st.integers(0, 5)), max_size=40
)


def _walk(events, add, roll, check):
    """Feed events to a window and check it against all values so far at each pane end."""
    seen, pane = [], 0
    for gap, value in [*events, (1, 0)]:
        for _ in range(gap):
            for window, k in enumerate((*PANES, 10**9)):
                check(window, pane, [v for p, v in seen if p > pane - k])
            pane += 1
            roll(pane)
        add(value, pane)
        seen.append((pane, value))


@settings(derandomize=True, max_examples=150, deadline=None)
@given(EVENTS)
def test_tally(events):
    """Sums of each window are those of its panes."""
    tally = Tally()

    def check(window, pane, values):
        if window == 0:
            tally.close(pane)
        assert tally.totals[window].get("n", 0) == sum(values)

    _walk(events, lambda value, _: tally.add("n", value), lambda _: None, check)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(EVENTS)
def test_distinct(events):
    """Distinct users of each window are the size of the set of its users."""
    distinct = Distinct()

    def check(window, pane, values):
        assert distinct.count(window) == len(set(values))

    _walk(events, lambda value, pane: distinct.mark(str(value), pane), distinct.roll, check)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(EVENTS)
def test_peak(events):
    """The peak of each window is its highest value, None of nothing."""
    peak = Peak()

    def check(window, pane, values):
        assert peak.highest(window, pane) == max(values, default=None)

    _walk(events, peak.add, peak.roll, check)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(EVENTS)
def test_spread(events):
    """Mean and nearest-rank percentiles of each window are those of its values in order."""
    spread = Spread()

    def check(window, pane, values):
        values = sorted(values)
        ranks = [ceil(q * len(values) / 100) for q in (50, 90, 99)]
        assert spread.percentiles(window, (50, 90, 99)) == [values[r - 1] if values else None for r in ranks]
        assert spread.mean(window) == (sum(values) / len(values) if values else None)

    _walk(events, spread.add, spread.roll, check)


def test_distinct_forgets_idle_users_first():
    """Beyond its bound a set of users forgets who left the longest window; the session's number stays."""
    distinct = Distinct(most=10)
    for n in range(10):
        distinct.mark(f"old{n}", 0)
    for pane in range(1, 92):
        distinct.roll(pane)
    for n in range(15):
        distinct.mark(f"new{n}", 91)
        assert len(distinct.last) <= 10
    assert distinct.count(WHOLE) == 25
    assert distinct.count(0) == 15


def test_nearest_rank_is_exact():
    """The 90th percentile of ten is the ninth, whatever .9 is in floating point."""
    spread = Spread()
    for value in range(1, 11):
        spread.add(value, 0)
    assert spread.percentiles(WHOLE, (50, 90, 99)) == [5, 9, 10]
