"""The demo's last lines."""

from collections import Counter

import pytest

from streamproc.console.board import Board
from streamproc.shell.demo.summary import summary
from streamproc.shell.feed import Fed


def test_summary_of_nothing_is_bare():
    """Numbers without details, in one column; CPU that is not known is a dash."""
    lines = list(summary(Fed(), Board(), None, 0.0))
    assert [line for line in lines if line != line.rstrip()] == []
    assert lines[0] == "records in                   0"
    assert lines[3] == "metric records               0  of 0 rooms"
    assert lines[-1].startswith("worker CPU                   -  µs an event")


@pytest.mark.parametrize(("rate", "said"), [(499, True), (500, False)])
def test_summary_says_what_it_counts(rate, said):
    """Records by topic, and whether so few records a second tell anything of what one costs."""
    fed = Fed(Counter({"live.chat.v1": 1_200, "live.room.v1": 34}))
    lines = list(summary(fed, Board(), 12.3, rate))
    assert lines[0] == "records in               1,234  chat 1,200, room 34"
    assert lines[-1].startswith(f"worker CPU                  12  µs an event, at {rate} a second")
    assert lines[-1].endswith("mostly what it costs to be up") == said
