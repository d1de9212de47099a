"""Dead letters as a tool: filters, what sending again can and cannot do, and a round over a real broker."""

import asyncio
import json
from base64 import b64encode

import pytest

from streamproc.adapters.broker.topics import create_topics
from streamproc.adapters.kafka.topics import topic_specs
from streamproc.contracts import topics
from streamproc.shell.cli import main
from streamproc.shell.dead_letters import OUTLOOK, Filter, Letter, judge, letter_of
from streamproc.shell.feed import new_producer
from tests.broker import read_all
from tests.fakes import T0

GOOD = {"event_id": "c1", "room_id": "r1", "user_id": "ann", "text": "多少钱", "event_time": T0}


def letter(reason, value=GOOD, key="r1", topic=topics.CHAT, written=T0, offset=7):
    """Return a dead letter."""
    raw = None if value is None else value.encode() if isinstance(value, str) else json.dumps(value).encode()
    body = {
        "id": f"{topic}/0/{offset}", "topic": topic, "partition": 0, "offset": offset, "reason": reason, "detail": "…",
        "key": None if key is None else b64encode(key.encode()).decode(),
        "value": None if raw is None else b64encode(raw).decode(),
    }  # fmt: skip
    return Letter(written, body)


@pytest.mark.parametrize("reason", sorted(OUTLOOK))
def test_every_reason_has_its_outlook(reason):
    """What replaying does is said for each; only what has come of age is sent without being asked."""
    verdict = judge(letter(reason), T0, fix_key=False, unchanged=False)
    assert verdict.why
    assert (verdict.record is not None) == (reason == "future")


def test_future_record_waits_for_its_time():
    """As long as it would come back as `future` it is left, and told when."""
    early = judge(letter("future"), T0 - 60_000, fix_key=False, unchanged=True)
    assert early.record is None
    assert "60 s" in early.why
    assert judge(letter("future"), T0 - 9_000, fix_key=False, unchanged=False).record is not None


def test_wrong_key_can_be_mended():
    """The record goes under its room_id, if that is all that was wrong with it."""
    wrong = letter("wrong_key", key="r2")
    assert judge(wrong, T0, fix_key=False, unchanged=False).record is None
    assert judge(wrong, T0, fix_key=True, unchanged=False).record.key == b"r1"
    worse = judge(letter("wrong_key", {**GOOD, "text": ""}, key="r2"), T0, fix_key=True, unchanged=True)
    assert worse.record is None
    assert "invalid" in worse.why


def test_a_key_that_is_not_kept_is_not_taken_for_none():
    """Without a key the record would be usable, in a partition that is not its room's: only --fix-key sends it."""
    huge = letter("wrong_key", key=None)
    verdict = judge(huge, T0, fix_key=False, unchanged=True)
    assert verdict.record is None
    assert "--fix-key" in verdict.why
    assert judge(huge, T0, fix_key=True, unchanged=False).record.key == b"r1"


def test_help_says_what_replaying_changes_and_cannot(capsys):
    """For every reason, and that what was published stays."""
    assert main(["dead-letters", "--help"]) == 0
    said = capsys.readouterr().out
    for reason, outlook in OUTLOOK.items():
        assert f"{reason:<10} {outlook}" in said
    assert "stays too late" in said
    assert "results that were published stay as they are" in said


def test_unchanged_sends_what_has_a_value():
    """A new version may know more, so one may insist; what is not kept cannot be sent."""
    assert judge(letter("invalid"), T0, fix_key=False, unchanged=True).record.value == json.dumps(GOOD).encode()
    assert judge(letter("too_large", None), T0, fix_key=False, unchanged=True).record is None
    assert judge(letter("empty", None), T0, fix_key=False, unchanged=True).record is None


def test_filters():
    """By reason, topic and time; nothing given takes all."""
    one = letter("invalid", written=100)
    assert Filter().takes(one)
    assert Filter(["invalid"], [topics.CHAT], 100, 101).takes(one)
    for other in (Filter(["empty"]), Filter(topics=[topics.ROOM]), Filter(since=101), Filter(until=100)):
        assert not other.takes(one)


@pytest.mark.parametrize(
    "value",
    [
        None, b"", b"no JSON", b"[]", b"{}", letter("future", topic="another"), letter("another"),
        letter("future")._replace(body={**letter("future").body, "value": "no base64!"}),
        letter("future")._replace(body={**letter("future").body, "partition": "a"}),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_dead_letter_is_told_apart(value):
    """Whatever others write to the topic."""
    raw = json.dumps(value.body).encode() if isinstance(value, Letter) else value
    assert letter_of(T0, raw) is None


def test_a_later_version_may_know_more_fields():
    """They are kept for `list --json`."""
    body = {**letter("future").body, "new": 1}
    assert letter_of(T0, json.dumps(body).encode()) == Letter(T0, body)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["list", "--dry-run"], "--dry-run does nothing with dead-letters list"),
        (["list", "--fix-key"], "--fix-key does nothing"),
        (["replay", "--json"], "--json does nothing with dead-letters replay"),
        (["list", "--since", "1m", "--until", "1h"], "--since is not before --until"),
        (["list", "--since", "1 hour"], "is no time"),
    ],
)
def test_arguments_that_would_do_nothing_are_refused(words, says, capsys):
    """Rather than taken for something else."""
    assert main(["dead-letters", *words]) == 2
    assert says in capsys.readouterr().err


async def test_round_over_a_broker(broker, names, capsys):
    """List, dry run and replay of three letters: one is mended and sent where its room lives, two are left."""
    prefix = f"{names.prefix}."
    await create_topics(broker.bootstrap, topic_specs(2, prefix=prefix))
    producer = new_producer(broker.bootstrap, {})
    await producer.start()
    for each in (
        letter("wrong_key", key="r2"),
        letter("too_late", offset=8),
        letter("invalid", "{}", topic=topics.ROOM),
    ):
        await producer.send_and_wait(prefix + topics.DEAD_LETTER, json.dumps(each.body).encode(), partition=1)
    await producer.send_and_wait(prefix + topics.DEAD_LETTER, b"somebody else's", partition=0)
    await producer.stop()

    def tool(*words):
        # main runs a loop of its own, so not in this one's thread.
        assert main(["dead-letters", *words, "--bootstrap", broker.bootstrap, "--topic-prefix", prefix]) == 0
        out, err = capsys.readouterr()
        assert err == f"streamproc: {prefix}{topics.DEAD_LETTER}/0/0 is no dead letter of this version: passed over\n"
        return out

    listed = await asyncio.to_thread(tool, "list")
    assert "3 dead letters, invalid 1, too_late 1, wrong_key 1" in listed
    assert "多少钱" not in listed
    assert "1 dead letters, invalid 1" in await asyncio.to_thread(tool, "list", "--topic", topics.ROOM)
    assert "0 dead letters" in await asyncio.to_thread(tool, "list", "--until", "1h")
    listed = await asyncio.to_thread(tool, "list", "--since", "0001-01-01", "--until", "9999-12-31")
    assert "3 dead letters" in listed
    assert "3 dead letters" in await asyncio.to_thread(tool, "list", "--since", f"{10**15}d")
    whole = await asyncio.to_thread(tool, "list", "--json", "--reason", "too_late")
    assert json.loads(whole)["id"] == f"{topics.CHAT}/0/8"
    assert "1 records would be sent, 2 left" in await asyncio.to_thread(tool, "replay", "--fix-key", "--dry-run")
    assert await read_all(broker.bootstrap, prefix + topics.CHAT) == []
    done = await asyncio.to_thread(tool, "replay", "--fix-key")
    assert "1 records sent, 2 left alone" in done
    assert "stays too late" in done
    (record,) = await read_all(broker.bootstrap, prefix + topics.CHAT)
    assert (record.key, json.loads(record.value)) == (b"r1", GOOD)
