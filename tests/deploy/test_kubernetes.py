"""The kustomize base: built by kubectl itself, valid by Kubernetes' schemas, and true to the project's settings."""

import base64
import re
import shutil
from pathlib import Path

import pytest

from streamproc.shell.errors import CommandError
from streamproc.shell.settings import PREFIX, Settings, load

README = Path(__file__).parents[2] / "deploy" / "README.md"
BASE = Path(__file__).parents[2] / "deploy" / "k8s" / "base"
#: The oldest Kubernetes that is still looked after, and the newest that the schemas know.
VERSIONS = ["1.34", "1.37"]

_CHECK = """
import json, sys, yaml, kubernetes_validate
from cloudcoil.models.prometheus_operator import v1
asked = json.load(sys.stdin)
found = list(yaml.safe_load_all(asked["text"]))
for each in found:
    if each["apiVersion"].startswith("monitoring.coreos.com/"):
        getattr(v1, each["kind"]).model_validate(each)
    else:
        for version in asked["versions"]:
            kubernetes_validate.validate(each, version, strict=True)
print(json.dumps({each["kind"]: each for each in found}))
"""


def test_the_overlay_of_the_readme_builds(tools, tmp_path):
    """An installer's copy of it: image, Kafka and key are theirs in all that the base makes."""
    (overlay,) = re.findall(r"```yaml\n(resources: .+?)```", README.read_text(), re.DOTALL)
    shutil.copytree(BASE, tmp_path / "base")
    here = tmp_path / "overlays" / "mine"
    here.mkdir(parents=True)
    (here / "kustomization.yaml").write_text(overlay)
    (here / "hash_key").write_text("0123456789abcdef")
    done = tools.run("kubectl", "kustomize", here)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("image: registry.example/streamproc:0.1.0") == 2
    assert "STREAMPROC_BOOTSTRAP: kafka-1:9092,kafka-2:9092" in done.stdout
    assert base64.b64encode(b"0123456789abcdef").decode() in done.stdout


@pytest.fixture(scope="module")
def resources(tools):
    """All resources by kind, checked: there is one of each."""
    built = tools.run("kubectl", "kustomize", BASE)
    assert built.returncode == 0, built.stderr
    return tools.ask(_CHECK, {"text": built.stdout, "versions": VERSIONS})


def test_it_builds_and_every_resource_is_valid(resources):
    """All that a worker needs is there."""
    assert set(resources) == {
        *("Namespace", "ServiceAccount", "Service", "ConfigMap", "Secret", "StatefulSet"),
        *("PodDisruptionBudget", "NetworkPolicy", "PodMonitor", "PrometheusRule"),
    }


def test_the_operators_rules_are_prometheus_rules(tools):
    """What the operator is given is made from the very rules that promtool plays."""
    done = tools.run("python", BASE.parents[1] / "prometheus" / "to_k8s.py", "--check")
    assert done.returncode == 0, done.stderr


def test_workers_keep_their_names_and_are_locked_in(resources):
    """Static membership by the pod's name, the right probes, no root, no writing, no token."""
    pod = resources["StatefulSet"]["spec"]["template"]["spec"]
    (worker,) = pod["containers"]
    (topics,) = pod["initContainers"]
    names = {each["name"]: each for each in worker["env"]}
    assert names["STREAMPROC_INSTANCE"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert topics["args"] == ["topics", "create"]
    assert worker["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert worker["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    for container in (worker, topics):
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    stop_s = Settings().stop_ms / 1000
    assert pod["terminationGracePeriodSeconds"] > stop_s


def test_everything_selects_the_workers(resources):
    """Service, PDB, network policy and monitor all select the labels that the pods have, and the port they name."""
    template = resources["StatefulSet"]["spec"]["template"]
    labels = template["metadata"]["labels"].items()
    selectors = [
        resources["StatefulSet"]["spec"]["selector"]["matchLabels"],
        resources["Service"]["spec"]["selector"],
        resources["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        resources["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        resources["PodMonitor"]["spec"]["selector"]["matchLabels"],
    ]
    assert all(selector and selector.items() <= labels for selector in selectors)
    (port,) = template["spec"]["containers"][0]["ports"]
    assert port == {"name": "http", "containerPort": Settings().http_port}
    assert resources["PodMonitor"]["spec"]["podMetricsEndpoints"][0]["port"] == "http"


def test_settings_are_the_workers_and_the_placeholder_key_is_refused(resources):
    """The config map holds settings that exist; with the base's own key the worker does not start, and says why."""
    given = {key.removeprefix(PREFIX).lower(): value for key, value in resources["ConfigMap"]["data"].items()}
    key = base64.b64decode(resources["Secret"]["data"]["hash_key"]).decode()
    with pytest.raises(CommandError, match="hash_key"):
        load({**given, "hash_key": key})
    settings = load({**given, "hash_key": "0123456789abcdef"})
    assert settings.env == "production"
    assert settings.bootstrap == given["bootstrap"]
