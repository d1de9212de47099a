"""Run records through the task and say where its outputs differ from the oracle's."""

import json
import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from streamproc.domain.rules import Rules
from streamproc.pipeline.records import Output, Record
from streamproc.pipeline.task import Task, TaskConfig
from tests.oracle import constants as c
from tests.oracle.oracle import Expected, expected
from tests.oracle.stub import Stub

KEY = b"example"
#: What the contract leaves open.
OPEN = {"recommend": ("chat_recommend", "chat_warn"), "group": ("reciprocity", "homophily")}

Json = dict[str, Any]
Everything = Callable[[str], bool]
_ID = re.compile(rb'{"id":"([^"\\\\]+)"')


def run(records: Iterable[Record], understanding: Any = None) -> list[Output]:
    """Return all output records of the task for these records, read one by one as `replay` does."""
    task = Task(understanding or Stub(), TaskConfig(hash_key=KEY, rules=Rules()), each=True)
    task.read(list(records))
    task.finish()
    published, outputs = task.take()
    return [*published, *outputs]


def by_topic(outputs: Iterable[Output]) -> dict[str, list[Json]]:
    """Return the decoded values of each topic, each with its Kafka key as `_key`."""
    found: dict[str, list[Json]] = defaultdict(list)
    for output in outputs:
        key = None if output.key is None else output.key.decode("utf-8", "surrogateescape")
        # Most metrics are only looked at by their id: reading them whole would take most of the time.
        if output.topic == c.METRICS and (start := _ID.match(output.value)):
            found[output.topic].append({"id": start[1].decode(), "_key": key, "_value": output.value})
        else:
            found[output.topic].append({**json.loads(output.value), "_key": key})
    return found


def unequal(want: Any, got: Any, path: str = "") -> Iterator[str]:
    """Yield where two values differ: numbers to 1e-9, kinds of values exactly."""
    if type(want) is type(got) and not isinstance(want, dict) and want == got:
        return
    if isinstance(want, dict) and isinstance(got, dict):
        for name in want.keys() | got.keys():
            if name not in want or name not in got:
                yield f"{path}.{name}: only {'in the task' if name in got else 'in the oracle'}"
            else:
                yield from unequal(want[name], got[name], f"{path}.{name}")
    elif _numbers(want, got):
        if not math.isclose(want, got, rel_tol=1e-9, abs_tol=1e-9):
            yield f"{path}: oracle {want!r}, task {got!r}"
    elif want != got or type(want) is not type(got):
        yield f"{path}: oracle {want!r}, task {got!r}"


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def differences(records: list[Record], understanding: Any = None, looked_at: Everything = lambda _: True) -> list[str]:
    """Return every difference, as lines; `looked_at` says which metrics are compared beyond their ids."""
    understanding = understanding or Stub()
    oracle = expected(records, understanding, KEY)
    task = by_topic(run(records, understanding))
    return [
        *_same(c.CLASSIFIED, oracle.reading.classified, task, "room_id"),
        *_same(c.FEEDBACK_CLASSIFIED, oracle.reading.feedback_classified, task, "room_id"),
        *_same(c.QUESTIONS, oracle.questions(), task, "cluster_id"),
        *_dead_letters(oracle, task, {_letter_id(record): record.key for record in records}),
        *_metrics(oracle, task, looked_at),
    ]


def _letter_id(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def _same(topic: str, want: list[Json], task: dict[str, list[Json]], key: str) -> Iterator[str]:
    yield from _pairs(topic, [{**each, "_key": each[key]} for each in want], task[topic])


def _pairs(topic: str, want: list[Json], got: list[Json]) -> Iterator[str]:
    yield from sorted(_ids(topic, Counter(each["id"] for each in want), Counter(each["id"] for each in got)))
    left: dict[str, list[Json]] = defaultdict(list)
    for each in got:
        left[each["id"]].append(each)
    for each in want:
        if left[each["id"]]:
            yield from unequal(each, left[each["id"]].pop(0), f"{topic} {each['id']}")


def _ids(topic: str, want: Counter[str], got: Counter[str]) -> Iterator[str]:
    for each, count in (want - got).items():
        yield f"{topic} {each}: only in the oracle (x{count})"
    for each, count in (got - want).items():
        yield f"{topic} {each}: only in the task (x{count})"


def _dead_letters(oracle: Expected, task: dict[str, list[Json]], keys: dict[str, bytes | None]) -> Iterator[str]:
    want = []
    for letter in oracle.reading.dead_letters:
        key = keys[letter["id"]]
        want.append({**letter, "_key": None if key is None else key.decode("utf-8", "surrogateescape")})
    got = [dict(each) for each in task[c.DEAD_LETTER]]
    for each in got:
        detail = each.pop("detail")
        wrong = oracle.reading.wrong.get(each["id"]) or []
        if not isinstance(detail, str) or (wrong and not any(field in detail for field in wrong)):
            yield f"{c.DEAD_LETTER} {each['id']}: detail {detail!r} names none of {wrong}"
    yield from _pairs(c.DEAD_LETTER, want, got)


def _metrics(oracle: Expected, task: dict[str, list[Json]], looked_at: Everything) -> Iterator[str]:
    want = list(oracle.metrics())
    got = task[c.METRICS]
    yield from sorted(_ids(c.METRICS, Counter(each for each, _ in want), Counter(each["id"] for each in got)))
    found: dict[str, list[Json]] = defaultdict(list)
    for record in got:
        found[record["id"]].append(record)
    for each, work_out in want:
        if found[each]:
            mine = found[each].pop(0)
            if looked_at(each) or b'"final":true' in mine["_value"]:
                value = work_out()
                yield from unequal({**value, "_key": value["room_id"]}, _whole(mine), f"{c.METRICS} {each}")


def _whole(metrics: Json) -> Json:
    """Return a metrics record whole, without what the contract leaves open."""
    value = {**json.loads(metrics["_value"]), "_key": metrics["_key"]}
    for group, names in OPEN.items():
        value[group] = {name: number for name, number in value[group].items() if name not in names}
    return value


def some(share: float, seed: int) -> Everything:
    """Return a choice of ids: about this share of them, the same for the same seed."""
    return lambda each: zlib.crc32(f"{seed}{each}".encode()) < share * 2**32
