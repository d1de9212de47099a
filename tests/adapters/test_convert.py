"""Recordings become the project's records: in order, complete, with errors that name file and line."""

import gzip
import json
from collections import Counter, defaultdict
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.adapters.convert import Format, detect, lines, records
from streamproc.adapters.files import FileError
from streamproc.contracts import topics
from streamproc.contracts.inputs import MODELS

MINUTE = 60_000
BEGIN = 1_557_492_120_000  # 2019-05-10T20:42:00+08:00

XML = """<?xml version="1.0" encoding="UTF-8"?>
<i><chatserver>chat.bilibili.com</chatserver><chatid>4711</chatid><state>0</state>
<d p="12.5,1,25,16777215,1700000012,0,a1b2c3d4,900">多少钱</d>
<d p="3.25,1,25,16777215,1700000003,0,a1b2c3d4,901">晚上好 &amp; 来了 &lt;3</d>
<d p="12.5,4,25,16777215,1700000012,0,0,902" user="x">几号链接</d>
<d p="13,7,25,16777215,1700000013,0,ffff,903">["0","0","drawing"]</d>
<d p="20,5,25,16777215,1700000020,0,bbbb,904"></d>
<gift ts="4" user="u" giftname="g"/>
</i>
"""


def write(folder, text, name="recording.xml"):
    """A file of this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def jsonl(folder, *entries, name="trace.jsonl"):
    """A file of (minute, room, popularity, text)."""
    keys = ("minute", "room", "popularity", "text")
    text = "".join(json.dumps(dict(zip(keys, entry, strict=True)), ensure_ascii=False) + "\n" for entry in entries)
    return write(folder, text, name)


# -- Bilibili danmaku XML


def test_danmaku_in_order_with_users_dates_and_room(tmp_path):
    """Messages come by time, then as in the file; dates give the start, the chatid the room, the hash the user."""
    found = list(records(write(tmp_path, XML)))
    assert {topic for topic, _ in found} == {topics.CHAT}
    values = [value for _, value in found]
    assert [value["text"] for value in values] == ["晚上好 & 来了 <3", "多少钱", "几号链接", ""]
    start = 1_700_000_012_000 - 12_500
    assert [value["event_time"] - start for value in values] == [3_250, 12_500, 12_500, 20_000]
    assert {value["room_id"] for value in values} == {"4711"}
    assert values[0]["user_id"] == values[1]["user_id"] == "a1b2c3d4"
    assert values[2]["user_id"] == "viewer-2"
    assert len({value["event_id"] for value in values}) == 4


def test_danmaku_room_and_start_can_be_given(tmp_path):
    """A given room and start go before the file's, and the room becomes an id that may be one."""
    found = list(records(write(tmp_path, XML), room="my room/1", start=BEGIN))
    assert {value["room_id"] for _, value in found} == {"my-room-1"}
    assert found[0][1]["event_time"] == BEGIN + 3_250


def test_danmaku_without_dates_needs_a_start(tmp_path):
    """Without dates and start the error says so; with a start, or the file's name for a room, it works."""
    path = write(tmp_path, '<i><d p="1,1,25,0,0,0,aa,1">晚上好</d></i>', "room 9.danmaku.xml")
    with pytest.raises(FileError, match=r"room 9\.danmaku\.xml: .*start time"):
        list(records(path))
    [(_, value)] = records(path, start=BEGIN)
    assert (value["room_id"], value["event_time"]) == ("room-9", BEGIN + 1_000)


def test_danmaku_dates_in_milliseconds(tmp_path):
    """Some recorders date in milliseconds."""
    path = write(tmp_path, f'<i><d p="2,1,25,0,{BEGIN + 2_000},0,aa,1">晚上好</d></i>')
    assert [value["event_time"] for _, value in records(path)] == [BEGIN + 2_000]


def test_danmaku_that_breaks_off_counts_up_to_there(tmp_path):
    """The file of a recorder that was killed gives what is complete in it."""
    whole = XML[: XML.index('<d p="13,7')]
    for rest in ("", '<d p="13,1,25,1', '<d p="13,1,25,16777215,1700000013,0,ffff,903">还', "<"):
        found = list(records(write(tmp_path, whole + rest)))
        assert [value["text"] for _, value in found] == ["晚上好 & 来了 <3", "多少钱", "几号链接"]


def test_danmaku_of_a_quiet_room_is_empty(tmp_path):
    """A recording in which nobody wrote is one."""
    assert list(records(write(tmp_path, "<i><chatid>7</chatid></i>"))) == []


def test_danmaku_control_characters_are_dropped(tmp_path):
    """Characters that XML has not do not stop the conversion."""
    path = write(tmp_path, '<i><d p="2,1,25,0,1700000000,0,aa,1">晚\x08上\x00好\x1b</d></i>')
    assert [value["text"] for _, value in records(path)] == ["晚上好"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<i>\n<d p="x,1,25">a</d></i>', r":2: p='x,1,25' is not seconds"),
        ('<i>\n\n<d p="1,1,25,0">a</d></i>', r":3: p='1,1,25,0' is not seconds"),
        ('<i>\n<d p="nan,1,25,0,5,0,a,1">a</d></i>', r":2: p='nan.*has no time"),
        ("<i>\n<d>a</d></i>", r":2: p='' is not seconds"),
        ("<i>\n<d p='1,1,25,0,5,0,a,1'>a</e></i>", r":2: not well-formed XML: mismatched tag"),
        ("<i>", r":1: not well-formed XML: no element found"),
        ("<html><body>\n</body></html>", r":2: an XML file of <html>, not of danmaku"),
        ('<!DOCTYPE i [<!ENTITY a "aaaa">]>\n<i><d p="1,1,25,0,5,0,a,1">&a;</d></i>', r":1: has a document type"),
        ('<!DOCTYPE i SYSTEM "file:///etc/passwd">\n<i/>', r":1: has a document type"),
        ('<i>\n<d p="1,1,25,0,5,0,a,1">&b;</d></i>', r":2: not well-formed XML: undefined entity"),
    ],
)
def test_danmaku_errors_name_file_and_line(tmp_path, text, said):
    """What is no danmaku XML, and any document type (it could hide entities), is refused where it stands."""
    with pytest.raises(FileError, match=r"recording\.xml" + said):
        list(records(write(tmp_path, text)))


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    messages=st.lists(
        st.tuples(
            st.floats(0, 80_000),
            st.text(
                st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"),
                max_size=600,
            ),
        ),
        max_size=8,
    )
)
def test_danmaku_loses_and_changes_nothing(tmp_path_factory, messages):
    """Whatever viewers write comes out as it was, sorted by time; only what no record may have is unusable."""
    body = "".join(f'<d p="{at!r},1,25,0,1700000000,0,aa,1">{escape(text)}</d>\n' for at, text in messages)
    path = write(tmp_path_factory.mktemp("danmaku"), f"<i>{body}</i>")
    found = [value for _, value in records(path)]
    assert [value["text"] for value in found] == [
        text for _, text in sorted(messages, key=lambda m: round(m[0] * 1000))
    ]
    for value in found:
        if 1 <= len(value["text"]) <= 500:
            MODELS[topics.CHAT].model_validate(value)


# -- JSONL by the minute


def test_minutes_are_spread_and_counted(tmp_path):
    """A room's n messages stand at (i + 1/2) / n of their minute, after its viewers; rooms are interleaved by time."""
    first, second = "2019-05-10T20:42:00+08:00", "2019-05-10T20:43:00+08:00"
    path = jsonl(
        tmp_path,
        (first, "7", 100, "一"),
        (first, "7", 100, "二"),
        (first, "8", 5, "三"),
        (second, "7", 90, "四"),
    )
    found = [
        (topic, value["room_id"], value["event_time"] - BEGIN, value.get("text", value.get("value")))
        for topic, value in records(path)
    ]
    assert found == [
        (topics.ROOM, "7", 0, 100),
        (topics.ROOM, "8", 0, 5),
        (topics.CHAT, "7", 15_000, "一"),
        (topics.CHAT, "8", 30_000, "三"),
        (topics.CHAT, "7", 45_000, "二"),
        (topics.ROOM, "7", 60_000, 90),
        (topics.CHAT, "7", 90_000, "四"),
    ]


def test_minutes_pass_unusable_texts_on(tmp_path):
    """An empty text and one that is too long stay in: they become dead letters where records are judged."""
    path = jsonl(tmp_path, ("2019-05-10T12:42:00Z", "7", 1, ""), ("2019-05-10T12:42:00Z", "7", 1, "长" * 501))
    assert [len(value["text"]) for topic, value in records(path) if topic == topics.CHAT] == [0, 501]


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    entries=st.lists(
        st.tuples(
            st.integers(0, 5), st.sampled_from(["1", "2", "3"]), st.integers(0, 10**6), st.text(min_size=1, max_size=20)
        ),
        max_size=60,
    )
)
def test_minutes_lose_nothing_and_keep_each_rooms_order(tmp_path_factory, entries):
    """Valid records in order of time, unique ids, each room's texts in order, one viewer count a minute and room."""
    entries = sorted(
        ((at, room, watch, text) for at, room, watch, text in entries if text.isprintable()), key=lambda e: e[0]
    )
    minutes = [f"2019-05-10T20:{42 + at}:00+08:00" for at, *_ in entries]
    rows = [(minute, *entry[1:]) for minute, entry in zip(minutes, entries, strict=True)]
    path = jsonl(tmp_path_factory.mktemp("minutes"), *rows) if rows else None
    found = list(records(path)) if path else []
    times = [value["event_time"] for _, value in found]
    assert times == sorted(times)
    assert len({(topic, v["room_id"], v["event_id"]) for topic, v in found}) == len(found)
    texts, expected = defaultdict(list), defaultdict(list)
    for topic, value in found:
        MODELS[topic].model_validate(value)
        if topic == topics.CHAT:
            minute = (value["event_time"] - BEGIN) // MINUTE
            texts[minute, value["room_id"]].append(value["text"])
    for at, room, _, text in entries:
        expected[at, room].append(text)
    assert texts == expected
    assert sum(topic == topics.ROOM for topic, _ in found) == len(expected)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("{", ":2: not JSON"),
        ("[1]", ":2: needs minute"),
        ('{"minute": "soon", "room": "7", "popularity": 1, "text": "a"}', ":2: minute 'soon' is no time"),
        ('{"minute": "2019-05-10T20:41:00+08:00", "room": "7", "popularity": 1, "text": "a"}', ":2: goes back"),
        (
            '{"minute": "2019-05-10T20:42:00+08:00", "room": 7, "popularity": 1, "text": "a"}',
            ":2: needs room, a string",
        ),
        (
            '{"minute": "2019-05-10T20:42:00+08:00", "room": "7", "popularity": "1", "text": "a"}',
            ":2: needs popularity",
        ),
    ],
)
def test_minutes_errors_name_file_and_line(tmp_path, second, said):
    """A line that cannot be used is named with what is wrong."""
    first = '{"minute": "2019-05-10T20:42:00+08:00", "room": "7", "popularity": 1, "text": "a"}\n'
    with pytest.raises(FileError, match=r"trace\.jsonl" + said):
        list(records(write(tmp_path, first + second + "\n", "trace.jsonl")))


def test_room_and_start_are_for_xml_only(tmp_path):
    """Lines have their room and minute, so giving one is an error, not ignored."""
    path = jsonl(tmp_path, ("2019-05-10T20:42:00+08:00", "7", 1, "a"))
    with pytest.raises(FileError, match="each line has its room"):
        list(records(path, room="8"))


# -- Both


def test_format_shows_in_the_content(tmp_path):
    """XML and JSONL, packed or not, with a byte order mark or not, whatever the name."""
    row = ("2019-05-10T20:42:00+08:00", "7", 1, "a")
    assert detect(jsonl(tmp_path, row, name="a.xml")) is Format.MINUTES
    assert detect(write(tmp_path, "\ufeff" + XML, "b.txt")) is Format.DANMAKU_XML
    packed = tmp_path / "c"
    packed.write_bytes(gzip.compress(XML.encode()))
    assert detect(packed) is Format.DANMAKU_XML
    assert len(list(records(packed))) == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello\n", ":1: neither XML nor JSONL"),
        (b"", ": the file is empty"),
        (b'{"topic": "live.chat.v1", "value": {}}\n', ":1: .*replay format already"),
        (gzip.compress(XML.encode())[:-30], ": broken gzip"),
    ],
)
def test_other_files_are_refused(tmp_path, content, said):
    """What is no recording is refused with the file's name."""
    path = tmp_path / "some.file"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"some\.file" + said):
        list(records(path))


def test_missing_file_is_named(tmp_path):
    """A file that is not there is named."""
    with pytest.raises(FileError, match=r"none\.xml: No such file"):
        list(records(tmp_path / "none.xml"))


def test_lines_are_the_replay_format(tmp_path):
    """Each line is a record with its topic, as replay reads it."""
    path = write(tmp_path, XML)
    parsed = [json.loads(line) for line in lines(path)]
    assert [(line["topic"], line["value"]) for line in parsed] == list(records(path))
    assert all(line.endswith(b"\n") for line in lines(path))


def test_the_real_trace_converts(eval_data):
    """All 341,010 messages of the public trace come out, in order, and each of their texts is one a record may have."""
    path = eval_data / "data" / "replay_trace.jsonl.gz"
    counts, before, unusable = Counter(), 0, 0
    for topic, value in records(path):
        counts[topic] += 1
        assert value["event_time"] >= before
        before = value["event_time"]
        if topic == topics.CHAT:
            unusable += not 1 <= len(value["text"]) <= 500
    assert counts == {topics.CHAT: 341_010, topics.ROOM: 14_403}
    assert unusable == 0
