"""What the matcher compares: a text's content grams with whole-number weights, its slots, its answer types."""

import re
import tomllib
from functools import lru_cache
from importlib import resources
from typing import Final, NamedTuple

from streamproc.understanding.rules import fold_text

_DATA: Final = tomllib.loads(
    resources.files(__package__).joinpath("data/matching.toml").read_text(encoding="utf-8")
)
_SCAFFOLD: Final = re.compile(_DATA["same"][""])
_SYNONYMS: Final = tuple((re.compile(pattern), word) for word, pattern in _DATA["synonyms"].items())
_ANSWERS: Final = {topic: re.compile(pattern) for topic, pattern in _DATA["answers"].items()}
_NOISE: Final = re.compile(r"[^\w]+|_+")
_NUMBER: Final = re.compile(r"\d+|[a-z]+")
_WEAK: Final = frozenset("什么怎多少几哪谁时候个一下点吗好不没来去上下大小人天")
_ONE, _WEAK_ONE, _PAIR, _SLOT = 4, 1, 6, 12


class Profile(NamedTuple):
    """``grams`` and their weights, ``total`` their sum, ``slots`` the numbers and Latin words, ``topics`` answered."""

    grams: dict[str, int]
    total: int
    slots: frozenset[str]
    topics: frozenset[str]


def _content(folded: str) -> str:
    for pattern, word in _SYNONYMS:
        folded = pattern.sub(word, folded)
    return _NOISE.sub(" ", _SCAFFOLD.sub(" ", folded)).strip()


def _grams(content: str) -> dict[str, int]:
    grams: dict[str, int] = {}
    for part in content.split():
        for slot in _NUMBER.findall(part):
            grams[slot] = _SLOT
        for index, char in enumerate(part):
            if char.isascii():
                continue
            grams[char] = _WEAK_ONE if char in _WEAK else _ONE
            following = part[index + 1 : index + 2]
            if following and not following.isascii():
                grams[char + following] = _WEAK_ONE if char in _WEAK and following in _WEAK else _PAIR
    return grams


@lru_cache(maxsize=16384)
def question_profile(text: str) -> Profile:
    """Give the content of a question, without its scaffolding."""
    folded = fold_text(text)
    grams = _grams(_content(folded) or folded)
    return Profile(grams, sum(grams.values()), frozenset(g for g in grams if g.isascii()), frozenset())


@lru_cache(maxsize=4096)
def answer_profile(text: str) -> Profile:
    """Give the content of an utterance and the topics whose questions it can answer."""
    folded = fold_text(text)
    grams = _grams(_content(folded))
    topics = frozenset(topic for topic, pattern in _ANSWERS.items() if pattern.search(folded))
    return Profile(grams, sum(grams.values()), frozenset(g for g in grams if g.isascii()), topics)
