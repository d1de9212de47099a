"""Kafka goes away and comes back; time goes on where nothing comes in."""

import time

import pytest

from streamproc.adapters.broker.server import EmbeddedBroker
from streamproc.contracts import topics
from streamproc.domain.time import PANE
from tests.adapters.kafka.process import WorkerProcess, all_committed
from tests.adapters.kafka.show import Traffic, a_show, check_equal, make_topics, published, send


@pytest.mark.long
async def test_the_worker_waits_for_kafka_and_goes_on(kafka_home, prefix, tmp_path):
    """Kafka is killed in the middle of a show and started again: the same process goes on, every output once."""
    traffic = a_show()
    half = len(traffic.records) // 2
    with EmbeddedBroker(tmp_path / "broker", home=kafka_home) as broker:
        await make_topics(broker.bootstrap, prefix, traffic.partitions)
        await send(broker.bootstrap, prefix, traffic.records[:half])
        worker = WorkerProcess(tmp_path, broker.bootstrap, prefix, batch_records=50, max_step_records=100).start()
        try:
            worker.wait_ready().wait_committed(100)
            broker.kill()
            broker.restart()
            await send(broker.bootstrap, prefix, traffic.records[half:], live=True)
            await all_committed(prefix, traffic, worker)
            assert worker.terminate() == 0
            await check_equal(broker.bootstrap, prefix, traffic)
        finally:
            worker.end()


@pytest.mark.long
async def test_a_transaction_that_takes_too_long_is_done_again(kafka_home, prefix, tmp_path):
    """Kafka stands still for longer than a commit may take: tasks are dropped and restored, every output once."""
    traffic = a_show(duration=60.0)
    half = len(traffic.records) // 2
    with EmbeddedBroker(tmp_path / "broker", home=kafka_home) as broker:
        await make_topics(broker.bootstrap, prefix, traffic.partitions)
        await send(broker.bootstrap, prefix, traffic.records[:half])
        worker = WorkerProcess(
            tmp_path, broker.bootstrap, prefix, batch_records=20, max_step_records=40, commit_timeout_s=1.0
        ).start()
        try:
            worker.wait_ready().wait_committed(100)
            broker.pause()
            worker.wait(lambda: worker.metric("streamproc_tasks_dropped_total") > 0, "end of a transaction")
            broker.resume()
            await send(broker.bootstrap, prefix, traffic.records[half:], live=True)
            await all_committed(prefix, traffic, worker)
            assert worker.terminate() == 0
            await check_equal(broker.bootstrap, prefix, traffic)
        finally:
            broker.resume()
            worker.end()


async def test_time_goes_on_in_silence(broker, prefix, new_worker):
    """When nothing comes in for long, panes end all the same, and their records are published."""
    traffic = Traffic(1)
    end = (int(time.time() * 1000) // PANE - 2) * PANE
    value = {"event_id": "c", "room_id": "r", "user_id": "u", "text": "hello", "event_time": end - 1}
    traffic.add(topics.CHAT, "r", value)
    await make_topics(broker.bootstrap, prefix, 1)
    await send(broker.bootstrap, prefix, traffic.records)
    worker = new_worker(idle_timeout_s=0.3).start().wait_ready()
    worker.wait(lambda: worker.metric("streamproc_room_messages") == 1, "end of a pane")
    assert worker.terminate() == 0
    found = await published(broker.bootstrap, prefix)
    assert f"r@{end - 1}/60s/{end}" in found[topics.METRICS]
