#!/usr/bin/env python3
"""Write the dashboards of deploy/grafana/dashboards from their source, or check that they are up to date.

Needs grafana-foundation-sdk of deploy/requirements-tools.txt:
    "$(deploy/ci-setup.sh --where)/bin/python" deploy/grafana/generate.py [--check]
"""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from source import pipeline, room, rooms

FOLDER = Path(__file__).parent / "dashboards"
#: The newest schema that the oldest Grafana supported here reads.
NEWEST_SCHEMA = 38


def pages() -> dict[str, str]:
    """Return the dashboards as JSON by file name."""
    made = {}
    for name, source in (("rooms", rooms), ("room", room), ("pipeline", pipeline)):
        page = source.dashboard().build()
        if page.schema_version > NEWEST_SCHEMA:
            raise SystemExit(f"{name}: schemaVersion {page.schema_version} is above {NEWEST_SCHEMA}")
        for number, panel in enumerate(page.panels or (), 1):
            panel.id_val = number
        tree = json.loads(JSONEncoder().encode(page))
        for variable in tree.get("templating", {}).get("list", ()):
            # The SDK writes an id of zeros, under which Grafana 10 then keeps the variable instead of under its name.
            variable.pop("id", None)
        made[f"{name}.json"] = json.dumps(tree, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    return made


def main() -> int:
    """Write or check; return the exit status."""
    check = sys.argv[1:] == ["--check"]
    stale = []
    for name, content in pages().items():
        path = FOLDER / name
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            stale.append(name)
            if not check:
                path.write_text(content, encoding="utf-8")
    if check and stale:
        print(f"not up to date: {', '.join(stale)}; run deploy/grafana/generate.py", file=sys.stderr)
        return 1
    print(f"up to date: {FOLDER.name}" if not stale else f"written: {', '.join(stale)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
