"""The worker on a real broker: what goes in comes out once, as `replay` has it, whatever happens in between."""

import re
import socket
import time

import pytest

from streamproc.adapters.broker.topics import create_topics, delete_topics
from streamproc.adapters.kafka.topics import topic_specs
from streamproc.contracts import topics
from tests.adapters.kafka.process import all_committed
from tests.adapters.kafka.show import CLOSING, Traffic, a_show, check_equal, make_topics, published, send

MINUTE = 60_000


async def test_a_backlog_comes_out_as_replay_has_it(broker, prefix, new_worker):
    """A show that waits on Kafka gives the very records that `replay` gives, and SIGTERM ends the worker cleanly.

    Batches are small and topics are paused soon, so that those with few records get far ahead of the others.
    """
    traffic = a_show(duplicates=0.01, broken=0.01)
    await make_topics(broker.bootstrap, prefix, traffic.partitions)
    await send(broker.bootstrap, prefix, traffic.records)
    worker = new_worker(batch_records=100, max_ahead_ms=3_000).start()
    worker.wait_ready().wait_committed(len(traffic.records))
    assert worker.metric("streamproc_late_total") == 0
    assert worker.terminate() == 0
    assert worker.lines()[-1].startswith("{"), "a clean end needs no last words"
    worker.start().wait_ready()
    assert worker.metric("streamproc_restored_records_total") == 0, "snapshots of all rooms leave nothing to read again"
    assert worker.terminate() == 0
    await check_equal(broker.bootstrap, prefix, traffic)


async def test_a_killed_worker_goes_on_as_if_nothing_had_been(broker, prefix, new_worker):
    """Killed three times in the middle of a show: every output once, and all as `replay` has them."""
    traffic = a_show(duplicates=0.01)
    await make_topics(broker.bootstrap, prefix, traffic.partitions)
    half = len(traffic.records) // 2
    await send(broker.bootstrap, prefix, traffic.records[:half])
    worker = new_worker(instance="one", batch_records=50, max_step_records=100)
    for committed in (200, 400, 100):
        worker.start().wait_ready().wait_committed(committed).kill()
    await send(broker.bootstrap, prefix, traffic.records[half:])
    worker.start().wait_ready()
    assert worker.metric("streamproc_restored_records_total") > 0
    await all_committed(prefix, traffic, worker)
    assert worker.terminate() == 0
    await check_equal(broker.bootstrap, prefix, traffic)


def _chat(at, **value):
    return {"event_id": f"c{at}", "room_id": "r", "user_id": "u", "text": "hello", "event_time": at, **value}


async def test_every_reason_of_a_dead_letter(broker, prefix, new_worker):
    """Each unusable record that is sent comes out as one dead letter with its reason, and nothing else happens."""
    traffic, now = Traffic(1), int(time.time() * 1000)
    traffic.add(topics.CHAT, "r", _chat(now - 30 * MINUTE))
    traffic.close(now)
    bad = len(traffic.records)
    traffic.add(topics.CHAT, "r", None)
    traffic.add(topics.CHAT, "r", b"x" * (64 * 1024 + 1))
    traffic.add(topics.CHAT, "r", b"{")
    traffic.add(topics.ORDERS, "r", _chat(now))
    traffic.add(topics.CHAT, "r", _chat(now), key=b"other")
    traffic.add(topics.CHAT, "r", _chat(now + 60 * MINUTE))
    traffic.add(topics.CHAT, "r", _chat(now - 20 * MINUTE))
    reasons = ("empty", "too_large", "not_json", "invalid", "wrong_key", "future", "too_late")
    await make_topics(broker.bootstrap, prefix, 1)
    await send(broker.bootstrap, prefix, traffic.records[:bad])
    worker = new_worker().start().wait_ready().wait_committed(bad)
    await send(broker.bootstrap, prefix, traffic.records[bad:])
    worker.wait_committed(len(traffic.records))
    assert worker.metric("streamproc_dead_letters_total") == len(reasons)
    assert worker.terminate() == 0
    found = await published(broker.bootstrap, prefix)
    assert {output_id: value["reason"] for output_id, value in found[topics.DEAD_LETTER].items()} == {
        f"{record.topic}/0/{record.offset}": reason
        for record, reason in zip(traffic.records[bad:], reasons, strict=True)
    }
    assert len(found[topics.CLASSIFIED]) == 1


@pytest.mark.parametrize("part", ["fenced", "applied", "classified_sent", "closed"])
async def test_a_failure_anywhere_ends_the_worker(broker, prefix, new_worker, part):
    """A bug in restore, agent, producer or commit takes the process down, with one last line that quotes no record."""
    traffic = Traffic(1)
    traffic.add(topics.CHAT, "r", _chat(int(time.time() * 1000), text="my secret"))
    await make_topics(broker.bootstrap, prefix, 1)
    await send(broker.bootstrap, prefix, traffic.records)
    worker = new_worker(fault=f"raise {part} 1").start()
    assert worker.wait_exit() == 1
    assert worker.lines()[-1].startswith("streamproc worker: RuntimeError at tests.adapters.kafka.entry:")
    assert "secret" not in "\n".join(worker.lines())


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (
            lambda spec: None if "orders" in spec.name else spec,
            "live.orders.v1 is missing, or this user may not see it",
        ),
        (
            lambda spec: _with(spec, partitions=2) if "room" in spec.name else spec,
            "live.room.v1 has 2 partitions and needs 3",
        ),
        (
            lambda spec: _with(spec, config={}) if "anchor" in spec.name else spec,
            "live.anchor.v1 has message.timestamp.type=CreateTime and needs LogAppendTime",
        ),
    ],
    ids=["missing", "partitions", "timestamps"],
)
async def test_unfit_topics_stop_the_start(broker, prefix, new_worker, wrong, complaint):
    """Missing topics, other numbers of partitions and producers' timestamps are told before anything is read."""
    specs = [wrong(spec) for spec in topic_specs(3, prefix=prefix)]
    await create_topics(broker.bootstrap, [spec for spec in specs if spec is not None])
    worker = new_worker().start()
    assert worker.wait_exit() == 1
    assert worker.lines() == [f"streamproc worker: topics are not as they have to be: {prefix}{complaint}"]


@pytest.mark.parametrize(
    ("topic", "complaint"),
    [
        (topics.ORDERS, "was assigned without live.orders.v1: the topic is gone"),
        (topics.JOURNAL, "topics were deleted while the worker ran: {}live.journal.v1"),
    ],
)
async def test_a_topic_that_is_deleted_stops_the_worker(broker, prefix, new_worker, topic, complaint):
    """An input topic or one it writes to: the worker ends with its name, and does not wait for ever."""
    traffic = a_show(duration=30.0)
    await make_topics(broker.bootstrap, prefix, traffic.partitions)
    await send(broker.bootstrap, prefix, traffic.records[:300])
    worker = new_worker(commit_timeout_s=2.0).start().wait_ready().wait_committed(200)
    await delete_topics(broker.bootstrap, [prefix + topic])
    if topic not in topics.INPUTS:
        await send(broker.bootstrap, prefix, traffic.records[300:])
    assert worker.wait_exit() == 1
    assert complaint.format(prefix) in worker.lines()[-1]


def _with(spec, **changes):
    return type(spec)(**{"name": spec.name, "partitions": spec.partitions, "config": spec.config, **changes})


async def test_partitions_move_between_workers(broker, prefix, new_worker):
    """A second worker joins, the first is killed, a third joins and all stop: every output once, as `replay` has it."""
    traffic = a_show(partitions=3, duration=90.0)
    await make_topics(broker.bootstrap, prefix, traffic.partitions)
    third = len(traffic.records) // 3
    await send(broker.bootstrap, prefix, traffic.records[:third])
    first, second, last = (new_worker(batch_records=50, max_step_records=100) for _ in range(3))
    first.start().wait_ready().wait_committed(100)
    second.start()
    second.wait(lambda: 0 < second.metric("streamproc_partitions") < traffic.partitions, "a share of the partitions")
    await send(broker.bootstrap, prefix, traffic.records[third : 2 * third], live=True)
    second.wait_committed(50)
    first.kill()
    last.start()
    await send(broker.bootstrap, prefix, traffic.records[2 * third :], live=True)
    last.wait(lambda: last.metric("streamproc_partitions") > 0, "a share of the partitions")
    await all_committed(prefix, traffic, second, last)
    assert second.metric("streamproc_late_total") == last.metric("streamproc_late_total") == 0
    partitions = second.metric("streamproc_partitions") + last.metric("streamproc_partitions")
    assert partitions == traffic.partitions
    assert second.terminate() == last.terminate() == 0
    await check_equal(broker.bootstrap, prefix, traffic)


async def test_a_worker_that_was_paused_writes_nothing_more(broker, prefix, new_worker):
    """Stopped in its tracks beyond the session timeout, a worker is fenced when it wakes: nothing comes twice."""
    traffic = a_show(duration=90.0)
    await make_topics(broker.bootstrap, prefix, traffic.partitions)
    half = len(traffic.records) // 2
    await send(broker.bootstrap, prefix, traffic.records[:half])
    zombie = new_worker(batch_records=50, max_step_records=100, session_timeout_s=2.0, heartbeat_s=0.5)
    zombie.start().wait_ready().wait_committed(100).pause()
    heir = new_worker(session_timeout_s=2.0, heartbeat_s=0.5).start()
    heir.wait(lambda: heir.metric("streamproc_partitions") == traffic.partitions, "all partitions")
    heir.wait_ready()
    await send(broker.bootstrap, prefix, traffic.records[half:], live=True)
    zombie.resume()
    zombie.wait(lambda: zombie.metric("streamproc_rebalances_total") >= 2, "return of the paused worker")
    await all_committed(prefix, traffic, zombie, heir)
    assert zombie.metric("streamproc_late_total") == heir.metric("streamproc_late_total") == 0
    assert zombie.terminate() == heir.terminate() == 0
    await check_equal(broker.bootstrap, prefix, traffic)


def test_closing_rooms_are_not_a_shows():
    """The rooms that end a test's traffic have names no show gives."""
    assert all(not record.key.startswith(CLOSING.encode()) for record in a_show(duration=5.0).records[:-2])


async def test_a_taken_port_stops_the_start(broker, prefix, new_worker):
    """The worker does not run without being seen: the last line names the address that is taken."""
    await make_topics(broker.bootstrap, prefix, 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        worker = new_worker(http_port=port).start()
        assert worker.wait_exit() == 1
    assert re.match(
        rf"streamproc worker: /metrics cannot be served at 127\.0\.0\.1:{port} .*address already in use",
        worker.lines()[-1],
    )


async def test_an_address_that_is_none_stops_the_start(broker, prefix, new_worker):
    """The last line names the setting that is wrong."""
    await make_topics(broker.bootstrap, prefix, 1)
    worker = new_worker(http_host="nowhere.invalid").start()
    assert worker.wait_exit() == 1
    assert worker.lines()[-1].startswith("streamproc worker: /metrics cannot be served at nowhere.invalid:0 (http_host")
