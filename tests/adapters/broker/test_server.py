"""The embedded broker, on real Apache Kafka."""

import os
import signal
import socket
import subprocess
import sys

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced

from streamproc.adapters.broker import BrokerError, BrokerOptions, EmbeddedBroker
from streamproc.adapters.broker.config import load_plan
from streamproc.adapters.broker.java import java_command, startup_cache
from streamproc.adapters.broker.probe import answers
from streamproc.adapters.broker.topics import TopicSpec, create_topics
from streamproc.adapters.broker.warm import make_startup_cache
from tests.broker import read_all, wait_until


async def test_produced_records_are_read_back(broker, names):
    """A client writes to the running broker and reads the same bytes."""
    topic = names.topic("plain")
    await create_topics(broker.bootstrap, [TopicSpec(topic, 2)])
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        for i in range(4):
            await producer.send_and_wait(topic, b"%d" % i, partition=i % 2)
    assert [record.value for record in await read_all(broker.bootstrap, topic)] == [b"0", b"2", b"1", b"3"]


async def test_a_transaction_is_seen_whole_or_not_at_all(broker, names):
    """A read_committed reader sees what was committed, in one piece, and nothing that was aborted."""
    topic = names.topic("transactions")
    await create_topics(broker.bootstrap, [TopicSpec(topic, 1)])
    options = {"bootstrap_servers": broker.bootstrap, "transactional_id": names.transactional_id()}
    async with AIOKafkaProducer(**options) as producer:
        async with producer.transaction():
            await producer.send_and_wait(topic, b"kept")
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"aborted")
        await producer.abort_transaction()
    seen = [record.value for record in await read_all(broker.bootstrap, topic)]
    everything = [record.value for record in await read_all(broker.bootstrap, topic, committed=False)]
    assert (seen, everything) == ([b"kept"], [b"kept", b"aborted"])


async def test_a_second_producer_fences_the_first(broker, names):
    """The same transactional id started again shuts the older producer out."""
    topic = names.topic("fenced")
    await create_topics(broker.bootstrap, [TopicSpec(topic, 1)])
    options = {"bootstrap_servers": broker.bootstrap, "transactional_id": names.transactional_id()}
    async with AIOKafkaProducer(**options) as old:
        await old.begin_transaction()
        await old.send_and_wait(topic, b"of the old owner")
        async with AIOKafkaProducer(**options) as new, new.transaction():
            await new.send_and_wait(topic, b"of the new owner")
        with pytest.raises(ProducerFenced):
            await old.send_and_wait(topic, b"too late")
    assert [record.value for record in await read_all(broker.bootstrap, topic)] == [b"of the new owner"]


async def test_data_and_ports_survive_a_kill_and_a_restart(kafka_home, tmp_path):
    """After SIGKILL, and after a clean stop, the folder opens again on the same address with its records."""
    node = EmbeddedBroker(tmp_path, home=kafka_home)
    async with node:
        first = node.bootstrap
        await create_topics(first, [TopicSpec("kept", 1)])
        await _produce(first, b"before the kill")
        node.kill()
        assert not node.running
        node.start()
        await _produce(first, b"before the stop")
    async with EmbeddedBroker(tmp_path, home=kafka_home) as again:
        assert again.bootstrap == first
        assert [r.value for r in await read_all(first, "kept")] == [b"before the kill", b"before the stop"]


async def _produce(bootstrap, value):
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        await producer.send_and_wait("kept", value)


def test_java_ends_when_its_parent_is_killed(kafka_home, tmp_path):
    """No broker is left behind by a program that had no chance to stop it."""
    program = (
        "import sys, time; from pathlib import Path;"
        "from streamproc.adapters.broker import EmbeddedBroker;"
        "node = EmbeddedBroker(Path(sys.argv[1])); node.launch(); print(node.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    with parent:
        java = int(parent.stdout.readline())
        assert _alive(java)
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not _alive(java), "Java ended")


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_taken_port_is_named_before_java_starts(kafka_home, tmp_path):
    """The error says which port is in use and of which folder."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        node = EmbeddedBroker(tmp_path / "data", port=port, home=kafka_home)
        with pytest.raises(BrokerError, match=f"port {port} of the broker in .*data is in use"):
            node.start()
    assert not node.running
    assert load_plan(tmp_path / "data") is None


def test_a_broker_that_dies_says_why(kafka_home, tmp_path):
    """A setting Kafka refuses ends the start with Kafka's own last words."""
    options = BrokerOptions(overrides={"num.io.threads": "none"})
    # The storage tool reads the same settings, so it is the first to refuse.
    with pytest.raises(BrokerError, match=r"num\.io\.threads"):
        EmbeddedBroker(tmp_path / "refused", options=options, home=kafka_home).start()

    node = EmbeddedBroker(tmp_path / "starved", options=BrokerOptions(heap_mb=4), home=kafka_home)
    with pytest.raises(BrokerError, match=r"(?s)the broker ended with status .*(heap|memory)"):
        node.start()
    assert not node.running
    node.stop()


def test_two_brokers_on_one_folder_are_refused(broker, kafka_home):
    """A second broker on a running one's folder is told that the port is in use."""
    with pytest.raises(BrokerError, match="another broker runs on this folder"):
        EmbeddedBroker(broker.data_dir, home=kafka_home).start()


def test_a_damaged_plan_is_named(tmp_path, kafka_home):
    """A node.json that cannot be read is named, not overwritten."""
    (tmp_path / "node.json").write_text("{")
    with pytest.raises(BrokerError, match=r"node\.json cannot be read"):
        EmbeddedBroker(tmp_path, home=kafka_home).start()


async def test_a_paused_broker_goes_on(kafka_home, tmp_path):
    """A frozen broker answers nobody; resumed, it answers again and stops cleanly."""
    async with EmbeddedBroker(tmp_path, home=kafka_home) as node:
        await create_topics(node.bootstrap, [TopicSpec("kept", 1)])
        node.pause()
        wait_until(lambda: not answers(node.plan.ports.client, timeout_s=0.2), "the broker stops answering")
        node.resume()
        await _produce(node.bootstrap, b"after")
        assert [r.value for r in await read_all(node.bootstrap, "kept")] == [b"after"]


def test_the_startup_cache_is_made_once(kafka_home):
    """The session's cache lies where a start looks for it, is passed to Java, and is not made twice."""
    cache = startup_cache(kafka_home)
    made = cache.stat().st_mtime_ns
    assert make_startup_cache(kafka_home)
    assert cache.stat().st_mtime_ns == made
    assert f"-XX:AOTCache={cache}" in java_command(kafka_home, 256, "kafka.Kafka")
