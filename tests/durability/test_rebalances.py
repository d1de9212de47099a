"""Workers join, leave, are killed and come back as zombies, at the worst moments: every output comes once."""

import pytest

from tests.adapters.kafka.process import all_committed
from tests.adapters.kafka.show import a_show, check_equal, make_topics, send
from tests.durability.judge import differences

pytestmark = pytest.mark.long

_QUICK = {"session_timeout_s": 2.0, "heartbeat_s": 0.5, "batch_records": 50, "max_step_records": 100}


@pytest.mark.parametrize(
    "point", ["snapshots_loaded", "transaction_begun", "outputs_sent", "offsets_sent", "outputs_acked", "applied"]
)
async def test_a_zombie_of_any_moment_writes_nothing_more(broker, prefix, new_worker, tmp_path, point):
    """Stopped in a restore, in a transaction, with snapshots of all rooms sent; its heir is long at work when it wakes.

    Late records are among the others, so that what it had read in another order would show.
    """
    traffic = a_show(duration=90.0, late=0.03)
    third = len(traffic.records) // 3
    await make_topics(broker.bootstrap, prefix, traffic.partitions)
    await send(broker.bootstrap, prefix, traffic.records[:third])
    before = new_worker(**_QUICK, snapshot_spread=1).start().wait_ready().wait_committed(100)
    before.kill()
    times = 1 if point == "snapshots_loaded" else 3
    zombie = new_worker(**_QUICK, snapshot_spread=1, fault=f"stop {point} {times}").start()
    await send(broker.bootstrap, prefix, traffic.records[third : 2 * third], live=True)
    zombie.wait(zombie.is_stopped, f"stop at {point}")
    heir = new_worker(**_QUICK).start()
    heir.wait(lambda: heir.metric("streamproc_partitions") == traffic.partitions, "all partitions")
    heir.wait_ready().wait_committed(50)
    zombie.resume()
    await send(broker.bootstrap, prefix, traffic.records[2 * third :], live=True)
    zombie.wait(lambda: zombie.metric("streamproc_rebalances_total") >= 2, "return of the zombie")
    await all_committed(prefix, traffic, zombie, heir)
    assert zombie.terminate() == heir.terminate() == 0
    assert await differences(broker.bootstrap, prefix, tmp_path / "again") == []


async def test_three_workers_come_and_go(broker, prefix, new_worker):
    """One, two, three workers: one leaves, one is killed and is back, one is killed in a transaction, in one show."""
    traffic = a_show(partitions=6, rooms=8, duration=120.0)
    size = len(traffic.records) // 6
    parts = [traffic.records[i * size : (i + 1) * size] for i in range(6)] + [traffic.records[6 * size :]]
    await make_topics(broker.bootstrap, prefix, traffic.partitions)

    async def go_on():
        await send(broker.bootstrap, prefix, parts.pop(0), live=True)

    def share(worker):
        worker.wait(
            lambda: 0 < worker.metric("streamproc_partitions") < traffic.partitions, "a share of the partitions"
        )

    first, second, third = (new_worker(**_QUICK) for _ in range(3))
    first.start().wait_ready()
    await go_on()
    first.wait_committed(50)
    for worker in (second, third):
        worker.start()
        share(worker)
        await go_on()
        worker.wait_committed(20)
    assert first.terminate() == 0
    await go_on()
    second.kill()
    await go_on()
    second.start()
    share(second)
    doomed = new_worker(**_QUICK, fault="kill offsets_sent 2").start()
    await go_on()
    assert doomed.wait_exit() != 0
    await send(broker.bootstrap, prefix, [record for part in parts for record in part], live=True)
    await all_committed(prefix, traffic, second, third)
    assert second.terminate() == third.terminate() == 0
    await check_equal(broker.bootstrap, prefix, traffic)
