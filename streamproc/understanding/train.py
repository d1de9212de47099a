"""Train the shipped model from the project's corpus, bit for bit the same wherever it runs.

Multinomial logistic regression by accelerated gradient descent (Nesterov 1983, with O'Donoghue and Candes' restart).
Only sums in a fixed order, products, quotients and square roots are used, which IEEE 754 rounds the same
everywhere; the exponential is a table and a polynomial for the same reason.
"""

from collections import Counter
from collections.abc import Sequence
from importlib import resources
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import tomllib
from scipy import sparse

from streamproc.understanding.artefact import Model, slot_of
from streamproc.understanding.corpus_io import ASPECTS, FILES, POLARITIES, Message
from streamproc.understanding.features import BIAS_KEY, Keys, Lexicon, extract
from streamproc.understanding.folding import Codes, build_table

Floats = npt.NDArray[np.float64]

SUBS: Final = tuple(FILES.values())
HEADS: Final = (len(SUBS), len(POLARITIES), len(ASPECTS))
OUTPUTS: Final = 16
SCALE: Final = 1.0 / 1024
IDENTITY: Final = np.array([[0.0, 1.0], [0.0, 1.0]])


class Settings(NamedTuple):
    """What training may vary: penalties a head, document frequencies, steps, weight of feature groups."""

    penalty: tuple[float, float, float] = (3e-6, 3e-6, 3e-6)
    min_messages: int = 2
    steps: int = 300
    groups: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)


class Matrix(NamedTuple):
    """Scaled feature counts: ``values`` of shape (messages, features) and the features' keys and group factors."""

    values: sparse.csr_matrix
    keys: Keys
    factors: Floats


def read_lexicon() -> dict[str, list[str]]:
    """Read the word classes."""
    text = resources.files(__package__).joinpath("data/lexicon.toml").read_text(encoding="utf-8")
    return {name: words.split() for name, words in tomllib.loads(text).items()}


def build_lexicon(messages: Sequence[Message], folding: Codes) -> tuple[Lexicon, list[str], npt.NDArray[np.uint8]]:
    """Number the words of the lexicon and those that at least two messages of the corpus have."""
    from streamproc.understanding.features import word_sets

    classes: dict[str, int] = {}
    for number, words in enumerate(read_lexicon().values(), 2):
        for word in words:
            classes.setdefault(word, number)
    counts = Counter(word for words in word_sets([m.text for m in messages], folding) for word in words)
    common = sorted(word for word, count in counts.items() if count >= 2 and word not in classes and word != "\n")
    words = ["", "\n", *sorted(classes), *common]
    numbers = np.zeros(len(words), np.uint8)
    numbers[1] = 1
    for index, word in enumerate(words[2:], 2):
        numbers[index] = classes.get(word, 0)
    lexicon = Lexicon({word: index for index, word in enumerate(words)}, numbers.astype(np.int64))
    return lexicon, words, numbers


def occurrences(texts: Sequence[str], folding: Codes, lexicon: Lexicon) -> list[tuple[npt.NDArray[np.int64], Keys]]:
    """Give, for each feature group, the message and the key of every occurrence."""
    found = []
    for grams in extract(texts, folding, lexicon):
        owner = np.zeros(len(grams.keys), np.int64)
        owner[grams.starts[1:]] = 1
        owner = np.repeat(np.cumsum(owner), grams.keys.shape[1])
        keys = grams.keys.ravel()
        found.append((owner[keys != 0], keys[keys != 0]))
    return found


def choose(found: list[tuple[npt.NDArray[np.int64], Keys]], size: int, settings: Settings) -> tuple[Keys, Floats]:
    """Choose the features seen in enough messages, one a table slot, and their group's factor."""
    all_keys, all_counts, all_groups = [], [], []
    for group, (owner, keys) in enumerate(found):
        pairs = np.unique(keys.astype(np.uint64) * np.uint64(size) + owner.astype(np.uint64))
        unique, counts = np.unique((pairs // np.uint64(size)).astype(np.uint32), return_counts=True)
        keep = (counts >= settings.min_messages) & (unique != BIAS_KEY)
        all_keys.append(unique[keep])
        all_counts.append(counts[keep])
        all_groups.append(np.full(int(keep.sum()), settings.groups[group]))
    keys, counts, groups = np.concatenate(all_keys), np.concatenate(all_counts), np.concatenate(all_groups)
    order = np.lexsort((keys, -counts))
    keys, groups = keys[order], groups[order]
    slots = slot_of(keys)
    taken = slots != slot_of(np.array([BIAS_KEY], np.uint32))[0]
    _, first = np.unique(slots, return_index=True)
    chosen = np.zeros(len(keys), bool)
    chosen[first] = True
    chosen &= taken
    order = np.argsort(keys[chosen], kind="stable")
    return keys[chosen][order], groups[chosen][order]


def matrix(found: list[tuple[npt.NDArray[np.int64], Keys]], size: int, keys: Keys, factors: Floats) -> sparse.csr_matrix:
    """Count the chosen features: (messages, features), rows over the root of the message's number of features."""
    owner = np.concatenate([owner for owner, _ in found])
    seen = np.concatenate([keys for _, keys in found])
    at = np.minimum(np.searchsorted(keys, seen), len(keys) - 1)
    hit = keys[at] == seen
    owner, at = owner[hit], at[hit]
    total = np.bincount(owner, minlength=size) + 1.0
    counts = sparse.csr_matrix((np.ones(len(at)), (owner, at)), shape=(size, len(keys)))
    counts.sum_duplicates()
    counts.sort_indices()
    counts.data *= factors[counts.indices] / np.sqrt(np.repeat(total, np.diff(counts.indptr)))
    return counts


_EXP_STEP = 64
_EXP_BASE = 1.0157477085866857  # e ** (1/64)


def _exp_table() -> Floats:
    table = [1.0]
    for _ in range(40 * _EXP_STEP):
        table.append(table[-1] / _EXP_BASE)
    return np.array(table)


_TABLE = _exp_table()


def _softmax(scores: Floats) -> Floats:
    shifted = np.maximum(scores - scores.max(axis=1, keepdims=True), -39.0)
    whole = np.floor(-shifted * _EXP_STEP)
    rest = shifted + whole / _EXP_STEP
    values = _TABLE[whole.astype(np.int64)] * (1.0 + rest * (1.0 + rest * (0.5 + rest * (1 / 6 + rest / 24))))
    total = values[:, 0].copy()
    for column in range(1, values.shape[1]):
        total += values[:, column]
    return values / total[:, None]


def fit(values: sparse.csr_matrix, target: npt.NDArray[np.int64], weight: Floats, classes: int, penalty: float, steps: int) -> tuple[Floats, Floats]:
    """Fit one head: weights (features, classes) and bias (classes,)."""
    size, width = values.shape
    weight = weight / size
    wanted = np.zeros((size, classes))
    wanted[np.arange(size), target] = 1.0
    back = values.T.tocsr()
    point, ahead = np.zeros((width + 1, classes)), np.zeros((width + 1, classes))
    rate, momentum = 1.0 / (0.5 * 2.0 * float(weight.max()) * size), 1.0
    rate = 1.0 / (0.25 * float(weight.max()) * size * 0.5 + penalty)
    for _ in range(steps):
        error = (_softmax(values @ ahead[:-1] + ahead[-1]) - wanted) * weight[:, None]
        slope = np.empty_like(ahead)
        slope[:-1] = back @ error + penalty * ahead[:-1]
        slope[-1] = np.cumsum(error, axis=0)[-1]
        step = ahead - rate * slope
        moved = step - point
        if float(np.cumsum((slope * moved).ravel())[-1]) > 0:
            momentum = 1.0
        following = (1.0 + (1.0 + 4.0 * momentum * momentum) ** 0.5) / 2.0
        ahead = step + (momentum - 1.0) / following * moved
        point, momentum = step, following
    return point[:-1], point[-1]


def targets(messages: Sequence[Message]) -> list[npt.NDArray[np.int64]]:
    """Give the class numbers of each head."""
    return [
        np.array([SUBS.index((m.kind, m.sub)) for m in messages], np.int64),
        np.array([POLARITIES.index(m.polarity) for m in messages], np.int64),
        np.array([ASPECTS.index(m.aspect) for m in messages], np.int64),
    ]


def train_model(messages: Sequence[Message], settings: Settings = Settings(), weight: Floats | None = None) -> Model:
    """Train on labelled messages; the result depends on them and the settings alone."""
    folding = build_table()
    lexicon, words, classes = build_lexicon(messages, folding)
    texts = [message.text for message in messages]
    found = occurrences(texts, folding, lexicon)
    keys, factors = choose(found, len(texts), settings)
    values = matrix(found, len(texts), keys, factors)
    weight = np.ones(len(texts)) if weight is None else weight
    rows = np.zeros((len(keys) + 1, OUTPUTS))
    column = 0
    for head, target in enumerate(targets(messages)):
        fitted, bias = fit(values, target, weight, HEADS[head], settings.penalty[head], settings.steps)
        rows[1:, column : column + HEADS[head]] = fitted * factors[:, None]
        rows[0, column : column + HEADS[head]] = bias
        column += HEADS[head]
    weights = np.clip(np.round(rows / SCALE), -32767, 32767).astype(np.int16)
    return Model(np.concatenate((np.array([BIAS_KEY], np.uint32), keys)), weights, SCALE, IDENTITY, folding, words, classes)
