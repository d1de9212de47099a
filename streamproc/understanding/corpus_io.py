"""The project's corpus of labelled messages: one readable file a sub-class, under headers like ``[[neg product]]``."""

import json
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec

#: Corpus file to (kind, sub), in the order of the model's outputs.
FILES: Final = {
    "question_ask": ("question", "ask"),
    "question_request": ("question", "request"),
    "mutuality_help": ("mutuality", "help"),
    "mutuality_seek": ("mutuality", "seek"),
    "feedback_reply": ("feedback", "reply"),
    "feedback_opinion": ("feedback", "opinion"),
    "other": ("other", "-"),
}
POLARITIES: Final = ("neu", "pos", "neg")
ASPECTS: Final = ("-", "content", "product", "logistics", "service")
KINDS: Final = ("question", "mutuality", "feedback", "other")


class Message(msgspec.Struct, frozen=True):
    """A labelled text."""

    text: str
    kind: str
    sub: str
    polarity: str = "neu"
    aspect: str = "-"
    source: str = "corpus"


def read_corpus() -> list[Message]:
    """Read the corpus shipped with the package, in the order of its files.

    Raises ValueError where a header is none or a text stands in two places.
    """
    folder = resources.files(__package__).joinpath("corpus")
    found: dict[str, Message] = {}
    for name, (kind, sub) in FILES.items():
        text = folder.joinpath(f"{name}.txt").read_text(encoding="utf-8")
        for message in parse(text, kind, sub):
            other = found.setdefault(message.text, message)
            if other != message:
                raise ValueError(f"{message.text!r} is {other.kind}/{other.sub} {other.polarity} and in {name}.txt")
    return list(found.values())


def parse(text: str, kind: str, sub: str) -> Iterable[Message]:
    """Give the messages of one corpus file; lines that start with ``##`` are comments."""
    polarity, aspect = "neu", "-"
    for line in text.split("\n"):
        if line.startswith("[[") and line.endswith("]]"):
            polarity, aspect = line[2:-2].split()
            if polarity not in POLARITIES or aspect not in ASPECTS or (polarity == "neu") != (aspect == "-"):
                raise ValueError(f"{line} is no polarity and aspect")
        elif line.strip() and not line.startswith("##"):
            yield Message(line, kind, sub, polarity, aspect)


def read_labelled(path: Path) -> list[Message]:
    """Read JSONL with text, kind, sub, polarity and aspect (and source), as data/messages_dev.jsonl has it.

    Raises ValueError with the line's number where a line is none of that.
    """
    messages = []
    subs = set(FILES.values())
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = msgspec.convert(json.loads(line), Message)
        except (ValueError, msgspec.ValidationError) as error:
            raise ValueError(f"{path}:{number}: {error}") from error
        if (row.kind, row.sub) not in subs or row.polarity not in POLARITIES or row.aspect not in ASPECTS:
            raise ValueError(f"{path}:{number}: {row.kind}/{row.sub} {row.polarity} {row.aspect} is no label")
        messages.append(row)
    return messages
