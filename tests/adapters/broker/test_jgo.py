"""jgo as the resolver, against a small Maven repository on loopback: the contract of what is used of it."""

import http.server
import threading
from functools import partial

import pytest

from streamproc.adapters.broker import FetchError
from streamproc.adapters.broker.fetch import fetch_kafka, jgo_source
from streamproc.adapters.broker.jars import JarLock
from streamproc.adapters.broker.relock import resolve

POM = """<project><modelVersion>4.0.0</modelVersion>
<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>
<dependencies>{dependencies}</dependencies></project>"""
DEPENDENCY = """<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>
<scope>{}</scope></dependency>"""

#: What the repository has: (group, artifact, version) and what it depends on.
KAFKA = ("org.apache.kafka", "kafka_2.13", "9.9")
API = ("org.slf4j", "slf4j-api", "1.0")
SIMPLE = ("org.slf4j", "slf4j-simple", "1.0")
TESTED = ("org.example", "only-for-tests", "1.0")
CONTENT = {KAFKA: [(*API, "runtime"), (*TESTED, "test")], API: [], SIMPLE: [], TESTED: []}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        """Keep the test's output clean."""


@pytest.fixture
def settings(tmp_path):
    """A jgo settings file that names a loopback repository as `central`, and no other."""
    root = tmp_path / "repository"
    for (group, artifact, version), needs in CONTENT.items():
        folder = root / group.replace(".", "/") / artifact / version
        folder.mkdir(parents=True)
        dependencies = "".join(DEPENDENCY.format(*need) for need in needs)
        pom = POM.format(group=group, artifact=artifact, version=version, dependencies=dependencies)
        (folder / f"{artifact}-{version}.pom").write_text(pom)
        (folder / f"{artifact}-{version}.jar").write_bytes(f"bytes of {artifact}".encode())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    file = tmp_path / "jgo.conf"
    address = f"http://127.0.0.1:{server.server_port}"
    file.write_text(f"[settings]\nrepo_cache = {tmp_path / 'none'}\n[repositories]\ncentral = {address}\n")
    yield file
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_lock_is_resolved_and_then_fetched_from_a_mirror(settings, tmp_path):
    """The graph without test scope, a writer for the log, sizes and hashes; then the same jars by that lock."""
    lock = resolve("9.9", tmp_path / "scratch", settings)
    assert [(jar.group, jar.artifact, jar.version) for jar in lock.jars] == [KAFKA, API, SIMPLE]
    heard = []
    home = fetch_kafka(
        tmp_path / "cache",
        lock=JarLock.parse(lock.to_json()),
        source=jgo_source(settings),
        progress=lambda *told: heard.append(told),
    )
    assert (home.folder / "slf4j-api-1.0.jar").read_bytes() == b"bytes of slf4j-api"
    total = sum(jar.size for jar in lock.jars)
    assert heard[-1] == ("fetching Apache Kafka 9.9", total, total)


def test_a_jar_the_mirror_lacks_is_named(settings, tmp_path):
    """An artifact that no repository has ends in one error that names it and the place of the mirror's setting."""
    lock = resolve("9.9", tmp_path / "scratch", settings)
    settings.write_text(settings.read_text().rstrip() + "/nowhere\n")
    with pytest.raises(FetchError, match=r"org\.[a-z0-9.]+:.* cannot be fetched .*section \[repositories\]"):
        fetch_kafka(tmp_path / "cache", lock=lock, source=jgo_source(settings))
