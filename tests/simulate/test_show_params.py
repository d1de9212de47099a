"""Parameters and presets of the synthetic show."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.simulate import PRESETS, Phase, ShowParams, room_rates

DOC = Path(__file__).parents[2] / "docs" / "simulate.md"


def rows(heading):
    """Cells of the table under a heading of the document, by their first cell."""
    part = DOC.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return {row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in cells}


def test_document_has_every_parameter_with_its_default():
    """docs/simulate.md lists exactly the fields of ShowParams, in their order, with their defaults."""
    table = rows("Parameters")
    assert list(table) == [field.name for field in fields(ShowParams)]
    words = {"currencies": "CNY x 7, HKD, MYR, USD", "phases": "none", "lag_topic": "none"}
    for field in fields(ShowParams):
        assert table[field.name][0] == words.get(field.name, str(field.default)), field.name


def test_document_has_every_preset_and_every_part_of_a_phase():
    """docs/simulate.md lists exactly the presets, and names each field of a Phase."""
    assert set(rows("Presets")) == set(PRESETS)
    paragraph = re.search(r"A `Phase` has.*?\n\n", DOC.read_text(encoding="utf-8"), re.DOTALL)[0]
    for field in fields(Phase):
        assert f"`{field.name}`" in paragraph, field.name


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"rooms": 0}, "rooms"),
        ({"rate": -1}, "rate"),
        ({"duration": 0}, "duration"),
        ({"answers": 1.5}, "answers"),
        ({"enters": -0.1}, "enters"),
        ({"answer_delay": 99}, "answer_delay"),
        ({"disorder": 5.0}, "disorder"),
        ({"currencies": ()}, "currencies"),
        ({"questions": 0.9, "opinions": 0.5}, "questions"),
    ],
)
def test_what_makes_no_show_is_refused_by_name(wrong, named):
    """A value that makes no show raises ValueError with the parameter's name."""
    with pytest.raises(ValueError, match=named):
        ShowParams(**wrong)


def test_preset_takes_changes_and_unknown_ones_are_named():
    """A preset can be varied; an unknown one lists those there are."""
    assert ShowParams.preset("keeps-up", seed=3).seed == 3
    assert ShowParams.preset("keeps-up").rate == PRESETS["keeps-up"].rate
    with pytest.raises(KeyError, match="keeps-up"):
        ShowParams.preset("keep-up")


@settings(max_examples=50, derandomize=True, deadline=None)
@given(rooms=st.integers(1, 300), rate=st.floats(0.5, 50), skew=st.floats(0, 1.5))
def test_room_rates_fall_and_have_the_mean_asked_for(rooms, rate, skew):
    """Rooms come busiest first; only the floor for the quietest can lift the mean above `rate`."""
    rates = room_rates(ShowParams(rooms=rooms, rate=rate, skew=skew))
    assert rates == sorted(rates, reverse=True)
    assert rate * rooms <= sum(rates) * (1 + 1e-9)
    assert sum(rates) <= rate * rooms + 0.01 * rooms + 1e-6
