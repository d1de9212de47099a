"""Killed at every point of the path, a worker goes on as if nothing had been."""

import signal

import pytest

from streamproc.adapters.kafka.observer import POINTS
from tests.adapters.kafka.process import all_committed
from tests.adapters.kafka.show import a_show, check_equal, make_topics, send

#: Points that are reached once for every start of a task.
_OF_A_RESTORE = POINTS[: POINTS.index("restored") + 1]


@pytest.mark.long
async def test_kills_at_every_point(broker, prefix, new_worker):
    """One show, one worker after the other, each killed at another point: every output once, as `replay` has it."""
    traffic = a_show(duration=240.0, duplicates=0.01)
    await make_topics(broker.bootstrap, prefix, traffic.partitions)
    await send(broker.bootstrap, prefix, traffic.records)
    settings = {"instance": "one", "batch_records": 40, "max_step_records": 80, "snapshot_spread": 4}
    warm = new_worker(**settings, fault="kill transaction_ended 6").start()
    assert warm.wait_exit() == -signal.SIGKILL
    for point in POINTS:
        times = 1 if point in _OF_A_RESTORE else 4
        worker = new_worker(**settings, fault=f"kill {point} {times}").start()
        assert worker.wait_exit() == -signal.SIGKILL, point
    last = new_worker(**settings).start()
    await all_committed(prefix, traffic, last)
    assert last.terminate() == 0
    await check_equal(broker.bootstrap, prefix, traffic)
