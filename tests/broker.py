"""What tests on the real broker share: names of their own, and reading a topic to its end."""

import re
import threading
import time
import uuid
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition


@dataclass(frozen=True)
class Names:
    """Topic, group and transaction names that no other test on the same broker uses."""

    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")

    @classmethod
    def of_test(cls, test: str) -> "Names":
        """Names that also show which test they belong to."""
        return cls(f"{re.sub(r'[^A-Za-z0-9]+', '-', test)[:60].strip('-')}-{uuid.uuid4().hex[:8]}")

    def topic(self, name: str) -> str:
        """A topic's name, e.g. `topic("live.chat.v1")`."""
        return f"{self.prefix}.{name}"

    def group(self, name: str = "worker") -> str:
        """A consumer group id or application id."""
        return f"{self.prefix}.{name}"

    def transactional_id(self, name: str = "task-0") -> str:
        """A producer's transactional id."""
        return f"{self.prefix}.{name}"


async def read_all(bootstrap, topic, *, committed=True, security=None):
    """Read every record of a topic that is there now, in partition order, as aiokafka's ConsumerRecords."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed" if committed else "read_uncommitted",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        **(security or {}),
    )
    await consumer.start()
    try:
        await consumer._client.force_metadata_update()
        partitions = sorted(TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ())
        return [record for partition in partitions for record in await _read(consumer, partition)]
    finally:
        await consumer.stop()


async def _read(consumer, partition):
    consumer.assign([partition])
    await consumer.seek_to_beginning(partition)
    end = (await consumer.end_offsets([partition]))[partition]
    records = []
    # Transaction markers take offsets too: the position passes them, records do not.
    while await consumer.position(partition) < end:
        fetched = await consumer.getmany(partition, timeout_ms=200)
        records.extend(fetched.get(partition, ()))
    return [record for record in records if record.offset < end]


def wait_until(holds, what, *, timeout_s=30.0):
    """Poll until `holds()` is true; fails with `what` when it never is. For processes, which tell nobody."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, f"not within {timeout_s:.0f} s: {what}"
        pause.wait(0.02)
