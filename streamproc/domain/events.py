"""What happened in a room, as the domain sees it: decoded, users hashed, chat and feedback understood.

They are msgspec structs because events that wait in the reorder buffer are part of a snapshot.
"""

from typing import ClassVar, Final

from msgspec import Struct

from streamproc.contracts.label import Label


class Event(Struct, tag_field="topic", gc=False):
    """What every event has; ``position`` is its place in event time (ms)."""

    event_id: str
    room_id: str
    position: int


class Message(Event, tag="chat", gc=False):
    """A viewer's chat message. ``norm`` is its text after normalisation, for questions; else empty."""

    order: ClassVar[int] = 0
    user: str
    text: str
    label: Label
    norm: str = ""
    reply_to: str | None = None
    mentions: tuple[str, ...] = ()
    product_id: str | None = None
    follower: bool | None = None


class Utterance(Event, tag="anchor", gc=False):
    """What anchor, assistant or bot said; ``said_at`` is when they began to."""

    order: ClassVar[int] = 1
    role: str
    channel: str
    text: str
    said_at: int
    reply_to: tuple[str, ...] = ()
    product_id: str | None = None


class Purchase(Event, tag="order", gc=False):
    """A change of an order's status; ``amount`` in minor units of ``currency``."""

    order: ClassVar[int] = 2
    order_id: str
    user: str
    quantity: int
    amount: int
    currency: str
    status: str
    trusted: bool = False


class Happening(Event, tag="room", gc=False):
    """Something that happens to the room."""

    order: ClassVar[int] = 3
    type: str
    value: int | None = None
    user: str | None = None
    product_id: str | None = None
    referrer: str | None = None


class Opinion(Event, tag="feedback", gc=False):
    """A review, an after-sale contact or a survey answer; ``label`` only where it has a text."""

    order: ClassVar[int] = 4
    channel: str
    score: int | None = None
    label: Label | None = None


AnyEvent = Message | Utterance | Purchase | Happening | Opinion

#: Topics whose events open sessions and keep them alive.
ALIVE: Final = (Message, Utterance, Happening)
#: Topics whose events are never too late, and whose ids are remembered to the session's end.
LASTING: Final = (Purchase, Opinion)
