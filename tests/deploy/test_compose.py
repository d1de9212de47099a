"""Compose: read by compose itself, and true to the project's settings and files."""

import json
import os
from pathlib import Path

import pytest

from streamproc.shell.settings import PREFIX, Settings

FILE = Path(__file__).parents[2] / "deploy" / "compose.yaml"
SECRETS = {"STREAMPROC_HASH_KEY": "0123456789abcdef", "GRAFANA_PASSWORD": "secret"}


@pytest.fixture
def compose(tools):
    """Compose's own reading of the file, with all profiles."""

    def read(env=SECRETS):
        clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        return tools.run(
            "docker-compose", "--file", FILE, "--profile", "*", "config", "--format", "json", env={**clean, **env}
        )

    return read


def test_compose_reads_it_without_a_word(compose):
    """Compose finds nothing wrong, and warns of nothing."""
    done = compose()
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SECRETS)
def test_a_missing_secret_is_named(compose, name):
    """Without a key or a password nothing starts, and the message says which to write where."""
    done = compose({other: value for other, value in SECRETS.items() if other != name})
    assert done.returncode != 0
    assert name in done.stderr
    assert "deploy/.env" in done.stderr


def test_the_services_and_their_order(compose):
    """The worker waits for the topics, they for Kafka; only loopback is published, and every image has a version."""
    services = json.loads(compose().stdout)["services"]
    assert set(services) == {"kafka", "topics", "worker", "show", "prometheus", "alertmanager", "grafana"}
    assert services["topics"]["command"] == ["topics", "create"]
    assert services["worker"]["depends_on"]["topics"]["condition"] == "service_completed_successfully"
    assert services["topics"]["depends_on"]["kafka"]["condition"] == "service_healthy"
    for name, service in services.items():
        tag = service["image"].partition(":")[2]
        assert tag not in {"", "latest"}, name
        assert service["cap_drop"] == ["ALL"], name
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", ())), name
        for mount in service.get("volumes", ()):
            assert mount["type"] != "bind" or Path(mount["source"]).exists(), mount


def test_secrets_reach_every_service_that_names_one(compose):
    """Compose itself refuses to put a secret that is no file into a container that cannot be written to."""
    found = json.loads(compose().stdout)
    from_environment = {name for name, secret in found["secrets"].items() if "file" not in secret}
    for name, service in found["services"].items():
        given = {secret["source"] for secret in service.get("secrets", ())}
        assert not (service.get("read_only") and given & from_environment), name


def test_every_setting_is_one_of_the_workers(compose):
    """The environment names settings that exist, and values that they allow; the key is no part of it."""
    services = json.loads(compose().stdout)["services"]
    for name in ("topics", "worker", "show"):
        given = {key: value for key, value in services[name]["environment"].items() if key.startswith(PREFIX)}
        assert {key.removeprefix(PREFIX).lower() for key in given} <= set(Settings.model_fields), name
        assert SECRETS["STREAMPROC_HASH_KEY"] not in given.values()
        assert services[name]["secrets"] == [{"source": "hash_key", "target": "/run/secrets/hash_key"}]
        # The image says production; the example's file names all that is to be filled in.
        values = {key.removeprefix(PREFIX).lower(): value for key, value in given.items()}
        Settings(**{**values, "hash_key_file": None, "hash_key": SECRETS["STREAMPROC_HASH_KEY"], "env": "production"})
    example = (FILE.parent / ".env.example").read_text()
    assert all(f"{name}=" in example for name in SECRETS)
