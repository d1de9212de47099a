"""A stand-in for understanding: labels looked up by text, matches told by a matcher that is injected."""

import unicodedata

from streamproc.contracts.label import Label


def _label(words: str) -> Label:
    kind, sub, polarity, aspect, topic, cue, target, report, confidence = words.split()
    maybe = {"none": None}
    return Label(
        kind=kind,
        sub=sub,
        polarity=polarity,
        aspect=aspect,
        topic=maybe.get(topic, topic),
        cue=maybe.get(cue, cue),
        cue_target=maybe.get(target, target),
        purchase_report=report == "yes",
        confidence=float(confidence),
        advice=None,
    )


#: Texts of random shows: kind sub polarity aspect topic cue cue_target purchase_report confidence.
LABELS: dict[str, Label] = {
    text: _label(words)
    for text, words in {
        "多少钱": "question ask neu - price none none no 0.9",
        "几号": "question ask neg product size doubt product no 0.5",
        "什么快递": "question ask neu - other doubt anchor no 0.4999",
        "求链接": "question request neu - link none none no 0.77",
        "试穿": "question request neu - usage none none no 0.31",
        "我买过 不掉色": "mutuality help pos product none trust product no 0.88",
        "别买 客服差": "mutuality help neg service none doubt viewers no 0.45",
        "有姐妹买过吗": "mutuality seek neu - none trust viewers no 0.66",
        "已拍": "feedback reply neu - none none none yes 0.54",
        "1": "feedback reply neu - none none none no 0.97",
        "讲得清楚": "feedback opinion pos content none trust anchor no 0.81",
        "声音小": "feedback opinion neg content none none none no 0.72",
        "还没发货": "feedback opinion neg logistics none none none yes 0.61",
        "客服好": "feedback opinion pos service none none none no 0.05",
        "666": "other - neu - none none none no 1.0",
        "晚上好": "other - neu - none none none no 0.0",
    }.items()
}


def normalise(text: str) -> str:
    """Return a text without case, width, white space, punctuation and symbols, or as it is where nothing is left."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(ch for ch in folded if not ch.isspace() and unicodedata.category(ch)[0] not in "PS")
    return kept or text


class Matcher:
    """What counts as the same question, an answer or help beside equality and reply_to: here nothing."""

    def same(self, question: str, other: str) -> bool:
        """Say whether two questions ask the same thing."""
        return False

    def answers(self, utterance: str, question: str) -> float | None:
        """Return the score of an utterance that answers a question."""
        return None

    def helps(self, message: str, question: str) -> float | None:
        """Return the score of a viewer's message that answers a question."""
        return None


class Marked(Matcher):
    """Matches told by marks in the texts, so that random traces have some of each."""

    def same(self, question: str, other: str) -> bool:
        """All requests ask the same, whatever their texts."""
        return {LABELS[each.rstrip("？!")].sub for each in (question, other)} == {"request"}

    def answers(self, utterance: str, question: str) -> float | None:
        """An utterance that names 九十九 answers questions about prices."""
        return 0.75 if "九十九" in utterance and question.startswith("多少钱") else None

    def helps(self, message: str, question: str) -> float | None:
        """A message that says 不掉色 helps with questions of trying on."""
        return 0.5 if "不掉色" in message and question.startswith("试穿") else None


class Index:
    """An index of a session's questions by a matcher."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self.questions: dict[str, str] = {}

    def add(self, key: str, text: str, topic: str | None, product: str | None) -> None:
        """Take a question in."""
        self.questions[key] = text

    def discard(self, key: str) -> None:
        """Take a question out."""
        self.questions.pop(key, None)

    def same(self, text: str, topic: str | None, product: str | None) -> list[str]:
        """Return the questions that ask the same, of whatever product."""
        return [key for key, question in self.questions.items() if self.matcher.same(text, question)]

    def answered_by(self, text: str, product: str | None) -> list[tuple[str, float]]:
        """Return the questions that an utterance answers, with scores."""
        scores = ((key, self.matcher.answers(text, question)) for key, question in self.questions.items())
        return [(key, score) for key, score in scores if score is not None]

    def helped_by(self, text: str, product: str | None) -> list[tuple[str, float]]:
        """Return the questions that a viewer's message helps with, with scores."""
        scores = ((key, self.matcher.helps(text, question)) for key, question in self.questions.items())
        return [(key, score) for key, score in scores if score is not None]


class Stub:
    """Understanding by a table of labels; texts that differ by a mark at the end have the same label."""

    version = "reference"

    def __init__(self, matcher: Matcher | None = None) -> None:
        self.labels = {normalise(text): label for text, label in LABELS.items()}
        self.matcher = matcher or Matcher()

    def label(self, texts: list[str]) -> list[Label]:
        """Return the label of each text."""
        return [self.labels[normalise(text)] for text in texts]

    def normalise(self, text: str) -> str:
        """Return what equal questions have in common."""
        return normalise(text)

    def index(self) -> Index:
        """Return a new index of a session's questions."""
        return Index(self.matcher)
