"""The viewers of one room: who is there, how each is inclined, who speaks next."""

from bisect import bisect
from random import Random
from typing import Any, Final

from streamproc.simulate.material import LISTS
from streamproc.simulate.noise import pick
from streamproc.simulate.params import ShowParams

__all__ = ["Crowd", "Viewer"]

#: Inclinations with their cumulative shares: most only watch.
_KINDS: Final = ("fan", "buyer", "helper", "troll", "lurker")
_KIND_SHARES: Final = (0.15, 0.33, 0.40, 0.42)
#: How many who are asked for are drawn before anybody will do.
_TRIES: Final = 4
_AT_FIRST: Final = 12


class Viewer:
    """One viewer: id, nick, inclination, and what the platform says of him."""

    __slots__ = ("bought", "id", "info", "kind", "nick", "traditional")

    def __init__(self, rng: Random, params: ShowParams) -> None:
        number = int(rng.random() * params.population)
        self.id = f"u{number:07d}"
        self.kind = _KINDS[bisect(_KIND_SHARES, rng.random())]
        self.bought = False
        self.traditional = rng.random() < params.traditional
        # A user keeps his name in every room, so it hangs on his number and not on the room's chance.
        self.nick = _nick(number)
        fan = self.kind == "fan"
        self.info: dict[str, Any] | None = None
        if rng.random() < 0.85:
            self.info = {
                "level": int(rng.random() ** (1.5 if fan else 4.0) * 50),
                "follower": rng.random() < (0.9 if fan else 0.25),
                "returning": rng.random() < (0.8 if fan else 0.3),
            }

    def follow(self) -> bool:
        """Become a follower; False for one who is."""
        if self.info is None or self.info["follower"]:
            return False
        self.info = {**self.info, "follower": True}  # records already made keep what was true then
        return True


def _nick(number: int) -> str:
    style = number % 10
    if style < 2:
        return f"用户{number * 7919 % 100_000_000:08d}"
    if style == 2:
        return "momo"
    heads, tails = LISTS["nick_head"], LISTS["nick_tail"]
    name = heads[number // 10 % len(heads)] + tails[number // 331 % len(tails)]
    return f"{name}{number % 97}" if style > 7 else name


class Crowd:
    """Who is in the room. Talkers are a minority, and a few of them talk most, as in real rooms."""

    def __init__(self, rng: Random, params: ShowParams, rate: float) -> None:
        self._rng = rng
        self._params = params
        self._limit = max(2 * _AT_FIRST, int(rate * params.enters * params.dwell))
        self.present: list[Viewer] = [Viewer(rng, params) for _ in range(_AT_FIRST)]
        self._talkers: list[Viewer] = self.present[:_AT_FIRST]
        self.sharers: list[Viewer] = []

    def enter(self) -> Viewer:
        """A viewer who comes in; another one leaves when the room is as full as it gets."""
        rng = self._rng
        viewer = Viewer(rng, self._params)
        if len(self.present) < self._limit:
            self.present.append(viewer)
        else:
            self.present[int(rng.random() * self._limit)] = viewer
        if viewer.kind != "lurker" or rng.random() < 0.35:
            if len(self._talkers) < self._limit // 2:
                self._talkers.append(viewer)
            else:
                # The first in the list are the regulars, who stay longest.
                self._talkers[int(rng.random() ** 0.5 * len(self._talkers))] = viewer
        return viewer

    def anyone(self) -> Viewer:
        """Anybody in the room, silent ones too."""
        return self.present[int(self._rng.random() * len(self.present))]

    def talker(self) -> Viewer:
        """Who speaks next: the regulars far more often than others."""
        return self._talkers[int(self._rng.random() ** 1.7 * len(self._talkers))]

    def inclined(self, *kinds: str) -> Viewer:
        """Somebody inclined like that, if a few looks around find one; else anybody who talks."""
        viewer = self.talker()
        for _ in range(_TRIES):
            if viewer.kind in kinds:
                return viewer
            viewer = self._talkers[int(self._rng.random() * len(self._talkers))]
        return viewer

    def share(self, viewer: Viewer) -> None:
        """Remember who has shared the room lately."""
        if len(self.sharers) >= 20:
            self.sharers[int(self._rng.random() * 20)] = viewer
        else:
            self.sharers.append(viewer)

    def referrer(self) -> Viewer | None:
        """Whose share brings a viewer in, if any."""
        if self.sharers and self._rng.random() < 0.2:
            return self.sharers[int(self._rng.random() * len(self.sharers))]
        return None
