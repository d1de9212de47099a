"""Questions that ask the same, answers that answer."""

import random
from pathlib import Path

import pytest

from streamproc.understanding.matcher import ANSWER_THRESHOLD, QuestionIndex, same_question, score
from streamproc.understanding.profile import in_digits
from streamproc.understanding.rules import Rules

PAIRS = Path(__file__).parent / "pairs"
RULES = Rules.load()


def same_pairs():
    """Pairs of questions from the hand-checked groups: same within a group, different between groups of a block."""
    pairs = []
    for block in (PAIRS / "same_questions.txt").read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        groups = [[question.strip() for question in line.split("|")] for line in lines]
        for index, group in enumerate(groups):
            pairs += [(one, two, True) for at, one in enumerate(group) for two in group[at + 1 :]]
            for other in groups[index + 1 :]:
                pairs += [(group[0], other[0], False), (group[-1], other[-1], False)]
    return pairs


def answer_pairs():
    """Hand-checked pairs of a question and an utterance."""
    pairs = []
    for line in (PAIRS / "answers.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            mark = "=/=>" if "=/=>" in line else "=>"
            question, utterance = line.split(mark)
            pairs.append((question.strip(), utterance.strip(), mark == "=>"))
    return pairs


def rates(judged):
    """Give precision and recall of (said, true) pairs."""
    true = sum(said and holds for said, holds in judged)
    return true / sum(said for said, _ in judged), true / sum(holds for _, holds in judged)


def test_same_questions_are_found():
    """On the hand-checked pairs, precision is at least .95 and recall .8."""
    pairs = same_pairs()
    precision, recall = rates([(same_question(one, two), holds) for one, two, holds in pairs])
    assert len(pairs) >= 500
    assert precision >= 0.95
    assert recall >= 0.8


def test_answers_are_found():
    """On the hand-checked pairs, precision is at least .95 and recall .8 at the shipped threshold."""
    pairs = answer_pairs()
    precision, recall = rates([(score(one, two) >= ANSWER_THRESHOLD, holds) for one, two, holds in pairs])
    assert len(pairs) == len(set(pairs)) >= 500
    assert precision >= 0.95
    assert recall >= 0.8


@pytest.mark.parametrize(
    ("spelt", "digits"),
    [
        ("一米六五一百二", "165 120"),
        ("一百零五斤", "105斤"),
        ("两百二十八一盒", "228一盒"),
        ("两千三百四十五", "2345"),
        ("一千二", "1200"),
        ("十二号", "12号"),
        ("百分百千万别十分", "百分百千万别十分"),
    ],
)
def test_spelt_numbers_are_digits(spelt, digits):
    """Speech recognition writes numbers in words or in digits; words that only look like numbers stay."""
    assert in_digits(spelt) == digits


@pytest.mark.parametrize(
    ("question", "utterance", "holds"),
    [
        ("165 120穿啥码", "一米六五一百二的拍L码", True),
        ("165 120穿啥码", "一米七五一百四的穿XXL", False),
        ("礼盒多少钱", "礼盒装送人特别有面子", False),
        ("一箱多少钱", "一箱24瓶", False),
        ("怎么下单", "点小黄车三号点立即购买", True),
    ],
)
def test_numbers_and_types_decide(question, utterance, holds):
    """Two numbers stay two; a price, a size or a courier is answered by its like and not by the question's words."""
    assert (score(question, utterance) >= ANSWER_THRESHOLD) == holds


def filled(order):
    """Give an index with the questions of these keys."""
    index = QuestionIndex()
    for key in order:
        question = QUESTIONS[key]
        index.add(key, question, RULES.topic(question), "p1")
    return index


QUESTIONS = {
    "a": "黑色多少钱",
    "b": "什么时候发货",
    "c": "起球吗",
    "d": "160穿什么码",
    "e": "发什么快递",
    "f": "有大码吗",
    "g": "会不会起球",
    "h": "多少钱",
}
UTTERANCES = ["黑色的是一百九十九", "发顺丰快递", "不会起球的放心", "160穿M码就行", "大家好", "今天发货今天就发", ""]


def test_the_index_depends_on_its_keys_alone():
    """The order of adding, and what was added and taken out in between, show nowhere."""
    keys = sorted(QUESTIONS)
    plain = filled(keys)
    for seed in range(5):
        order = list(keys)
        random.Random(seed).shuffle(order)
        other = filled(order)
        other.add("x", "包邮吗", "shipping", "p1")
        other.discard("x")
        other.discard("never there")
        for text in UTTERANCES:
            assert other.answered_by(text, "p1") == plain.answered_by(text, "p1")
        for question in QUESTIONS.values():
            topic = RULES.topic(question)
            assert other.same(question, topic, "p1") == plain.same(question, topic, "p1")


def test_the_index_says_what_the_score_says():
    """An utterance answers in the index exactly the questions whose score reaches the threshold."""
    index = filled(QUESTIONS)
    for text in UTTERANCES[:4]:
        found = dict(index.answered_by(text, "p1"))
        for key, question in QUESTIONS.items():
            value = score(question, text)
            assert (key in found) == (value >= ANSWER_THRESHOLD)
            assert found.get(key, value) == value


def test_products_are_kept_apart():
    """The same question about another product is another one, and its answer answers it alone."""
    index = filled("c")
    assert index.same("会起球吗", "quality", "p1") == ["c"]
    assert index.same("会起球吗", "quality", "p2") == []
    assert index.answered_by("不会起球的", "p2") == []
    assert [key for key, _ in index.answered_by("不会起球的", None)] == ["c"]


def test_taken_out_is_gone():
    """A discarded question is found no more; adding under its key replaces."""
    index = filled("c")
    index.discard("c")
    assert index.answered_by("不会起球的", "p1") == []
    assert len(index) == 0
    index.add("c", "包邮吗", "shipping", "p1")
    index.add("c", "起球吗", "quality", "p1")
    assert [key for key, _ in index.helped_by("不会起球", "p1")] == ["c"]


@pytest.mark.parametrize("text", ["等一下再说价格", "有人问多少钱对吧", "马上讲尺码"])
def test_putting_off_answers_nothing(text):
    """An utterance that repeats a question or puts it off is no answer."""
    assert filled(QUESTIONS).answered_by(text, "p1") == []


def test_scores_are_shares():
    """Scores lie between 0 and 1 for any texts."""
    for one in (*QUESTIONS.values(), "", "😂", "1", "\ud800"):
        for two in (*UTTERANCES, "😂", "x" * 500):
            assert 0 <= score(one, two) <= 1
