"""Formats of what is kept: older ones are made into the present one step by step, all others refused in one line."""

from collections.abc import Callable, Mapping
from typing import Any, Final

#: Of snapshots and journal records. Raised whenever a field changes its meaning, not by a new one with a default.
FORMAT: Final = 1

Tree = dict[str, Any]
#: For format n, what makes a tree of it one of n + 1.
Migrations = Mapping[int, Callable[[Tree], Tree]]

#: None so far: format 1 is the first. tests/pipeline/formats holds what each has written.
SNAPSHOTS: Final[Migrations] = {}
JOURNAL: Final[Migrations] = {}


class FormatError(Exception):
    """A format that this version does not read; the message says which it does, and what to do."""


def check(version: int, migrations: Migrations) -> None:
    """Raise FormatError unless ``version`` is the present format, or can be made into it."""
    if version > FORMAT:
        raise FormatError(f"format {version} is newer than this version's {FORMAT}; start the version that wrote it")
    lacking = [n for n in range(version, FORMAT) if n not in migrations]
    if lacking:
        raise FormatError(
            f"format {version} is older than this version reads ({lacking[-1] + 1} to {FORMAT}); first start a version"
            " between that reads it, see docs/operations.md"
        )


def migrate(tree: Tree, version: int, migrations: Migrations) -> Tree:
    """Return a tree of the present format; ``version`` was checked."""
    for n in range(version, FORMAT):
        tree = migrations[n](tree)
    return tree
