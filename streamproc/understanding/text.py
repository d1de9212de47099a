"""Normal forms of a text: the contract's, for equality, and the model's tokens."""

import unicodedata
from collections.abc import Callable
from functools import lru_cache

try:
    import rjieba

    cut: Callable[[str], list[str]] = rjieba.cut
except ImportError:  # the wheel is missing on some platforms; jieba gives the same words, ten times slower
    import jieba

    jieba.setLogLevel("ERROR")
    cut = jieba.lcut


class _Ignorable(dict[int, int | None]):
    """Translate table which drops whitespace, punctuation, symbols and separators, filled as characters come up."""

    def __missing__(self, code: int) -> int | None:
        char = chr(code)
        kept = None if char.isspace() or unicodedata.category(char)[0] in "PSZ" else code
        if len(self) < 0x20000:
            self[code] = kept
        return kept


_IGNORABLE = _Ignorable()


@lru_cache(maxsize=65536)
def normalise(text: str) -> str:
    """Give the form in which two asks are equal: NFKC, casefold, without whitespace, punctuation and symbols.

    A text that has nothing else (an emoji, "？？") is returned as it is.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_IGNORABLE)
    return plain or text


def tokens(text: str) -> list[str]:
    """Cut a text into words (rjieba; jieba where it cannot be installed)."""
    return cut(text)
