#!/usr/bin/env python3
"""Write the rules as a PrometheusRule for the Prometheus operator, or check that it is up to date.

Needs PyYAML of deploy/requirements-tools.txt:
    "$(deploy/ci-setup.sh --where)/bin/python" deploy/prometheus/to_k8s.py [--check]
"""

import sys
from pathlib import Path

import yaml

RULES = Path(__file__).parent / "rules"
MADE = Path(__file__).parents[1] / "k8s" / "base" / "prometheusrule.yaml"
HEAD = "# Made from deploy/prometheus/rules by deploy/prometheus/to_k8s.py.\n"


def resource() -> str:
    """Return the resource as YAML."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(RULES.glob("*.yml"))]
    tree = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "streamproc"},
        "spec": {"groups": [group for file in files for group in file["groups"]]},
    }
    return HEAD + yaml.safe_dump(tree, sort_keys=False, width=120, allow_unicode=True)


def main() -> int:
    """Write or check; return the exit status."""
    made = resource()
    if sys.argv[1:] != ["--check"]:
        MADE.write_text(made, encoding="utf-8")
    elif not MADE.is_file() or MADE.read_text(encoding="utf-8") != made:
        print(f"{MADE.name} is not up to date; run deploy/prometheus/to_k8s.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
