"""All settings, in one class: from flags, then the environment, then a settings file, then the defaults."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from streamproc.shell.errors import CommandError, unusable
from streamproc.shell.settings_kafka import KafkaSettings
from streamproc.shell.settings_rules import RuleSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

PREFIX: Final = "STREAMPROC_"

#: The key of user hashes outside production: known to everybody, so that a show can be recomputed.
DEVELOPMENT_KEY: Final = "streamproc-development"
_KEY_LENGTH: Final = 16

#: Secrets that may come from a file: the setting, and the setting that names its file.
SECRETS: Final = {
    "hash_key": "hash_key_file",
    "sasl_password": "sasl_password_file",
    "ssl_key_password": "ssl_key_password_file",
}


class WorkerSettings(BaseSettings):
    """The worker itself."""

    env: Literal["development", "production"] = Field(
        "development", description="In production the hash key is required and logs are JSON."
    )
    hash_key: SecretStr | None = Field(
        None,
        description="Key of the HMAC that user ids leave as. Required in production (16 characters or more); elsewhere"
        f" `{DEVELOPMENT_KEY}`. Another key gives every user another name.",
    )
    hash_key_file: Path | None = Field(None, description="File that holds the hash key.")
    commit_ms: int = Field(
        1_000, ge=50, le=60_000, description="ms between two commits; outputs of a task become visible with its commit."
    )
    snapshot_commits: int = Field(
        10, ge=1, le=10_000, description="Commits over which the snapshots of all changed rooms are spread."
    )
    batch_records: int = Field(2_000, ge=1, le=100_000, description="Records of one topic processed together, at most.")
    fetch_bytes: int = Field(
        1 << 20, ge=1 << 10, le=1 << 30, description="Bytes of one partition fetched at once, at most."
    )
    step_records: int = Field(
        20_000,
        ge=1,
        le=1_000_000,
        description="Records after which a task commits before its time; at twice as many it waits.",
    )
    ahead_ms: int = Field(
        60_000,
        ge=10_000,
        description="ms of event time by which a topic may be ahead of the slowest before it is paused.",
    )
    stop_ms: int = Field(30_000, ge=1_000, le=600_000, description="ms that a stop waits for the last commits.")
    session_timeout_ms: int = Field(
        8_000, ge=1_000, le=300_000, description="ms after which Kafka gives a dead worker's partitions to another."
    )
    http_host: str = Field(
        "127.0.0.1", min_length=1, description="Address of /metrics, /healthz and /readyz; 0.0.0.0 for all interfaces."
    )
    http_port: int = Field(
        6067, ge=0, le=65_535, description="Port of /metrics, /healthz and /readyz; 0 takes a free one."
    )
    metrics_rooms: int = Field(
        200,
        ge=0,
        le=10_000,
        description="Rooms with a label of their own on /metrics; the busiest, the others are `_other`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity that is logged."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="How logs look; `auto` is `json` in production and `console` elsewhere."
    )


class Settings(WorkerSettings, KafkaSettings, RuleSettings):
    """All settings. Use `load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        for secret, named in SECRETS.items():
            path = values.get(named)
            if path is None:
                continue
            if values.get(secret) is not None:
                raise ValueError(f"{secret} and {named} are both set; one is needed")
            try:
                values = {**values, secret: Path(path).read_text(encoding="utf-8").rstrip("\r\n")}
            except (OSError, UnicodeDecodeError) as error:
                # What is no whole path may be the secret itself, by mistake.
                shown = path if Path(path).is_absolute() else "the file (not shown: no absolute path)"
                raise ValueError(f"{named}: {shown} cannot be read: {_reason(error)}") from error
        return values

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        key = self.hash_key
        if self.env == "production" and (key is None or len(key.get_secret_value()) < _KEY_LENGTH):
            raise ValueError(
                f"hash_key: required in production, {_KEY_LENGTH} characters or more; set {PREFIX}HASH_KEY or"
                f" {PREFIX}HASH_KEY_FILE"
            )
        if self.env == "production" and self.user_key == DEVELOPMENT_KEY.encode():
            raise ValueError("hash_key: the development key is known to everybody; production needs one of its own")
        if self.security_protocol.startswith("SASL") and not (self.sasl_username and self.sasl_password):
            raise ValueError("sasl_username and sasl_password: required with SASL")
        if self.ssl_key_file and not self.ssl_cert_file:
            raise ValueError("ssl_cert_file: required with ssl_key_file")
        for name in ("ssl_ca_file", "ssl_cert_file", "ssl_key_file"):
            path = getattr(self, name)
            if path is not None and not path.is_file():
                raise ValueError(f"{name}: {path} is no file")
        return self

    @property
    def user_key(self) -> bytes:
        """The key of user hashes."""
        return (self.hash_key.get_secret_value() if self.hash_key else DEVELOPMENT_KEY).encode()


GROUPS: Final = (WorkerSettings, KafkaSettings, *reversed(RuleSettings.__bases__))


def load(flags: Mapping[str, str], file: Path | None = None) -> Settings:
    """Return the settings; CommandError (exit status 2) names a bad one and says what is allowed."""
    in_file = _read(file) if file else {}

    class Loaded(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],  # noqa: ARG003 - the names are pydantic's
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[Any, ...]:
            return init_settings, env_settings, lambda: in_file

    try:
        return Loaded(**dict(flags))  # type: ignore[arg-type]  # pydantic reads the words
    except ValidationError as error:
        raise _complaint(error, file) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise unusable(f"settings file {file}: {_reason(error)}") from error


def _complaint(error: ValidationError, file: Path | None) -> CommandError:
    first, *more = lines = [_line(each, file) for each in error.errors(include_url=False, include_input=True)]
    return unusable(f"{first} (and {len(more)} more)" if more else first, lines)


def _line(fault: Any, file: Path | None) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "value_error":
        return f"setting {fault['ctx']['error']}"
    info = Settings.model_fields.get(str(fault["loc"][0]))
    if info is None:
        return f"setting {name}: there is none of that name; {file} may hold those of docs/configuration.md"
    given = "" if SecretStr.__name__ in str(info.annotation) else f"{fault['input']!r} is not allowed; "
    return f"setting {name} ({PREFIX}{name.upper()}, {flag(name)}): {given}{allowed(info)}"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def flag(name: str) -> str:
    """Return the command line's flag of a setting."""
    return "--" + name.replace("_", "-")


def allowed(info: FieldInfo) -> str:
    """Say what a setting may be."""
    kind = info.annotation
    choices = getattr(kind, "__args__", ()) if getattr(kind, "__origin__", None) is Literal else ()
    if choices:
        return "one of " + ", ".join(map(str, choices))
    limits = {
        name: value
        for each in info.metadata
        for name in ("ge", "le")
        if (value := getattr(each, name, None)) is not None
    }
    if kind in {int, float}:
        word = "an integer" if kind is int else "a number"
        return (
            word
            + (f" from {limits['ge']:g}" if "ge" in limits else "")
            + (f" to {limits['le']:g}" if "le" in limits else "")
        )
    if "Path" in str(kind):
        return "a file's path"
    return f"text like {info.examples[0]}" if info.examples else "text"
