"""How people type and how speech recognition writes: slips, slang, fillers, run-on pieces."""

from random import Random
from typing import Final

from streamproc.simulate.material import LISTS

__all__ = ["as_cheer", "as_question", "as_speech", "pick", "to_traditional"]

_FILLERS: Final = LISTS["filler"]
_TAILS: Final = LISTS["tail"]
_EMOJI: Final = LISTS["emoji"]
_TYPOS: Final = tuple((pair[0], pair[1]) for pair in (typo.split() for typo in LISTS["typos"]))
_SLIPS: Final = tuple((pair[0], pair[1]) for pair in (slip.split() for slip in LISTS["slips"]))
_TRADITIONAL: Final = str.maketrans(dict(pair.split() for pair in LISTS["traditional"]))
_STRETCHABLE: Final = "哈啊6冲赞8牛草呀哇好3h"
_OPENINGS: Final = ("主播", "宝宝", "请问", "那个", "姐姐", "想问下", "主播 ", "老板", "小姐姐", "主播主播", "问一下")
_ENDINGS: Final = ("呀", "啊", "呢", "哦", "哈", "啊啊", "呀主播", "谢谢")
_MARKS: Final = ("？", "?", "？？", "??", "？？？", "。。", "!", "~")
_STRETCHED: Final = ("～", "~", "!!", "！", "！！！", "~~~", "哈", "呀")
_DIGITS: Final = str.maketrans("0123456789", "０１２３４５６７８９")


def pick(rng: Random, pool: tuple[str, ...]) -> str:
    """One of the pool, all alike; several times as fast as `choice`."""
    return pool[int(rng.random() * len(pool))]


def to_traditional(text: str) -> str:
    """Write the text as a viewer with a traditional keyboard does."""
    return text.translate(_TRADITIONAL)


def _mistype(rng: Random, text: str) -> str:
    """Up to one word of the text in another spelling."""
    start = int(rng.random() * len(_TYPOS))
    for step in range(len(_TYPOS)):
        right, wrong = _TYPOS[(start + step) % len(_TYPOS)]
        if right in text:
            return text.replace(right, wrong, 1)
    return text if "@" in text else text.translate(_DIGITS)


def as_question(rng: Random, text: str) -> str:
    """Type a question as people do: mostly bare, at times with a mark, an opening, a slip, twice over."""
    roll = rng.random()
    if roll < 0.58:
        return text
    if roll < 0.72:
        return text if text[-1] in "？?" else text + pick(rng, _MARKS)
    if roll < 0.89:
        return text + pick(rng, _ENDINGS) if roll < 0.80 else pick(rng, _OPENINGS) + text
    if roll < 0.96:
        return _mistype(rng, text)
    return f"{text} {text}" if roll < 0.98 else text + pick(rng, _EMOJI)


def as_cheer(rng: Random, text: str) -> str:
    """Small talk that is not typed as it stands: stretched, with an emoji, with marks, or misspelt."""
    roll = rng.random()
    if roll < 0.36:
        return text + text[-1] * (1 + int(rng.random() * 5)) if text[-1] in _STRETCHABLE else text
    if roll < 0.64:
        return text + pick(rng, _EMOJI)
    if roll < 0.82:
        return text + pick(rng, _STRETCHED)
    return _mistype(rng, text)


def as_speech(rng: Random, text: str) -> str:
    """Write a sentence as recognised from speech: without pauses, with fillers, a stutter, a homophone for a word."""
    text = text.replace(" ", "")
    if rng.random() < 0.2 and len(text) > 6:
        at = int(rng.random() * (len(text) - 3))
        if not text[at : at + 2].isascii():
            text = text[: at + 2] + text[at:]
    if rng.random() < 0.15:
        start = int(rng.random() * len(_SLIPS))
        for step in range(len(_SLIPS)):
            right, wrong = _SLIPS[(start + step) % len(_SLIPS)]
            if right in text:
                text = text.replace(right, wrong, 1)
                break
    roll = rng.random()
    if roll < 0.45:
        text = pick(rng, _FILLERS) + text
    if 0.3 < roll < 0.55:
        text += pick(rng, _TAILS)
    return text
