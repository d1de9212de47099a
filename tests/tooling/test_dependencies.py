"""What is installed: what the locks say, fitting together, under licences on the list. No network is needed.

Known vulnerabilities are not looked for here: `make audit` does that, where there is an advisory database.
"""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = tomllib.loads((Path(__file__).parent / "licences.toml").read_text("utf-8"))


def canonical(name):
    """Return a package's name as locks write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock):
    """Return a lock's packages, each with the versions it has for one Python or another."""
    found = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE):
        found.setdefault(canonical(name), set()).add(version)
    return found


INSTALLED = {canonical(each.name): each for each in distributions()}


def licence(package):
    """Return all that a package's metadata says of its licence."""
    words = package.metadata
    classifiers = [each for each in words.get_all("Classifier", []) if each.startswith("License ::")]
    return "; ".join(filter(None, [words.get("License-Expression"), *classifiers, (words.get("License") or "")[:200]]))


def test_what_is_installed_is_what_was_locked():
    """No package beside the locks' and this one, and none of another version."""
    known = {**locked("requirements.lock"), **locked("requirements-build.lock")}
    others = {name: each.version for name, each in INSTALLED.items() if each.version not in known.get(name, ())}
    assert others.keys() - {"streamproc"} == set()


def test_it_fits_together():
    """`pip check` finds no package that is missing or of a version that another does not take."""
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_licence_is_on_the_list():
    """Of each locked package that is installed; exceptions have their reason."""
    here = {name: licence(INSTALLED[name]) for name in locked("requirements.lock") if name in INSTALLED}
    assert len(here) > 60
    unlisted = {
        name: text for name, text in here.items()
        if name not in LIST["exceptions"] and not any(word in text for word in LIST["allowed"])
    }  # fmt: skip
    assert unlisted == {}


def test_nothing_that_runs_in_production_is_an_exception_of_copyleft():
    """The worker's image holds no package under the GPL or its relatives."""
    runtime = {name: licence(INSTALLED[name]) for name in locked("requirements-runtime.lock") if name in INSTALLED}
    assert len(runtime) > 40
    assert [name for name, text in runtime.items() if re.search(r"GPL|General Public", text)] == []


def test_an_audit_that_could_not_ask_does_not_pass():
    """`make audit` runs pip-audit over the worker's lock, and over hashes, strictly: a package it skips fails it."""
    done = subprocess.run(["make", "-n", "audit"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "--strict" in done.stdout
    assert "requirements-runtime.lock" in done.stdout
