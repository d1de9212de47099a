"""Which questions ask the same thing, and which of them an utterance answers.

Questions are the same where what is left of them without scaffolding agrees, with the same topic, product, colour,
size, place and number. An utterance answers where it sounds like an answer of the question's topic and names what
the question names, or says the question's own words. Precision comes first: a wrong answer hides a waiting viewer.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from typing import Final, NamedTuple

from streamproc.understanding.profile import Profile, Said, profile, said
from streamproc.understanding.rules import TOPICS, Rules

SAME_THRESHOLD: Final = 0.66
ANSWER_THRESHOLD: Final = 0.6
HELP_THRESHOLD: Final = 0.6
#: An utterance names what a question names where it holds this share of the question's content.
_NAMED: Final = 0.45
_ECHOED: Final = 0.8
#: Topics whose answers may lack any telling word, so that a question's own words and more will do.
_ECHOES: Final = frozenset({"quality", "after_sales", "usage", "other"})
_HALF: Final = 40.0
_LEAST_ECHO: Final = 60
_CORE: Final = 0.2
_HEAD: Final = 12
_TOPIC: Final = "#"
_TOPIC_KEYS: Final = tuple((topic, _TOPIC + topic) for topic in TOPICS)

_RULES: Final = Rules.load()


class _Open(NamedTuple):
    key: str
    profile: Profile
    topic: str | None
    product: str | None


def _overlap(one: Mapping[str, int], other: Container[str]) -> int:
    return sum([weight for gram, weight in one.items() if gram in other])


def _compatible(asked: Profile, heard: Said) -> bool:
    """Tell whether no colour, size, place or number of the question is met by another of its sort alone."""
    return not asked.slots or asked.slots <= heard.slots or not _sorts(asked.slots) & _sorts(heard.slots - asked.slots)


def _sorts(slots: frozenset[str]) -> set[str]:
    return {slot[:5] for slot in slots if not slot.startswith("number")}


def _answering(asked: Profile, topic: str | None, heard: Said) -> bool:
    """Tell whether an utterance sounds like an answer and names what is asked, or says its words and more."""
    if heard.dodges or not _compatible(asked, heard):
        return False
    named = _overlap(asked.content, heard.content) / asked.weight if asked.weight else 1.0
    if named >= _NAMED and (asked.weight or topic != "other") and heard.answers(topic):
        return True
    echoed = topic in _ECHOES and named >= _ECHOED and asked.weight >= _LEAST_ECHO
    return echoed and heard.weight > 1.3 * asked.weight


def _strength(asked: Profile, heard: Said) -> float:
    base = _overlap(asked.grams.weights, heard.grams) / asked.grams.size
    return base / (base + _HALF)


def score(question: str, answer: str) -> float:
    """Say how well an utterance answers a question, from 0 to 1; 0.6 and above is taken for an answer."""
    topic = _RULES.topic(question)
    asked, heard = profile(question, topic), said(answer)
    value = _strength(asked, heard)
    return round(_answer_score(value) if _answering(asked, topic, heard) else ANSWER_THRESHOLD * value, 6)


def _answer_score(strength: float) -> float:
    return ANSWER_THRESHOLD + (1.0 - ANSWER_THRESHOLD) * strength


def rank(question: str, answer: str) -> float:
    """Order several questions by how likely an utterance answers them; its first words count twice."""
    asked = profile(question, None).grams
    whole, head = said(answer).grams, said(answer[:_HEAD]).grams
    return (_overlap(asked.weights, whole) + _overlap(asked.weights, head)) / asked.size


def _alike(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """Give the weighted share of common grams (Jaccard), 1 for two empty ones."""
    shared = _overlap(one, other)
    whole = sum(one.values()) + sum(other.values()) - shared
    return shared / whole if whole else 1.0


def _same(one: Profile, other: Profile) -> bool:
    if one.slots != other.slots:
        return False
    if not one.weight or not other.weight:
        return one.weight == other.weight and _alike(one.core, other.core) >= _CORE
    return _alike(one.content, other.content) >= SAME_THRESHOLD


def same_question(one: str, other: str) -> bool:
    """Tell whether two questions of one product ask the same thing."""
    topics = _RULES.topic(one), _RULES.topic(other)
    if topics[0] != topics[1]:
        return False
    first, second = profile(one, topics[0]), profile(other, topics[1])
    return _same(first, second) and (bool(first.weight) or topics[0] != "other")


class QuestionIndex:
    """The open questions of one session. What it says depends on the set of added keys alone."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._postings: dict[str, dict[str, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._open)

    def add(self, key: str, text: str, topic: str | None, product: str | None) -> None:
        """Add a question; one already under this key is replaced."""
        self.discard(key)
        entry = _Open(key, profile(text, topic), topic, product)
        self._open[key] = entry
        for gram in _index_grams(entry.profile, topic):
            self._postings[gram][key] = None

    def discard(self, key: str) -> None:
        """Take a question out; nothing happens where it is not in."""
        entry = self._open.pop(key, None)
        if entry is None:
            return
        for gram in _index_grams(entry.profile, entry.topic):
            posting = self._postings[gram]
            del posting[key]
            if not posting:
                del self._postings[gram]

    def same(self, text: str, topic: str | None, product: str | None) -> list[str]:
        """Give the keys of questions that ask the same of the same product, sorted."""
        asked = profile(text, topic)
        if not asked.weight and topic in {None, "other"}:
            return []
        found = []
        for key in self._candidates(_index_grams(asked, topic)):
            entry = self._open[key]
            if entry.product == product and entry.topic == topic and _same(asked, entry.profile):
                found.append(key)
        return sorted(found)

    def answered_by(self, text: str, product: str | None) -> list[tuple[str, float]]:
        """Give the keys of questions that an anchor's utterance answers, with scores, sorted by key.

        A question about another product than the one being shown is left alone; None fits every product.
        """
        return self._answers(text, product, ANSWER_THRESHOLD)

    def helped_by(self, text: str, product: str | None) -> list[tuple[str, float]]:
        """Give the keys of questions that another viewer's message answers, with scores, sorted by key."""
        return self._answers(text, product, HELP_THRESHOLD)

    def _answers(self, text: str, product: str | None, threshold: float) -> list[tuple[str, float]]:
        heard = said(text)
        if heard.dodges:
            return []
        found = []
        grams = [
            *heard.content,
            *(name for topic, name in _TOPIC_KEYS if name in self._postings and heard.answers(topic)),
        ]
        for key in self._candidates(grams):
            entry = self._open[key]
            if product is not None and entry.product is not None and entry.product != product:
                continue
            if _answering(entry.profile, entry.topic, heard):
                value = _answer_score(_strength(entry.profile, heard))
                if value >= threshold:
                    found.append((key, round(value, 6)))
        return sorted(found)

    def _candidates(self, grams: Iterable[str]) -> set[str]:
        keys: set[str] = set()
        postings = self._postings
        for gram in grams:
            if gram in postings:
                keys.update(postings[gram])
        return keys


def _index_grams(entry: Profile, topic: str | None) -> list[str]:
    """Give what a question is found by: its content's pairs and words, or its topic where it has no content."""
    if entry.weight:
        return [gram for gram in entry.content if len(gram) > 1] or list(entry.content)
    return [_TOPIC + str(topic)]
