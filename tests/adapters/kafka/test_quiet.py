"""What the libraries say gets into the worker's log, and does not flood it."""

import logging

import pytest
from structlog.testing import capture_logs

from streamproc.adapters.kafka.quiet import Seldom
from streamproc.adapters.kafka.worker import _left_over


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


def test_of_an_exception_its_kind_and_place_are_said(logger):
    """Not its message: it may quote what somebody sent."""
    logger.addHandler(Seldom("http"))
    with capture_logs() as entries:
        try:
            int("a secret")
        except ValueError:
            logger.exception("Error handling request")
    assert entries[0]["event"] == "http"
    assert entries[0]["reason"].startswith("ValueError at tests.adapters.kafka.test_quiet:")


def test_what_asyncio_finds_left_over_is_told_without_its_message():
    """A task's exception that nobody waited for."""
    with capture_logs() as entries:
        _left_over(None, {"message": "Task exception was never retrieved", "exception": ValueError("a secret")})
        _left_over(None, {"message": "Unclosed transport"})
    assert [entry["event"] for entry in entries] == ["left_over"] * 2
    assert "a secret" not in str(entries)
    assert "ValueError" in entries[0]["reason"]
