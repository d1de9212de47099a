"""The disk of the broker is full: nothing is lost, and all goes on when there is room again."""

import subprocess
from contextlib import suppress

import pytest

from streamproc.adapters.broker.server import EmbeddedBroker
from tests.adapters.kafka.process import WorkerProcess, all_committed
from tests.adapters.kafka.show import a_show, check_equal, make_topics, send
from tests.broker import wait_until

pytestmark = pytest.mark.long


@pytest.fixture
def disk(tmp_path):
    """A disk of 200 MB; mounting one takes root on Linux."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", folder], capture_output=True, text=True, check=False
        )
    except OSError as error:
        pytest.skip(f"no small disk can be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(path):
    """Write until nothing fits any more."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 16))


async def test_a_full_disk_stops_the_broker_and_loses_nothing(kafka_home, prefix, tmp_path, disk):
    """Kafka ends when it cannot write; the worker waits, and with room and Kafka back every output comes once."""
    traffic = a_show(duration=90.0)
    half = len(traffic.records) // 2
    with EmbeddedBroker(disk / "broker", home=kafka_home) as broker:
        await make_topics(broker.bootstrap, prefix, traffic.partitions)
        await send(broker.bootstrap, prefix, traffic.records[:half])
        worker = WorkerProcess(tmp_path, broker.bootstrap, prefix, batch_records=20, max_step_records=40).start()
        try:
            worker.wait_ready().wait_committed(100)
            fill(disk / "ballast")
            wait_until(lambda: not broker.running, "end of a broker that cannot write")
            assert worker.process.is_alive()
            (disk / "ballast").unlink()
            broker.restart()
            await send(broker.bootstrap, prefix, traffic.records[half:], live=True)
            await all_committed(prefix, traffic, worker)
            assert worker.terminate() == 0
            await check_equal(broker.bootstrap, prefix, traffic)
        finally:
            worker.end()
