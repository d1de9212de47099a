"""What a node is told: server.properties, plans and ports. No Java here."""

import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.adapters.broker import BrokerOptions, ScramUser, Tls
from streamproc.adapters.broker.config import (
    _escape,
    free_ports,
    load_plan,
    new_plans,
    port_in_use,
    scram_arguments,
    server_properties,
)
from streamproc.adapters.broker.probe import answers


def properties(nodes=1, options=None, folder=Path("data")):
    """The first node's settings as a dictionary."""
    text = server_properties(new_plans(nodes)[0], folder, options or BrokerOptions())
    return dict(line.split("=", 1) for line in text.splitlines())


def test_only_loopback_is_listened_on():
    """Every listener and controller address is on 127.0.0.1."""
    found = properties(3, BrokerOptions(tls=Tls(Path("k"), Path("a"))))
    for key in ("listeners", "advertised.listeners"):
        assert all("://127.0.0.1:" in listener for listener in found[key].split(","))
    assert found["controller.quorum.voters"].count("@127.0.0.1:") == 3


@pytest.mark.parametrize(("nodes", "replicas", "in_sync"), [(1, "1", "1"), (2, "2", "1"), (3, "3", "2"), (5, "3", "2")])
def test_replication_follows_the_number_of_nodes(nodes, replicas, in_sync):
    """One node keeps one copy; three keep three, two of them in sync, for internal topics too."""
    found = properties(nodes)
    assert {found[f"{t}replication.factor"] for t in ("default.", "offsets.topic.", "transaction.state.log.")} == {
        replicas
    }
    assert found["min.insync.replicas"] == found["transaction.state.log.min.isr"] == in_sync


def test_topics_are_not_made_by_accident_and_do_not_expire():
    """No automatic topics, no waiting for members, no retention by old event times."""
    found = properties()
    assert found["auto.create.topics.enable"] == "false"
    assert found["group.initial.rebalance.delay.ms"] == "0"
    assert found["log.retention.ms"] == "-1"


def test_overrides_win():
    """An override replaces a default."""
    assert properties(options=BrokerOptions(overrides={"log.retention.ms": "5"}))["log.retention.ms"] == "5"


def test_users_become_storage_tool_arguments():
    """One argument pair a user, as the storage tool wants it."""
    assert scram_arguments([ScramUser("a", "b")]) == ["--add-scram", "SCRAM-SHA-512=[name=a,password=b]"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_any_folder_name_survives_java_properties(value):
    """Escaped text is printable ASCII and means the same when Java's escapes are read back."""
    escaped = _escape(value)
    assert escaped.isascii()
    assert escaped.isprintable()
    assert escaped.encode().decode("unicode_escape").encode("utf-16", "surrogatepass").decode("utf-16") == value


def test_a_plan_is_read_back(tmp_path):
    """What was saved is what is loaded; a new folder has none."""
    assert load_plan(tmp_path) is None
    plan = new_plans(3, port=4000)[0]
    plan.save(tmp_path)
    assert load_plan(tmp_path) == plan
    assert plan.ports.client == 4000


def test_ports_in_use_are_seen():
    """A listener's port is in use, a free one is not; and a port that says nothing is no broker."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert port_in_use(port)
        assert not answers(port, timeout_s=0.1)
    assert not port_in_use(free_ports(1)[0])
    assert not answers(free_ports(1)[0])
