"""Texts as arrays of folded code points: one table look-up a character, for a whole batch at once.

Folding is case, width and compatibility forms (as NFKC and casefold do for single characters), traditional to
simplified characters, all whitespace to a space, every digit to an ASCII digit. Every result fits 16 bits, so a
batch decodes as UTF-16 without surrogates; emoji move to the private use area, and a bracketed emote is one code.
"""

import re
import unicodedata
from collections.abc import Sequence
from importlib import resources
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint16]
Ids = npt.NDArray[np.int64]

TABLE_SIZE: Final = 0x20000
MAX_CHARS: Final = 256
SEPARATOR: Final = 10
SPACE: Final = 32
_EMOJI_FIRST, _EMOJI_LAST, _EMOJI_BASE = 0x1F000, 0x1FAFF, 0xE000
_RARE, _BROKEN, EMOTE = 0xF8F0, 0xF8F1, 0xF8F2
_EMOTES: Final = re.compile(r"\[[^\[\]\s]{1,8}\]")

DIGIT, HAN, LATIN, KANA, MARK, EMOJI, PUNCTUATION, BANG = range(1, 9)


class Batch(NamedTuple):
    """A folded batch: separator, first text, separator, second text, ..., separator.

    ``codes`` is everything, ``breaks`` its separators; ``stream`` is the same without emotes, punctuation (but @)
    and the spaces they leave at the ends, with every digit as 0: what n-grams and words are read from.
    """

    codes: Codes
    breaks: Ids
    stream: Codes


def build_table() -> Codes:
    """Build the folding table, shape (0x20000,): code point to folded 16-bit code."""
    simplified = traditional()
    table = np.empty(TABLE_SIZE, np.uint16)
    for code in range(TABLE_SIZE):
        table[code] = _fold_one(code, simplified)
    return table


def traditional() -> dict[str, str]:
    """Return the simplified form of each traditional character that chat uses."""
    text = resources.files(__package__).joinpath("data/traditional.txt").read_text(encoding="utf-8")
    pairs = [pair for line in text.splitlines() if not line.startswith("#") for pair in line.split()]
    return {pair[0]: pair[1] for pair in pairs}


def _fold_one(code: int, simplified: dict[str, str]) -> int:
    if 0xD800 <= code <= 0xDFFF:
        return _BROKEN
    char = chr(code)
    if code == EMOTE:
        return EMOTE
    if char.isspace() or unicodedata.category(char) in {"Cc", "Cf"}:
        return SPACE
    folded = unicodedata.normalize("NFKC", char).casefold()[:1] or " "
    folded = simplified.get(folded, folded)
    if folded.isdigit():
        folded = str(unicodedata.digit(folded))
    target = ord(folded)
    if _EMOJI_FIRST <= target <= _EMOJI_LAST:
        return target - _EMOJI_FIRST + _EMOJI_BASE
    if target > 0xFFFF:
        return _RARE
    return SPACE if folded.isspace() else target


def _char_types() -> npt.NDArray[np.uint8]:
    kinds = np.full(0x10000, PUNCTUATION, np.uint8)
    for code in range(0x80, 0x10000):
        if unicodedata.category(chr(code))[0] in "LNM":
            kinds[code] = LATIN
    kinds[ord("0") : ord("9") + 1] = DIGIT
    kinds[0x3400:0xA000] = HAN
    kinds[ord("a") : ord("z") + 1] = LATIN
    kinds[0x3040:0x3100] = KANA
    kinds[[ord("?"), ord("!")]] = MARK, BANG
    kinds[0xE000:0xF000] = EMOJI
    kinds[0x2600:0x27C0] = EMOJI
    kinds[[ord("❤"), EMOTE]] = EMOJI
    kinds[[SPACE, SEPARATOR]] = 0
    return kinds


TYPES: Final = _char_types()


def _stream_table() -> Codes:
    table = np.arange(0x10000, dtype=np.uint16)
    table[(TYPES == PUNCTUATION) | (TYPES == MARK) | (TYPES == BANG)] = SPACE
    table[TYPES == DIGIT] = ord("0")
    table[EMOTE] = SPACE
    table[ord("@")] = ord("@")
    return table


_STREAM: Final = _stream_table()


def fold(texts: Sequence[str], table: Codes) -> Batch:
    """Fold at least one text; texts are cut at 256 characters and runs of one character at three."""
    joined = "\n" + "\n".join([text[:MAX_CHARS].replace("\n", " ") for text in texts]) + "\n"
    if "[" in joined:
        joined = _EMOTES.sub(chr(EMOTE), joined)
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    codes: Codes = table[np.minimum(raw, TABLE_SIZE - 1)]
    codes[raw >= TABLE_SIZE] = _RARE
    codes[raw == SEPARATOR] = SEPARATOR
    keep = np.ones(len(codes), bool)
    if len(codes) > 3:
        keep[3:] = (codes[3:] != codes[2:-1]) | (codes[3:] != codes[1:-2]) | (codes[3:] != codes[:-3])
        keep[codes == SEPARATOR] = True
    codes = codes[keep]
    return Batch(codes, np.flatnonzero(codes == SEPARATOR), _clean(_STREAM[codes]))


def _clean(stream: Codes) -> Codes:
    """Drop spaces beside a space or a separator."""
    blank = stream == SPACE
    drop = np.zeros(len(stream), bool)
    edge = stream <= SPACE
    drop[1:] = blank[1:] & edge[:-1]
    stream = stream[~drop]
    last = np.zeros(len(stream), bool)
    last[:-1] = (stream[:-1] == SPACE) & (stream[1:] == SEPARATOR)
    return stream[~last]
