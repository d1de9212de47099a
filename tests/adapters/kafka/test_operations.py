"""docs/operations.md names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_failure_names_tests_that_exist():
    """Each row of the failure table has tests, and every one named is there."""
    _, _, after = (ROOT / "docs/operations.md").read_text("utf-8").partition("\n| Failure |")
    rows = re.findall(r"^\| (?!-)(.+) \|$", after.partition("\n\n")[0], re.MULTILINE)
    named = [re.findall(r"`(test_\w+)`", row.rpartition("|")[2]) for row in rows]
    assert len(rows) > 15
    assert [row for row, tests in zip(rows, named, strict=True) if not tests] == []
    known = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    assert {name for tests in named for name in tests} - known == set()
