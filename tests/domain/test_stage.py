"""What is on stage: products shown, promotions running, several at once, and what a question is about."""

import pytest

from tests.fakes import Told, chat, room, run
from tests.oracle.compare import differences


def _played(records):
    """Return the interaction of a session of 100 s in which something was on stage; the oracle agrees."""
    ends = [room(90, 99.999, "follow", user_id="zoe"), room(91, 100, "ended"), room(92, 200, "started")]
    whole = [chat(0, 0), *records, *ends]
    assert differences(whole, Told()) == []
    (last,) = [each for each in run(whole)["metrics"] if each["final"] and each["window"] == "session"]
    return last["interaction"]


@pytest.mark.parametrize(
    ("marks", "seconds"),
    [
        ([], None),
        ([(10, "ended", None)], None),
        ([(10, "started", None), (30, "ended", None)], 20),
        ([(10, "started", "p1"), (30, "ended", None)], 90),
        ([(10, "started", None), (30, "ended", "p1")], 90),
        ([(10, "started", "p1"), (20, "started", "p2"), (30, "ended", "p1"), (50, "ended", "p2")], 40),
        ([(10, "started", "p1"), (20, "started", None), (30, "ended", "p1"), (50, "ended", None)], 40),
        ([(10, "started", "p1"), (20, "started", "p1"), (30, "ended", "p1"), (50, "ended", "p1")], 20),
        ([(10, "started", "p1"), (10, "ended", "p1")], 0),
        ([(10, "started", "p1"), (20, "ended", "p1"), (50, "started", "p1"), (53, "ended", "p1")], 13),
        ([(0, "started", "p1")], 100),
    ],
)
def test_promotions(marks, seconds):
    """Time with at least one promotion counts; one without a product is one of its own, and ends by itself alone."""
    records = []
    for n, (at, what, product) in enumerate(marks, 1):
        records.append(room(n, at, f"promotion_{what}", **({} if product is None else {"product_id": product})))
    got = _played(records)
    assert got["promotion"] == (None if seconds is None else pytest.approx(seconds / 100))
    assert got["display"] is None


def test_products():
    """The same of products: hiding what is not shown does nothing."""
    marks = [(10, "shown", "p1"), (20, "hidden", "p2"), (25, "shown", "p2"), (30, "hidden", "p1"), (45, "hidden", "p2")]
    got = _played(
        [room(n, at, f"product_{what}", product_id=product) for n, (at, what, product) in enumerate(marks, 1)]
    )
    assert (got["display"], got["promotion"]) == (pytest.approx(0.35), None)


def test_what_was_shown_last_is_asked_about():
    """A question without a product is about what was shown last, if hidden since."""
    marks = [room(1, 10, "product_shown", product_id="p1"), room(2, 20, "product_hidden", product_id="p1")]
    assert run([*marks, chat(3, 30, "ask a")])["questions"][0]["product_id"] == "p1"
