"""Questions: new ones, the same again in other words, and what comes of them among the viewers."""

from typing import Any, Final

from streamproc.simulate.items import Case, Item, Slots, draw_group
from streamproc.simulate.material import LISTS, NAMED, RUSH, Group
from streamproc.simulate.noise import as_question, pick, to_traditional
from streamproc.simulate.people import Crowd, Viewer
from streamproc.simulate.room import Room, Truth
from streamproc.simulate.shop import Shop
from streamproc.simulate.stage import Stage

__all__ = ["Asking"]

#: An open question is forgotten so long after its last ask, ms.
_FORGOTTEN: Final = 600_000
#: How many of the newest questions others take up.
_TAKEN_UP: Final = 10
_WITH_PRODUCT: Final = 0.08
_THANKS: Final = 0.12
_PEER_MENTIONS: Final = 0.45
_PEER_REPLIES: Final = 0.65
_PEER_SECONDS: Final = 14.0
_ANSWERED_BUY: Final = 30.0
_UNANSWERED_BUY: Final = 120.0
_MOST_BUYERS: Final = 20
_MOST_CASES: Final = 400
_OTHER: Final = Truth("other/-")


class Asking:
    """The questions of one room's viewers."""

    def __init__(self, room: Room, crowd: Crowd, shop: Shop, stage: Stage) -> None:
        self._room = room
        self._crowd = crowd
        self._shop = shop
        self._stage = stage
        self._cases: dict[tuple[Any, ...], Case] = {}
        self._newest: list[Case] = []
        stage.on_answer = self._answered

    def ask(self) -> None:
        """Let a viewer ask what others ask already, or something new about this product or another one."""
        room, rng, params = self._room, self._room.rng, self._room.params
        viewer = self._crowd.inclined("buyer", "lurker", "fan")
        if rng.random() < params.english:
            room.chat(viewer, pick(rng, LISTS["english"]), Truth("question/ask"))
            return
        if rng.random() < params.repeats and self._newest:
            case = self._newest[int(rng.random() * len(self._newest))]
            if case.answered is None and not case.personal:
                self._write(case, viewer, case.words(rng, case.group.asks))
                return
        elsewhere = rng.random() < params.requests_for_next
        item = self._stage.other_than(self._stage.shown) if elsewhere else self._stage.shown
        case = self._case(draw_group(rng, item), item)
        text, extra = case.words(rng, case.group.asks), {}
        named = str(item.slots["n"]) in text or case.slots["p"] in text
        if (elsewhere and not named) or rng.random() < _WITH_PRODUCT:
            extra = {"product_id": item.id}
        self._write(case, viewer, text, **extra)

    def ask_in_rush(self) -> None:
        """Let a viewer ask what everybody asks when a price falls."""
        rng = self._room.rng
        # The earlier ones of the list are asked more.
        name, ways = RUSH[int(rng.random() ** 1.5 * len(RUSH))]
        case = self._case(NAMED[name], self._stage.shown)
        self._write(case, self._crowd.talker(), case.words(rng, ways))

    def _case(self, group: Group, item: Item) -> Case:
        """Return the open case of this question about this item, or a new one."""
        now = self._room.now
        slots = Slots(self._room.rng, item, self._stage.items)
        key = (group.key, item.id, *[slots[slot] for slot in group.varies])
        case = self._cases.get(key)
        if case is None or case.answered is not None or case.last < now - _FORGOTTEN:
            if len(self._cases) >= _MOST_CASES:
                self._cases = {key: case for key, case in self._cases.items() if case.last > now - _FORGOTTEN}
            case = self._cases[key] = Case(group, item, slots, now)
            self._newest.append(case)
            del self._newest[:-_TAKEN_UP]
        return case

    def _write(self, case: Case, viewer: Viewer, text: str, **extra: Any) -> None:  # noqa: ANN401 - fields of a chat message
        room, params, rng = self._room, self._room.params, self._room.rng
        text = as_question(rng, text)
        if viewer.script < self._room.traditional_below:
            text = to_traditional(text)
        # The id of the next message is known only when it is written, so the first ask names its case afterwards.
        event_id = room.next_chat_id()
        case.id = case.id or event_id
        room.chat(viewer, text, Truth(f"question/{case.group.sub}", case.id), **extra)
        case.asked.append(event_id)
        if len(case.askers) < _MOST_BUYERS and viewer not in case.askers:
            case.askers.append(viewer)
        case.last = room.now
        self._stage.consider(case)
        if rng.random() < params.peer_helps:
            room.after(_PEER_SECONDS, self._peer, (case, viewer, event_id))
        self._shop.tempt(viewer, case.item, params.buy_unanswered, _UNANSWERED_BUY)

    def _peer(self, what: tuple[Case, Viewer, str]) -> None:
        """Another viewer answers."""
        room, rng = self._room, self._room.rng
        case, asker, event_id = what
        helper = self._crowd.inclined("helper", "buyer")
        if helper is asker or helper in case.askers:
            return
        text = case.words(rng, case.group.helps)
        roll = rng.random()
        extra: dict[str, Any] = {}
        if roll < _PEER_MENTIONS:
            text, extra = f"@{asker.nick} {text}", {"mentions": [asker.id]}
        elif roll < _PEER_REPLIES:
            extra = {"reply_to": event_id}
        room.chat(helper, text, Truth("mutuality/help", case.id), **extra)
        if rng.random() < _THANKS:
            room.after(4.0, self._thank, asker)

    def _answered(self, case: Case) -> None:
        params = self._room.params
        for viewer in case.askers:
            self._shop.tempt(viewer, case.item, params.buy_answered, _ANSWERED_BUY)
        if self._room.rng.random() < _THANKS:
            self._room.after(5.0, self._thank, case.askers[0])

    def _thank(self, viewer: Viewer) -> None:
        text = pick(
            self._room.rng, ("谢谢主播", "好的", "好的谢谢", "谢谢", "知道了", "收到", "好嘞", "ok", "嗯嗯谢谢")
        )
        self._room.chat(viewer, text, _OTHER)
