"""What the matcher compares: a text's grams with whole-number weights, its content, its slots, its answer types."""

import re
import tomllib
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from operator import add
from typing import Final, NamedTuple

from streamproc.understanding.rules import fold_text
from streamproc.understanding.screening import Alternatives, Screened
from streamproc.understanding.sounds import sound


def _read(name: str) -> str:
    return resources.files(__package__).joinpath("data", name).read_text(encoding="utf-8")


_DATA: Final = tomllib.loads(_read("matching.toml"))
_SCAFFOLD: Final = re.compile(_DATA["scaffold"])
_SYNONYMS: Final = Alternatives(_DATA["synonyms"])
_ANSWERS: Final = {topic: Screened(pattern) for topic, pattern in _DATA["answers"].items()}
_TOPIC_WORDS: Final = {topic: re.compile(pattern) for topic, pattern in _DATA["topic_words"].items()}
_DODGES: Final = Screened(_DATA["dodge"])
_SLOTS: Final = Alternatives(_DATA["slots"])
_EMOTES: Final = re.compile(r"\[[^\[\]\s]{1,8}\]")
#: 一米六五, 一百六十五, 二十四, 三号; not 百分百, 千万, 十分.
_SPELT: Final = re.compile(
    "([D])米([D])([D])?"
    "|[D]千(?:[D]百)?(?:零?[D]?十)?(?:零?[D])?|[D]百(?:零?[D]?十[D]?|零?[D])?|[D]十[D]?|十[D]"
    "|(?<![D十百])[D](?=[号件])".replace("D", "一二两三四五六七八九")
)
_UNITS: Final = {"十": 10, "百": 100, "千": 1000}
#: 160 100斤 are two numbers, also where folding takes the space between them away.
_APART: Final = re.compile(r"(?<=\d)\s+(?=\d)")
_NOISE: Final = re.compile(r"[\W_]+")
#: A word of letters, a number, or a run of Chinese and other characters.
_RUNS: Final = re.compile(r"[a-z]+|[0-9]+|[^\x00-\x7f\W_]+")
_WEIGHTS: Final = {char: int(weight) for char, weight in zip(*[iter(_read("weights.txt").split())] * 2, strict=True)}
_RARE: Final = max(_WEIGHTS.values())
#: Between counting shared grams (0) and their share (1); measured on the pairs.
_LENGTH: Final = 0.4


class Grams(NamedTuple):
    """Characters, pairs and their sounds with squared weights, and a size to divide their sum by."""

    weights: dict[str, int]
    size: float


class Profile(NamedTuple):
    """One question as the matcher sees it.

    ``content`` is the grams left when scaffolding and the topic's own words are out, ``weight`` their sum, ``core``
    the same with the topic's words; ``slots`` are colours, sizes, numbers and places.
    """

    folded: str
    content: dict[str, int]
    weight: int
    core: dict[str, int]
    slots: frozenset[str]

    @property
    def grams(self) -> Grams:
        """All grams of the text with their weights, as a question is compared by."""
        return _grams(self.folded)


class Said(NamedTuple):
    """One utterance as the matcher sees it; what few questions ask of it is made when first asked for.

    ``content`` is the grams left when scaffolding is out, ``dodges`` says that it puts off.
    """

    folded: str
    plain: str
    content: frozenset[str]
    dodges: bool

    def answers(self, topic: str | None) -> bool:
        """Tell whether the text sounds like an answer to a question of a topic."""
        return topic is not None and _answers(topic, self.folded)

    @property
    def slots(self) -> frozenset[str]:
        """The colours, sizes, numbers and places."""
        return _slots(self.plain)

    @property
    def weight(self) -> int:
        """The sum of the content's weights."""
        return sum([_gram_weight(gram) for gram in self.content])

    @property
    def grams(self) -> frozenset[str]:
        """All grams of the text, without weights."""
        return _heard(self.folded)


def in_digits(folded: str) -> str:
    """Put digits for spelt numbers and heights: speech recognition writes both."""
    return _SPELT.sub(_number, folded)


def _number(match: re.Match[str]) -> str:
    if match[1]:
        return f"{_digit(match[1])}{_digit(match[2])}{_digit(match[3] or '零')} "
    total = last = 0
    unit = 10
    for char in match.group():
        if char in _UNITS:
            unit = _UNITS[char]
            total += (last or 1) * unit
            last = 0
        else:
            last = _digit(char)
            unit = 10 if char == "零" else unit
    return str(total + last * max(unit // 10, 1))


def _digit(char: str) -> int:
    return 2 if char == "两" else "零一二三四五六七八九".index(char)


def _parts(text: str) -> list[str]:
    return _NOISE.sub(" ", text).split()


@lru_cache(maxsize=8192)
def _grams(folded: str) -> Grams:
    grams: dict[str, int] = {}
    for part in _parts(folded):
        sounds = [sound(char) for char in part]
        weights = [_WEIGHTS.get(char, _RARE) for char in part]
        for index, char in enumerate(part):
            weight = weights[index]
            grams[char] = weight * weight
            grams["~" + sounds[index]] = weight * weight // 4
            if index:
                pair = (weight + weights[index - 1]) ** 2
                grams[part[index - 1 : index + 1]] = pair
                grams[f"~{sounds[index - 1]} {sounds[index]}"] = pair // 16
    return Grams(grams, float(max(sum(grams.values()), 1)) ** _LENGTH)


@lru_cache(maxsize=8192)
def _heard(folded: str) -> frozenset[str]:
    grams: set[str] = set()
    for part in _parts(folded):
        sounds = ["~" + sound(char) for char in part]
        grams.update(part)
        grams.update(map(add, part, part[1:]))
        grams.update(sounds)
        grams.update([f"{one} {other[1:]}" for one, other in pairwise(sounds)])
    return frozenset(grams)


def _content(plain: str, topic: str | None) -> dict[str, int]:
    if topic in _TOPIC_WORDS:
        plain = _TOPIC_WORDS[topic].sub(" ", plain)
    plain = _SCAFFOLD.sub(" ", plain)
    found: dict[str, int] = {}
    weight_of = _WEIGHTS.get
    for run in _RUNS.findall(plain):
        if run.isascii():
            found[run] = 4 * _RARE
        else:
            weights = [weight_of(char, _RARE) for char in run]
            found.update(zip(run, weights, strict=True))
            found.update(zip(map(add, run, run[1:]), map(add, weights, weights[1:]), strict=True))
    return found


def _gram_weight(gram: str) -> int:
    if gram.isascii():
        return 4 * _RARE
    return sum([_WEIGHTS.get(char, _RARE) for char in gram])


@lru_cache(maxsize=4096)
def _slots(folded: str) -> frozenset[str]:
    return frozenset(_SLOTS.occurrences(folded))


@lru_cache(maxsize=16384)
def _answers(topic: str, folded: str) -> bool:
    return topic in _ANSWERS and _ANSWERS[topic].found(folded)


@lru_cache(maxsize=16384)
def profile(text: str, topic: str | None) -> Profile:
    """Give the profile of a question; its content leaves its topic's words out."""
    folded, plain = _folded(text)
    content = _content(plain, topic)
    return Profile(
        folded=folded,
        content=content,
        weight=sum(content.values()),
        core=_content(plain, None) if topic else content,
        slots=_slots(plain),
    )


@lru_cache(maxsize=16384)
def said(text: str) -> Said:
    """Give the profile of an utterance."""
    folded, plain = _folded(text)
    content: set[str] = set()
    for run in _RUNS.findall(_SCAFFOLD.sub(" ", plain)):
        if run.isascii():
            content.add(run)
        else:
            content.update(run)
            content.update(map(add, run, run[1:]))
    return Said(folded, plain, frozenset(content), _DODGES.found(folded))


def _folded(text: str) -> tuple[str, str]:
    folded = in_digits(_EMOTES.sub(" ", fold_text(_APART.sub(",", text))))
    return folded, _SYNONYMS.name_all(folded)
