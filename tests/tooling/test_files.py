"""The files of the repository and of the built package."""

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]

#: Hosts of the registries that packages come from; which of their mirrors is used is the machine's business.
REGISTRY = re.compile(
    r"\b(?:pypi|pythonhosted|maven|maven\.apache|debian|ubuntu|golang)\.org\b|\bnpmjs\.(?:org|com)\b|\bcrates\.io\b"
    r"|\bcentral\.sonatype\b",
    re.IGNORECASE,
)
#: Marks of work that is not finished, put together here so that this file does not have them.
UNFINISHED = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error", "no " + "cover"]))


def tracked():
    """Every text file of the repository that is or could be committed."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            yield name, content.decode("utf-8")


def test_no_file_names_a_registry():
    """Packages come from wherever the machine is set to get them; no file names a registry's host."""
    here = Path(__file__).name
    assert [name for name, text in tracked() if REGISTRY.search(text) and not name.endswith(here)] == []


def test_no_source_says_that_it_is_unfinished():
    """No mark of unfinished work in the source."""
    assert [name for name, text in tracked() if name.endswith(".py") and UNFINISHED.search(text)] == []


def test_no_pickle():
    """Nothing in the package loads or writes a pickle."""
    sign = re.compile(r"^\s*(?:import|from) (?:pickle|joblib|dill|cloudpickle|shelve)\b", re.MULTILINE)
    package = [(name, text) for name, text in tracked() if name.startswith("streamproc/") and name.endswith(".py")]
    assert package
    assert [name for name, text in package if sign.search(text)] == []


def test_nothing_is_evaluated():
    """Nothing in the package runs text as code, reads YAML's objects, or starts a shell."""
    forbidden = {"eval", "exec", "compile", "__import__"}
    found = []
    for name, text in tracked():
        if not (name.startswith("streamproc/") and name.endswith(".py")):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                shell = any(word.arg == "shell" for word in node.keywords)
                if called in forbidden or called.endswith(("yaml.load", "os.system", "os.popen")) or shell:
                    found.append(f"{name}:{node.lineno} {called}")
    assert found == []


def test_the_model_holds_no_objects():
    """Arrays are read without pickle: the shipped model has none inside, and NumPy is told to refuse any."""
    for path in (ROOT / "streamproc").rglob("*.np[yz]"):
        loaded = np.load(path, allow_pickle=False)
        assert all(loaded[name].dtype.kind != "O" for name in loaded.files)
    sources = [text for name, text in tracked() if name.startswith("streamproc/") and name.endswith(".py")]
    assert not any("allow_pickle=True" in text for text in sources)


def test_the_license_is_whole():
    """The LICENSE is the full Apache License 2.0."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "9. Accepting Warranty or Additional Liability." in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_wheel_has_every_data_file(tmp_path):
    """What lies beside the source, from the jars' lock to the trained model, is in the built package too."""
    source = tmp_path / "source"
    shutil.copytree(ROOT / "streamproc", source / "streamproc", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        ".",
    ]
    subprocess.run(build, cwd=source, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    beside = {path.relative_to(source).as_posix() for path in (source / "streamproc").rglob("*") if path.is_file()}
    assert beside - inside == set()
