"""Training and evaluation."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest

from streamproc.understanding.artefact import read_model, shipped
from streamproc.understanding.augment import ended, joined
from streamproc.understanding.classifier import Classifier
from streamproc.understanding.corpus_io import read_corpus
from streamproc.understanding.evaluate import calibration_error, evaluate_messages, evaluate_replies, macro_f1
from streamproc.understanding.rules import Rules
from streamproc.understanding.train import isotonic, train, train_model

SMALL = read_corpus()[::20]


def test_training_gives_the_same_bytes():
    """Two trainings on the same messages give the same artefact, and it reads back as it was."""
    first, second = train_model(SMALL), train_model(SMALL)
    data = first.to_bytes()
    assert data == second.to_bytes()
    again = read_model(data)
    assert again.words == first.words
    assert np.array_equal(again.weights, first.weights)


@pytest.mark.long
def test_the_shipped_model_is_rebuilt_bit_for_bit(tmp_path):
    """Training on the corpus gives the shipped file, byte for byte."""
    target = tmp_path / "model.npz"
    train(target, io.StringIO())
    assert target.read_bytes() == shipped()


def test_the_shipped_model_is_small_and_plain():
    """The artefact is at most 8 MB and anything else is refused without being unpickled."""
    assert len(shipped()) <= 8_000_000
    for data in (b"", b"PK", b"\x80\x04N."):
        with pytest.raises(ValueError, match="not a model"):
            read_model(data)


def test_extra_messages_change_the_model():
    """A user's own labelled messages teach the model what they say."""
    text = "摩西摩西咕噜咕噜"
    extra = [type(SMALL[0])(f"{text}{n}", "mutuality", "seek") for n in ("", "呀", "哟", "吗")]
    before = Classifier(train_model(SMALL), Rules.load(), "")
    after = Classifier(train_model([*SMALL, *extra]), Rules.load(), "")
    assert after.label([text])[0].sub == "seek" != before.label([text])[0].sub


def test_made_messages_are_always_the_same():
    """Made messages depend on the corpus alone and keep the labels of what they are made of."""
    assert joined(SMALL, 50) == joined(SMALL, 50)
    assert [(m.kind, m.polarity) for m in ended(SMALL)] == [(m.kind, m.polarity) for m in SMALL]


def test_isotonic_pools_violators():
    """The fit never decreases and keeps the weighted mean."""
    fitted = isotonic(np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4))
    assert fitted.tolist() == [0.0, 0.5, 0.5, 1.0]


def test_measures():
    """Macro-F1 and calibration error by hand."""
    assert macro_f1(["a", "a", "b"], ["a", "b", "b"], "abc") == pytest.approx(2 / 3)
    assert calibration_error([(0.9, 0.8, 10), (0.5, 0.5, 10)]) == pytest.approx(0.05)


def test_evaluation_reports(tmp_path):
    """The report of a small file names every class and source, and draws the confusion matrix."""
    path, picture = tmp_path / "messages.jsonl", tmp_path / "confusion.svg"
    rows = [
        {"text": "多少钱", "kind": "question", "sub": "ask", "polarity": "neu", "aspect": "-", "source": "one"},
        {"text": "哈哈哈", "kind": "other", "sub": "-", "polarity": "neu", "aspect": "-", "source": "two"},
        {
            "text": "太贵了",
            "kind": "feedback",
            "sub": "opinion",
            "polarity": "neg",
            "aspect": "product",
            "source": "one",
        },
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    out = io.StringIO()
    report = evaluate_messages(path, out, picture)
    assert report.macro_f1 == 1.0
    assert set(report.macro_by_source) == {"one", "two"}
    assert "confusion" in out.getvalue()
    assert picture.read_text().startswith("<svg")


def test_reply_evaluation_counts(tmp_path):
    """Of ten comments the one that is answered comes first; a file that is none is refused."""
    path = tmp_path / "pairs.jsonl"
    words = ["香蕉", "苹果", "裙子", "手机", "电脑", "台灯", "拖鞋", "茶叶", "面膜", "口红", "雨伞"]
    rows = [{"streamer": "s", "comment": f"{w}多少钱", "response": f"{w}是九十九块钱"} for w in words]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    report = evaluate_replies(path, io.StringIO())
    assert report.recall_at_1 == 1.0
    path.write_text('{"streamer": 1}')
    with pytest.raises(ValueError, match="pairs"):
        evaluate_replies(path, io.StringIO())


@pytest.mark.long
def test_dev_data_reaches_what_the_model_card_says():
    """On the evaluation data the shipped model is no worse than the model card says."""
    folder = os.environ.get("STREAMPROC_EVAL_DATA")
    if not folder:
        pytest.skip("STREAMPROC_EVAL_DATA names no folder with the evaluation data")
    report = evaluate_messages(Path(folder) / "data" / "messages_dev.jsonl", io.StringIO())
    assert report.macro_f1 >= 0.84
    assert report.kinds["question"].f1 >= 0.83
    assert report.negative.f1 >= 0.76
    assert report.calibration_error <= 0.05
