"""Fetching and checking jars, with a source that stands in for the network."""

import hashlib
import threading
from pathlib import Path

import pytest

from streamproc.adapters.broker import BrokerError, ChecksumError, EmbeddedBroker, FetchError
from streamproc.adapters.broker.fetch import KafkaHome, cache_dir, fetch_kafka
from streamproc.adapters.broker.jars import Jar, JarLock, load_lock

CONTENT = {f"part-{i}": b"jar %d" % i for i in range(6)}


def lock_of(content):
    """A lock of small made-up jars."""
    return JarLock(
        "1.2.3",
        tuple(Jar("org.example", name, "1.0", len(b), hashlib.sha256(b).hexdigest()) for name, b in content.items()),
    )


LOCK = lock_of(CONTENT)


class Source:
    """Serves made-up jars; counts what was asked for; can fail or lie."""

    def __init__(self, content=None, *, failures=0):
        self.content = content or CONTENT
        self.failures = failures
        self.asked = []
        self._lock = threading.Lock()

    def __call__(self, jar, scratch, told):
        """Write the jar into the scratch folder, or fail as often as told to."""
        with self._lock:
            self.asked.append(jar.artifact)
            fails = self.failures > 0
            self.failures -= fails
        if fails:
            raise ConnectionError("the network is away")
        scratch.mkdir(parents=True, exist_ok=True)
        path = scratch / jar.filename
        path.write_bytes(self.content[jar.artifact])
        told(len(self.content[jar.artifact]))
        return path


def test_missing_jars_are_fetched_once(tmp_path):
    """The first call fetches all, the second none; the class path names the locked jars in order."""
    source = Source()
    home = fetch_kafka(tmp_path, lock=LOCK, source=source)
    assert sorted(source.asked) == sorted(CONTENT)
    fetch_kafka(tmp_path, lock=LOCK, source=source)
    assert len(source.asked) == len(CONTENT)
    assert [Path(p).read_bytes() for p in home.class_path.split(":")] == list(CONTENT.values())
    assert {path.name for path in home.folder.iterdir()} == {jar.filename for jar in LOCK.jars}


def test_a_file_beside_the_locked_jars_never_reaches_java(tmp_path):
    """What lies in the folder but not in the lock is not on the class path."""
    home = fetch_kafka(tmp_path, lock=LOCK, source=Source())
    (home.folder / "stranger.jar").write_bytes(b"x")
    assert "stranger" not in fetch_kafka(tmp_path, lock=LOCK, source=Source()).class_path


def test_a_tampered_jar_is_refused_by_name(tmp_path):
    """A cached jar with other bytes is named, and neither replaced nor used."""
    home = fetch_kafka(tmp_path, lock=LOCK, source=Source())
    (home.folder / "part-3-1.0.jar").write_bytes(b"something else")
    source = Source()
    with pytest.raises(
        ChecksumError, match=r"part-3-1\.0\.jar in .* is not the jar that the lock names.*Delete that file"
    ):
        fetch_kafka(tmp_path, lock=LOCK, source=source)
    assert source.asked == []


def test_a_wrong_download_is_thrown_away(tmp_path):
    """A repository that serves other bytes is refused by the jar's name, and nothing of it stays."""
    with pytest.raises(ChecksumError, match=r"part-0-1\.0\.jar as fetched is not the jar"):
        fetch_kafka(tmp_path, lock=LOCK, source=Source({**CONTENT, "part-0": b"other bytes"}))
    assert not (tmp_path / "kafka-1.2.3" / "part-0-1.0.jar").exists()
    assert not list((tmp_path / "kafka-1.2.3").glob(".fetch-*"))


def test_a_short_outage_is_ridden_out(tmp_path):
    """Two failures of one jar are tried again."""
    source = Source(failures=2)
    fetch_kafka(tmp_path, lock=lock_of({"part-0": CONTENT["part-0"]}), source=source)
    assert source.asked == ["part-0"] * 3


def test_a_lasting_outage_names_the_jar(tmp_path):
    """No network: one error that names a jar and says where a mirror is set; the next call goes on from there."""
    with pytest.raises(FetchError, match=r"org\.example:part-.:1\.0 cannot be fetched \(ConnectionError: the network"):
        fetch_kafka(tmp_path, lock=LOCK, source=Source(failures=100))
    fetch_kafka(tmp_path, lock=LOCK, source=Source())


def test_progress_counts_bytes_to_the_end(tmp_path):
    """Progress starts at zero, never falls, and ends at the sum of the missing jars' sizes."""
    heard = []
    fetch_kafka(tmp_path, lock=LOCK, source=Source(), progress=lambda *told: heard.append(told))
    total = sum(len(b) for b in CONTENT.values())
    done = [count for _, count, _ in heard]
    assert heard[0] == ("fetching Apache Kafka 1.2.3", 0, total)
    assert done == sorted(done)
    assert done[-1] == total


def test_a_cancelled_fetch_ends_at_once(tmp_path):
    """A BrokerError raised by progress is not taken for an outage and tried again."""

    def cancel(_what, done, _total):
        if done:
            raise BrokerError("cancelled")

    source = Source()
    with pytest.raises(BrokerError, match=r"^cancelled$"):
        fetch_kafka(tmp_path, lock=LOCK, source=source, progress=cancel)
    assert len(source.asked) == len(set(source.asked))


def test_java_is_not_started_on_a_tampered_jar(tmp_path):
    """The broker's start checks the cache first and leaves no data folder behind."""
    home = fetch_kafka(tmp_path / "cache", lock=LOCK, source=Source())
    (home.folder / "part-1-1.0.jar").write_bytes(b"")
    with pytest.raises(ChecksumError, match=r"part-1-1\.0\.jar"):
        EmbeddedBroker(tmp_path / "data", home=KafkaHome(home.folder, LOCK)).start()
    assert not (tmp_path / "data").exists()


def test_cache_follows_xdg(tmp_path):
    """XDG_CACHE_HOME moves the cache."""
    assert cache_dir({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "streamproc"


def test_the_shipped_lock_is_whole():
    """Every jar of the shipped lock has a size and a sha256, and its text is what the lock would write."""
    lock = load_lock()
    assert lock.kafka == "4.2.0"
    assert len({jar.filename for jar in lock.jars}) == len(lock.jars) == 46
    assert all(jar.size > 0 and len(jar.sha256) == 64 for jar in lock.jars)
    assert JarLock.parse(lock.to_json()) == lock
