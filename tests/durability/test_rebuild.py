"""`replay --journal` makes what a worker has published again, whatever happened to the worker."""

import asyncio
import json
import re

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streamproc.contracts import topics
from streamproc.shell.cli import main
from tests.adapters.kafka.process import all_committed
from tests.adapters.kafka.show import a_show, make_topics, send
from tests.durability.judge import differences, in_files, on_kafka


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


async def test_the_command_says_what_it_cannot_rebuild(broker, prefix, new_worker, tmp_path, capsys):
    """Another model is told; a journal without its beginning, or input that is gone, is one line and status 1."""
    traffic = a_show(1, rooms=2, duration=30.0, broken=0.05)
    await make_topics(broker.bootstrap, prefix, 1)
    await send(broker.bootstrap, prefix, traffic.records)
    worker = new_worker(max_step_records=60).start().wait_ready().wait_committed(len(traffic.records))
    assert worker.terminate() == 0

    async def replay():
        words = ["--out", str(tmp_path / "out"), "--bootstrap", broker.bootstrap, "--topic-prefix", prefix]
        status = await asyncio.to_thread(main, ["replay", "--journal", "--quiet", *words])
        return status, capsys.readouterr().err

    status, said = await replay()
    assert status == 0
    assert "the run was understood with plain" in said
    found = in_files(tmp_path / "out")
    assert found[topics.DEAD_LETTER] == (await on_kafka(broker.bootstrap, prefix))[topics.DEAD_LETTER] != []
    await cut(broker, prefix + topics.CHAT, 5)
    assert (await replay())[1].count("which the journal needs again, is gone") == 1
    await cut(broker, prefix + topics.JOURNAL, 3)
    status, said = await replay()
    assert status == 1
    assert re.fullmatch(r"streamproc: journal of partition 0 begins with step \d+: .*\n", said)
    assert in_files(tmp_path / "out") == found, "what was there before stays"


async def cut(broker, topic, offset):
    """Delete the records before an offset, as retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(offset)})
    await admin.close()
