"""Events: valid input records, and when they are applied."""

from dataclasses import dataclass
from typing import Any

from streamproc.contracts.label import Label
from tests.oracle import constants as c

NEVER = -(10**18)


@dataclass(eq=False)
class Event:
    """A valid input record; t and late are known when it is applied."""

    topic: str
    data: dict[str, Any]
    label: Label | None = None
    t: int = NEVER
    late: bool = False
    #: Place in the order in which all events are applied.
    seq: int = -1

    @property
    def position(self) -> int:
        """The time an event is ordered by: an utterance is known when it was said."""
        end = self.data.get("end_time") if self.topic == c.ANCHOR else None
        at: int = self.data["event_time"] if end is None else end
        return at

    @property
    def order(self) -> tuple[int, int, str]:
        """What events of a room are ordered by."""
        return (self.position, c.INPUTS.index(self.topic), self.data["event_id"])

    @property
    def user(self) -> str | None:
        """The user_id, where it has one."""
        return self.data.get("user_id")
