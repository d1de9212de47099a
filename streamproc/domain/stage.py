"""What the anchor has on stage: products shown, promotions running, and for how long."""

from msgspec import Struct, field

from streamproc.domain.windows import Tally


class Span(Struct):
    """Time during which at least one of something was on."""

    name: str
    on: set[str] = field(default_factory=set)
    since: int = 0
    ever: bool = False

    def start(self, what: str, t: int, most: int) -> bool:
        """Put ``what`` on at ``t``; return False where ``most`` others are on already."""
        if len(self.on) >= most and what not in self.on:
            return False
        if not self.on:
            self.since = t
        self.on.add(what)
        self.ever = True
        return True

    def stop(self, what: str, t: int, tally: Tally) -> None:
        """Take ``what`` off at ``t``; what is not on stays off."""
        if what in self.on:
            self.accrue(t, tally)
            self.on.discard(what)

    def accrue(self, t: int, tally: Tally) -> None:
        """Count the time up to ``t``."""
        if self.on:
            tally.add(self.name, t - self.since)
            self.since = t


class Stage(Struct):
    """The session's stage, and how long what was on it, in ms. A promotion of no product is one of its own."""

    time: Tally = field(default_factory=Tally)
    display: Span = field(default_factory=lambda: Span("display_ms"))
    promotion: Span = field(default_factory=lambda: Span("promotion_ms"))
    product: str | None = None

    def show(self, product: str, t: int, most: int) -> bool:
        """Show a product: from now on it is the one that questions without a product are about."""
        self.product = product
        return self.display.start(product, t, most)

    def accrue(self, t: int) -> None:
        """Count the time up to ``t``."""
        self.display.accrue(t, self.time)
        self.promotion.accrue(t, self.time)
