"""Another worker on the same Kafka that has a name in common, by mistake or not: nothing is published twice."""

from tests.adapters.kafka.process import all_committed
from tests.adapters.kafka.show import a_show, check_equal, make_topics, send


async def test_another_group_is_refused(broker, prefix, new_worker):
    """Started on topics that a group works on, a worker of another one ends and says why; the group goes on."""
    traffic = a_show(duration=60.0)
    half = len(traffic.records) // 2
    await make_topics(broker.bootstrap, prefix, traffic.partitions)
    await send(broker.bootstrap, prefix, traffic.records[:half])
    first = new_worker(heartbeat_s=0.5).start().wait_ready().wait_committed(half)
    other = new_worker(app_id=f"{prefix}other").start()
    await send(broker.bootstrap, prefix, traffic.records[half:], live=True)
    assert other.wait_exit() == 1
    assert f"is the journal of group {prefix}worker, and this is group {prefix}other" in other.lines()[-1]
    await all_committed(prefix, traffic, first)
    assert first.terminate() == 0
    await check_equal(broker.bootstrap, prefix, traffic)


async def test_one_group_may_have_topics_of_two_prefixes(broker, prefix, new_worker):
    """Workers whose operator left the group's name as it was, on other topics: they shut nobody out."""
    traffic = a_show(duration=60.0)
    half = len(traffic.records) // 2
    workers = []
    for name in (f"{prefix}a.", f"{prefix}b."):
        await make_topics(broker.bootstrap, name, traffic.partitions)
        await send(broker.bootstrap, name, traffic.records[:half])
        workers.append(new_worker(topic_prefix=name).start().wait_ready().wait_committed(half))
    for worker in workers:
        name = worker.settings["topic_prefix"]
        await send(broker.bootstrap, name, traffic.records[half:], live=True)
        await all_committed(name, traffic, worker)
    for worker in workers:
        assert worker.metric("streamproc_tasks_dropped_total") == 0
        assert worker.terminate() == 0
        await check_equal(broker.bootstrap, worker.settings["topic_prefix"], traffic)


async def test_a_name_is_for_one_worker(broker, prefix, new_worker):
    """A second worker of the same instance name has the partitions at once; the first ends and takes nothing back."""
    traffic = a_show(duration=60.0)
    half = len(traffic.records) // 2
    await make_topics(broker.bootstrap, prefix, traffic.partitions)
    await send(broker.bootstrap, prefix, traffic.records[:half])
    first = new_worker(instance="one", heartbeat_s=0.5).start().wait_ready().wait_committed(half)
    second = new_worker(instance="one", heartbeat_s=0.5).start().wait_ready()
    await send(broker.bootstrap, prefix, traffic.records[half:], live=True)
    assert first.wait_exit() == 1
    assert first.lines()[-1].startswith("streamproc worker: another worker of the group has the name one:")
    await all_committed(prefix, traffic, second)
    assert second.metric("streamproc_rebalances_total") == 1
    assert second.terminate() == 0
    await check_equal(broker.bootstrap, prefix, traffic)
