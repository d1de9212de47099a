"""Input records, as pydantic models: the only place that says what a usable record is.

Validation is strict: no type is coerced. Unknown fields are ignored; absent and null are the same.
"""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, model_validator

from streamproc.contracts import topics

#: 2000-01-01 and 2100-01-01 (exclusive), ms since the epoch.
TIME_MIN: Final = 946_684_800_000
TIME_MAX: Final = 4_102_444_800_000

#: Digits of an integer at most: sums of any number of them, and their quotients, stay within a float's reach.
DIGITS: Final = 200
_MOST: Final = 10**DIGITS

#: A separator of output ids, white space or a control character.
_UNSAFE = r"/@#\s\x00-\x1f\x7f-\x9f"

Id = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=128)]
#: room_id and event_id become parts of output ids, so they hold no separator of those.
KeyId = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=128, pattern=rf"^[^{_UNSAFE}]+$")]
Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=500)]
TimeMs = Annotated[int, Field(strict=True, ge=TIME_MIN, lt=TIME_MAX)]
Count = Annotated[int, Field(strict=True, ge=0, lt=_MOST)]
Currency = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{3}$")]
Ids = Annotated[list[Id], Field(max_length=100)]


class Input(BaseModel):
    """What every input record has."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    topic: ClassVar[str]

    event_id: KeyId
    room_id: KeyId
    event_time: TimeMs


class Viewer(BaseModel):
    """What the platform knows of the author of a chat message."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    level: Count | None = None
    follower: StrictBool | None = None
    returning: StrictBool | None = None


class Chat(Input):
    """A viewer's message."""

    topic: ClassVar[str] = topics.CHAT

    user_id: Id
    text: Text
    reply_to: Id | None = None
    mentions: Ids | None = None
    product_id: Id | None = None
    user: Viewer | None = None


class Anchor(Input):
    """What the anchor, an assistant or a bot says, writes, pins or shows."""

    topic: ClassVar[str] = topics.ANCHOR

    anchor_id: Id
    role: Literal["anchor", "assistant", "bot"]
    channel: Literal["speech", "text", "pin", "demo"]
    text: Text
    end_time: TimeMs | None = None
    reply_to: Ids | None = None
    product_id: Id | None = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "Anchor":
        if self.end_time is not None and self.end_time < self.event_time:
            raise ValueError("end_time: before event_time")
        return self


class Order(Input):
    """A change of an order's status."""

    topic: ClassVar[str] = topics.ORDERS

    order_id: Id
    user_id: Id
    product_id: Id
    quantity: Annotated[int, Field(strict=True, ge=1, lt=_MOST)]
    amount: Annotated[Count, Field(description="minor units of the currency")]
    currency: Currency
    status: Literal["placed", "paid", "cancelled", "refunded"]
    reason: str | None = None
    trusted_purchase: StrictBool | None = None


#: Room events that are a user's doing, and those about a product.
_WITH_USER: Final = frozenset({"enter", "follow", "share", "click", "cart"})
_WITH_PRODUCT: Final = frozenset({"product_shown", "product_hidden", "click", "cart"})


class Room(Input):
    """Something that happens to the room: session marks, viewers, products, promotions."""

    topic: ClassVar[str] = topics.ROOM

    type: Literal[
        "started", "ended", "viewers", "enter", "follow", "share", "product_shown", "product_hidden",
        "promotion_started", "promotion_ended", "click", "cart",
    ]  # fmt: skip
    value: Count | None = None
    user_id: Id | None = None
    product_id: Id | None = None
    referrer_id: Id | None = None

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> "Room":
        if self.type == "viewers" and self.value is None:
            raise ValueError("value: required for viewers")
        if self.user_id is None and self.type in _WITH_USER:
            raise ValueError(f"user_id: required for {self.type}")
        if self.product_id is None and self.type in _WITH_PRODUCT:
            raise ValueError(f"product_id: required for {self.type}")
        return self


class Feedback(Input):
    """A review, an after-sale contact or a survey answer."""

    topic: ClassVar[str] = topics.FEEDBACK

    user_id: Id
    channel: Literal["review", "after_sale", "survey"]
    text: Text | None = None
    score: Annotated[int, Field(strict=True, ge=0, le=10)] | None = None
    order_id: Id | None = None
    product_id: Id | None = None


MODELS: Final[dict[str, type[Input]]] = {m.topic: m for m in (Chat, Anchor, Order, Room, Feedback)}
AnyInput = Chat | Anchor | Order | Room | Feedback
Json = dict[str, Any]
