"""Labels for texts: the shipped linear model over a batch, the rules, and a cache before both."""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from streamproc.contracts.label import Label
from streamproc.understanding.artefact import NORM_SCALE, OUTPUTS, SCALE, Model, digest, read_model, rows_of, shipped
from streamproc.understanding.corpus_io import ASPECTS, FILES, POLARITIES
from streamproc.understanding.features import extract
from streamproc.understanding.rules import Rules

_SUBS = tuple(FILES.values())
_BATCH = 512
SHARPNESS = 3.0
_CACHE = 32768
_NUMBER_CONFIDENCE = 0.95
#: Numbers that are memes: 233, 520 and 1314 (love), 114514, 886 (bye), 996.
_MEMES = re.compile(r"233+|520(?:1314)?|521|1314(?:520|920)?|1?14514|88[16]|996|007|10086|9494|7456")
_KINDS = ("question", "mutuality", "feedback", "other")

Floats = npt.NDArray[np.float64]


def _softmax(scores: Floats) -> Floats:
    values = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def _kinds(subs: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Add up the subs' probabilities by kind: the best kind's probability and number."""
    kinds = np.hstack([subs[:, 0:6:2] + subs[:, 1:6:2], subs[:, 6:7]])
    best = kinds.argmax(axis=1)
    return kinds[np.arange(len(subs)), best], best


def bare_number(text: str) -> tuple[str, str] | None:
    """Give kind and sub of a text that is a number and nothing else (LABELLING.md, rules 6 and 11), else None.

    1, 11, 222 answer a prompt, 42 or 170 give a size; 666, 888, 233, 520 are memes; an order's number
    asks to see to it.
    """
    digits = text.strip(" ,，.。!！~～") if len(text) < 80 else ""
    if not digits.isdecimal():
        return None
    distinct = set(unicodedata.normalize("NFKC", digits))
    if len(distinct) > 2 and len(digits) >= 8:
        return "question", "request"
    if _MEMES.fullmatch(digits) or (len(distinct) == 1 and distinct <= set("056789")):
        return "other", "-"
    return "feedback", "reply"


class Classifier:
    """Labels texts. Not thread-safe: it has a cache."""

    def __init__(self, model: Model, rules: Rules, version: str) -> None:
        self.version = version
        self.model = model
        self.rules = rules
        self._table = model.table()
        # every text has the bias in each group, so no group of a text is empty; int32 saves a cast at every sum
        self._weights = np.vstack((np.zeros((1, OUTPUTS), np.int32), model.weights.astype(np.int32)))
        self._lexicon = model.lexicon()
        self._young: dict[str, Label] = {}
        self._old: dict[str, Label] = {}

    @classmethod
    def load(cls) -> "Classifier":
        """Load the shipped model and rules."""
        data = shipped()
        rules = Rules.load()
        return cls(read_model(data), rules, f"linear-{digest(data, rules.source)}")

    def label(self, texts: Sequence[str]) -> list[Label]:
        """Label texts; each result depends on its text alone, whatever else is in the batch."""
        if len(self._young) > _CACHE:
            self._old, self._young = self._young, {}
        young, old = self._young, self._old
        missing = []
        for text in dict.fromkeys(texts):
            if text not in young:
                found = old.get(text)
                if found is None:
                    missing.append(text)
                else:
                    young[text] = found
        for start in range(0, len(missing), _BATCH):
            part = missing[start : start + _BATCH]
            young.update(zip(part, self._fresh(part), strict=True))
        return [young[text] for text in texts]

    def scores(self, texts: Sequence[str]) -> Floats:
        """Give the outputs of the heads (7 subs, 3 polarities, 5 aspects), shape (texts, 15)."""
        total = np.zeros((len(texts), OUTPUTS), np.int32)
        groups = extract(texts, self.model.folding, self._lexicon)
        for group in groups:
            rows = rows_of(group.keys.ravel(), self._table)
            known = np.flatnonzero(rows)
            starts = np.searchsorted(known, group.starts * group.keys.shape[1])
            total += np.add.reduceat(np.take(self._weights, rows[known], axis=0), starts, axis=0)
        bias = self._weights[1, :-1]
        norm = np.sqrt(1.0 + NORM_SCALE * total[:, -1:])
        return np.asarray(((total[:, :-1] - len(groups) * bias) / norm + bias) * SCALE)

    def raw_confidence(self, texts: Sequence[str]) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Give the uncalibrated probability and the number of each text's kind, from the model alone."""
        return _kinds(_softmax(SHARPNESS * self.scores(texts)[:, :7]))

    def _fresh(self, texts: Sequence[str]) -> list[Label]:
        scores = self.scores(texts)
        subs = _softmax(SHARPNESS * scores[:, :7])
        raw, best = _kinds(subs)
        confidence = np.interp(raw, *self.model.calibration)
        row = np.arange(len(texts))
        second = subs[row, np.minimum(2 * best + 1, 6)] > subs[row, 2 * best]
        polarity = scores[:, 7:10].argmax(axis=1)
        aspect = scores[:, 11:15].argmax(axis=1) + 1
        negative = scores[:, 9] > scores[:, 8]
        columns = (best, second, polarity, aspect, negative, confidence)
        rows = zip(texts, *(column.tolist() for column in columns), strict=True)
        return [self._assemble(*row) for row in rows]

    def _assemble(
        self, text: str, kind: int, second: bool, polarity: int, aspect: int, negative: bool, confidence: float
    ) -> Label:
        name, sub = _SUBS[2 * kind + second]
        number = bare_number(text)
        if number is not None:
            (name, sub), polarity, confidence = number, 0, _NUMBER_CONFIDENCE
        if sub in {"-", "reply"}:
            polarity = 0
        elif sub == "opinion" and not polarity:
            polarity = 2 if negative else 1
        marks = self.rules.marks(text)
        topic = self.rules.topic(text) if name == "question" else None
        return Label(
            kind=name,
            sub=sub,
            polarity=POLARITIES[polarity],
            aspect=ASPECTS[aspect] if polarity else "-",
            topic=topic,
            cue=marks.cue,
            cue_target=marks.cue_target,
            purchase_report=marks.purchase_report,
            confidence=round(confidence, 4),
            advice=marks.advice,
        )
