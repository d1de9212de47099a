"""Several nodes of Apache Kafka on one machine, for what one node cannot show: leaders that move, and a minority lost."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self

from streamproc.adapters.broker.config import BrokerOptions, load_plan, new_plans
from streamproc.adapters.broker.fetch import KafkaHome, Progress, fetch_kafka
from streamproc.adapters.broker.server import START_TIMEOUT_S, EmbeddedBroker

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class BrokerCluster:
    """`nodes` brokers below `data_dir`, each also a controller; with three, topics default to replication 3, min ISR 2.

    `nodes[i]` has node id i + 1 and is stopped, killed, paused and started by itself. With fewer than a
    majority running no node becomes ready, so start several at once with `launch` and `wait_ready`.
    """

    def __init__(
        self,
        data_dir: Path,
        nodes: int = 3,
        *,
        options: BrokerOptions | None = None,
        home: KafkaHome | None = None,
        progress: Progress | None = None,
    ) -> None:
        folders = [data_dir / f"node-{i + 1}" for i in range(nodes)]
        used = [load_plan(folder) for folder in folders]
        plans = [plan for plan in used if plan] if all(used) else new_plans(nodes)
        home = home or fetch_kafka(progress=progress)
        self.nodes = [
            EmbeddedBroker(folder, options=options, plan=plan, home=home, progress=progress)
            for folder, plan in zip(folders, plans, strict=True)
        ]

    @property
    def bootstrap(self) -> str:
        """Addresses of all nodes, running or not."""
        return ",".join(node.bootstrap for node in self.nodes)

    def node(self, node_id: int) -> EmbeddedBroker:
        """Return the node with this id, as a partition's leader is named in Kafka's metadata."""
        return next(node for node in self.nodes if node.plan.node_id == node_id)

    def start(self, timeout_s: float = START_TIMEOUT_S) -> Self:
        """Start every node that is not running, and return when all answer."""
        try:
            for node in self.nodes:
                if not node.running:
                    node.launch()
            for node in self.nodes:
                node.wait_ready(timeout_s)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop all nodes; those that can no longer hand over to a majority are ended by force."""
        with contextlib.ExitStack() as stack:
            for node in self.nodes:
                stack.callback(node.stop)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
