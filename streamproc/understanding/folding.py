"""Texts as an array of folded code points: one table look-up a character, for a whole batch at once.

Folding is case, width and compatibility forms (as NFKC and casefold do for single characters), traditional to
simplified characters, all whitespace to a space, every digit to an ASCII digit. Every result fits 16 bits, so a
batch decodes as UTF-16 without surrogates; emoji move to the private use area.
"""

import unicodedata
from collections.abc import Sequence
from importlib import resources

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint16]

TABLE_SIZE = 0x20000
MAX_CHARS = 256
SEPARATOR = 10
_EMOJI_FIRST, _EMOJI_LAST, _EMOJI_BASE = 0x1F000, 0x1FAFF, 0xE000
_RARE, _BROKEN, _EMOTE = 0xF8F0, 0xF8F1, 0xF8F2


def build_table() -> Codes:
    """Build the folding table, shape (0x20000,): code point to folded 16-bit code."""
    traditional = _traditional()
    table = np.empty(TABLE_SIZE, np.uint16)
    for code in range(TABLE_SIZE):
        table[code] = _fold_one(code, traditional)
    return table


def _traditional() -> dict[str, str]:
    text = resources.files(__package__).joinpath("data/traditional.txt").read_text(encoding="utf-8")
    pairs = [pair for line in text.splitlines() if not line.startswith("#") for pair in line.split()]
    return {pair[0]: pair[1] for pair in pairs}


def _fold_one(code: int, traditional: dict[str, str]) -> int:
    if 0xD800 <= code <= 0xDFFF:
        return _BROKEN
    char = chr(code)
    if char.isspace() or unicodedata.category(char) in {"Cc", "Cf"}:
        return 32
    folded = unicodedata.normalize("NFKC", char).casefold()[:1] or " "
    folded = traditional.get(folded, folded)
    if folded.isdigit():
        folded = str(unicodedata.digit(folded))
    target = ord(folded)
    if _EMOJI_FIRST <= target <= _EMOJI_LAST:
        return target - _EMOJI_FIRST + _EMOJI_BASE
    if target > 0xFFFF:
        return _RARE
    return 32 if folded.isspace() else target


def fold(texts: Sequence[str], table: Codes) -> Codes:
    """Fold a batch: separator, first text, separator, second text, ..., separator.

    Texts are cut at 256 characters; runs of one character are cut to three; the separator occurs nowhere else.
    """
    joined = "\n" + "\n".join([text[:MAX_CHARS] for text in texts]) + "\n"
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.fromiter((min(len(text), MAX_CHARS) + 1 for text in texts), np.int64, len(texts))
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    codes: Codes = table[np.minimum(raw, TABLE_SIZE - 1)]
    codes[raw >= TABLE_SIZE] = _RARE
    codes[ends] = SEPARATOR
    if len(codes) < 4:
        return codes
    keep = np.ones(len(codes), bool)
    keep[3:] = (codes[3:] != codes[2:-1]) | (codes[3:] != codes[1:-2]) | (codes[3:] != codes[:-3])
    keep[ends] = True
    return codes[keep]
