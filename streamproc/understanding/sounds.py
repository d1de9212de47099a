"""How characters sound, near enough to forgive what speech recognition confuses.

The first plane of GB 2312 (3,755 common characters) is ordered by pinyin, so a character's place gives its syllable.
zh/z, ch/c, sh/s, final ng/n, and initial l/n and h/f are taken for the same.
"""

from bisect import bisect_right
from functools import lru_cache
from importlib import resources
from typing import Final

_LAST: Final = 0xD7F9 - 65536


def _read() -> tuple[list[int], list[str]]:
    text = resources.files(__package__).joinpath("data/syllables.txt").read_text(encoding="utf-8")
    words = [word for line in text.splitlines() if not line.startswith("#") for word in line.split()]
    return [-int(word) for word in words[1::2]], [_blur(word) for word in words[::2]]


def _blur(syllable: str) -> str:
    for exact, near in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if syllable.startswith(exact):
            syllable = near + syllable[2:]
    if syllable.endswith("ng"):
        syllable = syllable[:-1]
    return {"l": "n", "f": "h"}.get(syllable[0], syllable[0]) + syllable[1:]


_STARTS, _SYLLABLES = _read()


@lru_cache(maxsize=8192)
def sound(char: str) -> str:
    """Give a character's blurred syllable, or the character itself where it is not a common Chinese one."""
    try:
        first, second = char.encode("gb2312")
    except (UnicodeEncodeError, ValueError):
        return char
    code = first * 256 + second - 65536
    if not _STARTS[0] <= code <= _LAST:
        return char
    return _SYLLABLES[bisect_right(_STARTS, code) - 1]
