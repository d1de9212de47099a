"""Regular expressions that are tried only where one of their characters stands.

Nearly every text lacks all characters of nearly every rule, and a set of characters says so faster than the
expression would. An expression here must need at least one of its own letters, digits or Chinese characters.
"""

import re
from collections.abc import Mapping
from typing import Final

_DIGITS: Final = "0123456789"


def _chars(pattern: str) -> frozenset[str]:
    chars = {char for char in pattern if char.isalnum()}
    return frozenset(chars | set(_DIGITS)) if "\\d" in pattern or "-" in pattern else frozenset(chars)


class Screened:
    """A compiled expression behind the set of its characters."""

    __slots__ = ("_absent", "_pattern")

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self._absent = _chars(pattern).isdisjoint

    def found(self, text: str) -> bool:
        """Tell whether the expression occurs in a text."""
        return not self._absent(text) and self._pattern.search(text) is not None


class Alternatives:
    """Named expressions tried together, from left to right, the first named first."""

    __slots__ = ("_names", "_pattern")

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self._names = tuple(patterns)
        starts = "".join(sorted(frozenset().union(*(_chars(pattern) for pattern in patterns.values()))))
        groups = "|".join(f"({pattern})" for pattern in patterns.values())
        self._pattern = re.compile(f"(?=[{re.escape(starts)}])(?:{groups})")

    def name_all(self, text: str) -> str:
        """Put its name for every occurrence."""
        return self._pattern.sub(lambda match: self._names[(match.lastindex or 1) - 1], text)

    def occurrences(self, text: str) -> list[str]:
        """Give the name and the text of every occurrence, joined."""
        return [self._names[(match.lastindex or 1) - 1] + match.group() for match in self._pattern.finditer(text)]
