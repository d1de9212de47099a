"""How well the shipped model labels a file of messages and matches a file of replies; text reports and an SVG."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from streamproc.contracts.label import Label
from streamproc.understanding.classifier import Classifier
from streamproc.understanding.corpus_io import KINDS, Message, read_labelled
from streamproc.understanding.matcher import ANSWER_THRESHOLD, rank, score
from streamproc.understanding.svg import confusion_svg

CANDIDATES: Final = 10
_BINS: Final = 10
_WORST: Final = 20
_SEED: Final = 7


class Score(NamedTuple):
    """Precision, recall, F1 (each 0 where undefined) and how many are of the class."""

    precision: float
    recall: float
    f1: float
    support: int


class Report(NamedTuple):
    """What ``evaluate_messages`` found; rates are shares from 0 to 1."""

    kinds: dict[str, Score]
    subs: dict[str, Score]
    macro_f1: float
    macro_by_source: dict[str, float]
    accuracy_by_source: dict[str, float]
    negative: Score
    negative_accuracy: float
    calibration_error: float


class ReplyReport(NamedTuple):
    """What ``evaluate_replies`` found."""

    recall_at_1: float
    precision: float
    recall: float
    pairs: int


def score_class(gold: Sequence[object], said: Sequence[object], name: object) -> Score:
    """Score one class."""
    true = sum(g == name and s == name for g, s in zip(gold, said, strict=True))
    wanted, given = gold.count(name), said.count(name)
    return Score(
        true / given if given else 0.0, true / wanted if wanted else 0.0, 2 * true / max(wanted + given, 1), wanted
    )


def macro_f1(gold: Sequence[str], said: Sequence[str], names: Iterable[str]) -> float:
    """Average F1 over the classes that either side has."""
    present = [name for name in names if name in gold or name in said]
    return sum(score_class(gold, said, name).f1 for name in present) / max(len(present), 1)


def reliability(correct: Sequence[bool], confidence: Sequence[float]) -> list[tuple[float, float, int]]:
    """Give mean confidence, accuracy and size of each of ten equal bins of confidence that is not empty."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for right, sure in zip(correct, confidence, strict=True):
        bins[min(int(sure * _BINS), _BINS - 1)].append((sure, right))
    return [
        (sum(s for s, _ in rows) / len(rows), sum(r for _, r in rows) / len(rows), len(rows))
        for _, rows in sorted(bins.items())
    ]


def calibration_error(curve: Sequence[tuple[float, float, int]]) -> float:
    """Give the expected calibration error (Naeini et al. 2015) of a reliability curve."""
    total = sum(size for *_, size in curve)
    return sum(size * abs(sure - right) for sure, right, size in curve) / max(total, 1)


def evaluate_messages(path: Path, out: TextIO, svg: Path | None = None, classifier: Classifier | None = None) -> Report:
    """Label the messages of a JSONL file (as data/messages_dev.jsonl) and report.

    ``svg`` is where the confusion matrix is drawn. Raises ValueError for another or an empty file.
    """
    messages = read_labelled(path)
    if not messages:
        raise ValueError(f"{path} has no messages")
    labels = (classifier or Classifier.load()).label([message.text for message in messages])
    report = _measure(messages, labels)
    _print_report(messages, labels, report, out)
    if svg is not None:
        table = _confusion(messages, labels)
        svg.write_text(confusion_svg(KINDS, table), encoding="utf-8")
    return report


def _measure(messages: Sequence[Message], labels: Sequence[Label]) -> Report:
    gold, said = [m.kind for m in messages], [label.kind for label in labels]
    negative = [m.polarity == "neg" for m in messages]
    called = [label.polarity == "neg" for label in labels]
    rights = [g == s for g, s in zip(gold, said, strict=True)]
    by_source: dict[str, list[int]] = defaultdict(list)
    for index, message in enumerate(messages):
        by_source[message.source].append(index)
    subs = sorted({m.sub for m in messages})
    return Report(
        kinds={name: score_class(gold, said, name) for name in KINDS},
        subs={name: score_class([m.sub for m in messages], [x.sub for x in labels], name) for name in subs},
        macro_f1=macro_f1(gold, said, KINDS),
        macro_by_source={
            name: macro_f1([gold[i] for i in rows], [said[i] for i in rows], KINDS)
            for name, rows in sorted(by_source.items())
        },
        accuracy_by_source={name: sum(rights[i] for i in rows) / len(rows) for name, rows in sorted(by_source.items())},
        negative=score_class(negative, called, True),
        negative_accuracy=sum(a == b for a, b in zip(negative, called, strict=True)) / len(messages),
        calibration_error=calibration_error(reliability(rights, [label.confidence for label in labels])),
    )


def _confusion(messages: Sequence[Message], labels: Sequence[Label]) -> list[list[int]]:
    counts = Counter((m.kind, label.kind) for m, label in zip(messages, labels, strict=True))
    return [[counts[gold, said] for said in KINDS] for gold in KINDS]


def _print_report(messages: Sequence[Message], labels: Sequence[Label], report: Report, out: TextIO) -> None:
    out.write(f"{len(messages)} messages, kind macro-F1 {report.macro_f1:.3f}\n\n")
    out.write(f"{'':12}{'precision':>10}{'recall':>10}{'F1':>10}{'number':>8}\n")
    out.writelines(
        f"{name:12}{one.precision:10.3f}{one.recall:10.3f}{one.f1:10.3f}{one.support:8}\n"
        for name, one in (*report.kinds.items(), *report.subs.items(), ("negative", report.negative))
    )
    out.write(f"\nnegative or not: accuracy {report.negative_accuracy:.3f}\n\nby source: macro-F1, accuracy, number\n")
    sizes = Counter(m.source for m in messages)
    out.writelines(
        f"{name:12}{value:10.3f}{report.accuracy_by_source[name]:10.3f}{sizes[name]:8}\n"
        for name, value in report.macro_by_source.items()
    )
    out.write(f"\nconfusion (rows gold)\n{'':12}" + "".join(f"{name:>11}" for name in KINDS) + "\n")
    out.writelines(
        f"{name:12}" + "".join(f"{count:11}" for count in row) + "\n"
        for name, row in zip(KINDS, _confusion(messages, labels), strict=True)
    )
    rights = [m.kind == label.kind for m, label in zip(messages, labels, strict=True)]
    out.write(f"\ncalibration error {report.calibration_error:.3f}; confidence, accuracy, number\n")
    out.writelines(
        f"{sure:12.3f}{right:10.3f}{size:8}\n"
        for sure, right, size in reliability(rights, [label.confidence for label in labels])
    )
    out.write("\nworst errors: confidence, gold, said, text\n")
    wrong = [(label, m) for label, m in zip(labels, messages, strict=True) if label.kind != m.kind]
    out.writelines(
        f"{label.confidence:.2f} {m.kind}/{m.sub} {label.kind}/{label.sub} {m.text}\n"
        for label, m in sorted(wrong, key=lambda pair: -pair[0].confidence)[:_WORST]
    )


def evaluate_replies(path: Path, out: TextIO, progress: Callable[[int, int], None] | None = None) -> ReplyReport:
    """Report which of ten comments of the same streamer an answer answers (as data/reply_pairs_dev.jsonl).

    The other nine are drawn with a fixed seed. Precision and recall are those of single pairs at the shipped
    threshold, the true pair against the nine. Raises ValueError for another file.
    """
    try:
        rows = [json.loads(line) for line in path.read_bytes().split(b"\n") if line.strip()]
        pairs = [(str(row["streamer"]), str(row["comment"]), str(row["response"])) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error
    by_streamer: dict[str, list[str]] = defaultdict(list)
    for streamer, comment, _ in pairs:
        by_streamer[streamer].append(comment)
    rng = random.Random(_SEED)
    first = true = false = tried = 0
    for number, (streamer, comment, response) in enumerate(pairs):
        others = [other for other in dict.fromkeys(by_streamer[streamer]) if other != comment]
        if len(others) < CANDIDATES - 1:
            continue
        drawn = [comment, *rng.sample(others, CANDIDATES - 1)]
        ranks = [rank(candidate, response) for candidate in drawn]
        tried += 1
        first += all(ranks[0] > value for value in ranks[1:])
        called = [score(candidate, response) >= ANSWER_THRESHOLD for candidate in drawn]
        true += called[0]
        false += sum(called[1:])
        if progress is not None:
            progress(number + 1, len(pairs))
    report = ReplyReport(first / max(tried, 1), true / max(true + false, 1), true / max(tried, 1), tried)
    out.write(f"{tried} answers: recall at 1 of {CANDIDATES} {report.recall_at_1:.3f}\n")
    out.write(f"at the threshold {ANSWER_THRESHOLD}: precision {report.precision:.3f}, recall {report.recall:.3f}\n")
    return report
