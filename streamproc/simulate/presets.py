"""Named shows: the usual one, one for load, and scenarios with one thing wrong or right, for alerts and numbers."""

from dataclasses import replace
from typing import Final

from streamproc.simulate.params import Phase, ShowParams

__all__ = ["PRESETS"]

_NEVER: Final = 1e9
#: A calm room whose desk answers everything, by reply_to: whatever stands out is what a scenario adds. Hardly anything
#: but questions can be taken for a question, so that scenarios do not hang on the classifier.
_CALM: Final = ShowParams(
    rooms=1,
    rate=3.0,
    duration=1200.0,
    price_drop_every=_NEVER,
    prompt_every=_NEVER,
    chatter=0.0,
    opinions=0.02,
    helps=0.0,
    seeks=0.0,
    spam=0.0,
    english=0.0,
    peer_helps=0.05,
    answers=1.0,
    answer_delay=10.0,
    answer_delay_max=30.0,
    explicit_answers=1.0,
    text_answers=0.8,
)

#: The shows that `ShowParams.preset` knows.
PRESETS: Final = {
    "show": ShowParams(),
    "load": ShowParams(rooms=500, rate=2.0, skew=1.0, speech_gap=15.0, product_seconds=300.0),
    "dirty": ShowParams(late=0.01, very_late=0.003, duplicates=0.01, broken=0.01),
    "calm": _CALM,
    # For four minutes everybody asks and nobody answers.
    "unanswered-burst": replace(_CALM, phases=(Phase(begin=600, end=840, questions=6.0, answers=0.0),)),
    # Busy, and yet hardly anything stays open: the assistants answer all at once.
    "keeps-up": replace(
        _CALM,
        rate=8.0,
        answer_delay=6.0,
        answer_delay_min=3.0,
        answer_delay_max=12.0,
        text_answers=1.0,
    ),
    # Steady: a new question every five seconds, each answered about 45 s later, so about ten are always open.
    "ten-open": replace(
        _CALM,
        rate=1.5,
        duration=1800.0,
        questions=0.15,
        requests_for_next=0.6,
        repeats=0.0,
        products=40,
        product_seconds=60.0,
        answer_delay=42.0,
        answer_delay_min=35.0,
        answer_delay_max=55.0,
        text_answers=1.0,
    ),
    # Everybody wants to know, nobody says it: open questions with many askers grow old.
    "ignored-question": replace(_CALM, duration=900.0, repeats=0.85, answers=0.0),
    # The first room falls silent for three minutes; the second one keeps time going.
    "silent-room": replace(
        _CALM,
        rooms=2,
        skew=0.0,
        duration=900.0,
        stagger=0.0,
        phases=(Phase(begin=400, end=580, rooms=1, silent=True),),
    ),
    # A bad product: for four minutes complaints about it.
    "bad-product": replace(
        _CALM,
        rate=4.0,
        duration=1500.0,
        opinions=0.06,
        negatives=0.15,
        phases=(Phase(begin=900, end=1140, opinions=6.0, negatives=0.95, aspect="product"),),
    ),
    # It sells well, and then for ten minutes nobody buys.
    "conversion-drop": replace(
        _CALM,
        rate=4.0,
        duration=1800.0,
        impulse_orders=0.06,
        phases=(Phase(begin=1000, end=1600, orders=0.02),),
    ),
}
