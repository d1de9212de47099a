"""Prometheus' rules and Alertmanager's routes: checked by their own tools, complete, each alert with its runbook."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from streamproc.adapters.prometheus import METRICS
from streamproc.domain.alerts import SEVERITY
from streamproc.shell.cli import COMMANDS
from streamproc.shell.settings import Settings

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RUNBOOKS = ROOT / "docs" / "runbooks"
TESTS = Path(__file__).parent / "rules"


@pytest.fixture(scope="module")
def rules(tools):
    """All rules, each of which the parser understands."""
    script = """
import json, sys, promql_parser, yaml
files = [yaml.safe_load(open(path)) for path in json.load(sys.stdin)]
rules = [rule for file in files for group in file["groups"] for rule in group["rules"]]
for rule in rules:
    promql_parser.parse(rule["expr"])
print(json.dumps(rules))
"""
    return tools.ask(script, [str(path) for path in sorted((PROMETHEUS / "rules").glob("*.yml"))])


@pytest.fixture(scope="module")
def alerts(rules):
    """The alerting rules."""
    return [rule for rule in rules if "alert" in rule]


def test_promtool_and_amtool_accept_them(program):
    """Configuration, rules and routes are valid to Prometheus and Alertmanager themselves."""
    promtool, amtool = program("promtool"), program("amtool")
    for command in (
        [promtool, "check", "config", "--syntax-only", PROMETHEUS / "prometheus.yml"],
        [promtool, "check", "rules", "--lint-fatal", *sorted((PROMETHEUS / "rules").glob("*.yml"))],
        [amtool, "check-config", ROOT / "deploy" / "alertmanager" / "alertmanager.yml"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["rooms_test.yml", "pipeline_test.yml"])
def test_each_alert_is_silent_fires_and_resolves(program, name):
    """Promtool plays series to the rules and compares the alerts, labels and words."""
    done = subprocess.run(
        [program("promtool"), "test", "rules", name], cwd=TESTS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_played(alerts):
    """No alert is without a test in which it fires, and one in which it does not."""
    text = "".join(path.read_text() for path in TESTS.glob("*_test.yml"))
    for alert in alerts:
        name = alert["alert"]
        assert re.search(rf"alertname: {name}\n\s+exp_alerts", text), f"{name} never fires"
        assert re.search(rf"alertname: {name}\}}", text), f"{name} is never silent"


def test_every_alert_has_what_whoever_is_woken_needs(alerts):
    """Severity, a summary, numbers, a runbook that exists and names the alert, and a dashboard."""
    index = (RUNBOOKS / "README.md").read_text()
    for alert in alerts:
        name, notes = alert["alert"], alert["annotations"]
        assert alert["labels"]["severity"] in {"critical", "warning"}, name
        assert set(notes) == {"summary", "description", "runbook_url", "dashboard"}, name
        assert re.search(r"\d|\$value", notes["description"]), name
        page = ROOT / notes["runbook_url"]
        assert page.parent == RUNBOOKS, name
        assert name in page.read_text(), name
        assert f"[{page.stem}]({page.name})" in index, name
        assert name in index, name


@pytest.mark.parametrize("alert", SEVERITY)
def test_every_alert_of_the_worker_has_a_runbook(alert):
    """What the records of live.alerts.v1 name as their runbook is there, under that very name."""
    page = (RUNBOOKS / f"{alert}.md").read_text()
    assert page.startswith(f"# {alert}\n")
    assert f"**{SEVERITY[alert].capitalize()}.**" in page
    assert f"[{alert}]({alert}.md)" in (RUNBOOKS / "README.md").read_text()


@pytest.mark.parametrize(
    "page", sorted(path for path in RUNBOOKS.glob("*.md") if path.stem != "README"), ids=lambda p: p.stem
)
def test_every_runbook_answers_the_same_questions(page):
    """What to look at, what to do, how one knows that it is over; and the panels that it names are there."""
    text = page.read_text()
    for part in ("## What to look at\n", "## What to do\n", "## How you know that it is over\n"):
        assert part in text, part
    boards = [json.loads(path.read_text()) for path in (ROOT / "deploy" / "grafana" / "dashboards").glob("*.json")]
    shown = json.dumps(boards)
    # Words in backquotes that begin with a capital and go on small are names of panels or of their lines.
    for name in re.findall(r"`([A-Z][a-z]+(?: [^`]+)?)`", text):
        assert " ".join(name.split()) in shown, name


def test_rules_and_dashboards_use_metrics_that_exist(rules):
    """Every streamproc_ name in a rule or a dashboard is declared, or recorded by a rule."""
    declared = {metric.name for metric in METRICS}
    declared |= {f"{m.name}{end}" for m in METRICS if m.type == "histogram" for end in ("_bucket", "_sum", "_count")}
    declared |= {rule["record"] for rule in rules if "record" in rule}
    boards = [path.read_text() for path in (ROOT / "deploy" / "grafana" / "dashboards").glob("*.json")]
    used = {
        name
        for text in [*(rule["expr"] for rule in rules), *boards]
        for name in re.findall(r"(?<![\w:])(?:[a-z]+:)?streamproc_\w+(?::\w+)?", text)
    }
    assert used
    assert used <= declared


def test_runbooks_name_settings_and_commands_that_exist():
    """A setting or command that a runbook or deploy/README.md tells somebody to use is there."""
    pages = [*RUNBOOKS.glob("*.md"), ROOT / "deploy" / "README.md"]
    text = "\n".join(page.read_text() for page in pages)
    settings = set(re.findall(r"`(alert_\w+|\w+_ms|metrics_rooms|runbooks|instance)`", text))
    settings |= {name.lower() for name in re.findall(r"STREAMPROC_([A-Z_]+[A-Z])", text)} - {"eval_data"}
    assert settings
    assert settings <= set(Settings.model_fields)
    commands = set(re.findall(r"`streamproc ([a-z-]+)", text))
    assert commands
    assert commands <= set(COMMANDS)
