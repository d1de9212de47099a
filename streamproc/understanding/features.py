"""Features of a batch of texts as 32-bit keys, one row of keys for each position, without a loop over messages.

Three sequences are read in n-grams: folded characters (1 to 3), words (1 to 2), and the classes of those words that
the lexicon knows, others left out (1 to 3). A fourth set says what n-grams cannot see: length, script, bare numbers.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streamproc.understanding.folding import DIGIT, HAN, SEPARATOR, TYPES, Batch, Codes, fold
from streamproc.understanding.text import cut

Keys = npt.NDArray[np.uint32]
Ids = npt.NDArray[np.int64]

CHAR_ORDERS, WORD_ORDERS, CLASS_ORDERS = 3, 2, 3
_CHAR_SALT, _WORD_SALT, _CLASS_SALT, _HAND_SALT = 11, 211, 3001, 40009
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
BIAS_KEY = 1


class Lexicon(NamedTuple):
    """Words the model knows: ``ids`` by word (0 unknown, 1 the separator), ``classes`` by id (0 none)."""

    ids: dict[str, int]
    classes: Ids


class Grams(NamedTuple):
    """``keys`` of shape (positions, orders), 0 where there is none; ``starts`` the first position of each text."""

    keys: Keys
    starts: Ids


def _finish(hashes: npt.NDArray[np.uint64]) -> Keys:
    mixed = hashes ^ (hashes >> np.uint64(29))
    mixed *= _MIX
    return (mixed >> np.uint64(32)).astype(np.uint32)


def _grams(sequence: npt.NDArray[np.uint64], separator: int, orders: int, salt: int) -> Grams:
    """Hash n-grams; those that would reach over a separator are 0, and each text's leading separator is the bias."""
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
            inside = breaks[order - 1 : order - 1 + length] if order > 1 else crossed[:length]
            crossed = crossed[:length] | inside
            rolling = rolling[:length] * _STEP + sequence[order:]
            found = _finish(rolling + np.uint64(order))
            keys[:length, order] = np.where(crossed, np.uint32(0), found)
        else:
            keys[:, 0] = np.where(breaks, np.uint32(BIAS_KEY), _finish(rolling))
    return Grams(keys[:-1], np.flatnonzero(breaks)[:-1])


def _tokens(stream: Codes) -> list[str]:
    text = stream.tobytes().decode("utf-16-le")
    words = cut(text)
    if words.count("\n") == int(np.count_nonzero(stream == SEPARATOR)):
        return words
    parts = [["\n", *cut(part)] for part in text.split("\n")[1:-1]]
    return [word for part in parts for word in part] + ["\n"]


def _a_not_a(stream: Codes, breaks: Ids) -> Ids:
    """Count 好不好, 发没发: one character on both sides of a negation."""
    found = np.zeros(len(stream), bool)
    middle = (stream[1:-1] == ord("不")) | (stream[1:-1] == ord("没"))
    found[1:-1] = middle & (stream[:-2] == stream[2:]) & (TYPES[stream[2:]] == HAN)
    return np.bincount(np.searchsorted(breaks, np.flatnonzero(found)) - 1, minlength=len(breaks) - 1)


def _hand(batch: Batch) -> Keys:
    """Key length, scripts, a lone number, marks, emotes and question forms; shape (texts, 14), the bias first."""
    codes, breaks = batch.codes, batch.breaks
    starts, ends = breaks[:-1], breaks[1:]
    kinds = TYPES[codes]
    owners = np.repeat(np.arange(len(starts)), ends - starts)
    tally = np.bincount(owners * 9 + kinds[: len(owners)], minlength=9 * len(starts))
    _, digits, han, latin, kana, marks, emoji, points, bangs = tally.reshape(-1, 9).T
    words = han + latin + kana
    length = np.minimum(np.searchsorted(_LENGTHS, words + digits, "right"), 12)
    lone = (words + emoji == 0) & (digits > 0)
    is_digit = kinds == DIGIT
    order = np.cumsum(is_digit)
    before = order[starts]
    places = np.append(np.flatnonzero(is_digit), 0)
    first = codes[places[np.minimum(before, len(places) - 1)]].astype(np.int64)
    last = codes[places[np.maximum(order[ends] - 1, 0)]].astype(np.int64)
    stream_breaks = np.flatnonzero(batch.stream == SEPARATOR)
    columns = [
        length,
        np.minimum(words, 1) * 100 + np.minimum(digits, 1) * 10 + np.minimum(emoji, 1),
        np.where(lone, 1000 + np.minimum(digits, 14), -1),
        np.where(lone, first * 128 + last * 2 + (digits < 3), -1),
        np.where(words + emoji + digits == 0, 1 + np.minimum(marks, 3), -1),
        np.where((han == 0) & (kana > 0), 2, np.where(kana > 0, 1, -1)),
        np.where((han + kana == 0) & (latin > 0), np.minimum(latin, 12), -1),
        np.where((han > 0) & (digits > 0), np.minimum(digits, 9), -1),
        np.where(marks > 0, np.minimum(marks, 3), -1),
        np.where(bangs > 0, np.minimum(bangs, 2), -1),
        np.where(emoji > 0, np.minimum(emoji, 3), -1),
        np.where(points > 0, 1 + (points > 2), -1),
        np.minimum(_a_not_a(batch.stream, stream_breaks), 2) - 1,
    ]
    keys = np.full((len(starts), len(columns) + 1), BIAS_KEY, np.uint32)
    for index, column in enumerate(columns, 1):
        salted = (column + 7).astype(np.uint64) * _STEP + np.uint64(_HAND_SALT + 977 * index)
        keys[:, index] = np.where(column < 0, np.uint32(0), _finish(salted))
    return keys


_LENGTHS = np.array([2, 3, 4, 5, 6, 8, 10, 13, 17, 25, 40, 80])


def extract(texts: Sequence[str], table: Codes, lexicon: Lexicon) -> list[Grams]:
    """Give the keys of at least one text in four groups (characters, words, classes, hand features)."""
    batch = fold(texts, table)
    known = lexicon.ids.get
    words = np.array([known(word, 0) for word in _tokens(batch.stream)], np.int64)
    classes = lexicon.classes[words]
    return [
        _grams(batch.stream.astype(np.uint64), SEPARATOR, CHAR_ORDERS, _CHAR_SALT),
        _grams(words.astype(np.uint64), 1, WORD_ORDERS, _WORD_SALT),
        _grams(classes[classes > 0].astype(np.uint64), 1, CLASS_ORDERS, _CLASS_SALT),
        Grams(_hand(batch), np.arange(len(texts), dtype=np.int64)),
    ]


def word_sets(texts: Sequence[str], table: Codes) -> list[set[str]]:
    """Give each text's distinct words after folding; for building a lexicon."""
    return [set(_tokens(fold([text], table).stream)) for text in texts]
