"""The anchor's side: products in turn, price drops, prompts, and the answers to what is asked."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from streamproc.contracts import topics
from streamproc.simulate.items import Case, Item, Slots
from streamproc.simulate.material import LISTS, PROMPTS
from streamproc.simulate.noise import as_speech, pick
from streamproc.simulate.people import Crowd
from streamproc.simulate.room import Room, Truth

__all__ = ["Stage"]

#: Speech is recognised at about so many characters a second.
_CHARS_PER_S: Final = 4.6
#: An answer that the anchor has not come to so long after it was due is never given, ms.
_PATIENCE: Final = 45_000
#: A case that is asked again may still find an answer, with this part of the usual chance.
_SECOND_CHANCE: Final = 0.6
_BOTH: Final = 0.2
_REPLIED_TO: Final = 20
#: However much is asked, the anchor goes on with his own text this often.
_OWN_THREAD: Final = 0.3
_LEAD_IN: Final = 0.4
_REPEAT_ASK: Final = 0.35
_WELCOME: Final = 0.12
#: Written answers name the message more often than speech can.
_WRITTEN_TO: Final = 0.5
_CUTS: Final = (0.6, 0.85)
_DROP_SECONDS: Final = (30.0, 90.0)
_PITCH: Final = Truth("anchor/pitch")


class _Words(NamedTuple):
    """What the anchor is saying: `said` is called when it is said."""

    begin: int
    text: str
    truth: Truth
    reply_to: list[str]
    said: Callable[[], None] | None = None


def _nothing(_: object) -> None:
    """Do nothing."""


class Stage:
    """Anchor, assistant and bot of one room."""

    def __init__(self, room: Room, crowd: Crowd, items: list[Item]) -> None:
        self._room = room
        self._crowd = crowd
        self.items = items
        self.shown = items[0]
        #: Called with a case once its answer has been given.
        self.on_answer: Callable[[Case], None] = _nothing
        self._place = -1
        self._due: list[tuple[int, Case]] = []
        self._urgent: list[tuple[str, Truth, Callable[[], None] | None]] = []
        self._on_sale: Item | None = None
        self._next_prompt = 0
        self._names = (f"anchor-{room.index + 1:03d}", f"assistant-{room.index + 1:03d}", "bot")

    def open(self) -> None:
        """Put everything that the anchor does by himself on the agenda."""
        room, params = self._room, self._room.params
        room.at(room.start + 2_000, self._show_next)
        room.at(room.start + 1_000, self._speak)
        room.after(params.price_drop_every, self._drop)
        room.after(params.bot_every, self._bot)
        self._next_prompt = room.now + int(room.rng.random() * params.prompt_every * 1000)

    def other_than(self, item: Item) -> Item:
        """Any product of the room but this one, where there is another."""
        place = self.items.index(item)
        step = 1 + int(self._room.rng.random() * (len(self.items) - 1))
        return self.items[(place + step) % len(self.items)]

    def consider(self, case: Case) -> None:
        """Decide, each time it is asked, whether and when the case will be answered."""
        room, params, rng = self._room, self._room.params, self._room.rng
        if case.planned or case.answered is not None:
            return
        chance = params.answers * room.phase.answers
        if len(case.asked) > 1:
            chance *= _SECOND_CHANCE
        if rng.random() >= chance:
            return
        case.planned = True
        delay = params.answer_delay * rng.lognormvariate(0.0, 0.6)
        delay = min(max(delay, params.answer_delay_min), params.answer_delay_max)
        when = room.now + int(delay * 1000)
        roll = rng.random()
        if case.group.demo and roll < 0.75:
            room.at(when, self._demonstrate, case)
        elif roll < params.text_answers:
            room.at(when, self._write, case)
        else:
            self._due.append((when, case))

    # What the assistant does: it is not bound to the anchor's voice.

    def _write(self, case: Case) -> None:
        room, rng = self._room, self._room.rng
        text = case.words(rng, case.group.answers)
        if rng.random() < 0.5:
            text = f"@{case.askers[0].nick} {text}"
        reply_to = case.asked[-_REPLIED_TO:] if rng.random() < max(_WRITTEN_TO, room.params.explicit_answers) else []
        channel = "pin" if rng.random() < 0.12 else "text"
        self._utter(1, channel, text, Truth("anchor/answer", case.id), reply_to)
        self._answered(case)

    def _demonstrate(self, case: Case) -> None:
        room, rng = self._room, self._room.rng
        text = case.words(rng, case.group.answers if rng.random() < 0.6 else LISTS["demo"])
        reply_to = case.asked[-_REPLIED_TO:] if rng.random() < room.params.explicit_answers else []
        words = _Words(room.now, text, Truth("anchor/demo", case.id), reply_to, lambda: self._answered(case))
        room.at(room.now + 4_000 + int(rng.random() * 8_000), self._demonstrated, words)

    def _demonstrated(self, words: _Words) -> None:
        who = 0 if self._room.rng.random() < 0.4 else 1
        self._utter(who, "demo", words.text, words.truth, words.reply_to, words.begin)
        if words.said is not None:
            words.said()

    def _bot(self, _: object) -> None:
        room, rng = self._room, self._room.rng
        text = pick(rng, LISTS["bot"]).format_map(Slots(rng, self.shown, self.items))
        self._utter(2, "text", text, Truth("anchor/bot"), [])
        room.after(room.params.bot_every, self._bot)

    # What the anchor says, one thing after the other.

    def _speak(self, _: object) -> None:
        room = self._room
        if not room.live:
            return
        if room.phase.silent:
            room.after(room.params.speech_gap, self._speak)
            return
        text, truth, reply_to, said = self._next_words()
        words = _Words(room.now, text, truth, reply_to, said)
        room.at(room.now + 400 + int(len(text) / _CHARS_PER_S * 1000), self._said, words)

    def _said(self, words: _Words) -> None:
        self._utter(0, "speech", words.text, words.truth, words.reply_to, words.begin)
        if words.said is not None:
            words.said()
        self._room.after(self._room.params.speech_gap, self._speak)

    def _next_words(self) -> tuple[str, Truth, list[str], Callable[[], None] | None]:
        room, rng = self._room, self._room.rng
        if self._urgent:
            text, truth, said = self._urgent.pop(0)
            return as_speech(rng, text), truth, [], said
        due = [] if rng.random() < _OWN_THREAD else self._take_due()
        if due:
            return self._answer(due)
        if room.now >= self._next_prompt:
            self._next_prompt = room.now + int(rng.expovariate(1.0) * room.params.prompt_every * 1000)
            return self._prompt()
        if rng.random() < _WELCOME:
            text = pick(rng, LISTS["welcome"]).format(nick=self._crowd.anyone().nick)
            return as_speech(rng, text), Truth("anchor/welcome"), [], None
        return self._pitch(), _PITCH, [], None

    def _take_due(self) -> list[Case]:
        """Take the answers to give now: the first that is due, at times with a second one in the same breath."""
        now = self._room.now
        for when, case in self._due:
            case.planned = when > now - _PATIENCE  # who asks again may still be lucky
        self._due = [entry for entry in self._due if entry[1].planned]
        due = sorted((entry for entry in self._due if entry[0] <= now), key=lambda entry: entry[0])
        both = len(due) > 1 and self._room.rng.random() < _BOTH
        taken = due[: 1 + both]
        self._due = [entry for entry in self._due if entry not in taken]
        return [case for _, case in taken]

    def _answer(self, cases: list[Case]) -> tuple[str, Truth, list[str], Callable[[], None]]:
        room, rng = self._room, self._room.rng
        pieces = []
        if rng.random() < _LEAD_IN:
            pieces.append(pick(rng, LISTS["lead_in"]).format(nick=cases[0].askers[0].nick))
            if rng.random() < _REPEAT_ASK:
                pieces.append(cases[0].words(rng, cases[0].group.asks))
        pieces += [case.words(rng, case.group.answers) for case in cases]
        explicit = rng.random() < room.params.explicit_answers
        reply_to = [event_id for case in cases for event_id in case.asked[-_REPLIED_TO:]] if explicit else []

        def said() -> None:
            for case in cases:
                self._answered(case)

        return as_speech(rng, "".join(pieces)), Truth("anchor/answer", cases[0].id), reply_to, said

    def _answered(self, case: Case) -> None:
        if case.answered is None and self._room.live:
            case.answered = self._room.now
            self.on_answer(case)

    def _prompt(self) -> tuple[str, Truth, list[str], Callable[[], None]]:
        room, rng = self._room, self._room.rng
        prompt, replies = PROMPTS[int(rng.random() * len(PROMPTS))]

        def said() -> None:
            room.prompt_until = room.now + 15_000
            room.prompt_replies = replies
            room.stir(1.2)

        slots = Slots(rng, self.shown, self.items)
        return as_speech(rng, prompt.format_map(slots)), Truth("anchor/prompt"), [], said

    def _pitch(self) -> str:
        rng = self._room.rng
        slots = Slots(rng, self.shown, self.items)
        text = ""
        for _ in range(1 if rng.random() < 0.5 else 2):
            pool = self.shown.goods.pitch if rng.random() < 0.55 else LISTS["pitch"]
            text += as_speech(rng, pick(rng, pool).format_map(slots))
        return text

    # Products and prices.

    def _show_next(self, _: object) -> None:
        room, rng, params = self._room, self._room.rng, self._room.params
        if not room.live:
            return
        if self._place >= 0 and rng.random() < 0.9:
            room.event("product_hidden", product_id=self.shown.id)
        self._place = (self._place + 1) % len(self.items)
        self.shown = item = self.items[self._place]
        room.event("product_shown", product_id=item.id)
        slots = Slots(rng, item, self.items)
        self._urgent.append((pick(rng, LISTS["show"]).format_map(slots), Truth("anchor/show"), None))
        if rng.random() < 0.5:
            self._utter(1, "pin", pick(rng, LISTS["pin"]).format_map(slots), Truth("anchor/pin"), [])
        room.at(room.now + int(params.product_seconds * (0.5 + rng.random()) * 1000), self._show_next)

    def _drop(self, _: object) -> None:
        room, rng = self._room, self._room.rng
        room.after(room.params.price_drop_every, self._drop)
        if self._on_sale is not None or not room.live:
            return
        item = self._on_sale = self.shown
        low, high = _CUTS
        cut = int(item.normal * (low + rng.random() * (high - low)))
        item.set_price(max(1, min(cut // 10 * 10 + 9 if cut >= 20 else cut, item.normal - 1)))
        slots = Slots(rng, item, self.items)
        slots["old"] = item.normal
        text = pick(rng, LISTS["drop"]).format_map(slots)

        def said() -> None:
            room.event("promotion_started", product_id=item.id)
            room.rush_until = room.now + 25_000
            room.stir(room.params.price_drop_burst * (0.6 + 0.8 * rng.random()))
            shortest, longest = _DROP_SECONDS
            room.at(room.now + int((shortest + rng.random() * (longest - shortest)) * 1000), self._restore, item)

        self._urgent.insert(0, (text, Truth("anchor/drop"), said))

    def _restore(self, item: Item) -> None:
        room, rng = self._room, self._room.rng
        self._on_sale = None
        item.set_price(item.normal)
        room.event("promotion_ended", product_id=item.id)
        text = pick(rng, LISTS["sold"]).format_map(Slots(rng, item, self.items))
        self._urgent.append((text, Truth("anchor/sold"), None))

    def _utter(
        self, who: int, channel: str, text: str, truth: Truth, reply_to: list[str], begin: int | None = None
    ) -> None:
        room = self._room
        fields: dict[str, Any] = {
            "anchor_id": self._names[who],
            "role": ("anchor", "assistant", "bot")[who],
            "channel": channel,
            "text": text,
        }
        if begin is not None:
            fields["event_time"] = begin
            fields["end_time"] = room.now
        if reply_to:
            fields["reply_to"] = reply_to
        room.emit(topics.ANCHOR, fields, truth)
