"""The image: linted, small, without root and without a compiler."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def stages():
    """The Dockerfile's stages, each a list of its instructions as (word, rest)."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append((word, rest))
    return found


def test_hadolint_has_nothing_to_say(tools):
    """The Dockerfile passes its linter."""
    done = tools.run("hadolint", ROOT / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_only_the_first_stage_installs_and_the_last_has_no_root():
    """Wheels are installed by their hashes in the first stage; the last copies, and runs as a number, not as root."""
    first, last = stages()
    installs = [rest for word, rest in first if word == "RUN" and "pip install" in rest]
    assert all("--require-hashes" in part or part.endswith(" .") for rest in installs for part in lines_of(rest))
    assert not [rest for word, rest in last if word == "RUN" and re.search(r"pip|apt|gcc|build", rest)]
    (user,) = [rest for word, rest in last if word == "USER"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)


def lines_of(rest):
    """The commands of a RUN that install."""
    return [part.split("||")[0].strip() for part in rest.split("&&") if "pip install" in part]


def test_the_health_check_asks_the_worker_itself():
    """The image's health is what /readyz says, on the port that the image sets."""
    last = stages()[-1]
    (check,) = [rest for word, rest in last if word == "HEALTHCHECK"]
    environment = " ".join(rest for word, rest in last if word == "ENV")
    assert "/readyz" in check
    assert "STREAMPROC_HTTP_PORT=6067" in environment
    assert "STREAMPROC_HTTP_HOST=0.0.0.0" in environment


def test_what_the_image_is_made_from_reaches_it():
    """.dockerignore lets in what the Dockerfile copies, and it is there."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        name.removeprefix("./")
        for stage in stages()
        for word, rest in stage
        if word == "COPY" and "--from" not in rest
        for name in rest.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
