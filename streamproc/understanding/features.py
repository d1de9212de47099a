"""Features of a batch of texts as 32-bit keys, one row of keys for each position, without a loop over messages.

Three sequences are read in n-grams: folded characters (1 to 4), words (1 to 2), and the classes of those words that
the lexicon knows, others left out (1 to 3). A fourth set says what n-grams cannot see: length, script, bare numbers.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streamproc.understanding.folding import SEPARATOR, Codes, fold
from streamproc.understanding.text import cut

Keys = npt.NDArray[np.uint32]
Ids = npt.NDArray[np.int64]

CHAR_ORDERS, WORD_ORDERS, CLASS_ORDERS = 4, 2, 3
_CHAR_SALT, _WORD_SALT, _CLASS_SALT, _HAND_SALT = 11, 211, 3001, 40009
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
BIAS_KEY = 1
HAND_COUNT = 8


class Lexicon(NamedTuple):
    """Words the model knows: ``ids`` by word (0 unknown, 1 the separator), ``classes`` by id (0 none)."""

    ids: dict[str, int]
    classes: Ids


class Grams(NamedTuple):
    """``keys`` of shape (positions, orders), 0 where there is none; ``starts`` the first position of each text."""

    keys: Keys
    starts: Ids


def char_types() -> npt.NDArray[np.uint8]:
    """Give the script of each 16-bit code: 1 digit, 2 han, 3 latin, 4 kana, 5 question mark, 6 emoji, 7 other, 0 space."""
    kinds = np.full(0x10000, 7, np.uint8)
    kinds[ord("0") : ord("9") + 1] = 1
    kinds[0x3400:0x9FFF] = 2
    kinds[ord("a") : ord("z") + 1] = 3
    kinds[0x3040:0x3100] = 4
    kinds[ord("?")] = 5
    kinds[0xE000:0xF000] = 6
    kinds[0x2600:0x27C0] = 6
    kinds[[32, 10]] = 0
    return kinds


_TYPES = char_types()


def _finish(hashes: npt.NDArray[np.uint64]) -> Keys:
    mixed = hashes ^ (hashes >> np.uint64(29))
    mixed *= _MIX
    return (mixed >> np.uint64(32)).astype(np.uint32)


def _grams(sequence: npt.NDArray[np.uint64], separator: int, orders: int, salt: int) -> Grams:
    """Hash n-grams; those that would reach over a separator are 0, and a separator alone is the bias."""
    breaks = sequence == np.uint64(separator)
    size = len(sequence)
    keys = np.zeros((size, orders), np.uint32)
    rolling = sequence + np.uint64(salt)
    crossed = np.zeros(size, bool)
    for order in range(orders):
        if order:
            length = size - order
            if length <= 0:
                break
            if order > 1:
                crossed = crossed[:length] | breaks[order - 1 : order - 1 + length]
            else:
                crossed = crossed[:length]
            rolling = rolling[:length] * _STEP + sequence[order:]
            found = _finish(rolling + np.uint64(order))
            keys[:length, order] = np.where(crossed, np.uint32(0), found)
        else:
            keys[:, 0] = np.where(breaks, np.uint32(BIAS_KEY), _finish(rolling))
    return Grams(keys, np.flatnonzero(breaks)[:-1])


def _tokens(codes: Codes) -> list[str]:
    text = codes.tobytes().decode("utf-16-le")
    words = cut(text)
    if words.count("\n") == int(np.count_nonzero(codes == SEPARATOR)):
        return words
    parts = [["\n", *cut(part)] for part in text.split("\n")[1:-1]]
    return [word for part in parts for word in part] + ["\n"]


def _hand(codes: Codes, starts: Ids, ends: Ids) -> Keys:
    """Length, scripts, a lone number and how it looks, the first and last kind of character; shape (texts, 8)."""
    kinds = _TYPES[codes]
    counts = np.stack([np.add.reduceat(kinds == kind, starts, dtype=np.int64) for kind in range(1, 8)])
    digits, han, latin, kana, marks, emoji, _ = counts
    words = han + latin + kana
    length = np.minimum(np.searchsorted([2, 3, 4, 5, 6, 8, 10, 13, 17, 25, 40, 80], ends - starts - 1, "right"), 12)
    lone = (words + emoji == 0) & (digits > 0)
    first = codes[starts + 1].astype(np.int64)
    last = codes[ends - 1].astype(np.int64)
    same = first == last
    columns = [
        length,
        np.minimum(words, 1) * 100 + np.minimum(digits, 1) * 10 + np.minimum(emoji, 1),
        np.where(lone, 1000 + np.minimum(digits, 14), -1),
        np.where(lone, first * 128 + last * 2 + same, -1),
        np.where(words + emoji + digits == 0, 1 + np.minimum(marks, 3), -1),
        np.where((han == 0) & (kana > 0), 2, np.where(kana > 0, 1, -1)),
        np.where((han + kana == 0) & (latin > 0), np.minimum(latin, 12), -1),
        np.where((han > 0) & (digits > 0), np.minimum(digits, 9), -1),
    ]
    keys = np.zeros((len(starts), len(columns)), np.uint32)
    for index, column in enumerate(columns):
        salted = (column + 7).astype(np.uint64) * _STEP + np.uint64(_HAND_SALT + 977 * index)
        keys[:, index] = np.where(column < 0, np.uint32(0), _finish(salted))
    return keys


def extract(texts: Sequence[str], table: Codes, lexicon: Lexicon) -> list[Grams]:
    """Give the keys of at least one text in four groups (characters, words, classes, hand features)."""
    codes = fold(texts, table)
    breaks = np.flatnonzero(codes == SEPARATOR)
    general = codes.astype(np.uint64)
    general[_TYPES[codes] == 1] = ord("0")
    known = lexicon.ids.get
    words = np.array([known(word, 0) for word in _tokens(codes)], np.int64)
    classes = lexicon.classes[words]
    classes = classes[classes > 0].astype(np.uint64)
    hand = _hand(codes, breaks[:-1], breaks[1:])
    return [
        _grams(general, SEPARATOR, CHAR_ORDERS, _CHAR_SALT),
        _grams(words.astype(np.uint64), 1, WORD_ORDERS, _WORD_SALT),
        _grams(classes, 1, CLASS_ORDERS, _CLASS_SALT),
        Grams(hand, np.arange(len(texts), dtype=np.int64)),
    ]


def word_sets(texts: Sequence[str], table: Codes) -> list[set[str]]:
    """Give each text's distinct words after folding; for building a lexicon."""
    return [set(_tokens(fold([text], table))) for text in texts]
