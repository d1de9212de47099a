"""What the libraries say gets into the worker's log, and does not flood it."""

import logging

import pytest
from structlog.testing import capture_logs

from streamproc.adapters.kafka.quiet import Seldom


@pytest.fixture
def logger():
    """A logger of its own."""
    found = logging.getLogger("a.library")
    yield found
    found.handlers.clear()


def test_the_same_is_said_once(logger):
    """Of messages with the same wording one is passed on, whatever is filled in; other wordings are."""
    logger.addHandler(Seldom())
    with capture_logs() as entries:
        for node in range(5):
            logger.error("Unable connect to node %s:\n closed", node)
        logger.error("something else")
    assert [entry["message"] for entry in entries] == ["Unable connect to node 0: closed", "something else"]


def test_it_is_said_again_after_a_while(logger):
    """A message that goes on is repeated."""
    logger.addHandler(Seldom(again_s=0.0))
    with capture_logs() as entries:
        for _ in range(3):
            logger.error("down")
    assert [entry["event"] for entry in entries] == ["kafka"] * 3
