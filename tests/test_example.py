"""The worked example of the contract: replaying its trace gives exactly its expected records."""

import json

import pytest

from streamproc.adapters.files import replay
from streamproc.contracts import topics
from streamproc.contracts.label import Label
from streamproc.pipeline.task import TaskConfig
from tests.fakes import Told


class _Given(Told):
    """Labels as the expected classified records have them."""

    version = "reference"

    def __init__(self, trace, classified):
        texts = {value["event_id"]: value.get("text") for value in trace if isinstance(value, dict)}
        self._labels = {
            texts[c["event_id"]]: Label(
                c["kind"], c["sub"], c["polarity"], c["aspect"], c["topic"], c["cue"], c["cue_target"],
                c["purchase_report"], c["confidence"], None,
            )
            for c in classified
        }  # fmt: skip

    def label(self, texts):
        """Return the labels given."""
        return [self._labels[text] for text in texts]


def _read(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _equal(expected, got):
    """Compare as the contract does: floating point agrees to 1e-9, everything else exactly, keys and types too."""
    if isinstance(expected, dict):
        return expected.keys() == got.keys() and all(_equal(value, got[name]) for name, value in expected.items())
    if isinstance(expected, float):
        return isinstance(got, int | float) and got == pytest.approx(expected, rel=1e-9, abs=1e-9)
    return type(expected) is type(got) and expected == got


@pytest.mark.parametrize(
    "topic",
    [topic for topic in topics.OUTPUTS if topic != topics.ALERTS],
)
def test_the_example(eval_data, tmp_path, topic):
    """All records are as expected; of the metrics, those that the example holds."""
    example = eval_data / "example"
    expected = _read(example / "expected" / f"{topic}.jsonl")
    labels = [
        c for name in ("chat", "feedback") for c in _read(example / "expected" / f"live.{name}.classified.v1.jsonl")
    ]
    given = _Given([line["value"] for line in _read(example / "trace.jsonl")], labels)
    replay([str(example / "trace.jsonl")], tmp_path, given, TaskConfig(b"example"))
    got = {value["id"]: value for value in _read(tmp_path / f"{topic}.jsonl")}
    assert [value["id"] for value in expected if not _equal(value, got.get(value["id"], {}))] == []
    assert len(got) == (60 if topic == "live.metrics.v1" else len(expected))
