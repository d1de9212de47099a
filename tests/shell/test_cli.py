"""The command line: what it says when something cannot be used, and how it ends."""

import gzip
import json
import signal
import subprocess
import sys

import pytest

from streamproc import __version__
from streamproc.shell.cli import COMMANDS, main

CHAT = {"event_id": "c1", "room_id": "r1", "user_id": "ann", "text": "多少钱", "event_time": 1_763_712_000_000}


def program(*words, **options):
    """Start the command line as a process."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-m", "streamproc", *words], **{**pipes, **options})


def lines(capsysbinary):
    """Return what was printed as JSON values."""
    return [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["replay", "x.jsonl"], "--out"),
        (["replay", "--out", "y"], "files, or --journal"),
        (["replay", "x.jsonl", "--journal", "--out", "y"], "files, or --journal"),
        (["replay", "/none/x.jsonl", "--out", "never"], "/none/x.jsonl: No such file"),
        (["replay", "x.jsonl", "--out", "y", "--http-port", "x"], "setting http_port"),
        (["worker", "--commit-ms", "1"], "setting commit_ms"),
        (["worker", "--settings", "/none/s.toml"], "/none/s.toml"),
        (["classify", "/none/x"], "/none/x: No such file"),
        (["simulate", "--rooms", "2"], "--out --to-kafka"),
        (["simulate", "--out", "-", "--rooms", "0"], "rooms must be above 0"),
        (["simulate", "--out", "-", "--set", "mood=good"], "--set mood=good"),
        (["simulate", "--out", "-", "--set", "late=often"], "'often' is no float"),
        (["simulate", "--out", "-", "--preset", "nothing"], "no preset 'nothing'"),
        (["simulate", "--out", "/none/x"], "/none/x: No such file"),
        (["convert", "danmaku", "/none/x.xml"], "/none/x.xml"),
        (["demo", "--file", "/none/x"], "/none/x: No such file"),
        (["demo", "--rooms", "-1"], "--rooms"),
        (["demo", "--rooms", "many"], "'many' is not an integer from 1 to 10000"),
        (["demo", "--duration", "nan"], "'nan' is not a number above 0"),
        (["demo", "--file", "x.jsonl", "--rooms", "3"], "--rooms is for a show"),
        (["demo", "loudly"], "a word too many"),
        (["demo", "--speed", "0"], "--speed"),
        (["dead-letters", "list", "--since", "yesterday"], "'yesterday' is no time"),
        (["dead-letters", "list", "--reason", "ugly"], "invalid choice"),
        (["topics", "destroy"], "invalid choice"),
    ],
)
def test_unusable_arguments_are_one_line_and_status_2(capsys, words, says):
    """Nothing on standard output, one line that says what is wrong on standard error."""
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert says in err


def test_unreachable_kafka_is_one_line_and_status_1(capsys):
    """The address is named."""
    assert main(["topics", "check", "--bootstrap", "127.0.0.1:1"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "127.0.0.1:1" in err


def test_a_recording_that_is_replayed_is_told_how(tmp_path, capsys):
    """`replay` takes its own format; a recording in another one is named, with the command that converts it."""
    file = tmp_path / "show.xml"
    file.write_text('<i><d p="1,1,25,0,1700000000,0,a,1">晚上好</d></i>')
    assert main(["replay", "--quiet", str(file), "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert f"{file}:1: " in err
    assert f"({file} is a recording? `streamproc convert danmaku` makes" in err
    assert main(["replay", "--quiet", "/none/x", "--out", str(tmp_path / "out")]) == 2
    assert "recording?" not in capsys.readouterr().err


def test_without_a_command_it_says_what_there_is(capsys):
    """All commands are listed, and the status says that nothing was done."""
    assert main([]) == 2
    out = capsys.readouterr().out
    for name in COMMANDS:
        assert name in out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(capsys, name):
    """`streamproc COMMAND --help` works, for each of them."""
    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"streamproc {name}" in out
    assert "kafka" not in out.split("options:")[0].split("]\n\n")[-1]  # names keep their capitals


def test_help_loads_nothing_heavy():
    """The list of commands comes at once: no model, no Kafka client, not even the settings are loaded for it."""
    heavy = {"numpy", "faust", "sklearn", "aiokafka", "pydantic", "rich"}
    code = "import sys; from streamproc.shell.cli import main; main(['--help'])"
    code += f"; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_version(capsys):
    """Both ways to ask for it."""
    assert main(["version"]) == main(["--version"]) == 0
    assert capsys.readouterr().out == f"streamproc {__version__}\n" * 2


def test_classify_keeps_the_line_and_adds_the_labels(tmp_path, capsysbinary):
    """Other fields stay as they were, integers beyond 64 bits and half surrogate pairs too."""
    file = tmp_path / "t.jsonl"
    odd = {"id": 10**30, "text": "\ud800多少钱"}
    file.write_text(json.dumps({"id": 1, "text": "这个多少钱"}) + "\n\n" + json.dumps(odd))
    assert main(["classify", str(file)]) == 0
    first, second = lines(capsysbinary)
    assert first["id"] == 1
    assert set(first) == {"id", "text", "kind", "sub", "polarity", "aspect", "topic", "confidence"}
    assert (first["kind"], first["topic"]) == ("question", "price")
    assert (second["id"], second["text"]) == (10**30, "\ud800多少钱")


def test_match_adds_a_score(tmp_path, capsysbinary):
    """An answer scores above a remark."""
    file = tmp_path / "t.jsonl"
    rows = [{"question": "这件有没有L码", "answer": answer} for answer in ("这件有L码的", "大家晚上好")]
    file.write_text("\n".join(map(json.dumps, rows)))
    assert main(["match", str(file)]) == 0
    answer, remark = lines(capsysbinary)
    assert 0 <= remark["score"] < answer["score"] <= 1


@pytest.mark.parametrize("bad", ["{", "[]", '{"words": "x"}', '{"text": 5}'])
def test_line_that_cannot_be_classified_is_named(tmp_path, capsys, bad):
    """File and line, one line, status 2."""
    file = tmp_path / "t.jsonl"
    file.write_text(f'{{"text": "hi"}}\n{bad}\n')
    assert main(["classify", str(file)]) == 2
    assert f"{file}:2: " in capsys.readouterr().err


def test_replay_reads_standard_input(tmp_path):
    """`-` is standard input; the summary is on standard error, in a few lines."""
    row = json.dumps({"topic": "live.chat.v1", "value": CHAT}).encode() + b"\n"
    process = program("replay", "-", "--out", str(tmp_path / "out"))
    out, err = process.communicate(row, timeout=60)
    assert (process.returncode, out) == (0, b"")
    assert b"1 records" in err
    found = json.loads((tmp_path / "out" / "live.chat.classified.v1.jsonl").read_text())
    assert found["id"] == "r1/c1"


def test_user_hash_key_is_a_setting(tmp_path):
    """Another key gives another hash of the same user, and none is the user's id."""
    file = tmp_path / "t.jsonl"
    file.write_text(json.dumps({"topic": "live.chat.v1", "value": CHAT}))
    users = set()
    for key in ("example", "another"):
        assert main(["replay", str(file), "--out", str(tmp_path / key), "--quiet", "--hash-key", key]) == 0
        users.add(json.loads((tmp_path / key / "live.chat.classified.v1.jsonl").read_text())["user"])
    assert len(users) == 2
    assert all(len(user) == 16 for user in users)


def test_simulate_is_seeded_and_can_be_replayed(tmp_path):
    """Equal arguments give equal files, packed ones too, and what they hold is usable."""
    words = ["--rooms", "2", "--duration", "40", "--seed", "3"]
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        assert main(["simulate", "--out", str(tmp_path / name), *words]) == 0
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert main(["replay", str(tmp_path / "a.jsonl.gz"), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert (tmp_path / "out" / "live.dead-letter.v1.jsonl").read_bytes() == b""
    assert (tmp_path / "out" / "live.metrics.v1.jsonl").stat().st_size > 0


def test_convert_makes_the_replay_format(tmp_path):
    """Danmaku XML goes through replay, every message classified."""
    xml = tmp_path / "room.xml"
    xml.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><i><chatid>42</chatid>'
        '<d p="1.5,1,25,16777215,1557493320,0,ab12,1">多少钱</d><d p="3,1,25,16777215,1557493322,0,cd34,2">哈哈</d></i>'
    )
    assert main(["convert", "danmaku", str(xml), "--out", str(tmp_path / "t.jsonl.gz")]) == 0
    assert gzip.decompress((tmp_path / "t.jsonl.gz").read_bytes()).count(b"\n") == 2
    assert main(["replay", str(tmp_path / "t.jsonl.gz"), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert (tmp_path / "out" / "live.chat.classified.v1.jsonl").read_text().count("\n") == 2


def test_reader_that_leaves_ends_it_quietly():
    """A closed pipe is no error to talk about."""
    process = program("simulate", "--out", "-", "--duration", "600")
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 141
    process.stdin.close()
    process.stderr.close()


def test_interrupt_ends_it_quietly():
    """Ctrl-C says nothing."""
    # What runs in a shell's background ignores it from the start.
    process = program("classify", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    process.stdin.write(b'{"text": "hi"}\n')
    process.stdin.flush()
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")
