"""Parameters of the synthetic show; docs/simulate.md explains each, and a test holds the two equal."""

from dataclasses import dataclass, fields, replace
from typing import Any

__all__ = ["Phase", "ShowParams"]

#: Parameters that are shares or probabilities.
_SHARES = (
    "ends",
    "questions",
    "requests_for_next",
    "repeats",
    "opinions",
    "negatives",
    "helps",
    "seeks",
    "replies",
    "answers",
    "explicit_answers",
    "text_answers",
    "peer_helps",
    "buy_answered",
    "buy_unanswered",
    "unpaid",
    "cancellations",
    "refunds",
    "surveys",
    "reviews",
    "trusted",
    "chatter",
    "spam",
    "traditional",
    "english",
    "late",
    "very_late",
    "duplicates",
    "broken",
)
#: Parameters that must be above 0.
_POSITIVE = (
    "rooms",
    "duration",
    "rate",
    "products",
    "product_seconds",
    "price_drop_every",
    "prompt_every",
    "bot_every",
    "viewers_every",
    "viewers_per_rate",
    "dwell",
    "population",
    "answer_delay",
    "speech_gap",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of a show in which its rooms behave differently; factors multiply, 1 changes nothing.

    begin, end: seconds from the show's start. rooms: the first so many rooms (None: all). rate: of everything viewers
    do. questions, answers, opinions, orders: of those parameters. negatives: the share of negative opinions (None: as
    usual), all about `aspect` where that is set. silent: nothing at all happens on chat, anchor and room.
    """

    begin: float
    end: float
    rooms: int | None = None
    rate: float = 1.0
    questions: float = 1.0
    answers: float = 1.0
    opinions: float = 1.0
    orders: float = 1.0
    negatives: float | None = None
    aspect: str | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowParams:
    """What the show is like. Times are seconds except `start` (epoch ms); shares lie in 0-1. See docs/simulate.md.

    Raises ValueError, naming the parameter, for a value that makes no show.
    """

    rooms: int = 3
    seed: int = 7
    start: int = 1_767_268_800_000
    duration: float = 1800.0
    stagger: float = 20.0
    aftermath: float = 60.0
    rate: float = 2.0
    skew: float = 0.8

    questions: float = 0.13
    requests_for_next: float = 0.12
    repeats: float = 0.3
    opinions: float = 0.07
    negatives: float = 0.3
    helps: float = 0.03
    seeks: float = 0.015
    replies: float = 0.03
    chatter: float = 0.63
    spam: float = 0.01
    traditional: float = 0.03
    english: float = 0.01

    answers: float = 0.8
    answer_delay: float = 14.0
    answer_delay_min: float = 5.0
    answer_delay_max: float = 60.0
    explicit_answers: float = 0.35
    text_answers: float = 0.4
    speech_gap: float = 2.0
    peer_helps: float = 0.15
    prompt_every: float = 75.0
    bot_every: float = 90.0

    products: int = 12
    product_seconds: float = 150.0
    price_drop_every: float = 240.0
    price_drop_burst: float = 4.0
    currencies: tuple[str, ...] = ("CNY", "CNY", "CNY", "CNY", "CNY", "CNY", "CNY", "HKD", "MYR", "USD")

    buy_answered: float = 0.12
    buy_unanswered: float = 0.03
    impulse_orders: float = 0.012
    unpaid: float = 0.15
    cancellations: float = 0.04
    refunds: float = 0.07
    surveys: float = 0.12
    reviews: float = 0.08
    trusted: float = 0.35

    enters: float = 0.5
    follows: float = 0.03
    shares: float = 0.02
    clicks: float = 0.25
    carts: float = 0.08
    viewers_per_rate: float = 400.0
    viewers_every: float = 10.0
    dwell: float = 300.0
    ends: float = 0.35
    population: int = 3_000_000

    phases: tuple[Phase, ...] = ()

    jitter: float = 0.3
    disorder: float = 4.0
    late: float = 0.0
    very_late: float = 0.0
    duplicates: float = 0.0
    broken: float = 0.0
    lag_topic: str = ""
    lag: float = 0.0

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in _SHARES and not 0 <= value <= 1:
                raise ValueError(f"{item.name} must lie in 0-1, got {value}")
            if item.name in _POSITIVE and value <= 0:
                raise ValueError(f"{item.name} must be above 0, got {value}")
            if isinstance(value, int | float) and item.name != "seed" and value < 0:
                raise ValueError(f"{item.name} must not be negative, got {value}")
        if self.questions + self.opinions + self.helps + self.seeks + self.replies > 1:
            raise ValueError("questions, opinions, helps, seeks and replies are shares of the chat, together at most 1")
        if not self.answer_delay_min <= self.answer_delay <= self.answer_delay_max:
            raise ValueError("answer_delay must lie between answer_delay_min and answer_delay_max")
        if self.disorder >= 5:
            raise ValueError(f"disorder must be below 5, the grace, got {self.disorder}; see `late` for more")
        if not self.currencies:
            raise ValueError("currencies must name at least one currency")

    @property
    def end(self) -> int:
        """When the rooms end their show, ms since the epoch."""
        return self.start + round(self.duration * 1000)

    @classmethod
    def preset(cls, name: str, **changes: Any) -> "ShowParams":  # noqa: ANN401 - any field of this class
        """Return a named show (see `presets.PRESETS`) with single parameters changed; KeyError names the known ones."""
        from streamproc.simulate.presets import PRESETS  # noqa: PLC0415 - presets are made of this class

        if name not in PRESETS:
            raise KeyError(f"no preset {name!r}; there are {', '.join(sorted(PRESETS))}")
        return replace(PRESETS[name], **changes)
