"""What understanding costs: µs of CPU a new message, and an utterance against open questions, beside cutting its words.

The machine's speed stands in the floor, so trust the ratios. Texts are the corpus's and the hand-checked pairs'.
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from streamproc.understanding.classifier import Classifier
from streamproc.understanding.corpus_io import read_corpus
from streamproc.understanding.matcher import QuestionIndex
from streamproc.understanding.text import tokens

PAIRS = Path(__file__).parents[1] / "tests/understanding/pairs/answers.txt"
ROUNDS = 15
BATCH = 512


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=200, help="open at once")
    options = parser.parse_args()
    rng = random.Random(1)
    corpus = read_corpus()
    messages = [message.text for message in rng.sample(corpus, 8 * BATCH)]
    said = [line.split("=>")[1].strip() for line in PAIRS.read_text(encoding="utf-8").splitlines() if "=>" in line]
    utterances = [one + other for one in said[:50] for other in said[50:90]]
    classifier = Classifier.load()
    index = QuestionIndex()
    asks = [message.text for message in corpus if message.sub == "ask"]
    for number, question in enumerate(rng.sample(asks, options.questions)):
        index.add(str(number), question, classifier.rules.topic(question), None)

    rows = [
        ("message: cut into words", measure(lambda _: [tokens(text) for text in messages], messages)),
        ("message: the model", measure(lambda _: scored(classifier, messages), messages)),
        ("utterance: cut into words", measure(lambda _: [tokens(text) for text in utterances], utterances)),
        ("utterance: new", measure(lambda end: answered(index, [text + end for text in utterances]), utterances)),
        ("utterance: known", measure(lambda _: answered(index, utterances), utterances)),
    ]
    floor = 1.0
    for name, cost in rows:
        floor = cost if name.endswith("words") else floor
        print(f"{name:28}{cost:8.1f} µs{cost / floor:8.1f} times its floor")


def scored(classifier: Classifier, texts: Sequence[str]) -> None:
    """Score texts in batches, without the cache."""
    for start in range(0, len(texts), BATCH):
        classifier.scores(texts[start : start + BATCH])


def answered(index: QuestionIndex, texts: Sequence[str]) -> None:
    """Look up what each utterance answers."""
    for text in texts:
        index.answered_by(text, None)


def measure(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """Give the least CPU time of some rounds, in µs a text; ``work`` is given another ending in every round."""
    costs = []
    for number in range(ROUNDS):
        start = time.process_time()
        work(chr(ord("甲") + number))
        costs.append(time.process_time() - start)
    return min(costs) / len(texts) * 1e6


if __name__ == "__main__":
    main()
