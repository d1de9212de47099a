"""The demo on a real broker with the real worker: to its end, stopped early, in a terminal, with a recording."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import time
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

from streamproc.shell.demo.run import cpu_an_event
from streamproc.shell.demo.worker import Sample, read_metrics

pytestmark = pytest.mark.usefixtures("kafka_home")

_PATIENCE_S = 120


def command(folder, *words):
    """Return the demo's command line, with its data in a folder of the test."""
    return [sys.executable, "-m", "streamproc", "demo", "--data-dir", str(folder), "--partitions", "2", *words]


def processes_of(folder):
    """Return the command lines of running processes that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in line:
                found.append(line)
    return found


def number(text, name):
    """Return the number that the summary gives for a name."""
    return int(re.search(rf"^{name} +([\d,]+)", text, re.MULTILINE)[1].replace(",", ""))


def test_demo_runs_to_its_end_without_a_terminal(tmp_path):
    """A line now and then, a summary that adds up, status 0, and nothing left running."""
    done = subprocess.run(
        command(tmp_path, "--duration", "8", "--rooms", "2"),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"of 8 s  rooms \d  viewers", done.stdout)
    assert number(done.stdout, "records in") > 100
    chat = int(re.search(r"records in .*chat ([\d,]+)", done.stdout)[1].replace(",", ""))
    assert number(done.stdout, "classified") >= chat
    assert number(done.stdout, "questions") > 0
    assert number(done.stdout, "metric records") > 0
    assert number(done.stdout, "dead letters") == 0
    assert number(done.stdout, "worker CPU") > 0
    assert processes_of(tmp_path) == []


class Terminal:
    """A program in a pseudo-terminal of 100 columns and 30 lines."""

    def __init__(self, words):
        self.main, there = pty.openpty()
        ioctl(there, TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
        self.process = subprocess.Popen(words, stdin=there, stdout=there, stderr=there, env=env, start_new_session=True)
        os.close(there)
        self.said = b""

    def until(self, mark):
        """Read until the program has written ``mark``, or has ended (mark None)."""
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end and (mark is None or mark not in self.said):
            if not select.select([self.main], [], [], 1)[0]:
                continue
            try:
                data = os.read(self.main, 1 << 16)
            except OSError:  # the other end is closed
                data = b""
            if not data:
                break
            self.said += data
        return mark is None or mark in self.said


def test_demo_draws_a_table_and_ctrl_c_ends_it(tmp_path):
    """In a terminal there is a table; Ctrl-C ends broker and worker in order, with the summary and status 0."""
    terminal = Terminal(command(tmp_path, "--duration", "600", "--rooms", "2"))
    try:
        assert terminal.until(b"newest questions"), terminal.said[-1_000:]
        assert terminal.until(b"room-001"), terminal.said[-1_000:]
        terminal.process.send_signal(signal.SIGINT)
        terminal.until(None)
        assert terminal.process.wait(_PATIENCE_S) == 0
    finally:
        terminal.process.kill()
        os.close(terminal.main)
    text = terminal.said.decode(errors="replace")  # the signal may cut a frame short
    assert "viewers" in text
    assert "respons." in text
    assert "metric records" in text.rsplit("\x1b[?1049l", 1)[1]  # after the terminal was given back
    assert processes_of(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_while_it_starts_leaves_nothing(tmp_path, number):
    """A demo that is stopped, or loses its terminal, before its worker is up takes the broker with it."""
    process = subprocess.Popen(command(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        if line.startswith("starting the worker"):
            process.send_signal(number)
    assert process.wait(_PATIENCE_S) == 130
    process.stdout.close()
    assert processes_of(tmp_path) == []


def test_demo_plays_a_recording_and_says_what_cannot_be_used(tmp_path):
    """`--file` goes as fast as it can; dead letters are counted by reason; a worker that dies is told."""
    chat = {"room_id": "r1", "user_id": "ann", "text": "多少钱"}
    rows = [{**chat, "event_id": f"c{n}", "event_time": 1_763_712_000_000 + 1_000 * n} for n in range(60)]
    trace = tmp_path / "trace.jsonl"
    values = [*rows, "{", {**chat, "event_id": "x"}]
    trace.write_text("\n".join(json.dumps({"topic": "live.chat.v1", "value": value}) for value in values))
    done = subprocess.run(
        command(tmp_path / "data", "--file", str(trace)),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert number(done.stdout, "records in") == 62
    assert number(done.stdout, "classified") == 60
    assert re.search(r"dead letters +2  invalid 1, not_json 1", done.stdout)


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (b"--until-stdin-ends", "streamproc: the worker ended with status -9"),
        (b"-Xms", "streamproc: the broker ended with status 137"),
    ],
)
def test_worker_or_broker_that_dies_is_told(tmp_path, who, said):
    """The demo says which and what it last said, its status says that it failed, and the other ends too."""
    process = subprocess.Popen(
        command(tmp_path, "--duration", "600"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if " rooms " in line:
            os.kill(child_of(process.pid, who), signal.SIGKILL)
            break
    out, err = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 1
    assert err.startswith(said)
    assert "Traceback" not in out + err
    assert processes_of(tmp_path) == []


def child_of(ancestor, mark):
    """Return the newest process that descends from another and has ``mark`` in its command line."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = re.search(r"^PPid:\t(\d+)", (path / "status").read_text(), re.MULTILINE)
            found[int(path.name)] = int(parent[1]), mark in (path / "cmdline").read_bytes()
    inside = {ancestor}
    while more := {pid for pid, (parent, _) in found.items() if parent in inside} - inside:
        inside |= more
    return max(pid for pid in inside if pid != ancestor and found[pid][1])


def test_cpu_an_event_is_between_two_samples():
    """What was spent before the show is not the show's."""
    page = "# TYPE a counter\nstreamproc_process_cpu_seconds_total 3.0\n"
    page += 'streamproc_events_total{topic="a"} 400\nstreamproc_events_total{topic="b"} 600\n'
    sample = read_metrics(page)
    assert sample == Sample(3.0, 1_000, None)
    assert cpu_an_event(Sample(1.0, 0.0), sample) == pytest.approx(2_000)
    assert cpu_an_event(Sample(), sample) is None
    assert cpu_an_event(sample, sample) is None
