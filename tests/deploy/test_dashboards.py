"""The dashboards: generated, complete, understood by a parser, answered by a Prometheus, drawn by a Grafana."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "deploy" / "grafana"
#: The dashboards, and the theme in which each is looked at.
NAMES = {"rooms": "light", "room": "dark", "pipeline": "light"}
#: What Grafana would put in.
PUT_IN = {"$__rate_interval": "10s", "$__range": "60s", "$room": "room-001"}
#: What a panel says that has nothing to show.
NOTHING = re.compile(r"^(No data|–|NaN|nothing .*|none .*|No .*|Data does not have .*)$", re.MULTILINE)
WIDTHS = {"desktop": 1440, "phone": 390}
PICTURES = ROOT / "build" / "pictures"

_PARSE = """
import json, sys, promql_parser
for query in json.load(sys.stdin):
    promql_parser.parse(query)
print("true")
"""


def board(name):
    """One dashboard's JSON."""
    return json.loads((GRAFANA / "dashboards" / f"{name}.json").read_text())


def panels(name):
    """The panels of a dashboard, without the headings of its rows."""
    return [panel for panel in board(name)["panels"] if panel["type"] != "row"]


def queries(name):
    """All queries of a dashboard as a Grafana would send them, each with its panel's title."""
    found = []
    for panel in panels(name):
        for target in panel.get("targets", ()):
            text = target["expr"]
            for placeholder, value in PUT_IN.items():
                text = text.replace(placeholder, value)
            assert not re.search(r"\$[a-z_{]", text), f"{panel['title']}: {text}"
            found.append((panel["title"], text))
    return found


def test_the_committed_files_are_what_the_source_makes(tools):
    """Nobody has edited a dashboard by hand, or forgotten to generate it."""
    done = tools.run("python", GRAFANA / "generate.py", "--check")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_says_what_it_shows(name):
    """Title, description, unit and data source; no retired kind of panel; a schema that Grafana 10 and newer read."""
    page = board(name)
    assert page["schemaVersion"] <= 38
    assert page["uid"] == f"streamproc-{name}"
    assert {link["url"] for link in page["links"]} == {f"/d/streamproc-{other}" for other in NAMES if other != name}
    for panel in panels(name):
        assert panel["type"] in {"stat", "timeseries", "table", "state-timeline", "text"}, panel["title"]
        assert panel["title"]
        if panel["type"] == "text":
            continue
        assert len(panel["description"]) >= 15, panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "prometheus"}, panel["title"]
        fields = panel["fieldConfig"]
        units = [fields["defaults"].get("unit")] + [
            each["value"] for over in fields["overrides"] for each in over["properties"] if each["id"] == "unit"
        ]
        assert any(units) or panel["type"] == "state-timeline", panel["title"]
        assert len(panel["targets"]) == len({target["refId"] for target in panel["targets"]}), panel["title"]


def test_one_room_has_its_variable_and_rooms_lead_to_it():
    """The room is chosen from those that Prometheus knows, and a click on a room in Rooms chooses it."""
    (variable,) = board("room")["templating"]["list"]
    assert variable["name"] == "room"
    assert "label_values(streamproc_room_messages, room)" in json.dumps(variable["query"])
    assert "/d/streamproc-room?var-room=${__value.text}" in json.dumps(panels("rooms"))
    assert "/d/streamproc-room?var-room=${__field.labels.room}" in json.dumps(panels("rooms"))


def test_every_query_is_promql(tools):
    """A parser of PromQL that is not Prometheus' own understands every query."""
    assert tools.ask(_PARSE, [query for name in NAMES for _, query in queries(name)])


def test_the_provisioned_files_are_where_compose_puts_them():
    """Provisioning names the folder that compose mounts, and the data source that panels name."""
    compose = (ROOT / "deploy" / "compose.yaml").read_text()
    provider = (GRAFANA / "provisioning" / "dashboards" / "streamproc.yaml").read_text()
    source = (GRAFANA / "provisioning" / "datasources" / "prometheus.yaml").read_text()
    folder = re.search(r"path: (\S+?)}", provider)[1]
    assert f"./grafana/dashboards:{folder}:ro" in compose
    assert f"{folder}/rooms.json" in compose
    assert "uid: prometheus\n" in source
    scraped = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()
    assert re.search(r"timeInterval: (\S+)", source)[1] == re.search(r"scrape_interval: (\S+)", scraped)[1]


@pytest.mark.parametrize("name", NAMES)
def test_every_query_is_answered(played, name):
    """A Prometheus that scrapes a real worker has numbers for every query, in the middle of a show."""

    # One scrape that a busy machine misses leaves nothing at its instant.
    def answered(query):
        return any(
            value != "NaN"
            for seconds in range(5)
            for value in played.station.query(query, time=played.middle - seconds)
        )

    assert [(title, query) for title, query in queries(name) if not answered(query)] == []


@pytest.fixture(scope="module")
def drawn(grafana, played, tools, program):
    """What Chromium saw of each dashboard, and its picture's file: (dashboard, width) -> panels."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    time = f"from={round(1000 * played.began)}&to={round(1000 * played.middle)}"
    pages = [
        {
            "url": f"{grafana.url}/d/streamproc-{name}/x?kiosk&theme={theme}&var-room={PUT_IN['$room']}&{time}",
            "pictures": [
                {"file": str(PICTURES / f"{name}-{size}.png"), "width": width} for size, width in WIDTHS.items()
            ],
        }
        for name, theme in NAMES.items()
    ]
    order = json.dumps({"chromium": program("chromium"), "pages": pages})
    done = tools.run("python", Path(__file__).parent / "pictures.py", stdin=order)
    assert done.returncode == 0, done.stderr
    return dict(zip(((name, size) for name in NAMES for size in WIDTHS), json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("size", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_no_panel_is_in_error_or_empty(drawn, name, size):
    """Each panel is there once, has drawn something, and neither complains nor says that it has nothing."""
    seen = drawn[name, size]
    assert Counter(panel["title"] for panel in seen) == Counter(panel["title"] for panel in panels(name))
    assert [panel for panel in seen if panel["error"]] == []
    assert [panel for panel in seen if NOTHING.match(panel["text"])] == []
    assert [panel for panel in seen if not panel["drawn"] and not panel["text"]] == []
    assert (PICTURES / f"{name}-{size}.png").stat().st_size > 10_000
