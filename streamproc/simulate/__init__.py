"""The synthetic live-commerce show, which is also the load generator: pure, seeded records of the five input topics.

    for topic, value in show(ShowParams(rooms=3, seed=7)): ...         # in order of position
    for topic, value in disorder(show(params), params): ...            # in order of arrival
    for topic, value in load(ShowParams.preset("load"), 20_000, 500):  # for ever

See docs/simulate.md for the parameters and presets.
"""

from streamproc.simulate.arrival import Arrival, arrivals, disorder, position
from streamproc.simulate.lines import to_jsonl_line
from streamproc.simulate.load import load
from streamproc.simulate.params import Phase, ShowParams
from streamproc.simulate.presets import PRESETS
from streamproc.simulate.room import Truth
from streamproc.simulate.show import annotated, room_rates, show

__all__ = [
    "PRESETS",
    "Arrival",
    "Phase",
    "ShowParams",
    "Truth",
    "annotated",
    "arrivals",
    "disorder",
    "load",
    "position",
    "room_rates",
    "show",
    "to_jsonl_line",
]
