"""docs/metrics.md lists every number of a metrics record and every Prometheus metric, and no other."""

import re
from pathlib import Path

from streamproc.adapters.metrics import METRICS
from streamproc.contracts.metrics import Group, Metrics

DOC = Path(__file__).parents[1] / "docs" / "metrics.md"


def test_every_number_is_documented():
    """The tables' first column equals the models' fields; unit and formula are not empty."""
    rows = re.findall(r"^\| `(\w+\.\w+)` \| ([^|]+) \| ([^|]+) \|", DOC.read_text("utf-8"), re.MULTILINE)
    fields = [
        f"{group}.{name}"
        for group, field in Metrics.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group)
        for name in field.annotation.model_fields
    ]
    assert [name for name, *_ in rows] == fields
    assert all(unit.strip() and formula.strip() for _, unit, formula in rows)


def test_every_prometheus_metric_is_documented():
    """The second table has a row for each declared metric, with its type, unit, labels and meaning."""
    rows = re.findall(
        r"^\| `(streamproc_\w+)` \| (\w+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", DOC.read_text("utf-8"), re.MULTILINE
    )
    assert [tuple(cell.strip() for cell in row) for row in rows] == [
        (m.name, m.type, m.unit, ", ".join(m.labels) or "-", m.meaning) for m in METRICS
    ]
