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


def test_a_bounded_set_counts_each_who_stays_away_once():
    """At the bound all are remembered; beyond it a newcomer counts, and is a newcomer again when coming back."""
    distinct = Distinct(most=2)
    for user in ("ann", "bo", "ann", "cy", "cy", "bo"):
        distinct.mark(user, 0)
    assert (sorted(distinct.last), distinct.forgotten) == (["ann", "bo"], 2)
    assert [distinct.count(window) for window in range(WHOLE + 1)] == [4] * 4


def test_the_idle_are_looked_for_once_a_pane():
    """Who was away for the longest window makes room, at the first newcomer of a pane; a pane less is not enough."""
    for pane, kept in ((90, ["new"]), (89, ["old"])):
        distinct = Distinct(most=1)
        distinct.mark("old", 0)
        for n in range(1, pane + 1):
            distinct.roll(n)
        distinct.mark("new", pane)
        assert list(distinct.last) == kept
        distinct.mark("newer", pane)
        assert (list(distinct.last), distinct.forgotten, distinct.swept) == (kept, 2, pane)


def test_who_was_forgotten_leaves_the_windows_too():
    """A forgotten user leaves the windows with the pane of the last mark, like all others."""
    distinct = Distinct(most=1)
    distinct.mark("ann", 0)
    distinct.mark("bo", 0)
    for pane in range(1, 91):
        distinct.roll(pane)
        expected = [2 if pane < k else 0 for k in (6, 30, 90)]
        assert [distinct.count(window) for window in range(WHOLE)] == expected
    assert (distinct.count(WHOLE), distinct.per_pane) == (2, {})


def test_a_thinned_spread():
    """Beyond its bound every second of the session's values goes, from the second smallest on; windows keep all."""
    spread = Spread(most=4)
    for value in (50, 40, 30, 20):
        spread.add(value, 0)
    assert (spread.thinned, spread.ordered[WHOLE]) == (0, [20, 30, 40, 50])
    spread.add(10, 0)
    assert (spread.thinned, spread.ordered[WHOLE], spread.ordered[0]) == (2, [10, 30, 50], [10, 20, 30, 40, 50])
    assert (spread.mean(WHOLE), spread.mean(0)) == (30, 30)
    spread.add(70, 0)
    spread.add(90, 0)
    assert (spread.thinned, spread.ordered[WHOLE]) == (4, [10, 50, 90])
    assert spread.mean(WHOLE) == sum((50, 40, 30, 20, 10, 70, 90)) / 7


def test_what_left_the_longest_window_is_not_kept():
    """Panes leave totals, sets, peaks and spreads for good: nothing but the session's numbers grows."""
    tally, distinct, peak, spread = Tally(), Distinct(), Peak(), Spread()
    for pane in range(300):
        for window in (distinct, peak, spread):
            window.roll(pane)
        if pane % 50 == 0:
            tally.add("n")
            distinct.mark("ann", pane)
            peak.add(300 - pane, pane)
            spread.add(pane, pane)
        assert tally.close(pane)[WHOLE] == (pane % 50 == 0)
    assert sorted(tally.past) == [250]
    assert [peak.panes, list(spread.by_pane), spread.ordered[2]] == [[250], [250], [250]]
    assert list(distinct.per_pane) == [250]
    assert tally.totals[WHOLE] == {"n": 6}


def test_a_pane_says_which_windows_it_changed():
    """A window changes with what enters and with what leaves; records need not be made anew otherwise."""
    tally, changed = Tally(), {}
    tally.add("n")
    for pane in range(100):
        changed[pane] = tally.close(pane)
    assert [pane for pane in changed if changed[pane] != [False] * 4] == [0, 6, 30, 90]
    assert [changed[pane] for pane in (0, 6, 30, 90)] == [
        [True] * 4,
        [True, False, False, False],
        [False, True, False, False],
        [False, False, True, False],
    ]


def test_a_peak_leaves_with_its_pane():
    """When the highest value's pane leaves the longest window, the next one is left, and nothing else."""
    peak = Peak()
    peak.add(9, 0)
    peak.add(5, 1)
    peak.roll(89)
    assert (peak.panes, peak.values) == ([0, 1], [9, 5])
    peak.roll(90)
    assert (peak.panes, peak.values) == ([1], [5])
    assert [peak.highest(window, 90) for window in (0, 1, 2, WHOLE)] == [None, None, 5, 9]
