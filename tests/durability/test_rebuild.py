"""`replay --journal` makes what a worker has published again, whatever happened to the worker."""

import json

from streamproc.contracts import topics
from tests.adapters.kafka.process import all_committed
from tests.adapters.kafka.show import a_show, make_topics, send
from tests.durability.judge import differences, in_files


async def test_late_records_are_published_as_the_journal_has_them(broker, prefix, new_worker, tmp_path):
    """Late records, of which it depends on the order of reading whether they count, and kills: the same to the byte."""
    traffic = a_show(1, rooms=2, duration=1500.0, rate=0.3, late=0.05, very_late=0.03, duplicates=0.02, broken=0.01)
    await make_topics(broker.bootstrap, prefix, traffic.partitions)
    half = len(traffic.records) // 2
    await send(broker.bootstrap, prefix, traffic.records[:half])
    worker = new_worker(instance="one", batch_records=30, max_step_records=60, max_ahead_ms=3_000, snapshot_spread=4)
    for committed in (200, 300, 100):
        worker.start().wait_ready().wait_committed(committed).kill()
    await send(broker.bootstrap, prefix, traffic.records[half:])
    worker.start().wait_ready()
    await all_committed(prefix, traffic, worker)
    assert worker.terminate() == 0
    assert await differences(broker.bootstrap, prefix, tmp_path / "again") == []
    found = in_files(tmp_path / "again")
    assert any(json.loads(line)["quality"]["late"] for line in found[topics.METRICS])
    assert any(json.loads(line)["reason"] == "too_late" for line in found[topics.DEAD_LETTER])
