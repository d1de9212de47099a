"""The programs as they are run, on a broker that wants TLS and a password, or a certificate: worker and replay."""

import asyncio
import json
import signal
import subprocess
import sys

import pytest

from streamproc.adapters.broker import BrokerOptions, EmbeddedBroker
from streamproc.contracts import topics
from streamproc.shell.cli import main
from tests.adapters.kafka.show import a_show, make_topics, send
from tests.broker import read_all
from tests.broker_tls import USER, Security
from tests.durability.judge import in_files, on_kafka

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def security(tmp_path_factory):
    """An authority with certificates for broker and client."""
    return Security.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secured(kafka_home, tmp_path_factory, security):
    """A broker with both secured listeners beside the plain one."""
    options = BrokerOptions(tls=security.broker, users=(USER,))
    with EmbeddedBroker(tmp_path_factory.mktemp("secured"), options=options, home=kafka_home) as node:
        yield node


def flags(broker, security, how):
    """The settings that reach a listener."""
    if how == "scram":
        return [
            *("--bootstrap", broker.bootstrap_sasl, "--security-protocol", "SASL_SSL"),
            *("--sasl-username", USER.name, "--sasl-password", USER.password, "--ssl-ca-file", security.authority),
        ]
    return [
        *("--bootstrap", broker.bootstrap_mutual_tls, "--security-protocol", "SSL"),
        *("--ssl-ca-file", security.authority, "--ssl-cert-file", security.client_key_and_chain),
    ]


@pytest.mark.parametrize("how", ["scram", "certificate"])
async def test_worker_and_replay_over_tls(secured, security, prefix, tmp_path, how):
    """`streamproc worker` is killed and started again; `replay --journal` makes what it published, to the byte."""
    words = [str(word) for word in (*flags(secured, security, how), "--topic-prefix", prefix, "--group", prefix + "w")]
    traffic = a_show(1, rooms=2, duration=60.0, late=0.05, broken=0.01)
    await make_topics(secured.bootstrap, prefix, 1)
    await send(secured.bootstrap, prefix, traffic.records)
    for ending in (signal.SIGKILL, signal.SIGTERM):
        command = [sys.executable, "-m", "streamproc", "worker", "--http-port", "0", "--instance", "one", *words]
        with (tmp_path / "log").open("ab") as log:
            worker = await asyncio.to_thread(
                subprocess.Popen, [*command, "--step-records", "100"], stdout=log, stderr=log
            )
        try:
            async with asyncio.timeout(60):
                while not await done(secured, prefix, len(traffic.records) if ending is signal.SIGTERM else 1):
                    assert worker.poll() is None, (tmp_path / "log").read_text()
        finally:
            worker.send_signal(ending)
            status = await asyncio.to_thread(worker.wait, 60)
        assert status == (0 if ending is signal.SIGTERM else -ending)
    assert (
        await asyncio.to_thread(main, ["replay", "--journal", "--quiet", "--out", str(tmp_path / "out"), *words]) == 0
    )
    found = await on_kafka(secured.bootstrap, prefix)
    assert in_files(tmp_path / "out") == found
    assert all(found[topic] for topic in _BUSY)


_BUSY = (topics.CLASSIFIED, topics.QUESTIONS, topics.METRICS, topics.DEAD_LETTER)


async def done(broker, prefix, records):
    """Say whether so many records were read in committed steps."""
    steps = [json.loads(record.value) for record in await read_all(broker.bootstrap, prefix + topics.JOURNAL)]
    return bool(steps) and sum(steps[-1]["next"].values()) >= records
