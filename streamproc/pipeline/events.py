"""Input models to domain events: users hashed, texts understood."""

import hmac
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from streamproc.contracts import topics
from streamproc.contracts.inputs import Anchor, AnyInput, Chat, Feedback, Order
from streamproc.contracts.label import Label
from streamproc.domain.events import AnyEvent, Happening, Message, Opinion, Purchase, Utterance
from streamproc.domain.rules import QuestionIndex
from streamproc.pipeline.decode import position
from streamproc.pipeline.records import Output, encode

Hash = Callable[[str], str]


class Understanding(Protocol):
    """What reads texts: the classifier and the matcher, or a stand-in for tests of the numbers."""

    @property
    def version(self) -> str:
        """Return the model_version of classified records."""

    def label(self, texts: list[str]) -> list[Label]:
        """Return one label a text; each depends on its text alone."""

    def normalise(self, text: str) -> str:
        """Return the text by which equal questions are known."""

    def index(self) -> QuestionIndex:
        """Return a new index for one session's questions."""


def user_hash(key: bytes) -> Hash:
    """Return a function from a user_id to the first 16 hex digits of its HMAC-SHA256 under ``key``."""

    @lru_cache(maxsize=200_000)
    def hashed(user_id: str) -> str:
        return hmac.digest(key, user_id.encode(), "sha256").hex()[:16]

    return hashed


def event_of(item: AnyInput, label: Label | None, hashed: Hash, normalise: Callable[[str], str]) -> AnyEvent:
    """Return an input model as the domain sees it. Chat messages must come with a label."""
    if isinstance(item, Chat) and label is not None:
        return _message(item, label, hashed, normalise)
    if isinstance(item, Anchor):
        return Utterance(
            item.event_id,
            item.room_id,
            position(item),
            item.role,
            item.channel,
            item.text,
            item.event_time,
            tuple(item.reply_to or ()),
            item.product_id,
        )
    if isinstance(item, Order):
        return Purchase(
            item.event_id,
            item.room_id,
            item.event_time,
            item.order_id,
            hashed(item.user_id),
            item.quantity,
            item.amount,
            item.currency,
            item.status,
            item.trusted_purchase is True,
        )
    if isinstance(item, Feedback):
        return Opinion(item.event_id, item.room_id, item.event_time, item.channel, item.score, label)
    if isinstance(item, Chat):
        raise TypeError("a chat message without its label")
    return Happening(
        item.event_id,
        item.room_id,
        item.event_time,
        item.type,
        item.value,
        None if item.user_id is None else hashed(item.user_id),
        item.product_id,
        None if item.referrer_id is None else hashed(item.referrer_id),
    )


def _message(item: Chat, label: Label, hashed: Hash, normalise: Callable[[str], str]) -> Message:
    return Message(
        item.event_id,
        item.room_id,
        item.event_time,
        hashed(item.user_id),
        item.text,
        label,
        normalise(item.text) if label.kind == "question" else "",
        item.reply_to,
        tuple(hashed(user) for user in item.mentions) if item.mentions else (),
        item.product_id,
        None if item.user is None else item.user.follower,
    )


def classified(item: Chat | Feedback, label: Label, hashed: Hash, version: str) -> Output:
    """Return the classified record of a chat message or of a feedback's text."""
    body: dict[str, Any] = {
        "id": f"{item.room_id}/{item.event_id}",
        "event_id": item.event_id,
        "room_id": item.room_id,
        "user": hashed(item.user_id),
        "event_time": item.event_time,
        "kind": label.kind,
        "sub": label.sub,
        "polarity": label.polarity,
        "aspect": label.aspect,
        "topic": label.topic,
        "cue": label.cue,
        "cue_target": label.cue_target,
        "purchase_report": label.purchase_report,
        "confidence": label.confidence,
        "model_version": version,
    }
    topic = topics.CLASSIFIED
    if isinstance(item, Feedback):
        topic = topics.FEEDBACK_CLASSIFIED
        body["channel"] = item.channel
        body["score"] = item.score
    return Output(topic, item.room_id.encode(), encode(body))
