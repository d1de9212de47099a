"""An hour of traffic read in one go: its records are those of the hour as it came, and memory does not grow with it."""

import json

import pytest

from streamproc.contracts import topics
from tests.adapters.kafka.process import all_committed
from tests.adapters.kafka.show import a_show, comparable, last_pane, make_topics, published, replayed, send
from tests.durability.lives import Life, Play

#: Records that a fetch brings of the topic that is far behind, and of each other one.
_FEW, _MANY = 3, 50


class Behind(Life):
    """A worker to whom Kafka gives one topic slowly; ``most`` is the largest number of events that waited for it."""

    most = 0
    quiet = 2_000

    def __init__(self, play, slow, **settings):
        super().__init__(play.broker, play.rng, None, **settings)
        self.slow = slow

    def most_of(self, topic):
        """Return how many records a fetch brings of a topic."""
        self.most = max(self.most, len(self.runner.task._buffer))
        return _FEW if topic == self.slow else _MANY


@pytest.mark.parametrize("slow", [topics.CHAT, topics.ORDERS])
async def test_an_hour_in_one_go(slow):
    """One topic far behind the others: they wait for it in Kafka, not in memory, and nothing is late."""
    traffic = a_show(1, rooms=2, duration=3600.0, rate=0.3, seed=1)
    play = Play(traffic, 1)
    play.send(len(traffic.records))
    worker = Behind(play, slow, max_ahead_ms=60_000, max_step_records=400)
    await worker.run()
    assert play.committed()
    others = sum(record.topic != slow for record in traffic.records)
    # A minute of an hour, and a fetch of each topic on top.
    assert worker.most < others / 60 + len(topics.INPUTS) * _MANY + 60 < others / 5
    until = last_pane(traffic)
    found = {topic: {v["id"]: v for v in map(json.loads, play.published(topic))} for topic in topics.OUTPUTS}
    assert comparable(found, until) == comparable(replayed(traffic), until)


@pytest.mark.long
async def test_an_hour_later_is_an_hour_as_it_came(broker, prefix, new_worker):
    """A worker reads the hour as it comes, another one all of it in one go: the same records of each topic."""
    traffic = a_show(2, rooms=4, duration=3600.0, rate=0.2, duplicates=0.01, broken=0.005)
    found = {}
    for name in ("live.", "later."):
        await make_topics(broker.bootstrap, prefix + name, traffic.partitions)
        settings = {"topic_prefix": prefix + name, "app_id": f"{prefix}{name}worker"}
        if name == "live.":
            worker = new_worker(**settings).start().wait_ready()
            await send(broker.bootstrap, prefix + name, traffic.records, live=True)
        else:
            await send(broker.bootstrap, prefix + name, traffic.records)
            worker = new_worker(**settings, batch_records=200).start()
        await all_committed(prefix + name, traffic, worker)
        assert worker.metric("streamproc_late_total") == 0
        assert worker.terminate() == 0
        found[name] = comparable(await published(broker.bootstrap, prefix + name), last_pane(traffic))
    assert found["live."] == found["later."] == comparable(replayed(traffic), last_pane(traffic))
