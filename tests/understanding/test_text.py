"""The contract's normal form and the folding."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.understanding.folding import MAX_CHARS, SEPARATOR, build_table, fold
from streamproc.understanding.text import cut, normalise, tokens

TABLE = build_table()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("多少钱？", "多少钱"),
        (" 多少 钱 ～", "多少钱"),
        ("ＡＢＣ１２３", "abc123"),
        ("Straße!", "strasse"),
        ("？？", "？？"),
        ("😂😂", "😂😂"),
        ("", ""),
        ("好看😂", "好看"),
        ("a_b-c", "abc"),
        ("¥99", "99"),
    ],
)
def test_normal_form_keeps_words_only(text, wanted):
    """Whitespace, punctuation and symbols go; a text that has nothing else stays."""
    assert normalise(text) == wanted


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.text(max_size=60))
def test_normal_form_is_stable(text):
    """Normalising twice changes nothing more where something was left."""
    once = normalise(text)
    assert once == text or normalise(once) in {once, normalise(text)}


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(st.text(max_size=300), min_size=1, max_size=8))
def test_folding_keeps_texts_apart(texts):
    """A batch has one separator more than texts, none of them inside a text, and no text over its limit."""
    batch = fold(texts, TABLE)
    assert len(batch.breaks) == len(texts) + 1
    assert int((batch.stream == SEPARATOR).sum()) == len(texts) + 1
    assert int((batch.breaks[1:] - batch.breaks[:-1]).max()) <= MAX_CHARS + 1


def test_folding_evens_out_spelling():
    """Traditional, full-width and capital letters fold to the same codes as plain ones; runs are cut to three."""
    one, other = fold(["這個Ｓ碼好好好好好"], TABLE), fold(["这个s码好好好"], TABLE)
    assert one.codes.tolist() == other.codes.tolist()


def test_tokens_are_jiebas():
    """The fast tokeniser gives jieba's words."""
    assert tokens("这个多少钱") == ["这个", "多少", "钱"]
    assert "".join(cut("姐妹们160穿什么码")) == "姐妹们160穿什么码"
