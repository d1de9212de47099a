"""Labels of the shipped model."""

import random

import pytest

from streamproc.understanding.classifier import Classifier, bare_number

SURE = {
    "多少钱": "ask",
    "160穿什么码": "ask",
    "求链接": "request",
    "有姐妹买过吗": "seek",
    "我买过 不掉色 姐妹们放心拍": "help",
    "已拍": "reply",
    "扣1": "reply",
    "太贵了": "opinion",
    "怎么还没发货": "opinion",
    "哈哈哈哈": "-",
    "晚上好": "-",
}


@pytest.fixture(scope="module")
def classifier():
    """Give the shipped classifier."""
    return Classifier.load()


@pytest.mark.parametrize(("text", "sub"), SURE.items())
def test_plain_messages_are_what_the_guide_says(classifier, text, sub):
    """The guide's plain cases come out as it says."""
    assert classifier.label([text])[0].sub == sub


def test_a_label_depends_on_its_text_alone():
    """Any batch, any order and a fresh cache give a text the same label."""
    texts = [*SURE, "", " ", "\n", "😂", "a\nb", "x" * 500, "1", "23号大衣", "[捂脸]"] * 3
    alone = {text: Classifier.load().label([text])[0] for text in set(texts)}
    mixed = list(texts)
    random.Random(4).shuffle(mixed)
    classifier = Classifier.load()
    assert classifier.label(mixed) == [alone[text] for text in mixed]
    assert classifier.label(mixed[::-1]) == [alone[text] for text in mixed[::-1]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1", ("feedback", "reply")),
        ("１１１", ("feedback", "reply")),
        ("2222", ("feedback", "reply")),
        ("42", ("feedback", "reply")),
        ("666", ("other", "-")),
        ("88888888", ("other", "-")),
        ("2333", ("other", "-")),
        ("520", ("other", "-")),
        ("38274650192", ("question", "request")),
        ("3.5", None),
        ("1号", None),
        ("", None),
    ],
)
def test_bare_numbers(text, wanted):
    """A number alone is an answer, a meme or an order's number."""
    assert bare_number(text) == wanted


def test_labels_hold_together(classifier):
    """Topic is for questions; aspect goes with polarity; other and replies have none; confidence is a probability."""
    for label in classifier.label([*SURE, "快递太慢了", "客服不理人", "几天能到", "主播好美"]):
        assert (label.topic is not None) == (label.kind == "question")
        assert (label.aspect == "-") == (label.polarity == "neu")
        assert (label.cue is None) == (label.cue_target is None)
        assert 0 <= label.confidence <= 1
        assert round(label.confidence, 4) == label.confidence


def test_version_names_the_artefact(classifier):
    """The version is stable and carries a digest."""
    assert classifier.version == Classifier.load().version
    assert len(classifier.version.rsplit("-", 1)[1]) == 12


def _wild(rng):
    pools = (
        lambda: chr(rng.randrange(0x20)),
        lambda: chr(rng.randrange(0xD800, 0xE000)),
        lambda: chr(rng.randrange(0x590, 0x700)),
        lambda: "a" + "".join(chr(rng.randrange(0x300, 0x370)) for _ in range(5)),
        lambda: chr(rng.randrange(0x1F300, 0x1FAFF)),
        lambda: chr(rng.randrange(0x4E00, 0xA000)),
        lambda: chr(rng.randrange(0x110000)),
        lambda: rng.choice("0123456789?!@[] \n\r\t　"),
        lambda: rng.choice(["[捂脸]", "😂" * 20, "哈" * 30, "\u202e", "\ufeff", "\x00"]),
    )
    pool = rng.choice(pools)
    return "".join((pool if rng.random() < 0.7 else rng.choice(pools))() for _ in range(rng.randrange(6)))


def test_any_unicode_gets_a_label(classifier):
    """100,000 random strings, among them control characters, lone surrogates, right-to-left and zalgo, all get one."""
    rng = random.Random(11)
    for _ in range(50):
        texts = [_wild(rng) for _ in range(2000)]
        assert len(classifier.label(texts)) == 2000


def test_long_texts_are_cut(classifier):
    """What lies beyond the first 256 characters cannot change a label, so cost is bounded."""
    for text in ("😂" * 500, "好" * 500, "[" * 500, "这个" * 250):
        assert classifier.label([text + "多少钱"])[0].sub == classifier.label([text + "哈哈"])[0].sub
