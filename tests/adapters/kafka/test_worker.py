"""The worker on a real broker: what goes in comes out once, as `replay` has it, whatever happens in between."""

import pytest

from tests.adapters.kafka.process import WorkerProcess
from tests.adapters.kafka.show import a_show, comparable, last_pane, make_topics, published, replayed, send


@pytest.fixture
def prefix(names):
    """What all topic names and the group of a test start with."""
    return names.prefix + "."


async def check_equal(bootstrap, prefix, traffic):
    """Compare what was published with what `replay` makes of the same records."""
    until = last_pane(traffic)
    found = comparable(await published(bootstrap, prefix), until)
    expected = comparable(replayed(traffic), until)
    assert found.keys() == expected.keys()
    assert [key for key in expected if found[key] != expected[key]] == []
    assert len(expected) > 100


async def test_backlog_comes_out_as_replay_has_it(broker, prefix, tmp_path):
    """A show that waits on Kafka gives the very records that `replay` gives, and SIGTERM ends the worker cleanly."""
    traffic = a_show(duplicates=0.01, broken=0.01)
    await make_topics(broker.bootstrap, prefix, traffic.partitions)
    await send(broker.bootstrap, prefix, traffic.records)
    with WorkerProcess(tmp_path, broker.bootstrap, prefix) as worker:
        worker.wait_ready().wait_committed(len(traffic.records))
        assert worker.metric("streamproc_late_total") == 0
        assert worker.terminate() == 0
    await check_equal(broker.bootstrap, prefix, traffic)


async def test_a_killed_worker_goes_on_as_if_nothing_had_been(broker, prefix, tmp_path):
    """Killed three times in the middle of a show: every output once, and all as `replay` has them."""
    traffic = a_show(duplicates=0.01)
    await make_topics(broker.bootstrap, prefix, traffic.partitions)
    half = len(traffic.records) // 2
    await send(broker.bootstrap, prefix, traffic.records[:half])
    worker = WorkerProcess(tmp_path, broker.bootstrap, prefix, instance="one", batch_records=50, max_step_records=100)
    for killed_after in (200, 400, 100):
        with worker:
            worker.wait_ready().wait_committed(killed_after)
    await send(broker.bootstrap, prefix, traffic.records[half:])
    with worker:
        worker.wait_ready()
        worker.wait(lambda: worker.metric("streamproc_consumer_lag_records") == 0, "end of the backlog")
        assert worker.metric("streamproc_restored_records_total") > 0
        assert worker.terminate() == 0
    await check_equal(broker.bootstrap, prefix, traffic)
