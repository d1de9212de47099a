"""Three nodes of Kafka, replication 3, min ISR 2: whatever happens to them, every output comes once."""

import pytest

from streamproc.adapters.broker.cluster import BrokerCluster
from tests.adapters.kafka.process import WorkerProcess, all_committed
from tests.adapters.kafka.show import a_show, check_equal, make_topics, send

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def cluster(kafka_home, tmp_path_factory):
    """Three nodes; a test leaves all of them running."""
    with BrokerCluster(tmp_path_factory.mktemp("cluster"), home=kafka_home) as running:
        yield running


class AtWork:
    """A worker in the middle of a show, the rest of which is sent in parts."""

    def __init__(self, cluster, prefix, folder):
        self.cluster, self.prefix = cluster, prefix
        self.traffic = a_show(duration=90.0)
        self._left = list(self.traffic.records)
        self.worker = WorkerProcess(folder, cluster.bootstrap, prefix, batch_records=50, max_step_records=100)

    async def begin(self):
        """Start; some steps are committed, and there is more to do."""
        await make_topics(self.cluster.bootstrap, self.prefix, self.traffic.partitions)
        await self.send(0.4)
        self.worker.start().wait_ready().wait_committed(100)

    async def send(self, share=1.0):
        """Send a share of the show, or all that is left."""
        n = int(share * len(self.traffic.records))
        part, self._left = self._left[:n], self._left[n:]
        await send(self.cluster.bootstrap, self.prefix, part, live=True)

    def wait_stuck(self, seconds):
        """Wait until nothing could be committed for so long."""
        self.worker.wait(lambda: self.worker.metric("streamproc_commit_age_seconds") > seconds, "lack of commits")

    async def end(self):
        """Send what is left, and compare."""
        await self.send()
        await all_committed(self.prefix, self.traffic, self.worker)
        assert self.worker.terminate() == 0
        await check_equal(self.cluster.bootstrap, self.prefix, self.traffic)


@pytest.fixture
async def at_work(cluster, prefix, tmp_path):
    """A worker at work."""
    work = AtWork(cluster, prefix, tmp_path)
    try:
        await work.begin()
        yield work
    finally:
        work.worker.end()
        cluster.start()


async def test_each_node_may_be_lost_in_its_turn(cluster, at_work):
    """Leaders of partitions, group and transactions among them: the same process goes on without and with it."""
    for node in cluster.nodes:
        node.kill()
        await at_work.send(0.15)
        node.start()
    await at_work.end()


async def test_without_a_majority_the_worker_waits(cluster, at_work):
    """Two of three are lost: nothing is committed, and all is when they are back."""
    await at_work.send(0.2)
    for node in cluster.nodes[:2]:
        node.kill()
    at_work.wait_stuck(5.0)
    cluster.start()
    await at_work.end()


async def test_all_nodes_restart(cluster, at_work):
    """The whole cluster is stopped and started under the worker."""
    await at_work.send(0.2)
    cluster.stop()
    cluster.start()
    await at_work.end()


async def test_a_broker_that_answers_late(cluster, at_work):
    """All nodes stand still for some seconds, in the middle of transactions, again and again."""
    for seconds in (2.0, 5.0):
        await at_work.send(0.2)
        for node in cluster.nodes:
            node.pause()
        try:
            at_work.wait_stuck(seconds)
        finally:
            for node in cluster.nodes:
                node.resume()
    await at_work.end()
