"""Three nodes, and the secured listeners, on real Apache Kafka."""

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streamproc.adapters.broker import BrokerOptions, EmbeddedBroker, TopicError
from streamproc.adapters.broker.cluster import BrokerCluster
from streamproc.adapters.broker.topics import TopicSpec, check_topics, create_topics
from tests.broker import read_all
from tests.broker_tls import USER, Security


@pytest.mark.long
async def test_three_nodes_lose_one_and_keep_every_record(kafka_home, tmp_path):
    """With replication 3 and two in sync, a killed node costs no acknowledged record, and comes back."""
    with BrokerCluster(tmp_path, home=kafka_home) as cluster:
        await create_topics(cluster.bootstrap, [TopicSpec("replicated", 3)])
        await check_topics(cluster.bootstrap, [TopicSpec("replicated", 3, config={"min.insync.replicas": "2"})])
        await _produce(cluster.bootstrap, "replicated", b"first")
        cluster.node(1).kill()
        await _produce(cluster.bootstrap, "replicated", b"second")
        cluster.node(1).start()
        cluster.node(2).kill()
        values = sorted(r.value for r in await read_all(cluster.bootstrap, "replicated"))
    assert values == [b"first", b"second"]


@pytest.mark.long
async def test_a_cluster_opens_again_with_its_data(kafka_home, tmp_path):
    """All nodes stopped and started again: the same addresses and records."""
    with BrokerCluster(tmp_path, home=kafka_home) as cluster:
        await create_topics(cluster.bootstrap, [TopicSpec("replicated", 1)])
        await _produce(cluster.bootstrap, "replicated", b"kept")
        addresses = cluster.bootstrap
    with BrokerCluster(tmp_path, home=kafka_home) as again:
        assert again.bootstrap == addresses
        assert [r.value for r in await read_all(again.bootstrap, "replicated")] == [b"kept"]


async def _produce(bootstrap, topic, value, security=None):
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", **(security or {})) as producer:
        await producer.send_and_wait(topic, value)


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


async def test_scram_over_tls(secured, security, names):
    """A user with the right password makes a topic, writes and reads over TLS."""
    topic = names.topic("scram")
    await create_topics(secured.bootstrap_sasl, [TopicSpec(topic, 1)], security.scram())
    await _produce(secured.bootstrap_sasl, topic, b"x", security.scram())
    records = await read_all(secured.bootstrap_sasl, topic, security=security.scram())
    assert [record.value for record in records] == [b"x"]


async def test_mutual_tls(secured, security, names):
    """A client with a certificate of the authority makes a topic, writes and reads."""
    topic = names.topic("mtls")
    await create_topics(secured.bootstrap_mutual_tls, [TopicSpec(topic, 1)], security.mutual_tls())
    await _produce(secured.bootstrap_mutual_tls, topic, b"x", security.mutual_tls())
    records = await read_all(secured.bootstrap_mutual_tls, topic, security=security.mutual_tls())
    assert [record.value for record in records] == [b"x"]


async def test_strangers_are_refused(secured, security, tmp_path):
    """A wrong password, a missing certificate and an unknown authority all end in one clear error."""
    stranger = Security.make(tmp_path)
    no_certificate = {"security_protocol": "SSL", "ssl_context": security.context(with_certificate=False)}
    attempts = [
        (secured.bootstrap_sasl, security.scram("wrong")),
        (secured.bootstrap_sasl, stranger.scram()),
        (secured.bootstrap_mutual_tls, stranger.mutual_tls()),
        (secured.bootstrap_mutual_tls, no_certificate),
    ]
    for address, settings in attempts:
        with pytest.raises((TopicError, KafkaError)):
            await check_topics(address, [], settings, timeout_s=5)
