"""Fixtures of the tests that nothing is lost: those of the worker's own tests."""

from tests.adapters.kafka.conftest import new_worker, prefix

__all__ = ["new_worker", "prefix"]
