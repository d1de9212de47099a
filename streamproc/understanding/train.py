"""Train the shipped model from the project's corpus; the same corpus gives the same bytes."""

import math
import tomllib
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple, TextIO

import numpy as np
import numpy.typing as npt
from scipy import sparse

from streamproc.understanding.artefact import MODEL_FILE, NORM_SCALE, OUTPUTS, SCALE, Model, digest, read_model, slot_of
from streamproc.understanding.augment import ended, joined
from streamproc.understanding.classifier import Classifier
from streamproc.understanding.corpus_io import ASPECTS, FILES, KINDS, POLARITIES, Message, read_corpus, read_labelled
from streamproc.understanding.features import BIAS_KEY, Keys, Lexicon, extract, word_sets
from streamproc.understanding.fitting import Floats, fit
from streamproc.understanding.folding import Codes, build_table
from streamproc.understanding.rules import Rules

Ids = npt.NDArray[np.int64]

SUBS: Final = tuple(FILES.values())
IDENTITY: Final = np.array([[0.0, 1.0], [0.0, 1.0]])
_FOLDS: Final = 5
_KNOTS: Final = 12
_SHOWN: Final = 50
#: Shares of the subs in a real room (LABELLING.md's order of the corpus files), which the training weights follow.
PRIORS: Final = dict(zip(SUBS, (0.11, 0.05, 0.05, 0.015, 0.05, 0.235, 0.49), strict=True))


class Settings(NamedTuple):
    """What training may vary.

    Cost of errors, least document frequency, steps, group factors, weights of made messages, naive Bayes' smoothing
    and its share in the features' scales.
    """

    cost: float = 0.25
    min_messages: int = 2
    steps: int = 120
    groups: tuple[float, ...] = (1.0, 1.0, 1.0, 2.0)
    ended_weight: float = 0.2
    joined_share: float = 0.5
    joined_weight: float = 0.2
    smoothing: float = 1.0
    telling: float = 0.3


SETTINGS: Final = Settings()


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


def telling(values: sparse.csr_matrix, targets: Floats, weight: Floats, settings: Settings) -> Floats:
    """Say how much each feature tells of each output by itself, (features, outputs), about 1 on average.

    The absolute log-count ratio of naive Bayes, as Wang and Manning (Baselines and Bigrams, ACL 2012) scale features
    for a support vector machine, mixed with 1; rounded, so that no machine's logarithm makes a difference.
    """
    back = values.T.tocsr()
    inside = back @ (weight[:, None] * (targets > 0)) + settings.smoothing
    outside = back @ (weight[:, None] * (targets <= 0)) + settings.smoothing
    ratio = np.abs(np.log((inside / _sums(inside)) / (outside / _sums(outside))))
    share = settings.telling
    scales = (1.0 - share) + share * ratio / (_sums(ratio) / len(ratio))
    return np.asarray(np.round(scales * 64.0) / 64.0)


def _sums(values: Floats) -> Floats:
    return np.asarray(np.cumsum(values, axis=0)[-1])


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


def train_model(messages: Sequence[Message], settings: Settings = SETTINGS, *, calibrate: bool = False) -> Model:
    """Train on labelled messages; the result depends on them and the settings alone.

    Confidence is calibrated on every fifth message, by a model that has not seen those.
    """
    folding = build_table()
    words, classes = build_lexicon(messages, folding)
    lexicon = Lexicon({word: index for index, word in enumerate(words)}, classes.astype(np.int64))
    everything, weight = training_set(messages, settings)
    texts = [message.text for message in everything]
    found = occurrences(texts, folding, lexicon)
    keys, factors = choose(found, len(messages), settings)
    values = matrix(found, len(texts), keys, factors)
    targets = signs(everything)
    scales = telling(values, targets, weight, settings)
    fitted, bias = fit(values, targets, weight, scales, settings.cost, settings.steps)
    rows = np.zeros((len(keys) + 1, OUTPUTS))
    rows[0, : len(bias)] = bias / SCALE
    rows[1:, : len(bias)] = fitted * factors[:, None] / SCALE
    rows[1:, -1] = factors * factors / NORM_SCALE
    weights = np.clip(np.round(rows), -32767, 32767).astype(np.int16)
    knots = calibration(messages, settings) if calibrate else IDENTITY
    return Model(np.concatenate((np.array([BIAS_KEY], np.uint32), keys)), weights, knots, folding, words, classes)


def calibration(messages: Sequence[Message], settings: Settings) -> Floats:
    """Map raw to calibrated confidence by isotonic regression on held-back messages; shape (2, knots)."""
    held = messages[::_FOLDS]
    rest = [message for index, message in enumerate(messages) if index % _FOLDS]
    judge = Classifier(train_model(rest, settings), Rules.load(), "")
    raw, kinds = judge.raw_confidence([message.text for message in held])
    rights = np.array([KINDS[kind] == m.kind for kind, m in zip(kinds.tolist(), held, strict=True)], np.float64)
    counts = Counter((m.kind, m.sub) for m in held)
    weight = np.array([PRIORS[m.kind, m.sub] / counts[m.kind, m.sub] for m in held])
    order = np.argsort(raw, kind="stable")
    level = isotonic(rights[order], weight[order])
    places = np.linspace(0, len(held) - 1, _KNOTS).astype(np.int64)
    knots = np.round(np.stack([raw[order][places], np.maximum(level[places], 1.0 / len(KINDS))]), 3)
    return np.asarray(np.maximum.accumulate(knots, axis=1))


def isotonic(values: Floats, weight: Floats) -> Floats:
    """Give the best non-decreasing fit (pool adjacent violators)."""
    blocks: list[tuple[float, float, int]] = []
    for value, share in zip(values.tolist(), weight.tolist(), strict=True):
        blocks.append((value, share, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            right, left = blocks.pop(), blocks.pop()
            total = left[1] + right[1]
            blocks.append(((left[0] * left[1] + right[0] * right[1]) / total, total, left[2] + right[2]))
    return np.repeat([block[0] for block in blocks], [block[2] for block in blocks])


def train(target: Path, out: TextIO, extra: Path | None = None) -> Model:
    """Train the model from the corpus, with a user's own labelled messages if given, and write it to a file.

    ``extra`` is JSONL like data/messages_dev.jsonl; its labels win over the corpus's. Says what changed against the
    model that is in the file now. Raises ValueError for an unusable extra file, OSError where target cannot be written.
    """
    corpus = read_corpus()
    added = read_labelled(extra) if extra is not None else []
    own = {message.text for message in added}
    messages = [message for message in corpus if message.text not in own]
    messages += list({message.text: message for message in added}.values())
    out.write(f"{len(corpus)} messages of the corpus, {len(added)} added\n")
    model = train_model(messages, calibrate=True)
    data = model.to_bytes()
    before = target.read_bytes() if target.exists() else b""
    if before == data:
        out.write(f"{target} is unchanged: {digest(data)}\n")
    elif before:
        _print_changes(read_model(before), model, [m.text for m in messages], out)
    unfinished = target.with_suffix(".part")
    unfinished.write_bytes(data)
    unfinished.replace(target)
    out.write(f"{len(model.keys)} features, {len(data)} bytes, {digest(data)}\n")
    return model


def _print_changes(before: Model, after: Model, texts: Sequence[str], out: TextIO) -> None:
    old, new = (Classifier(model, Rules.load(), "").label(texts) for model in (before, after))
    changed = [(text, a, b) for text, a, b in zip(texts, old, new, strict=True) if (a.kind, a.sub) != (b.kind, b.sub)]
    out.write(f"{len(changed)} of {len(texts)} messages change their class\n")
    out.writelines(f"  {a.kind}/{a.sub} -> {b.kind}/{b.sub}  {text}\n" for text, a, b in changed[:_SHOWN])


def shipped_path() -> Path:
    """Give the file of the shipped model."""
    return Path(str(resources.files(__package__).joinpath(MODEL_FILE)))
