"""A stand-in for understanding, and short ways to write records. test_fakes.py holds it to the real one."""

import json

from streamproc.contracts.label import Label
from streamproc.pipeline.records import Record
from streamproc.pipeline.task import Task, TaskConfig
from streamproc.understanding.text import normalise

T0 = 1_763_712_000_000

_SUBS = {"ask": "question", "request": "question", "help": "mutuality", "seek": "mutuality", "reply": "feedback"}


class NoMatches:
    """A question index which knows no two questions to be the same but by equality, and no answer but by reply_to."""

    def add(self, key, text, topic, product):
        """Take a question."""

    def discard(self, key):
        """Forget a question."""

    def same(self, text, topic, product):
        """Find nothing."""
        return []

    def answered_by(self, text, product):
        """Find nothing."""
        return []

    def helped_by(self, text, product):
        """Find nothing."""
        return []


class Told:
    """Labels told by the text itself: `ask.price 多少钱`, `opinion.product.neg 差`, `bought 已拍`; else other."""

    version = "told"
    normalise = staticmethod(normalise)

    def label(self, texts):
        """Return one label a text."""
        return [self._label(text) for text in texts]

    def index(self):
        """Return an index that finds nothing."""
        return NoMatches()

    @staticmethod
    def _label(text):
        sub, _, rest = text.partition(" ")[0].partition(".")
        if sub == "opinion":
            aspect, _, polarity = rest.partition(".")
            return Label("feedback", "opinion", polarity, aspect, None, None, None, False, 0.75, None)
        if sub in _SUBS:
            topic = (rest or "other") if _SUBS[sub] == "question" else None
            return Label(_SUBS[sub], sub, "neu", "-", topic, None, None, False, 0.75, None)
        if sub == "bought":
            return Label("feedback", "reply", "neu", "-", None, None, None, True, 0.5, None)
        return Label("other", "-", "neu", "-", None, None, None, False, 0.25, None)


class FoundMatches:
    """A matcher that finds what it is told to, among what it holds, and remembers what it was asked."""

    def __init__(self, finds):
        self.finds, self.held, self.asked = finds, {}, []

    def add(self, key, text, topic, product):
        """Take a question."""
        self.held[key] = (text, topic, product)

    def discard(self, key):
        """Forget a question."""
        self.held.pop(key, None)

    def same(self, text, topic, product):
        """Find questions with the texts told for this one."""
        self.asked.append(("same", text, topic, product))
        return [key for key, held in self.held.items() if held[0] in self.finds.get(text, ())]

    def answered_by(self, text, product):
        """Find questions with the texts told for this utterance."""
        self.asked.append(("answered_by", text, product))
        return [(key, 0.75) for key, held in self.held.items() if held[0] in self.finds.get(text, ())]

    def helped_by(self, text, product):
        """Find questions with the texts told for this message."""
        self.asked.append(("helped_by", text, product))
        return [(key, 0.5) for key, held in self.held.items() if held[0] in self.finds.get(text, ())]


class Finds(Told):
    """Told labels, and a matcher that finds what it is told to."""

    def __init__(self, finds=()):
        self.finds, self.indexes = dict(finds), []

    def index(self):
        """Return a new matcher."""
        self.indexes.append(FoundMatches(self.finds))
        return self.indexes[-1]


def record(topic, offset, *, timestamp=None, key=None, **value):
    """Return a record of `live.{topic}.v1`; event_time is seconds after T0."""
    value.setdefault("room_id", "r1")
    value.setdefault("event_id", f"e{offset}")
    for name in ("event_time", "end_time"):
        if name in value:
            value[name] = T0 + round(value[name] * 1000)
    return Record(f"live.{topic}.v1", 0, offset, timestamp, key, json.dumps(value, ensure_ascii=False).encode())


def chat(offset, at, text="hello", user="ann", **value):
    """Return a chat record."""
    return record("chat", offset, event_time=at, text=text, user_id=user, **value)


def said(offset, at, text="ok", role="anchor", channel="speech", **value):
    """Return an anchor record."""
    return record("anchor", offset, event_time=at, text=text, role=role, channel=channel, anchor_id="mei", **value)


def paid(offset, at, order="k1", user="ann", amount=100, status="paid", currency="CNY", quantity=1, **value):
    """Return an order record."""
    return record(
        "orders", offset, event_time=at, order_id=order, user_id=user, product_id="p", quantity=quantity,
        amount=amount, currency=currency, status=status, **value,
    )  # fmt: skip


def room(offset, at, kind, **value):
    """Return a room record."""
    return record("room", offset, event_time=at, type=kind, **value)


def new_task(*, each=True, understanding=None, rules=None):
    """Return a task with told labels."""
    config = TaskConfig(b"example") if rules is None else TaskConfig(b"example", rules)
    return Task(understanding or Told(), config, each=each)


def run(records, *, finish=True, **options):
    """Play records through a task; return its output values by topic, short names (`questions`, `metrics`, ...)."""
    task = new_task(**options)
    task.read(list(records))
    if finish:
        task.finish()
    return values(task)


def values(task):
    """Take a task's outputs as values by short topic name."""
    published, outputs = task.take()
    found = {}
    for output in published + outputs:
        short = output.topic.removeprefix("live.").removesuffix(".v1")
        found.setdefault(short, []).append(json.loads(output.value))
    return found
