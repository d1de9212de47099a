"""Newcombe's interval, by the values of his paper, and against the oracle's own formula."""

import pytest

from streamproc.domain.askers import newcombe
from tests.oracle.askers import newcombe as by_oracle

#: Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10.
PUBLISHED = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0),
    (10, 10, 0, 10, 0.6075, 1.0),
]


@pytest.mark.parametrize(("a", "m", "b", "n", "low", "high"), PUBLISHED)
def test_published_values(a, m, b, n, low, high):
    """The interval is the published one to four places."""
    difference, mine_low, mine_high = newcombe(a, m, b, n)
    assert difference == pytest.approx(a / m - b / n)
    assert (mine_low, mine_high) == pytest.approx((low, high), abs=5e-5)


def test_every_small_table():
    """Task and oracle agree on every table of up to six askers a side, and the interval holds the difference."""
    for m in range(1, 7):
        for n in range(1, 7):
            for a in range(m + 1):
                for b in range(n + 1):
                    difference, low, high = newcombe(a, m, b, n)
                    assert (low, high) == pytest.approx(by_oracle(a, m, b, n), abs=1e-12)
                    assert -1 <= low <= difference <= high <= 1
