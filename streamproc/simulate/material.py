"""Reads the words of the show from its text files, once: lists, questions with their answers, products."""

import re
from dataclasses import dataclass
from importlib.resources import files
from itertools import accumulate
from typing import Final

__all__ = ["CATEGORIES", "LISTS", "NAMED", "OPINIONS", "PROMPTS", "REVIEWS", "RUSH", "SURVEYS", "Goods", "Group"]

_GOODS_FILES: Final = ("wear", "care", "eat", "living")
_PLAIN_FILES: Final = ("crowd", "speech", "orders")
_SECTION = re.compile(r"\[([a-z_]+)\]")
#: How often the named and the sized groups are asked, beside 1 for a category's own and `_COMMON` for all others.
_WEIGHTS: Final = {"price": 9.0, "linkno": 6.0, "putlink": 5.0, "stock": 3.0, "restock": 1.5}
_SIZE: Final = 3.0
_COMMON: Final = 0.35
_VARYING: Final = ("c", "p2", "n2", "loc", "w", "mon")


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One question: what it is about, the ways to ask it, to answer it, and to help with it."""

    key: str
    topic: str
    sub: str
    demo: bool
    weight: float
    asks: tuple[str, ...]
    answers: tuple[str, ...]
    helps: tuple[str, ...]
    words: tuple[str, ...]
    excluding: bool
    varies: tuple[str, ...]  # slots that make it another question: another variant, place, body

    def fits(self, product: str) -> bool:
        """Whether the question can be asked of a product of this name."""
        return not self.words or any(word in product for word in self.words) != self.excluding


@dataclass(frozen=True, slots=True, eq=False)
class Goods:
    """A kind of product: how it is called, its variants, price range in yuan, and what is asked and said of it."""

    category: str
    name: str
    calls: tuple[str, ...]
    variants: tuple[str, ...]
    low: int
    high: int
    unit: str
    groups: tuple[Group, ...]
    weights: tuple[float, ...]  # cumulative, over `groups`
    pitch: tuple[str, ...]


def _sections(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    text = files("streamproc.simulate").joinpath("texts", f"{name}.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        head = _SECTION.fullmatch(line)
        if head:
            lines = found.setdefault(head[1], [])
        elif line and not line.startswith("# "):
            lines.append(line)
    return found


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(" | ") if part.strip())


def _words_of(mark: str) -> tuple[tuple[str, ...], bool]:
    words = mark[1:]
    excluding = words.startswith("-")
    return tuple(word for word in words.removeprefix("-").split(",") if word), excluding


def _groups(name: str, lines: list[str]) -> dict[str, list[Group]]:
    """Return the groups of a `[facets]` section by category (`all` in the common file)."""
    found: dict[str, list[Group]] = {}
    category, head, asked = "all", ["other", "ask"], ("", "")
    answers: tuple[str, ...] = ()
    for line in lines:
        mark, _, rest = line.partition(" ")
        if line.startswith("@"):
            category = line[1:]
        elif mark[0] == "?":
            asked = (mark, rest)
        elif mark == "!":
            answers = _parts(rest)
        elif mark == "+":
            groups = found.setdefault(category, [])
            groups.append(_group(f"{name}.{category}.{len(groups)}", head, asked, answers, _parts(rest)))
            head = [word for word in head if word[0] != "="]  # a name is that of the first group under it
        else:
            head = line.split()
    return found


def _group(
    key: str, head: list[str], asked: tuple[str, str], answers: tuple[str, ...], helps: tuple[str, ...]
) -> Group:
    topic, sub, *marks = head
    weight = _SIZE if topic == "size" else _COMMON if key.startswith("common") else 1.0
    for mark in marks:
        if mark[0] == "=":
            key = mark[1:]
            weight = _WEIGHTS[key]
    words, excluding = _words_of(asked[0])
    asks = _parts(asked[1])
    varies = tuple(slot for slot in _VARYING if any(f"{{{slot}}}" in ask for ask in asks))
    return Group(key, topic, sub, "show" in marks, weight, asks, answers, helps, words, excluding, varies)


def _goods(line: str, groups: list[Group], pitch: tuple[str, ...]) -> Goods:
    named, calls, variants, span, unit = (part.strip() for part in line.split(";"))
    category, name = named.split(" ", 1)
    low, high = span.split("-")
    fitting = tuple(group for group in groups if group.fits(name))
    weights = tuple(accumulate(group.weight for group in fitting))
    return Goods(
        category,
        name,
        tuple(calls.split()),
        tuple(variants.split()),
        int(low),
        int(high),
        unit,
        fitting,
        weights,
        pitch,
    )


def _categories(common: list[Group]) -> dict[str, tuple[Goods, ...]]:
    found: dict[str, list[Goods]] = {}
    for name in _GOODS_FILES:
        text = _sections(name)
        own = _groups(name, text["facets"])
        pitch = {line.split(" ", 1)[0]: _parts(line.split(" ", 1)[1]) for line in text["pitch"]}
        for line in text["products"]:
            category = line.split(" ", 1)[0]
            found.setdefault(category, []).append(_goods(line, own[category] + common, pitch[category]))
    return {category: tuple(goods) for category, goods in found.items()}


def _prompts(lines: list[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    pairs = (line.split(" => ") for line in lines)
    return tuple((prompt, _parts(replies)) for prompt, replies in pairs)


def _labelled(lines: list[str], words: int) -> dict[str, tuple[str, ...]]:
    """Lines that begin with so many words as their label."""
    split = (line.split(" ", words) for line in lines)
    return {"/".join(parts[:words]): _parts(parts[words]) for parts in split}


_plain = {name: lines for file in _PLAIN_FILES for name, lines in _sections(file).items()}
_common_text = _sections("common")
_common = _groups("common", _common_text["facets"])["all"]

#: Plain lists by the name of their section.
LISTS: Final = {name: _parts(" ".join(lines)) for name, lines in _plain.items()}
#: Products by category.
CATEGORIES: Final = _categories(_common)
#: Common groups that the generator refers to by name.
NAMED: Final = {group.key: group for group in _common if group.key in _WEIGHTS}
#: What is asked while a price falls: (name of the group, ways to ask).
RUSH: Final = tuple((name, _parts(rest)) for name, rest in (line.split(" ? ", 1) for line in _common_text["rush"]))
#: Prompts of the anchor with what viewers reply.
PROMPTS: Final = _prompts(_plain["prompts"])
#: Opinions by polarity/aspect/category (`all`: of anything), reviews and survey remarks by their tone.
OPINIONS: Final = _labelled(_plain["opinion"], 3)
REVIEWS: Final = _labelled(_plain["review"], 1)
SURVEYS: Final = _labelled(_plain["survey"], 1)
