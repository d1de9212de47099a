"""Fixtures every test may use. The broker is real and is started once, when the first test asks for it."""

import os
from pathlib import Path

import pytest

from streamproc.adapters.broker.fetch import fetch_kafka
from streamproc.adapters.broker.server import EmbeddedBroker
from streamproc.adapters.broker.warm import make_startup_cache
from tests.broker import Names


@pytest.fixture(scope="session")
def kafka_home():
    """Apache Kafka's checked jars, with Java's start-up cache made."""
    home = fetch_kafka()
    make_startup_cache(home)
    return home


@pytest.fixture(scope="session")
def broker(kafka_home, tmp_path_factory):
    """One real Apache Kafka for the whole session, at `broker.bootstrap`. Never stop or restart it."""
    with EmbeddedBroker(tmp_path_factory.mktemp("broker"), home=kafka_home) as running:
        yield running


@pytest.fixture
def names(request):
    """Topic, group and transaction names of this test alone."""
    return Names.of_test(request.node.name)


@pytest.fixture(scope="session")
def eval_data():
    """The folder of real data that STREAMPROC_EVAL_DATA names; the test is skipped when it is unset."""
    folder = os.environ.get("STREAMPROC_EVAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("STREAMPROC_EVAL_DATA does not name a folder with the real data")
    return Path(folder)
