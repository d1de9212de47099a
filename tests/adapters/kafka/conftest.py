"""Fixtures of the worker's tests."""

import pytest

from tests.adapters.kafka.process import WorkerProcess


@pytest.fixture
def prefix(names):
    """What all topic names and the group of a test start with."""
    return names.prefix + "."


@pytest.fixture
def new_worker(broker, prefix, tmp_path):
    """Make workers of this test; those that still run at its end are killed."""
    made = []

    def make(**settings):
        made.append(WorkerProcess(tmp_path, broker.bootstrap, prefix, name=f"worker{len(made)}", **settings))
        return made[-1]

    yield make
    for worker in made:
        worker.end()
