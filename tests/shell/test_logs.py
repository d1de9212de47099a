"""Logs: JSON in production, readable elsewhere, the libraries' lines in the same form."""

import json
import subprocess
import sys

import pytest

CODE = """
import logging, structlog
from streamproc.shell.logs import set_up_logs
from streamproc.shell.settings import load
set_up_logs(load({flags}))
structlog.get_logger("here").info("restored", partition=3)
structlog.get_logger("here").debug("unheard")
logging.getLogger("faust.app").info("chatter")
logging.getLogger("aiokafka").error("lost %s", "it")
try:
    secret = "a text"
    {}[secret]
except KeyError:
    logging.getLogger("aiokafka").exception("broke")
"""


def logged(flags):
    """Return the lines that a process with these settings writes to standard error."""
    done = subprocess.run(
        [sys.executable, "-c", CODE.replace("{flags}", repr(flags))], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_production_logs_json():
    """One JSON object a line, with time, level and logger; of an exception its kind and place."""
    lines = [json.loads(line) for line in logged({"env": "production", "hash_key": "0123456789abcdef"})]
    assert [(line["level"], line["event"]) for line in lines] == [
        ("info", "restored"),
        ("error", "lost it"),
        ("error", "broke"),
    ]
    assert lines[0]["partition"] == 3
    assert lines[0]["logger"] == "here"
    assert lines[0]["timestamp"].endswith("Z")
    assert lines[2]["error"] == "KeyError"
    assert lines[2]["frames"][0].startswith("__main__:")


@pytest.mark.parametrize("flags", [{}, {"env": "production", "hash_key": "0123456789abcdef", "log_format": "console"}])
def test_terminal_logs_are_readable(flags):
    """No JSON, and no colours where nobody sees them."""
    first = logged(flags)[0]
    assert "restored" in first
    assert "partition=3" in first
    assert "\x1b" not in first
    assert not first.startswith("{")


@pytest.mark.parametrize("flags", [{}, {"log_format": "json"}, {"log_format": "console", "log_level": "debug"}])
def test_no_value_of_an_exception_is_logged(flags):
    """Neither what its message quotes nor the values of its frames: either may be a record's text or a password."""
    said = "\n".join(logged(flags))
    assert "KeyError" in said
    assert "a text" not in said


def test_level_is_a_setting():
    """What is less severe is left out, and at debug the libraries speak too."""
    assert "restored" not in "\n".join(logged({"log_level": "warning"}))
    everything = "\n".join(logged({"log_level": "debug"}))
    assert "unheard" in everything
    assert "chatter" in everything
