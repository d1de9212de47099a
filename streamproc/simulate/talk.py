"""The viewers' side: what they write, ask, shout when a price falls, tell each other, and how they come and go."""

from bisect import bisect
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from streamproc.simulate.asking import Asking
from streamproc.simulate.items import Slots
from streamproc.simulate.material import LISTS, OPINIONS
from streamproc.simulate.noise import as_cheer, as_question, pick, to_traditional
from streamproc.simulate.params import Phase
from streamproc.simulate.people import Crowd, Viewer
from streamproc.simulate.room import Room, Truth
from streamproc.simulate.shop import Shop
from streamproc.simulate.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Talk"]

_OTHER: Final = Truth("other/-")
_REPLY: Final = Truth("feedback/reply")
_HELP: Final = Truth("mutuality/help")
#: What small talk with words consists of; the rest is cheering and emoji.
_WORDS: Final = (("chat", 0.43), ("fan", 0.22), ("meme", 0.17), ("greeting", 0.15), ("aside", 0.03))
_POOLS: Final = tuple(LISTS[name] for name, _ in _WORDS)
_POOL_WEIGHTS: Final = tuple(accumulate(weight for _, weight in _WORDS))
_EMOJI: Final = 0.2
#: Complaints and praise by aspect: nearly all about the product.
_ASPECTS: Final = (("content", 0.22), ("product", 0.75), ("logistics", 0.9), ("service", 1.0))
_RUSH: Final = 0.5
_RUSH_ORDERS: Final = 0.12
_PROMPTED: Final = 0.45
_ECHO: Final = 0.06
#: The first of a pool are said more often than the last.
_COMMON: Final = 1.35
_OF_ITS_KIND: Final = 0.45
_TWICE: Final = 0.12
_AS_IS: Final = 0.78
_AT_SOMEBODY: Final = 0.05
_ECHO_WITHIN: Final = 60_000
_REMEMBERED: Final = 32


class Talk:
    """The viewers of one room. `act` is one thing that one of them does."""

    def __init__(self, room: Room, crowd: Crowd, shop: Shop, stage: Stage) -> None:
        self._room = room
        self._crowd = crowd
        self._shop = shop
        self._stage = stage
        self._asking = Asking(room, crowd, shop, stage)
        self._recent: list[tuple[int, str, Viewer] | None] = [None] * _REMEMBERED
        self._acts: tuple[Callable[[], None], ...] = (
            self._small_talk,
            self._asking.ask,
            self._opinion,
            self._help,
            self._seek,
            self._reply,
            self._enter,
            self._follow,
            self._share,
            self._click,
            self._cart,
            self._impulse,
        )
        self._messages = room.rate
        self._weights: list[float] = []
        self.enter_phase(room.phase)

    def enter_phase(self, phase: Phase) -> None:
        """Behave as in this phase from now on."""
        params = self._room.params
        questions, opinions = params.questions * phase.questions, params.opinions * phase.opinions
        chat = [questions, opinions, params.helps, params.seeks, params.replies]
        traffic = [params.enters, params.follows, params.shares, params.clicks, params.carts]
        orders = params.impulse_orders * phase.orders
        small_talk = 1 - params.questions - params.opinions - params.helps - params.seeks - params.replies
        self._weights = list(accumulate([small_talk, *chat, *traffic, orders]))
        self._room.phase = phase
        # The weights are per chat message of usual times, so their sum is how much viewers do for each.
        self._room.rate = self._messages * self._weights[-1]
        self._room.hurry()

    def act(self) -> None:
        """One thing that a viewer does, by the shares of the parameters, the phase and what stirs the room."""
        room = self._room
        now, roll = room.now, room.rng.random
        if now < room.rush_until and roll() < _RUSH:
            self._rush()
        elif now < room.prompt_until and roll() < _PROMPTED:
            self._prompted()
        else:
            weights = self._weights
            self._acts[bisect(weights, roll() * weights[-1])]()

    def _say(self, viewer: Viewer, text: str, truth: Truth, **extra: Any) -> None:  # noqa: ANN401 - fields of a chat message
        room = self._room
        if viewer.script < room.traditional_below:
            text = to_traditional(text)
        event_id = room.chat(viewer, text, truth, **extra)
        # A few of the late messages are enough to find one to reply to.
        self._recent[int(room.rng.random() * _REMEMBERED)] = (room.now, event_id, viewer)

    def _small_talk(self) -> None:
        room, rng, params = self._room, self._room.rng, self._room.params
        viewer = self._crowd.talker()
        roll = rng.random()
        if roll < params.spam:
            self._say(viewer, pick(rng, LISTS["spam"]), _OTHER)
            return
        if rng.random() >= params.chatter:
            pool = LISTS["emoji"] if rng.random() < _EMOJI else LISTS["cheer"]
            text = pool[int(len(pool) * rng.random() ** _COMMON)]
            self._say(viewer, text if rng.random() < _AS_IS else as_cheer(rng, text), _OTHER)
            return
        if roll > 1 - _ECHO:
            said = self._recent[int(rng.random() * _REMEMBERED)]
            if said is not None and said[0] > room.now - _ECHO_WITHIN and said[2] is not viewer:
                self._say(viewer, pick(rng, LISTS["echo"]), _OTHER, reply_to=said[1])
                return
        pool = _POOLS[bisect(_POOL_WEIGHTS, rng.random() * _POOL_WEIGHTS[-1])]
        text = pool[int(len(pool) * rng.random() ** _COMMON)]
        extra = {}
        if roll < params.spam + _TWICE:
            text = f"{text} {pick(rng, LISTS['chat'])}"
        elif roll < params.spam + _TWICE + _AT_SOMEBODY:
            other = self._crowd.talker()
            text = f"@{other.nick} {text}"
            extra = {"mentions": [other.id]}
        self._say(viewer, text if rng.random() < _AS_IS else as_cheer(rng, text), _OTHER, **extra)

    def _rush(self) -> None:
        rng = self._room.rng
        roll = rng.random()
        if roll < _RUSH_ORDERS * self._room.phase.orders:
            self._shop.order((self._crowd.anyone(), self._stage.shown))
        elif roll < 0.75:
            self._asking.ask_in_rush()
        elif roll < 0.88:
            self._say(self._crowd.talker(), as_cheer(rng, pick(rng, LISTS["cheer"])), _OTHER)
        else:
            self._enter()

    def _prompted(self) -> None:
        rng = self._room.rng
        text = pick(rng, self._room.prompt_replies)
        if "{" in text:
            text = text.format_map(Slots(rng, self._stage.shown, self._stage.items))
        self._say(self._crowd.talker(), text, _REPLY)

    def _reply(self) -> None:
        rng = self._room.rng
        text = pick(rng, LISTS["reply"]).format_map(Slots(rng, self._stage.shown, self._stage.items))
        self._say(self._crowd.inclined("buyer", "fan"), text, _REPLY)

    def _opinion(self) -> None:
        room, rng = self._room, self._room.rng
        phase = room.phase
        negative = rng.random() < (room.params.negatives if phase.negatives is None else phase.negatives)
        roll = rng.random()
        aspect = next(name for name, share in _ASPECTS if roll < share)
        if negative and phase.aspect is not None:
            aspect = phase.aspect
        label = f"{'neg' if negative else 'pos'}/{aspect}"
        item = self._stage.shown
        pool = OPINIONS[f"{label}/all"]
        if rng.random() < _OF_ITS_KIND:
            pool = OPINIONS.get(f"{label}/{item.goods.category}", pool)
        text = pick(rng, pool).format_map(Slots(rng, item, self._stage.items))
        viewer = self._crowd.inclined("troll", "buyer") if negative else self._crowd.inclined("fan", "buyer")
        self._say(viewer, as_cheer(rng, text) if rng.random() < 0.15 else text, Truth(f"feedback/opinion/{label}"))

    def _help(self) -> None:
        rng, item = self._room.rng, self._stage.shown
        text = pick(rng, LISTS["help"]).format_map(Slots(rng, item, self._stage.items))
        self._say(self._crowd.inclined("helper", "buyer"), text, _HELP)

    def _seek(self) -> None:
        room, rng, item = self._room, self._room.rng, self._stage.shown
        viewer = self._crowd.talker()
        text = as_question(rng, pick(rng, LISTS["seek"]).format_map(Slots(rng, item, self._stage.items)))
        self._say(viewer, text, Truth("mutuality/seek"))
        for _ in range(int(rng.random() * 2.5)):
            room.after(12.0, self._console, viewer)

    def _console(self, seeker: Viewer) -> None:
        """Tell somebody who has asked the others what one knows."""
        rng, item = self._room.rng, self._stage.shown
        text = pick(rng, LISTS["help"]).format_map(Slots(rng, item, self._stage.items))
        if rng.random() < 0.5:
            self._say(self._crowd.inclined("helper", "buyer"), f"@{seeker.nick} {text}", _HELP, mentions=[seeker.id])
        else:
            self._say(self._crowd.inclined("helper", "buyer"), text, _HELP)

    # Coming, going, looking.

    def _enter(self) -> None:
        viewer = self._crowd.enter()
        referrer = self._crowd.referrer()
        if referrer is None:
            self._room.event("enter", user_id=viewer.id)
        else:
            self._room.event("enter", user_id=viewer.id, referrer_id=referrer.id)

    def _follow(self) -> None:
        viewer = self._crowd.anyone()
        if viewer.follow():
            self._room.event("follow", user_id=viewer.id)

    def _share(self) -> None:
        viewer = self._crowd.inclined("fan", "helper")
        self._crowd.share(viewer)
        self._room.event("share", user_id=viewer.id)

    def _click(self) -> None:
        self._room.event("click", user_id=self._crowd.anyone().id, product_id=self._stage.shown.id)

    def _cart(self) -> None:
        self._room.event("cart", user_id=self._crowd.anyone().id, product_id=self._stage.shown.id)

    def _impulse(self) -> None:
        self._shop.order((self._crowd.anyone(), self._stage.shown))
