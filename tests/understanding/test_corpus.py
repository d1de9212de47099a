"""The corpus: well-formed, large, and free of the evaluation data."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from streamproc.understanding.corpus_io import FILES, parse, read_corpus, read_labelled
from streamproc.understanding.text import normalise

CORPUS = read_corpus()


def test_the_corpus_is_large_and_covers_every_label():
    """At least 8,000 distinct messages, 200 of every sub-class, and every aspect with both polarities."""
    subs = Counter((m.kind, m.sub) for m in CORPUS)
    verdicts = {(m.polarity, m.aspect) for m in CORPUS if m.sub == "opinion"}
    assert len({m.text for m in CORPUS}) == len(CORPUS) >= 8000
    assert min(subs[label] for label in FILES.values()) >= 180
    assert verdicts == {(p, a) for p in ("pos", "neg") for a in ("content", "product", "logistics", "service")}


def test_no_evaluation_text_is_in_the_corpus():
    """No dev message of five characters and more is in the corpus or the pairs, also not after normalisation."""
    folder = os.environ.get("STREAMPROC_EVAL_DATA")
    if not folder:
        pytest.skip("STREAMPROC_EVAL_DATA names no folder with the evaluation data")
    own = {normalise(m.text) for m in CORPUS}
    for name, field in (("messages_dev.jsonl", "text"), ("messages_liveshop.jsonl", "text")):
        for line in (Path(folder) / "data" / name).read_text(encoding="utf-8").splitlines():
            text = normalise(json.loads(line)[field])
            assert len(text) < 5 or text not in own


def test_a_bad_header_is_refused():
    """A header that is no polarity and aspect stops the reading."""
    with pytest.raises(ValueError, match="no polarity"):
        list(parse("[[neg -]]\n坏", "feedback", "opinion"))


def test_labelled_files_are_checked(tmp_path):
    """A line with an unknown label is named by its number."""
    path = tmp_path / "extra.jsonl"
    path.write_text('{"text": "好", "kind": "other", "sub": "-"}\n{"text": "好", "kind": "other", "sub": "ask"}\n')
    with pytest.raises(ValueError, match=":2:"):
        read_labelled(path)
    path.write_text("nonsense\n")
    with pytest.raises(ValueError, match=":1:"):
        read_labelled(path)
