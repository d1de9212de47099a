"""Named shows: the usual one, one for load, and scenarios with one thing wrong or right, for alerts and numbers."""

from typing import Final

from streamproc.simulate.params import Phase, ShowParams

__all__ = ["PRESETS"]

#: No price drops and no prompts in sight: whatever stands out is what the scenario is about.
_NEVER: Final = 1e9

#: The shows that `ShowParams.preset` knows.
PRESETS: Final = {
    "show": ShowParams(),
    "load": ShowParams(rooms=500, rate=2.0, skew=1.0, speech_gap=15.0, product_seconds=300.0),
    "dirty": ShowParams(late=0.01, very_late=0.003, duplicates=0.01, broken=0.01),
    # For four minutes everybody asks and nobody answers.
    "unanswered-burst": ShowParams(
        rooms=1,
        rate=3.0,
        duration=1200.0,
        price_drop_every=_NEVER,
        prompt_every=_NEVER,
        answers=0.9,
        explicit_answers=1.0,
        text_answers=0.6,
        phases=(Phase(begin=600, end=840, questions=6.0, answers=0.0),),
    ),
    # Busy, and yet hardly anything stays open: anchor and assistants answer at once.
    "keeps-up": ShowParams(
        rooms=1,
        rate=8.0,
        duration=1200.0,
        price_drop_every=_NEVER,
        prompt_every=_NEVER,
        answers=1.0,
        answer_delay=6.0,
        answer_delay_min=3.0,
        answer_delay_max=12.0,
        explicit_answers=1.0,
        text_answers=1.0,
    ),
    # Steady: a new question every six seconds, each answered about 45 s later, so about ten are always open.
    "ten-open": ShowParams(
        rooms=1,
        rate=1.5,
        duration=1800.0,
        questions=0.15,
        requests_for_next=0.6,
        repeats=0.0,
        products=40,
        product_seconds=60.0,
        price_drop_every=_NEVER,
        prompt_every=_NEVER,
        answers=1.0,
        answer_delay=42.0,
        answer_delay_min=35.0,
        answer_delay_max=55.0,
        explicit_answers=1.0,
        text_answers=1.0,
    ),
    # Everybody wants to know, nobody says it: open questions with many askers grow old.
    "ignored-question": ShowParams(
        rooms=1, rate=3.0, duration=900.0, repeats=0.85, answers=0.0, price_drop_every=_NEVER, prompt_every=_NEVER
    ),
    # The first room falls silent for three minutes; the second one keeps time going.
    "silent-room": ShowParams(
        rooms=2,
        rate=2.5,
        skew=0.0,
        duration=900.0,
        stagger=0.0,
        phases=(Phase(begin=400, end=580, rooms=1, silent=True),),
    ),
    # A bad product: for four minutes complaints about it.
    "bad-product": ShowParams(
        rooms=1,
        rate=4.0,
        duration=1500.0,
        negatives=0.15,
        price_drop_every=_NEVER,
        prompt_every=_NEVER,
        phases=(Phase(begin=900, end=1140, opinions=6.0, negatives=0.95, aspect="product"),),
    ),
    # It sells well, and then for ten minutes nobody buys.
    "conversion-drop": ShowParams(
        rooms=1,
        rate=4.0,
        duration=1800.0,
        impulse_orders=0.06,
        price_drop_every=_NEVER,
        prompt_every=_NEVER,
        phases=(Phase(begin=1000, end=1600, orders=0.02),),
    ),
}
