"""Synthetic shows as the command line asks for them."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

from streamproc.shell.errors import unusable
from streamproc.simulate.arrival import arrivals
from streamproc.simulate.load import load
from streamproc.simulate.params import ShowParams
from streamproc.simulate.presets import PRESETS
from streamproc.simulate.show import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from streamproc.simulate.arrival import Arrival

#: Every record in its place, none late, twice or broken.
ORDERLY: Final = {
    "jitter": 0.0,
    "disorder": 0.0,
    "late": 0.0,
    "very_late": 0.0,
    "duplicates": 0.0,
    "broken": 0.0,
    "lag": 0.0,
}
#: Seconds after which a load repeats itself.
_LOAD_REPEATS_S: Final = 600.0
_TYPES: Final = {field.name: type(getattr(ShowParams(), field.name)) for field in fields(ShowParams)}


def params_of(preset: str | None, given: Mapping[str, Any]) -> ShowParams:
    """Return parameters; CommandError (exit status 2) names what is wrong. Values of None are left as they are."""
    if preset is not None and preset not in PRESETS:
        raise unusable(f"no preset {preset!r}; there are {', '.join(sorted(PRESETS))}")
    try:
        return replace(PRESETS[preset] if preset else ShowParams(), **{k: v for k, v in given.items() if v is not None})
    except ValueError as error:
        raise unusable(f"the show: {error}") from error


def read_parameters(words: Iterable[str]) -> dict[str, Any]:
    """Return NAME=VALUE words as parameters."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        kind = _TYPES.get(name)
        if not equals or kind not in {int, float, str, tuple} or name == "phases":
            allowed = ", ".join(each for each in _TYPES if each != "phases")
            raise unusable(f"--set {word}: NAME=VALUE with one of {allowed}")
        try:
            found[name] = tuple(value.split(",")) if kind is tuple else kind(value)
        except ValueError:
            raise unusable(f"--set {word}: {value!r} is no {kind.__name__}") from None
    return found


def starting(params: ShowParams, *, speed: float | None, before_s: float = 0.0) -> ShowParams:
    """Return the show so begun that, played from now on, its times never lie ahead of the clock.

    ``before_s`` seconds of it have happened already. At more than its own speed (None: all at once) it begins so much
    earlier that it ends now.
    """
    lead = before_s
    if speed is None:
        lead = params.duration + params.aftermath
    elif speed > 1:
        lead += (params.duration + params.aftermath - before_s) * (1 - 1 / speed)
    return replace(params, start=int(1000 * (time.time() - lead)))


def arriving(params: ShowParams, *, load_rate: float | None = None) -> Iterator[Arrival]:
    """Yield a show's records as they arrive, or an endless load of so many records a second."""
    if load_rate is None:
        return arrivals(show(params), params)
    return arrivals(load(replace(params, duration=_LOAD_REPEATS_S), load_rate, params.rooms), params)
