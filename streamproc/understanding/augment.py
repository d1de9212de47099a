"""Messages made from the corpus's own for training: two joined, and other endings.

They teach what single short messages cannot: that commas, emotes and length say nothing by themselves, and what a
message is that greets and then asks. They belong to training alone and are counted nowhere as corpus.
"""

import random
from collections.abc import Sequence
from typing import Final

from streamproc.understanding.corpus_io import Message

_SEED: Final = 20240611
_JOINTS: Final = ("，", " ", "。", "！", "", "…", ",", "  ", "？", "、")
_ENDINGS: Final = (
    "[捂脸]",
    "[笑哭]",
    "[看]",
    "[呲牙]",
    "[玫瑰]",
    "😂",
    "~",
    "。",
    "！",
    "…",
    "..",
    "!!",
    "哈哈",
    "啊",
    "[流泪]",
    "😭",
    " ",
    "呀",
    "吧",
    "了",
)
#: What a message is whose parts are of these subs, in this order; parts of other pairs are not joined.
_JOINED: Final = {
    ("-", "-"): 1,
    ("-", "ask"): 1,
    ("ask", "-"): 0,
    ("-", "request"): 1,
    ("request", "-"): 0,
    ("-", "opinion"): 1,
    ("opinion", "-"): 0,
    ("ask", "ask"): 1,
    ("request", "request"): 1,
    ("opinion", "opinion"): 1,
    ("help", "help"): 1,
    ("opinion", "help"): 1,
    ("reply", "ask"): 1,
    ("reply", "request"): 1,
    ("reply", "reply"): 1,
    ("-", "reply"): 1,
    ("seek", "ask"): 0,
}


def joined(messages: Sequence[Message], count: int) -> list[Message]:
    """Join pairs of messages, ``count`` of them, the same for the same messages."""
    rng = random.Random(_SEED)
    made: list[Message] = []
    while len(made) < count:
        first = messages[int(rng.random() * len(messages))]
        second = messages[int(rng.random() * len(messages))]
        chosen = _JOINED.get((first.sub, second.sub))
        if chosen is None or len(first.text) + len(second.text) > 60:
            continue
        if first.sub == second.sub and (first.polarity, first.aspect) != (second.polarity, second.aspect):
            continue
        whole = (first, second)[chosen]
        joint = _JOINTS[int(rng.random() * len(_JOINTS))]
        made.append(_with(whole, first.text + joint + second.text))
    return made


def ended(messages: Sequence[Message]) -> list[Message]:
    """Give every message another ending and, where it has them, no punctuation."""
    rng = random.Random(_SEED + 1)
    made = []
    for message in messages:
        ending = _ENDINGS[int(rng.random() * len(_ENDINGS))]
        text = message.text
        if rng.random() < 0.5:
            text = text.replace("，", " ").replace("。", " ").replace(" ", "" if rng.random() < 0.5 else "，")
        if text and not text.isdigit() and not text.isascii():
            text += ending if ending not in "啊呀吧了" or message.sub == "-" else ""
        made.append(_with(message, text))
    return made


def _with(message: Message, text: str) -> Message:
    return Message(text, message.kind, message.sub, message.polarity, message.aspect, "made")
