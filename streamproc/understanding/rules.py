"""Readable rules for what is not learned: topic, trust and doubt, purchase reports, 推荐/别买.

The data file holds regular expressions over the folded text (NFKC, lower case, traditional characters as simplified
ones, without white space), each with examples and counter-examples which are its tests. The first rule of a section
that matches decides.
"""

import re
import tomllib
import unicodedata
from importlib import resources
from typing import Any, Final, NamedTuple

from streamproc.understanding.folding import traditional
from streamproc.understanding.screening import Screened

TOPICS: Final = ("price", "size", "stock", "link", "shipping", "usage", "quality", "after_sales", "promotion")
_LONGEST: Final = 200
_SPACE: Final = re.compile(r"\s+")
_TRADITIONAL: Final = traditional()
_SIMPLIFIED: Final = str.maketrans(_TRADITIONAL)


class Marks(NamedTuple):
    """What the rules say of one text besides its topic."""

    cue: str | None
    cue_target: str | None
    purchase_report: bool
    advice: str | None


class Rule(NamedTuple):
    """One rule: what it says, when, not when, and its own tests."""

    says: str
    when: Screened
    unless: Screened | None
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]

    def matches(self, folded: str) -> bool:
        """Tell whether the rule holds for a folded text."""
        return self.when.found(folded) and (self.unless is None or not self.unless.found(folded))


NOTHING: Final = Marks(None, None, False, None)


def fold_text(text: str) -> str:
    """Fold a text for the rules: NFKC, lower case, simplified, no white space, at most 200 characters."""
    plain = text[:_LONGEST]
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)[:_LONGEST].translate(_SIMPLIFIED)
    return _SPACE.sub("", plain.casefold())


class Rules:
    """The rules of one data file."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        data = tomllib.loads(source.decode())
        self.topics = _section(data, "topic")
        self.cues = _section(data, "cue")
        self.targets = _section(data, "cue_target")
        self.purchases = _section(data, "purchase_report")
        self.advices = _section(data, "advice")
        self._triggers = tuple(_written(data["trigger"][name]) for name in ("cue", "purchase_report", "advice"))
        self._any_trigger = frozenset().union(*self._triggers)

    @classmethod
    def load(cls) -> "Rules":
        """Load the shipped rules."""
        return cls(resources.files(__package__).joinpath("data/rules.toml").read_bytes())

    def topic(self, text: str) -> str:
        """Give the topic of a question; ``other`` where no rule holds."""
        return _first(self.topics, fold_text(text)) or "other"

    def marks(self, text: str) -> Marks:
        """Give cue, its target, purchase report and advice of any text."""
        if self._any_trigger.isdisjoint(text):
            return NOTHING
        has_cue, has_purchase, has_advice = [not trigger.isdisjoint(text) for trigger in self._triggers]
        folded = fold_text(text)
        cue = _first(self.cues, folded) if has_cue else None
        target = (_first(self.targets, folded) or "product") if cue else None
        purchase = has_purchase and _first(self.purchases, folded) is not None
        return Marks(cue, target, purchase, _first(self.advices, folded) if has_advice else None)


def _written(characters: str) -> frozenset[str]:
    """Return characters with the traditional forms of theirs: texts are asked for them before they are folded."""
    return frozenset(characters).union(old for old, new in _TRADITIONAL.items() if new in characters)


def _section(data: dict[str, Any], name: str) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            says=entry["says"],
            when=Screened("|".join(entry["when"])),
            unless=Screened("|".join(entry["unless"])) if entry.get("unless") else None,
            examples=tuple(entry["examples"]),
            counter_examples=tuple(entry["counter_examples"]),
        )
        for entry in data[name]
    )


def _first(rules: tuple[Rule, ...], folded: str) -> str | None:
    for rule in rules:
        if rule.matches(folded):
            return rule.says
    return None
