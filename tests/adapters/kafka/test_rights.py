"""The worker on a Kafka that trusts nobody: with the rights of docs/security.md it works, without one it says which."""

import os
import signal
import ssl
import subprocess
import sys

import pytest

from streamproc.adapters.broker import BrokerOptions, EmbeddedBroker, TopicError
from streamproc.adapters.broker.topics import check_topics
from streamproc.contracts import topics
from tests.adapters.kafka.process import WorkerProcess
from tests.adapters.kafka.show import a_show, check_equal, make_topics, send
from tests.broker_acls import AUTHORIZER, grant, worker_acls
from tests.broker_tls import USER, Security


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """An authority with certificates for broker and client."""
    return Security.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def strict(kafka_home, tmp_path_factory, tls):
    """A broker that denies what is not granted."""
    options = BrokerOptions(tls=tls.broker, users=(USER,), overrides=AUTHORIZER)
    with EmbeddedBroker(tmp_path_factory.mktemp("strict"), options=options, home=kafka_home) as node:
        yield node


@pytest.fixture
def start(strict, tls, prefix, tmp_path):
    """Start a worker of this test on one of the secured listeners, after the rights were granted to its principal."""
    password = tmp_path / "password"
    password.write_text(USER.password + "\n")
    listeners = {
        "scram": (f"User:{USER.name}", strict.bootstrap_sasl, tls.scram_flags(password)),
        "mtls": (f"User:{USER.name}", strict.bootstrap_mutual_tls, tls.mutual_tls_flags()),
    }
    made = []

    async def begin(listener, acls, **settings):
        principal, bootstrap, access = listeners[listener]
        await grant(strict.bootstrap, principal, acls)
        worker = WorkerProcess(tmp_path, bootstrap, prefix, access=access, **settings)
        made.append(worker.start())
        return worker

    yield begin
    for worker in made:
        worker.end()


@pytest.mark.parametrize("listener", ["scram", "mtls"])
async def test_the_rights_of_the_docs_are_enough(strict, start, prefix, listener):
    """With exactly those a worker reads, commits, is killed, restores and publishes what `replay` makes of it all."""
    traffic = a_show(duration=60.0)
    await make_topics(strict.bootstrap, prefix, traffic.partitions)
    await send(strict.bootstrap, prefix, traffic.records)
    worker = await start(listener, worker_acls(prefix, f"{prefix}worker"), instance="one", batch_records=100)
    worker.wait_ready().wait_committed(200).kill()
    worker.start().wait_ready()
    worker.wait(lambda: worker.metric("streamproc_consumer_lag_records") == 0, "end of the backlog")
    assert worker.metric("streamproc_restored_records_total") > 0
    assert worker.terminate() == 0
    assert USER.password not in "\n".join(worker.lines())
    await check_equal(strict.bootstrap, prefix, traffic)


_LONG = pytest.mark.long


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        pytest.param(("topic", topics.ORDERS, "Read"), topics.ORDERS, marks=_LONG),
        (("topic", topics.METRICS, "Write"), topics.METRICS),
        (("group", "", "Read"), "worker"),
        (("transactional-id", "", "Write"), "live.journal.v1-0"),
        pytest.param(("topic", topics.CHAT, "Read"), topics.CHAT, marks=_LONG),
        (("topic", topics.CHAT, "DescribeConfigs"), topics.CHAT),
        pytest.param(("topic", topics.CLASSIFIED, "Write"), topics.CLASSIFIED, marks=_LONG),
        pytest.param(("topic", topics.DEAD_LETTER, "Write"), topics.DEAD_LETTER, marks=_LONG),
        pytest.param(("topic", topics.JOURNAL, "Write"), topics.JOURNAL, marks=_LONG),
        pytest.param(("topic", topics.JOURNAL, "Read"), topics.JOURNAL, marks=_LONG),
        pytest.param(("topic", topics.SNAPSHOTS, "Write"), topics.SNAPSHOTS, marks=_LONG),
        pytest.param(("topic", topics.SNAPSHOTS, "Read"), topics.SNAPSHOTS, marks=_LONG),
        pytest.param(("topic", topics.SNAPSHOTS, "DescribeConfigs"), topics.SNAPSHOTS, marks=_LONG),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
async def test_a_missing_right_is_named(strict, start, prefix, missing, says):
    """Without one of the rights, but with Describe, the worker ends with status 1 and a line that names what it is."""
    resource, name, operation = missing
    await make_topics(strict.bootstrap, prefix, 1)
    acls = [
        acl if acl[0] != resource or name not in acl.name or acl.operation != operation
        else acl._replace(operation="Describe")
        for acl in worker_acls(prefix, f"{prefix}worker")
    ]  # fmt: skip
    assert any(acl.operation == "Describe" for acl in acls)
    worker = await start("scram", acls)
    assert worker.wait_exit() == 1
    last = worker.lines()[-1]
    assert last.startswith("streamproc worker: ")
    assert says in last, last
    assert resource != "topic" or f" {operation} on {prefix}{says}" in last
    assert len(worker.lines()) < 10, "it does not try for ever"


@pytest.mark.parametrize("name", [topics.ORDERS, pytest.param(topics.JOURNAL, marks=_LONG)])
async def test_a_topic_without_any_right_is_named(strict, start, prefix, name):
    """Kafka hides such a topic: to the worker it is missing, or hidden."""
    await make_topics(strict.bootstrap, prefix, 1)
    worker = await start("scram", [acl for acl in worker_acls(prefix, f"{prefix}worker") if name not in acl.name])
    assert worker.wait_exit() == 1
    assert f"{prefix}{name} is missing" in worker.lines()[-1]


def streamproc(*words, **env):
    """Run the command line as operators do, with settings from the environment."""
    settings = {f"STREAMPROC_{name.upper()}": value for name, value in env.items()}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STREAMPROC_")}
    return subprocess.Popen(
        [sys.executable, "-m", "streamproc", *words],
        env={**clean, **settings}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


async def test_the_reason_why_kafka_is_not_reached_is_named(strict, tls):
    """A wrong password, mechanism, protocol, authority or certificate: each says which it is, and no secret."""
    stranger = ssl.create_default_context()
    scram, sasl, mutual = tls.scram("a wrong password"), strict.bootstrap_sasl, strict.bootstrap_mutual_tls
    for address, access, says in (
        (sasl, scram, "user name or password are refused"),
        (sasl, {**scram, "sasl_mechanism": "PLAIN"}, "does not know the sasl_mechanism"),
        (sasl, {**scram, "ssl_context": stranger}, "certificate is not trusted"),
        (sasl, {}, "not in this security_protocol"),
        (sasl, {"security_protocol": "SSL", "ssl_context": tls.context()}, "may want another security_protocol"),
        (mutual, {"security_protocol": "SSL", "ssl_context": tls.context(with_certificate=False)}, "ssl_cert_file"),
        (strict.bootstrap, tls.mutual_tls(), "not in this security_protocol"),
        (strict.bootstrap, {**scram, "security_protocol": "SASL_PLAINTEXT"}, "wants no user name and password"),
        ("nowhere.invalid:9092,127.0.0.1:1", {}, "the connection is refused"),
    ):
        with pytest.raises(TopicError) as caught:
            await check_topics(address, [], access)
        assert says in str(caught.value), (address, access)
        assert "a wrong password" not in str(caught.value)


async def test_the_command_line_keeps_the_password_to_itself(strict, tls, prefix, tmp_path):
    """In production, told by environment and file, worker and doctor work; at level debug nothing they say holds it."""
    password = tmp_path / "password"
    password.write_text(USER.password + "\n")
    env = {
        **tls.scram_flags(password), "bootstrap": strict.bootstrap_sasl, "topic_prefix": prefix, "http_port": "0",
        "group": f"{prefix}worker", "env": "production", "hash_key": "a-key-of-this-test-alone", "log_level": "debug",
    }  # fmt: skip
    await make_topics(strict.bootstrap, prefix, 1)
    await grant(strict.bootstrap, f"User:{USER.name}", worker_acls(prefix, f"{prefix}worker"))
    worker = streamproc("worker", **env)
    said = []
    for line in worker.stdout:
        said.append(line)
        if '"restored"' in line:
            break
    doctor = streamproc("doctor", **env)
    said += doctor.communicate(timeout=60)[0].splitlines()
    assert any(line.startswith("ok    broker") for line in said)
    worker.send_signal(signal.SIGTERM)
    said += worker.communicate(timeout=60)[0].splitlines()
    assert worker.returncode == 0
    password.write_text("not the password")
    refused = streamproc("worker", **env)
    told = refused.communicate(timeout=60)[0].splitlines()
    assert refused.returncode == 1
    assert f"no Kafka can be reached at {strict.bootstrap_sasl}: user name or password are refused" in told[-1]
    said += told
    assert not [line for line in said if USER.password in line or "not the pass" in line or "a-key-of-this" in line]
