"""The replay format in and out, and the core between files."""

import gzip
import json
from base64 import b64decode

import pytest

from streamproc.adapters.files import FileError, OutputFiles, read_records, replay
from streamproc.adapters.lines import parse_line
from streamproc.contracts import topics
from streamproc.pipeline.records import Output
from streamproc.pipeline.task import TaskConfig
from tests.fakes import T0, Told

CONFIG = TaskConfig(b"example")


def chat(text="hello", **more):
    """Return a chat message's value."""
    return {"event_id": "c1", "room_id": "r1", "user_id": "ann", "text": text, "event_time": T0, **more}


def line(value, topic=topics.CHAT, **more):
    """Return a line of the replay format."""
    return json.dumps({"topic": topic, "value": value, **more}).encode()


def written(path, *lines):
    """Write lines into a file; return its name."""
    path.write_bytes(b"\n".join(lines) + b"\n")
    return str(path)


def output(folder, topic):
    """Return what was written of a topic."""
    return [json.loads(each) for each in (folder / f"{topic}.jsonl").read_bytes().splitlines()]


def test_object_becomes_compact_utf8_json():
    """White space goes, and characters are themselves."""
    record = parse_line(b'{"topic": "live.chat.v1", "value": {"text" :  "\\u4f60 \\n", "n": [1, 2]}}', 7)
    assert record.value == '{"text":"你 \\n","n":[1,2]}'.encode()
    assert (record.partition, record.offset, record.timestamp, record.key) == (0, 7, None, None)


def test_string_is_the_raw_text_and_null_is_no_value():
    """A string stands for what a producer sent, JSON or not."""
    assert parse_line(line('{"a'), 0).value == b'{"a'
    assert parse_line(line(""), 0).value == b""
    assert parse_line(line(None), 0).value is None


def test_key_timestamp_partition_and_offset_are_taken():
    """What a line says of its record goes before the defaults; -1 is Kafka's mark for no timestamp."""
    record = parse_line(line({}, key="房1", timestamp=5, partition=3, offset=99), 0)
    assert record[1:5] == (3, 99, 5, "房1".encode())
    assert parse_line(line({}, timestamp=-1), 0).timestamp is None


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"amount": 123456789012345678901234567890}', b'{"amount":123456789012345678901234567890}'),
        (b'{"text": "\\ud800", "b": " [ "}', b'{"text":"\\ud800","b":" [ "}'),
        (b'{"a": NaN, "b": {"value": 1}}', b'{"a":NaN,"b":{"value":1}}'),
        (b'{"a": -0}', b'{"a":0}'),
        (b'{"a": ' + b"9" * 5_000 + b"}", b'{"a":' + b"9" * 5_000 + b"}"),
        (b"[" * 3_000 + b"]" * 3_000, b"[" * 3_000 + b"]" * 3_000),
        (b'"\\udcff\\ud800"', None),
        (b'"\\udcff{"', b"\xff{"),
    ],
)
def test_unusual_values_pass_unharmed(raw, value):
    """Integers beyond 64 bits, half surrogate pairs, NaN and deep nesting are for the core to judge."""
    whole = b'{"x": {"value": 2}, "topic": "live.orders.v1", "value": ' + raw + b', "key": "r1"}'
    record = parse_line(whole, 0)
    assert record.key == b"r1"
    assert value is None or record.value == value


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b"{", "not JSON"),
        (b"[1]", "object"),
        (b'{"topic":"live.chat.v1","value":{"a":}}', "not JSON"),
        (b'{"topic":"live.chat.v1"}', "value"),
        (b'{"value":{}}', "topic"),
        (b'{"topic":"live.nothing.v1","value":{}}', "unknown topic 'live.nothing.v1'"),
        (b'{"topic":"live.chat.v1","value":{},"key":5}', "key"),
        (b'{"topic":"live.chat.v1","value":{},"offset":-1}', "offset"),
        (b'{"topic":"live.chat.v1","value":{}} x', "not JSON"),
    ],
)
def test_unusable_line_is_named(tmp_path, bad, says):
    """The error holds file, line (from 1) and reason, in one line."""
    name = written(tmp_path / "t.jsonl", line(chat()), b"", bad)
    with pytest.raises(FileError, match=says) as error:
        list(read_records([name]))
    assert str(error.value).startswith(f"{name}:3: ")
    assert "\n" not in str(error.value)


def test_lines_are_numbered_over_all_files(tmp_path):
    """An offset is the line's number from 0 over all files, empty lines counted, packed or not."""
    first = written(tmp_path / "a.jsonl", line(1), b"", line(2))
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress(line(3) + b"\n" + line(4)))
    told = []
    records = [r for part in read_records([first, str(packed)], 2, lambda *n: told.append(n)) for r in part]
    assert [(r.offset, r.value) for r in records] == [(0, b"1"), (2, b"2"), (3, b"3"), (4, b"4")]
    assert told[-1][0] == 4
    assert told[-1][1] == told[-1][2]


def test_files_that_cannot_be_read_are_named(tmp_path):
    """A missing file, a folder and a broken packed file are each one clear error."""
    broken = tmp_path / "x.gz"
    broken.write_bytes(b"no gzip")
    for name in (tmp_path / "missing", tmp_path, broken):
        with pytest.raises(FileError, match=name.name):
            list(read_records([str(name)]))


def test_every_output_topic_has_a_file(tmp_path):
    """An empty input makes empty files, one an output topic."""
    replay([written(tmp_path / "t.jsonl")], tmp_path / "out", Told(), CONFIG)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(f"{t}.jsonl" for t in topics.OUTPUTS)


def test_each_dead_letter_reason(tmp_path):
    """Every reason of the contract comes out of a replay, with the record's bytes and line number."""
    rows = [
        line(chat(event_id="c0")),
        line(None),
        line(""),
        line("x" * 70_000),
        line('{"event_id":'),
        line(chat(text="")),
        line(chat(event_id="c2"), key="r2"),
        line(chat(event_id="c3", event_time=T0 + 10_002), timestamp=T0 + 1),
        line(chat(event_id="c4", event_time=T0 + 3_600_000)),
        line(chat(event_id="c5")),
    ]
    summary = replay([written(tmp_path / "t.jsonl", *rows)], tmp_path / "out", Told(), CONFIG)
    letters = output(tmp_path / "out", topics.DEAD_LETTER)
    assert [(letter["offset"], letter["reason"]) for letter in letters] == [
        (1, "empty"), (2, "empty"), (3, "too_large"), (4, "not_json"), (5, "invalid"), (6, "wrong_key"), (7, "future"),
        (9, "too_late"),
    ]  # fmt: skip
    assert letters[2]["value"] is None
    assert b64decode(letters[3]["value"]) == b'{"event_id":'
    assert summary.by("dead")["empty"] == 2
    assert summary.records == len(rows)


def test_failed_replay_leaves_earlier_results(tmp_path):
    """Results appear when all went well, and until then those of before stay."""
    out = tmp_path / "out"
    replay([written(tmp_path / "good.jsonl", line(chat()))], out, Told(), CONFIG)
    with pytest.raises(FileError):
        replay([written(tmp_path / "bad.jsonl", line(chat("again")), b"{")], out, Told(), CONFIG)
    assert [row["event_id"] for row in output(out, topics.CLASSIFIED)] == ["c1"]
    assert not list(out.glob(".*"))


def test_outputs_are_written_as_they_are(tmp_path):
    """A value on disk is the value on Kafka, byte for byte, one a line and in order."""
    with OutputFiles(tmp_path) as files:
        files.write([Output(topics.ALERTS, b"k", b'{"b":1}'), Output(topics.ALERTS, None, '{"a":"你"}'.encode())])
    assert (tmp_path / f"{topics.ALERTS}.jsonl").read_bytes() == '{"b":1}\n{"a":"你"}\n'.encode()
    assert files.written == {topics.ALERTS: 2}


def test_folder_that_cannot_be_written(tmp_path):
    """A file in the folder's place is one clear error."""
    (tmp_path / "out").write_text("")
    with pytest.raises(FileError, match="out"):
        replay([written(tmp_path / "t.jsonl")], tmp_path / "out", Told(), CONFIG)
