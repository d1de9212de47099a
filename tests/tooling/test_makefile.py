"""The Makefile and what continuous integration runs."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKE = shutil.which("make") or "make"


def make(*arguments, env=None):
    """Run make in the project's root."""
    settings = os.environ if env is None else env
    # A make that runs these tests hands its flags down; they are not for this one.
    settings = {name: value for name, value in settings.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}}
    command = [MAKE, "-C", str(ROOT), "--no-print-directory", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=settings)


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("setup", "pip"),
        ("demo", "streamproc demo"),
        ("test", "-m pytest"),
        ("test-long", "-m pytest -m long"),
        ("soak", "--kills 200"),
        ("bench", "bench"),
        ("bench-restart", "bench.restart"),
        ("bench-memory", "bench.memory"),
        ("schemas", "schemas"),
        ("lint", "lint-imports"),
        ("lock", "--generate-hashes"),
    ],
)
def test_each_promised_target_exists(target, command, tmp_path):
    """Every target of the README and CONTRIBUTING is there and calls what it says."""
    done = make("-n", target, f"VENV={tmp_path / 'venv'}")
    assert done.returncode == 0, done.stderr
    assert command in done.stdout


def test_arguments_reach_the_command(tmp_path):
    """ARGS and KILLS are passed on."""
    assert "demo --duration 60" in make("-n", "demo", "ARGS=--duration 60", f"VENV={tmp_path}").stdout
    assert "--kills 7" in make("-n", "soak", "KILLS=7", f"VENV={tmp_path}").stdout


def test_nothing_is_done_when_nothing_has_changed(tmp_path):
    """With stamps newer than locks and pyproject.toml, setup and tools have nothing to do; else they have."""
    (tmp_path / "bin").mkdir()
    newest = max(path.stat().st_mtime for path in [ROOT / "pyproject.toml", *ROOT.glob("requirements*.lock")])
    for age, name in enumerate(["bin/python", ".locked", ".installed", ".tools"]):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (newest + age, newest + age))
    for target in ("setup", "tools"):
        assert make("-q", target, f"VENV={tmp_path}").returncode == 0
    os.utime(tmp_path / ".locked", (1, 1))
    assert make("-q", "setup", f"VENV={tmp_path}").returncode == 1


def test_an_old_python_is_one_readable_line(tmp_path):
    """No Python 3.11 anywhere: one line says what is needed and what was found, and no folder is left."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "sh").symlink_to(shutil.which("sh"))
    old = tools / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.18 && exit 0\nexit 1\n')
    old.chmod(0o755)
    venv = tmp_path / "venv"
    done = make("setup", f"VENV={venv}", f"PYTHON={old}", env={"PATH": str(tools)})
    said = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert done.returncode != 0
    assert len(said) == 1
    assert re.search(r"needs Python 3\.11 or newer; found: Python 3\.9\.18", said[0])
    assert not venv.exists()


def test_ci_stops_at_the_first_failure_and_runs_all():
    """.ci/run is executable, strict, valid bash, and runs the checks and the tests."""
    script = ROOT / ".ci" / "run"
    text = script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in text
    for step in ("make lint", "make test", "STREAMPROC_EVAL_DATA"):
        assert step in text
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
