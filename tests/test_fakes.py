"""The stand-in for understanding keeps the promises that the real one keeps."""

import pytest
from msgspec import structs

from streamproc.contracts.outputs import Classified
from streamproc.shell.wiring import ShippedUnderstanding
from tests.fakes import Told

TEXTS = [
    "ask.price 多少钱",
    "666",
    "help 我买过 不掉色",
    "opinion.product.neg 太差了",
    "",
    "❤️❤️",
    "bought 已拍",
    "😀" * 500,
]


@pytest.fixture(params=[Told, ShippedUnderstanding], ids=["fake", "real"])
def understanding(request):
    """Either."""
    return request.param()


def test_labels_depend_on_their_text_alone(understanding):
    """One label a text, the same in whatever batch, with values that the contract allows."""
    together = understanding.label(TEXTS)
    assert together == [understanding.label([text])[0] for text in TEXTS]
    assert understanding.label(TEXTS[::-1]) == together[::-1]
    assert understanding.label([]) == []
    for label in together:
        told = {name: value for name, value in structs.asdict(label).items() if name != "advice"}
        Classified.model_validate({**_ENVELOPE, **told})
        assert (label.sub == "-") == (label.kind == "other")
        assert (label.topic is not None) == (label.kind == "question")
        assert (label.aspect == "-") == (label.polarity == "neu")


_ENVELOPE = {
    "id": "r/e", "event_id": "e", "room_id": "r", "user": "0" * 16, "event_time": 0, "model_version": "v",
}  # fmt: skip


def test_normalise(understanding):
    """Equal texts are equal after normalisation; what has nothing else stays as it is."""
    assert understanding.normalise("口红 多少钱？") == understanding.normalise("口红多少钱")
    assert understanding.normalise("？？") == "？？"


def test_index_forgets(understanding):
    """An index finds only what was added and not discarded."""
    index = understanding.index()
    index.add("k", "口红多少钱", "price", "p")
    index.add("l", "几天能到", "shipping", None)
    index.discard("k")
    assert "k" not in index.same("口红多少钱啊", "price", "p")
    assert "k" not in dict(index.answered_by("口红今天九十九", "p"))
    assert "k" not in dict(index.helped_by("口红九十九", "p"))
    assert all(0 <= score <= 1 for _, score in index.answered_by("明天就能到", None))
