"""Train the shipped model from the project's corpus; the same corpus gives the same bytes."""

import math
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import tomllib
from scipy import sparse

from streamproc.understanding.artefact import NORM_SCALE, OUTPUTS, SCALE, Model, slot_of
from streamproc.understanding.augment import ended, joined
from streamproc.understanding.corpus_io import ASPECTS, FILES, POLARITIES, Message
from streamproc.understanding.features import BIAS_KEY, Keys, Lexicon, extract, word_sets
from streamproc.understanding.fitting import Floats, fit
from streamproc.understanding.folding import Codes, build_table

Ids = npt.NDArray[np.int64]

SUBS: Final = tuple(FILES.values())
IDENTITY: Final = np.array([[0.0, 1.0], [0.0, 1.0]])
#: Shares of the subs in a real room (LABELLING.md's order of the corpus files), which the training weights follow.
PRIORS: Final = dict(zip(SUBS, (0.13, 0.05, 0.04, 0.01, 0.06, 0.22, 0.49), strict=True))


class Settings(NamedTuple):
    """What training may vary: cost of errors, least document frequency, steps, factors of the feature groups, made messages."""

    cost: float = 0.3
    min_messages: int = 2
    steps: int = 300
    groups: tuple[float, ...] = (1.0, 1.0, 1.5, 2.0)
    ended_weight: float = 0.3
    joined_share: float = 0.5
    joined_weight: float = 0.3


def read_lexicon() -> dict[str, list[str]]:
    """Read the word classes."""
    text = resources.files(__package__).joinpath("data/lexicon.toml").read_text(encoding="utf-8")
    return {name: words.split() for name, words in tomllib.loads(text).items()}


def build_lexicon(messages: Sequence[Message], folding: Codes) -> tuple[list[str], npt.NDArray[np.uint8]]:
    """Give the words the model knows, those of the lexicon and of two messages of the corpus, and their classes."""
    classes: dict[str, int] = {}
    for number, words in enumerate(read_lexicon().values(), 2):
        for word in words:
            classes.setdefault(word, number)
    counts = Counter(word for words in word_sets([m.text for m in messages], folding) for word in words)
    common = sorted(word for word, count in counts.items() if count >= 2 and word not in classes and word != "\n")
    words = ["", "\n", *sorted(classes), *common]
    numbers = np.array([0, 1, *[classes.get(word, 0) for word in words[2:]]], np.uint8)
    return words, numbers


class Occurrences(NamedTuple):
    """Every occurrence of a feature: message, key and feature group, in the order of extraction."""

    owners: Ids
    keys: Keys
    groups: Ids


def occurrences(texts: Sequence[str], folding: Codes, lexicon: Lexicon) -> Occurrences:
    """Extract the features of texts."""
    owners, keys, groups = [], [], []
    for group, grams in enumerate(extract(texts, folding, lexicon)):
        first = np.zeros(len(grams.keys), np.int64)
        first[grams.starts[1:]] = 1
        owner = np.repeat(np.cumsum(first), grams.keys.shape[1])
        flat = grams.keys.ravel()
        keep = (flat != 0) & (flat != BIAS_KEY)
        owners.append(owner[keep])
        keys.append(flat[keep])
        groups.append(np.full(int(keep.sum()), group, np.int64))
    return Occurrences(np.concatenate(owners), np.concatenate(keys), np.concatenate(groups))


def choose(found: Occurrences, size: int, settings: Settings) -> tuple[Keys, Floats]:
    """Choose features of enough of the first ``size`` messages, one a table slot, with inverse document frequencies."""
    real = found.owners < size
    found = Occurrences(found.owners[real], found.keys[real], found.groups[real])
    pairs = np.unique(found.keys.astype(np.uint64) * np.uint64(size) + found.owners.astype(np.uint64))
    keys, counts = np.unique((pairs // np.uint64(size)).astype(np.uint32), return_counts=True)
    keep = (counts >= settings.min_messages) & (slot_of(keys) != slot_of(np.array([BIAS_KEY], np.uint32))[0])
    keys, counts = keys[keep], counts[keep]
    order = np.lexsort((keys, -counts))
    _, first = np.unique(slot_of(keys[order]), return_index=True)
    chosen = np.sort(order[first])
    keys, counts = keys[chosen], counts[chosen]
    group_of = dict(zip(found.keys.tolist(), found.groups.tolist(), strict=True))
    logs = {count: round(math.log((1 + size) / (1 + count)), 6) + 1.0 for count in set(counts.tolist())}
    factors = [logs[n] * settings.groups[group_of[k]] for k, n in zip(keys.tolist(), counts.tolist(), strict=True)]
    return keys, np.round(np.array(factors) * 16.0) / 16.0


def matrix(found: Occurrences, size: int, keys: Keys, factors: Floats) -> sparse.csr_matrix:
    """Weigh the chosen features: (messages, features), each row over its norm, sqrt(1 + sum of count * factor^2)."""
    at = np.minimum(np.searchsorted(keys, found.keys), len(keys) - 1)
    hit = keys[at] == found.keys
    owners, at = found.owners[hit], at[hit]
    counts = sparse.csr_matrix((np.ones(len(at)), (owners, at)), shape=(size, len(keys)))
    counts.sum_duplicates()
    counts.sort_indices()
    squares = sparse.csr_matrix((counts.data, counts.indices, counts.indptr), shape=counts.shape) @ (factors * factors)
    counts.data *= factors[counts.indices] / np.sqrt(1.0 + np.repeat(squares, np.diff(counts.indptr)))
    return counts


def signs(messages: Sequence[Message]) -> Floats:
    """Give +1 or -1 for each output of the three heads."""
    sub = np.array([SUBS.index((m.kind, m.sub)) for m in messages])
    polarity = np.array([POLARITIES.index(m.polarity) for m in messages])
    aspect = np.array([ASPECTS.index(m.aspect) for m in messages])
    heads = [(sub, len(SUBS)), (polarity, len(POLARITIES)), (aspect, len(ASPECTS))]
    return np.hstack([np.where(target[:, None] == np.arange(size), 1.0, -1.0) for target, size in heads])


def training_set(messages: Sequence[Message], settings: Settings) -> tuple[list[Message], Floats]:
    """Add the made messages and weigh all of them so that the subs have a real room's shares; mean weight 1."""
    extra, pairs = ended(messages), joined(messages, int(len(messages) * settings.joined_share))
    everything = [*messages, *extra, *pairs]
    base = [1.0] * len(messages) + [settings.ended_weight] * len(extra) + [settings.joined_weight] * len(pairs)
    totals: Counter[tuple[str, str]] = Counter()
    for message, share in zip(everything, base, strict=True):
        totals[message.kind, message.sub] += share  # type: ignore[assignment]
    whole = sum(base)
    weights = [
        share * PRIORS[m.kind, m.sub] * whole / totals[m.kind, m.sub] for m, share in zip(everything, base, strict=True)
    ]
    return everything, np.array(weights) * (len(everything) / math.fsum(weights))


def train_model(messages: Sequence[Message], settings: Settings = Settings()) -> Model:  # noqa: B008 - immutable
    """Train on labelled messages; the result depends on them and the settings alone."""
    folding = build_table()
    words, classes = build_lexicon(messages, folding)
    lexicon = Lexicon({word: index for index, word in enumerate(words)}, classes.astype(np.int64))
    everything, weight = training_set(messages, settings)
    texts = [message.text for message in everything]
    found = occurrences(texts, folding, lexicon)
    keys, factors = choose(found, len(messages), settings)
    values = matrix(found, len(texts), keys, factors)
    fitted, bias = fit(values, signs(everything), weight, settings.cost, settings.steps)
    rows = np.zeros((len(keys) + 1, OUTPUTS))
    rows[0, : len(bias)] = bias / SCALE
    rows[1:, : len(bias)] = fitted * factors[:, None] / SCALE
    rows[1:, -1] = factors * factors / NORM_SCALE
    weights = np.clip(np.round(rows), -32767, 32767).astype(np.int16)
    return Model(np.concatenate((np.array([BIAS_KEY], np.uint32), keys)), weights, IDENTITY, folding, words, classes)
