"""The viewers of one session: who is there, who writes to whom, who came or bought because of whom."""

from itertools import takewhile
from typing import Any

from msgspec import Struct, field

from streamproc.domain.events import Happening, Message
from streamproc.domain.rules import Surroundings
from streamproc.domain.time import FOLLOW_ON, PANE, REPLY_AGE
from streamproc.domain.windows import Distinct, Peak, Tally, forget


class Author(Struct, gc=False):
    """Who wrote a message, when (ms), and whether they follow the anchor."""

    user: str
    at: int
    follower: bool | None


class Report(Struct, gc=False):
    """A user's latest word of having bought."""

    user: str
    at: int


class Crowd(Struct):
    """The session's viewers."""

    chatters: Distinct = field(default_factory=Distinct)
    helpers: Distinct = field(default_factory=Distinct)
    entered: Distinct = field(default_factory=Distinct)
    by_share: Distinct = field(default_factory=Distinct)
    peak: Peak = field(default_factory=Peak)
    last: int | None = None
    #: Messages that may still be replied to, oldest first.
    authors: dict[str, Author] = field(default_factory=dict)
    #: Ordered pairs (who replied to whom) of the session.
    pairs: dict[str, bool] = field(default_factory=dict)
    #: The newest purchase report, and the newest by somebody else.
    report: Report | None = None
    other_report: Report | None = None

    def happen(self, event: Happening, pane: int, tally: Tally) -> None:
        """Count a viewers, enter, follow, share, click or cart event."""
        kind, user = event.type, event.user
        if kind == "viewers" and event.value is not None:
            self.last = event.value
            self.peak.add(event.value, pane)
        elif kind == "enter" and user is not None:
            self.entered.mark(user, pane)
            if event.referrer is not None:
                self.by_share.mark(user, pane)
        elif kind in _COUNTED:
            tally.add(_COUNTED[kind])

    def write(self, message: Message, t: int, tally: Tally, around: Surroundings) -> None:
        """Note a message and whom it replies to."""
        to = None if message.reply_to is None else self.authors.get(message.reply_to)
        if to is not None and to.user != message.user and t - to.at <= REPLY_AGE:
            self._reply(message, to, tally, around)
        self.authors.pop(message.event_id, None)
        self.authors[message.event_id] = Author(message.user, t, message.follower)
        if message.label.purchase_report:
            if self.report is not None and self.report.user != message.user:
                self.other_report = self.report
            self.report = Report(message.user, t)
        _bound("messages", self.authors, around.rules.bounds.messages, around)

    def distincts(self) -> tuple[Distinct, ...]:
        """Return the sets of users."""
        return self.chatters, self.helpers, self.entered, self.by_share

    def follows_report(self, user: str, t: int) -> bool:
        """Say whether another user reported a purchase less than 60 s before ``t``."""
        for report in (self.report, self.other_report):
            if report is not None and report.user != user and t - report.at < FOLLOW_ON:
                return True
        return False

    def roll(self, pane: int) -> None:
        """Begin ``pane``."""
        for distinct in self.distincts():
            distinct.roll(pane)
        self.peak.roll(pane)
        oldest = pane * PANE - REPLY_AGE
        for event_id in list(takewhile(lambda event_id: self.authors[event_id].at < oldest, self.authors)):
            del self.authors[event_id]

    def _reply(self, message: Message, to: Author, tally: Tally, around: Surroundings) -> None:
        tally.add("replies")
        if f"{to.user}>{message.user}" in self.pairs:
            tally.add("replies_returned")
        self.pairs[f"{message.user}>{to.user}"] = True
        _bound("pairs", self.pairs, around.rules.bounds.pairs, around)
        if to.follower is not None and message.follower is not None:
            tally.add("replies_alike" if to.follower == message.follower else "replies_unlike")


def _bound(what: str, kept: dict[str, Any], most: int, around: Surroundings) -> None:
    evicted = forget(kept, most)
    if evicted:
        around.count(what, evicted)


_COUNTED = {"follow": "follows", "share": "shares", "click": "clicks", "cart": "carts"}
