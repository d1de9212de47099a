"""What a node of the embedded broker is told: ports, neighbours, security; and its server.properties."""

from __future__ import annotations

import json
import socket
import uuid
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from streamproc.adapters.broker.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LOOPBACK: Final = "127.0.0.1"

_PLAN_FILE: Final = "node.json"


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files of the secured listeners: PKCS#8 key with its certificate chain, and the trusted CA."""

    key_and_chain: Path
    authority: Path


@dataclass(frozen=True, slots=True)
class ScramUser:
    """A user of the SASL listener (SCRAM-SHA-512), made when the storage is formatted."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """Choices about a broker.

    `heap_mb` is Java's heap in MiB. `tls` opens two more loopback listeners: one with SASL over TLS
    (users: `users`) and one with certificates on both sides. `overrides` are Kafka settings written last.
    """

    heap_mb: int = 256
    tls: Tls | None = None
    users: tuple[ScramUser, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports of one node; the last two are used with TLS only."""

    client: int
    controller: int
    sasl: int
    mutual_tls: int


@dataclass(frozen=True, slots=True)
class NodePlan:
    """What is fixed for the life of a data folder: the node, its cluster, its ports, its controllers."""

    cluster_id: str
    node_id: int
    ports: Ports
    voters: tuple[tuple[int, int], ...]  # (node id, controller port)

    def save(self, data_dir: Path) -> None:
        """Write the plan into its data folder."""
        (data_dir / _PLAN_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def load_plan(data_dir: Path) -> NodePlan | None:
    """Read the plan of a data folder that was used before; None for a new one."""
    path = data_dir / _PLAN_FILE
    if not path.exists():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return NodePlan(
            cluster_id=data["cluster_id"],
            node_id=data["node_id"],
            ports=Ports(**data["ports"]),
            voters=tuple((node, port) for node, port in data["voters"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BrokerError(f"{path} cannot be read ({error}); it belongs to the broker's data in that folder") from error


def new_plans(nodes: int = 1, port: int | None = None) -> list[NodePlan]:
    """Plan a new cluster on free ports; `port` fixes the first node's client port."""
    free = free_ports(4 * nodes)
    ports = [Ports(*free[4 * i : 4 * i + 4]) for i in range(nodes)]
    if port is not None:
        ports[0] = Ports(port, ports[0].controller, ports[0].sasl, ports[0].mutual_tls)
    voters = tuple((i + 1, p.controller) for i, p in enumerate(ports))
    cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return [NodePlan(cluster_id, i + 1, p, voters) for i, p in enumerate(ports)]


def free_ports(count: int) -> list[int]:
    """Find loopback ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def port_in_use(port: int) -> bool:
    """Tell whether a listener could not be opened on this loopback port now."""
    with socket.socket() as probe:
        # As Kafka does: a port that is merely in TIME_WAIT after a restart is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
        return False


def server_properties(plan: NodePlan, data_dir: Path, options: BrokerOptions) -> str:
    """Build the text of one node's server.properties."""
    replicas = min(len(plan.voters), 3)
    settings = {
        "process.roles": "broker,controller",
        "node.id": str(plan.node_id),
        "controller.quorum.voters": ",".join(f"{node}@{LOOPBACK}:{port}" for node, port in plan.voters),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENT",
        "log.dirs": (data_dir / "kafka").as_posix(),
        **_replication(replicas, max(1, replicas - 1)),
        **_behaviour(),
        **_small(),
        **_listeners(plan, options),
        **options.overrides,
    }
    return "".join(f"{name}={_escape(value)}\n" for name, value in settings.items())


def _replication(replicas: int, in_sync: int) -> dict[str, str]:
    return {
        "default.replication.factor": str(replicas),
        "min.insync.replicas": str(in_sync),
        "offsets.topic.replication.factor": str(replicas),
        "transaction.state.log.replication.factor": str(replicas),
        "transaction.state.log.min.isr": str(in_sync),
        "share.coordinator.state.topic.replication.factor": str(replicas),
        "share.coordinator.state.topic.min.isr": str(in_sync),
    }


def _behaviour() -> dict[str, str]:
    return {
        # A topic made by a client's typo would have the wrong partitions.
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # A recording's event times may be years old; nothing is to expire by them.
        "log.retention.ms": "-1",
        "log.message.timestamp.after.max.ms": str(2**63 - 1),
        # A killed client's open transaction, and a killed node, are noticed within seconds.
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "3000",
    }


def _small() -> dict[str, str]:
    return {
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.num.partitions": "1",
        # The default of 128 MiB would be half of the heap.
        "log.cleaner.dedupe.buffer.size": str(4 << 20),
        "log.index.size.max.bytes": str(1 << 20),
    }


def _listeners(plan: NodePlan, options: BrokerOptions) -> dict[str, str]:
    names = [("CLIENT", "PLAINTEXT", plan.ports.client)]
    extra: dict[str, str] = {}
    if options.tls:
        names += [("SASL", "SASL_SSL", plan.ports.sasl), ("MTLS", "SSL", plan.ports.mutual_tls)]
        for listener in ("sasl", "mtls"):
            extra |= _tls(f"listener.name.{listener}.", options.tls)
        extra["listener.name.mtls.ssl.client.auth"] = "required"
        extra["sasl.enabled.mechanisms"] = "SCRAM-SHA-512"
        extra["listener.name.sasl.scram-sha-512.sasl.jaas.config"] = (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        )
    open_to_clients = ",".join(f"{name}://{LOOPBACK}:{port}" for name, _, port in names)
    protocols = ",".join(f"{name}:{protocol}" for name, protocol, _ in names)
    return {
        "listeners": f"{open_to_clients},CONTROLLER://{LOOPBACK}:{plan.ports.controller}",
        "advertised.listeners": open_to_clients,
        "listener.security.protocol.map": f"{protocols},CONTROLLER:PLAINTEXT",
        **extra,
    }


def _tls(prefix: str, tls: Tls) -> dict[str, str]:
    return {
        f"{prefix}ssl.keystore.type": "PEM",
        f"{prefix}ssl.keystore.location": tls.key_and_chain.as_posix(),
        f"{prefix}ssl.truststore.type": "PEM",
        f"{prefix}ssl.truststore.location": tls.authority.as_posix(),
    }


def _escape(value: str) -> str:
    r"""Write a value as java.util.Properties reads it: ISO 8859-1, with \uXXXX for the rest."""
    units = value.encode("utf-16-be")
    codes = [int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2)]
    return "".join(chr(c) if 0x20 <= c < 0x7F and c != 0x5C else f"\\u{c:04x}" for c in codes)


def scram_arguments(users: Sequence[ScramUser]) -> list[str]:
    """Arguments of the storage tool that make the SASL users."""
    return [
        part for user in users for part in ("--add-scram", f"SCRAM-SHA-512=[name={user.name},password={user.password}]")
    ]
