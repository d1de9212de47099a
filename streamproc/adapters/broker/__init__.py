"""The embedded broker: Apache Kafka itself, fetched, checked and run on loopback beside the program."""

from streamproc.adapters.broker.config import BrokerOptions, ScramUser, Tls
from streamproc.adapters.broker.errors import BrokerError, ChecksumError, FetchError, TopicError
from streamproc.adapters.broker.fetch import Progress, cache_dir, fetch_kafka
from streamproc.adapters.broker.server import EmbeddedBroker

__all__ = [
    "BrokerError",
    "BrokerOptions",
    "ChecksumError",
    "EmbeddedBroker",
    "FetchError",
    "Progress",
    "ScramUser",
    "Tls",
    "TopicError",
    "cache_dir",
    "fetch_kafka",
]
