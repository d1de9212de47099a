"""Settings: where they come from, what stops a start, what is never shown, and their table."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from streamproc.domain.rules import WEIGHTS, Bounds, Rules, Thresholds
from streamproc.shell.cli import main
from streamproc.shell.errors import UNUSABLE, CommandError
from streamproc.shell.settings import DEVELOPMENT_KEY, SECRETS, Settings, load
from streamproc.shell.settings_table import with_table
from streamproc.shell.wiring import security

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def complaint(flags, file=None):
    """Return the line with which settings are refused."""
    with pytest.raises(CommandError) as error:
        load(flags, file)
    assert error.value.status == UNUSABLE
    assert "\n" not in str(error.value)
    return str(error.value)


def test_table_of_the_docs_is_that_of_the_class():
    """`streamproc settings --page docs/configuration.md` would change nothing."""
    page = PAGE.read_text(encoding="utf-8")
    assert with_table(page) == page


def test_every_setting_is_documented():
    """Each has a description that ends like a sentence, and is in the table."""
    page = PAGE.read_text(encoding="utf-8")
    for name, info in Settings.model_fields.items():
        assert re.fullmatch(r"[^|\n]+\.", info.description or ""), name
        assert f"`STREAMPROC_{name.upper()}`" in page


def test_defaults_are_those_of_the_core():
    """Without a setting the numbers are the contract's."""
    assert load({}).rules() == Rules()
    for kind, prefix in ((Thresholds, "alert_"), (Bounds, "bound_")):
        assert {prefix + name for name in kind.__struct_fields__} == {
            n for n in Settings.model_fields if n.startswith(prefix)
        }
    assert {f"weight_{name}" for name in WEIGHTS} == {n for n in Settings.model_fields if n.startswith("weight_")}


def test_rules_come_from_settings():
    """Weights, thresholds and bounds reach the core."""
    rules = load(
        {"weight_haptics": "0.5", "alert_oldest_ms": "1000", "bound_users": "7", "runbooks": "https://r"}
    ).rules()
    assert rules.weights["haptics"] == 0.5
    assert (rules.thresholds.oldest_ms, rules.bounds.users, rules.runbooks) == (1000, 7, "https://r")


def test_flag_goes_before_environment_before_file(tmp_path):
    """Three sources, in this order."""
    file = tmp_path / "s.toml"
    file.write_text("commit_ms = 111\nbatch_records = 222\nfetch_bytes = 3333\n")
    code = (
        "from pathlib import Path; from streamproc.shell.settings import load;"
        f"s = load({{'commit_ms': '999'}}, Path({str(file)!r}));"
        "print(s.commit_ms, s.batch_records, s.fetch_bytes, s.group)"
    )
    env = {"STREAMPROC_COMMIT_MS": "888", "STREAMPROC_BATCH_RECORDS": "777", "STREAMPROC_GROUP": ""}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "999 777 3333 streamproc\n"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"http_port": "99999"}, ["http_port", "STREAMPROC_HTTP_PORT", "--http-port", "'99999'", "from 0 to 65535"]),
        ({"commit_ms": "soon"}, ["commit_ms", "an integer from 50 to 60000"]),
        ({"log_level": "loud"}, ["log_level", "one of debug, info, warning, error"]),
        ({"bootstrap": "kafka"}, ["bootstrap", "kafka-1:9092"]),
        ({"weight_display": "nan"}, ["weight_display", "a number from 0"]),
        ({"weight_display": "inf"}, ["weight_display", "a number from 0"]),
        ({"env": "production"}, ["hash_key", "required in production", "STREAMPROC_HASH_KEY_FILE"]),
        ({"env": "production", "hash_key": "short"}, ["hash_key", "16 characters"]),
        ({"env": "production", "hash_key": DEVELOPMENT_KEY}, ["hash_key", "known to everybody"]),
        ({"security_protocol": "SASL_SSL"}, ["sasl_username", "sasl_password"]),
        ({"ssl_ca_file": "/none/ca.pem"}, ["ssl_ca_file", "/none/ca.pem"]),
        ({"hash_key_file": "/none/key"}, ["hash_key_file", "/none/key", "No such file"]),
        ({"hash_key": "a", "hash_key_file": "b"}, ["hash_key and hash_key_file are both set"]),
        ({"commit_ms": "1", "http_port": "-1"}, ["commit_ms", "(and 1 more)"]),
    ],
)
def test_bad_setting_stops_the_start_with_one_line(flags, says):
    """The line names the setting and says what is allowed."""
    line = complaint(flags)
    for part in says:
        assert part in line


def test_bad_file_is_named(tmp_path):
    """A missing file, one that is no TOML, and one with a name that does not exist."""
    file = tmp_path / "s.toml"
    assert "s.toml" in complaint({}, file)
    file.write_text("commit_ms = = 3")
    assert "s.toml" in complaint({}, file)
    file.write_text("comit_ms = 3")
    assert "comit_ms" in complaint({}, file)


def test_secrets_come_from_files_and_are_never_shown(tmp_path):
    """Neither a print of the settings nor a complaint holds them."""
    secret = tmp_path / "key"
    secret.write_text("a-secret-of-length\n")
    settings = load({"env": "production", "hash_key_file": str(secret)})
    assert settings.user_key == b"a-secret-of-length"
    assert "a-secret" not in repr(settings)
    assert "a-secret" not in str(settings.model_dump())
    assert "a-secret" not in complaint({"hash_key": "a-secret-of-length", "http_port": "x"})
    assert "a-secret" not in complaint({"env": "production", "hash_key": "a-secret"})


WORD = "hunter2-and-more-of-it"


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_no_secret_is_told_by_a_mistake(tmp_path, capsys, monkeypatch, name):
    """Wrong neighbours, a wrong type, a secret where its file belongs, a misspelt flag, --help: none shows it."""
    file = tmp_path / "s.toml"
    file.write_text(f'{name} = ["{WORD}"]\n')
    said = [
        complaint({name: WORD, "http_port": "x"}),
        complaint({name: WORD, f"{name}_file": "also"}),
        complaint({f"{name}_file": WORD}),
        complaint({}, file),
    ]
    flag = f"--{name.replace('_', '-')}"
    for words in ([f"{flag}x", WORD], [f"{flag}x={WORD}"], [f"{flag[:-2]}={WORD}"], [f"{flag}-file", WORD]):
        assert main(["doctor", *words, "--bootstrap", "127.0.0.1:1"]) != 0
    monkeypatch.setenv(f"STREAMPROC_{name.upper()}", WORD)
    assert main(["worker", "--help"]) == 0
    assert main(["doctor", "--bootstrap", "127.0.0.1:1"]) == 1
    assert main(["worker", "--http-port", "x"]) == 2
    out, err = capsys.readouterr()
    assert name in out
    assert WORD not in "".join([*said, out, err])


def test_development_has_a_key_known_to_all():
    """A show can be recomputed by anybody."""
    assert load({}).user_key == DEVELOPMENT_KEY.encode()


def test_certificates_of_no_use_are_named(tmp_path):
    """No authority in the file, another's key: the line names the settings to look at."""
    one, other, no_pem = (tmp_path / name for name in ("one.pem", "other.pem", "no.pem"))
    for path in (one, other):
        issued = trustme.CA().issue_cert("worker")
        issued.private_key_and_cert_chain_pem.write_to_path(str(path))
    no_pem.write_text("no certificate")
    for flags, says in (
        ({"ssl_ca_file": str(no_pem)}, "setting ssl_ca_file: "),
        ({"ssl_cert_file": str(one), "ssl_key_file": str(other)}, "setting ssl_cert_file, ssl_key_file or "),
    ):
        with pytest.raises(CommandError, match=f"^{says}") as caught:
            security(load({"security_protocol": "SSL", **flags}))
        assert caught.value.status == UNUSABLE
    assert "ssl_context" in security(load({"security_protocol": "SSL", "ssl_cert_file": str(one)}))
