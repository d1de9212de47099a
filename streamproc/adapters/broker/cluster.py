"""Several nodes of Apache Kafka on one machine, for what one cannot show: leaders that move, a minority lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Self

from streamproc.adapters.broker.config import BrokerOptions, load_plan, new_plans
from streamproc.adapters.broker.fetch import KafkaHome, Progress, fetch_kafka
from streamproc.adapters.broker.server import START_TIMEOUT_S, EmbeddedBroker

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


_STOP_S: Final = 5.0


class BrokerCluster:
    """`nodes` brokers below `data_dir`, each also a controller; with three, topics get replication 3 and min ISR 2.

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
        """Stop all nodes at once; one that waits in vain for a majority to hand over to is ended by force."""
        for node in self.nodes:
            node.ask_to_stop()
        deadline = time.monotonic() + _STOP_S
        for node in self.nodes:
            node.stop(max(0.0, deadline - time.monotonic()))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
