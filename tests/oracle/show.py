"""The makings of a random trace: its style, what has been sent, and draws.

Every choice is drawn from one `random.Random`, so that a seed or hypothesis' own source makes the trace.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

T0 = 1_763_712_000_000

#: c chat, a anchor, o orders, r room, f feedback, s what is on stage.
ABOUT = ("ccccaaoorrsf", "ccccccaa", "ccccaaao", "ccoooo", "cooor", "crsss", "cccrsf", "cor")

SHORT = ((0, 1, 1_000, 3_000), (0, 1_000, 5_000, 20_000))

#: Distances (s) that some rule is about, and what lies beside them (ms).
DISTANCES = (5, 10, 15, 30, 60, 65, 75, 300, 305, 600, 605, 900, 905)
BESIDE = (0, 0, 0, -1, 1)


@dataclass(frozen=True)
class Style:
    """What sort of trace: how many events, how far apart (ms), how late, how broken."""

    events: int
    rooms: int
    gaps: tuple[int, ...]
    #: Share of events placed at a distance of DISTANCES from an earlier one; only short ones where not `long`.
    on_boundary: float
    long: bool
    #: Delays of arrival (ms), one drawn for each event.
    delays: tuple[int, ...]
    broken: float
    duplicate: float
    stamped: bool
    marks: float
    #: What the trace is about: names of the functions that make an event, as often as they are to be drawn.
    about: str
    #: How many different question texts, products, orders and users there are.
    questions: int
    products: int
    orders: int
    users: int
    #: Share of events at a distance that matters from one earlier event, and of those exactly 15 min late.
    echoes: float
    very_late: float


@dataclass
class Sent:
    """A record to be, and when it arrives."""

    arrival: int
    topic: str
    data: dict[str, Any]
    raw: bytes | None = None
    key: bytes | None = None
    timestamp: int | None = None
    has_raw: bool = False
    usable: bool = True


@dataclass
class Show:
    """A trace in the making."""

    rnd: Random
    style: Style
    now: int = T0
    sent: list[Sent] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    chats: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    count: int = 0
    last: str = ""

    def pick(self, *choices: Any) -> Any:
        """Draw one of the choices."""
        return choices[self.rnd.randrange(len(choices))]

    def chance(self, share: float) -> bool:
        """Draw whether something happens."""
        return self.rnd.randrange(1000) < share * 1000

    def user(self) -> str:
        """Draw a user."""
        return f"u{self.rnd.randrange(self.style.users)}"

    def name(self) -> str:
        """Return a new event_id; the letter makes their order unlike that of time."""
        self.count += 1
        self.last = f"{self.pick('a', 'k', 'z')}{self.count}"
        return self.last


def style(rnd: Random) -> Style:
    """Draw a sort of trace."""
    dense = rnd.randrange(4) > 0
    within = (0, 0, 0, 1_000, 4_999, 5_000)
    delays = {
        0: (0,),
        1: within,
        2: (*within, *within, 5_001, 10_000, 20_000, 70_000),
        3: (*within, 65_000, 300_000, 600_000, 905_000, 905_001, 904_999, 1_200_000),
    }[rnd.randrange(4)]
    return Style(
        events=rnd.choice((10, 30, 60, 60, 100, 140)),
        rooms=rnd.choice((1, 1, 1, 2, 3)),
        gaps=rnd.choice(SHORT) if dense else (0, 1_000, 10_000, 30_000, 60_000, 100_000),
        on_boundary=rnd.choice((0.1, 0.3, 0.5)),
        long=not dense,
        delays=delays,
        broken=rnd.choice((0.0, 0.05)),
        duplicate=rnd.choice((0.0, 0.08)),
        stamped=rnd.randrange(4) == 0,
        marks=rnd.choice((0.0, 0.0, 0.01, 0.05, 0.2)),
        about=rnd.choice(ABOUT),
        questions=rnd.choice((1, 2, 5)),
        products=rnd.choice((0, 1, 2)),
        orders=rnd.choice((2, 4, 9)),
        users=rnd.choice((2, 3, 6)),
        echoes=rnd.choice((0.0, 0.1, 0.3)),
        very_late=rnd.choice((0.0, 0.0, 0.05)),
    )
