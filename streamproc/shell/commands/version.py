"""``version``."""

import argparse

from streamproc import __version__


def add(parser: argparse.ArgumentParser, name: str) -> None:
    """Add nothing: there is nothing to choose."""
    del parser, name


def run(args: argparse.Namespace) -> int:
    """Print the version."""
    del args
    print(f"streamproc {__version__}")
    return 0
