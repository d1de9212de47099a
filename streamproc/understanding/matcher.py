"""Which questions ask the same thing, and which of them an utterance answers.

Both compare content grams (characters, pairs, numbers, Latin words) after synonyms and scaffolding are taken out,
through an inverted index over the open questions; all sums are of whole numbers, so no order of adding shows.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from streamproc.understanding.profile import Profile, answer_profile, question_profile
from streamproc.understanding.rules import Rules

SAME_THRESHOLD: Final = 0.72
ANSWER_THRESHOLD: Final = 0.6
HELP_THRESHOLD: Final = 0.6

_RULES: Final = Rules.load()


class _Open(NamedTuple):
    key: str
    profile: Profile
    topic: str | None
    product: str | None


def _answer_score(question: Profile, topic: str | None, answer: Profile, shared: int) -> float:
    covered = shared / question.total if question.total else 0.0
    typed = topic in answer.topics
    if typed:
        return min(1.0, 0.35 + 0.6 * covered)
    return 0.7 * covered


def score(question: str, answer: str) -> float:
    """Say how well an utterance answers a question, from 0 to 1."""
    asked, said = question_profile(question), answer_profile(answer)
    return round(_answer_score(asked, _RULES.topic(question), said, _shared(asked, said)), 4)


def _shared(one: Profile, other: Profile) -> int:
    return sum(weight for gram, weight in one.grams.items() if gram in other.grams)


class QuestionIndex:
    """The open questions of one session. What it says depends on the set of added keys alone."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._postings: dict[str, dict[str, int]] = defaultdict(dict)

    def add(self, key: str, text: str, topic: str | None, product: str | None) -> None:
        """Add a question under a key that is not in use."""
        self.discard(key)
        profile = question_profile(text)
        self._open[key] = _Open(key, profile, topic, product)
        for gram, weight in profile.grams.items():
            self._postings[gram][key] = weight

    def discard(self, key: str) -> None:
        """Take a question out; nothing happens where it is not in."""
        entry = self._open.pop(key, None)
        if entry is None:
            return
        for gram in entry.profile.grams:
            posting = self._postings[gram]
            del posting[key]
            if not posting:
                del self._postings[gram]

    def same(self, text: str, topic: str | None, product: str | None) -> list[str]:
        """Give the keys of questions that ask the same of the same product, sorted."""
        asked = question_profile(text)
        found = []
        for key, shared in self._overlaps(asked.grams).items():
            entry = self._open[key]
            if entry.product != product or entry.topic != topic or entry.profile.slots != asked.slots:
                continue
            if shared >= SAME_THRESHOLD * (asked.total + entry.profile.total - shared):
                found.append(key)
        return sorted(found)

    def answered_by(self, text: str, product: str | None) -> list[tuple[str, float]]:
        """Give the keys of questions that an anchor's utterance answers, with scores, sorted by key."""
        return self._answers(text, product, ANSWER_THRESHOLD)

    def helped_by(self, text: str, product: str | None) -> list[tuple[str, float]]:
        """Give the keys of questions that another viewer's message answers, with scores, sorted by key."""
        return self._answers(text, product, HELP_THRESHOLD)

    def _answers(self, text: str, product: str | None, threshold: float) -> list[tuple[str, float]]:
        said = answer_profile(text)
        found = []
        for key, shared in self._overlaps(said.grams).items():
            entry = self._open[key]
            if product is not None and entry.product is not None and entry.product != product:
                continue
            value = _answer_score(entry.profile, entry.topic, said, shared)
            if value >= threshold:
                found.append((key, round(value, 4)))
        return sorted(found)

    def _overlaps(self, grams: Iterable[str]) -> dict[str, int]:
        totals: dict[str, int] = defaultdict(int)
        postings = self._postings
        for gram in grams:
            if gram in postings:
                for key, weight in postings[gram].items():
                    totals[key] += weight
        return totals
