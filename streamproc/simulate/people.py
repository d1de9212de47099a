"""The viewers of one room: who is there, how each is inclined, who speaks next."""

from random import Random
from typing import Any, Final

from streamproc.simulate.material import LISTS
from streamproc.simulate.params import ShowParams

__all__ = ["Crowd", "Viewer"]

_UNKNOWN: Final[dict[str, Any]] = {}
#: Inclinations by hundredths of the population: most only watch.
_KINDS: Final = ("fan",) * 15 + ("buyer",) * 18 + ("helper",) * 7 + ("troll",) * 2 + ("lurker",) * 58
#: How many who are asked for are drawn before anybody will do.
_TRIES: Final = 4
_AT_FIRST: Final = 12


class Viewer:
    """One user of the platform, with all that hangs on his number and is the same in every room.

    info is what the platform says of him (None where it says nothing); records made earlier keep that of their time.
    """

    __slots__ = ("_info", "_mix", "id", "kind", "number", "script")

    def __init__(self, number: int) -> None:
        self.number = number
        self.id = f"u{number:07d}"
        # Fibonacci hashing: neighbouring numbers share nothing.
        self._mix = number * 2_654_435_761 & 0xFFFFFFFF
        self.kind = _KINDS[self._mix % 100]
        self.script = self._mix >> 16  # below the share of 65,536 that writes traditional characters, he does
        self._info: dict[str, Any] | None = _UNKNOWN

    @property
    def info(self) -> dict[str, Any] | None:
        """Level, follower and returning; made when it is first needed, as most viewers never write."""
        if self._info is _UNKNOWN:
            mix, fan = self._mix >> 7, self.kind == "fan"
            low = mix % 1000 / 1000
            self._info = None
            if mix % 97 < 83:
                self._info = {
                    "level": int(low ** (1.5 if fan else 4.0) * 50),
                    "follower": mix % 89 < (80 if fan else 22),
                    "returning": mix % 83 < (66 if fan else 25),
                }
        return self._info

    @property
    def nick(self) -> str:
        """What others call him."""
        number = self.number
        style = number % 10
        if style < 2:
            return f"用户{number * 7919 % 100_000_000:08d}"
        if style == 2:
            return "momo"
        heads, tails = LISTS["nick_head"], LISTS["nick_tail"]
        name = heads[number // 10 % len(heads)] + tails[number // 331 % len(tails)]
        return f"{name}{number % 97}" if style > 7 else name

    def follow(self) -> bool:
        """Become a follower; False for one who is, or of whom nothing is known."""
        info = self.info
        if info is None or info["follower"]:
            return False
        self._info = {**info, "follower": True}
        return True


class Crowd:
    """Who is in the room. Talkers are a minority, and a few of them talk most, as in real rooms."""

    def __init__(self, rng: Random, params: ShowParams, rate: float) -> None:
        self._rng = rng
        self._population = params.population
        self._limit = max(2 * _AT_FIRST, int(rate * params.enters * params.dwell))
        self.present: list[Viewer] = [self._new() for _ in range(_AT_FIRST)]
        self._talkers: list[Viewer] = self.present[:_AT_FIRST]
        self.sharers: list[Viewer] = []

    def _new(self) -> Viewer:
        return Viewer(int(self._rng.random() * self._population))

    def enter(self) -> Viewer:
        """Let a viewer come in; another one leaves when the room is as full as it gets."""
        rng = self._rng
        viewer = self._new()
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
