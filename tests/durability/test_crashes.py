"""Crashes and restores of a task in one process, thousands of them, with zombies: nothing is lost and nothing twice."""

import json
from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from aiokafka.errors import ProducerFenced

from streamproc.adapters.kafka.observer import POINTS, Unobserved
from streamproc.adapters.kafka.restore import restore
from streamproc.contracts import topics
from streamproc.pipeline.step import Stepper
from streamproc.pipeline.task import Task
from tests.adapters.kafka.show import Plain, a_show, comparable, last_pane, replayed
from tests.durability.fake_kafka import Admin
from tests.durability.lives import PARTITION, Life, Play


async def crashed(play):
    """Play it and hold what came out against the journal, and the journal against what went in."""
    await play.run()
    assert play.input_is_read_once()
    again = await play.again()
    for topic in topics.OUTPUTS:
        found = play.published(topic)
        assert Counter(found) - Counter(again[topic]) == Counter(), f"not in the journal: {topic}"
        assert Counter(again[topic]) - Counter(found) == Counter(), f"lost: {topic}"
        assert found == again[topic], f"another order: {topic}"
    return play


async def on_time(seed):
    """A show in which the order of reading does not matter: the outcome is also what `replay` makes of it."""
    traffic = a_show(1, rooms=3, duration=60.0, rate=1.5, seed=seed, duplicates=0.02, broken=0.01)
    play = await crashed(Play(traffic, seed))
    until = last_pane(traffic)
    found = {topic: {v["id"]: v for v in map(json.loads, play.published(topic))} for topic in topics.OUTPUTS}
    found, expected = comparable(found, until), comparable(replayed(traffic), until)
    assert found == expected
    return play


async def late(seed):
    """A show with late records: whether they count depends on the order of reading, which the journal has."""
    traffic = a_show(1, rooms=3, duration=60.0, rate=1.5, seed=seed, duplicates=0.02, broken=0.01, late=0.1)
    return await crashed(Play(traffic, seed))


async def crashes(n, seed):
    """Play shows until so many crashes were survived; return how many there were at each point."""
    at = Counter()
    while at.total() < n:
        for make in (on_time, late):
            seed += 1
            at += Counter((await make(seed)).at)
    return at


async def test_crashes_anywhere_change_nothing():
    """Hundreds of crashes at any point, requests lost or not, and zombies: every output once, as `replay` has it."""
    at = await crashes(250, seed=0)
    assert set(at) >= {"dropped", *POINTS} - {"journal_read", "snapshots_loaded", "input_read_again"}


@pytest.mark.long
async def test_five_thousand_crashes():
    """The same 5,000 times; every point of the path is among them."""
    at = await crashes(5_000, seed=1_000)
    assert set(at) >= {"dropped", *POINTS}


async def test_overtaken_in_the_middle_of_a_restore():
    """Who restores while another commits is told that it is fenced, not that Kafka's offsets are wrong."""
    play = Play(a_show(1, rooms=3, duration=30.0, rate=1.5, seed=1), 1)
    play.send(60)
    await Life(play.broker, play.rng, None).run()
    slow = Life(play.broker, play.rng, None)

    class Overtaken(Admin):
        async def list_consumer_group_offsets(self, group, partitions):
            play.send(60)
            await Life(play.broker, play.rng, None).run()
            return await super().list_consumer_group_offsets(group, partitions)

    config = replace(slow.config, clients=replace(slow.machine.clients, admin=partial(Overtaken, slow.machine)))
    with pytest.raises(ProducerFenced, match="another worker commits"):
        await restore(Stepper(Task(Plain(), config.task), PARTITION), config, Unobserved())
