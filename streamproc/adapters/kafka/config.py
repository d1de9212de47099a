"""What the worker is told. The shell maps its settings onto this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamproc.adapters.kafka.clients import Clients
from streamproc.contracts import topics
from streamproc.pipeline.task import TaskConfig

#: The largest record of the worker's own topics, in bytes: the snapshot of a room at its bounds.
LARGEST_RECORD = 16 << 20


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """One worker's configuration. Times ending in `_s` are seconds, sizes are bytes unless named otherwise.

    `app_id` is the consumer group. `topic_prefix` stands before every topic's name. `partitions` of None takes what the
    input topics have. `security` holds aiokafka's connection arguments (security_protocol, ssl_context, sasl_mechanism,
    sasl_plain_username, sasl_plain_password).
    """

    task: TaskConfig
    bootstrap: str = "127.0.0.1:9092"
    app_id: str = "streamproc"
    #: Static membership: a restarted worker of the same name has its partitions back at once.
    instance: str | None = None
    topic_prefix: str = ""
    partitions: int | None = None
    security: Mapping[str, Any] = field(default_factory=dict)

    commit_interval_s: float = 1.0
    #: A step of more records is committed at once; twice as many make reading wait for the commit.
    max_step_records: int = 10_000
    #: A step of more outputs is committed before anything more is read.
    max_step_outputs: int = 10_000
    #: Bytes of input after which it does: dead letters carry what could not be used, whole.
    max_step_bytes: int = 16 << 20
    #: Steps over which the snapshots of all changed rooms are spread.
    snapshot_spread: int = 10
    #: Fetches that come back empty for so long let time go on without records.
    idle_timeout_s: float = 10.0

    session_timeout_s: float = 8.0
    heartbeat_s: float = 2.0
    #: A transaction that takes longer is given up, and the task restored.
    commit_timeout_s: float = 60.0
    #: Kafka aborts a dead worker's transaction after this, if nobody takes over its partition before.
    transaction_timeout_s: float = 60.0
    #: What a rebalance waits for the last commit of a task that goes elsewhere.
    revoke_timeout_s: float = 4.0
    #: What a stop waits for the last commits, snapshots of all changed rooms included.
    stop_timeout_s: float = 30.0

    #: Most records of one fetch, and most bytes of one partition in it.
    batch_records: int = 2_000
    fetch_bytes: int = 1 << 20
    #: Kafka holds an answer until it has so many bytes, or so long: small batches cost most.
    fetch_min_bytes: int = 64 << 10
    fetch_wait_s: float = 0.1
    #: Batches that wait for the agent.
    buffered_batches: int = 8
    #: ms of event time by which a topic may be ahead of those that lag, before it is paused.
    max_ahead_ms: int = 60_000
    #: Restores that go on at the same time.
    restores: int = 4
    #: Largest batch of output records sent at once.
    send_bytes: int = 900_000

    http_host: str = "127.0.0.1"
    #: None serves nothing, 0 takes a free port.
    http_port: int | None = 6067
    #: Rooms with a label of their own on /metrics.
    metrics_rooms: int = 200
    clients: Clients = field(default_factory=Clients)

    def on_kafka(self, topic: str) -> str:
        """Return a topic's name on Kafka."""
        return self.topic_prefix + topic

    @property
    def inputs(self) -> dict[str, str]:
        """The input topics: name on Kafka -> name in the contract."""
        return {self.on_kafka(topic): topic for topic in topics.INPUTS}

    def transactional_id(self, partition: int) -> str:
        """Return the name under which the owner of a partition number writes: starting it fences the last owner.

        It names the topics and not the group: nobody else may write there, and the group may have other topics too.
        """
        return f"{self.on_kafka(topics.JOURNAL)}-{partition}"
