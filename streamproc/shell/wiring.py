"""Where the parts are put together, and the only place that knows all of them."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from streamproc import __version__
from streamproc.pipeline.task import TaskConfig
from streamproc.shell.errors import unusable

if TYPE_CHECKING:
    from pydantic import SecretStr

    from streamproc.adapters.kafka.config import WorkerConfig
    from streamproc.contracts.label import Label
    from streamproc.domain.rules import QuestionIndex
    from streamproc.shell.settings import Settings


class ShippedUnderstanding:
    """The shipped classifier and matcher, as a task wants them. Not thread-safe: it has caches."""

    def __init__(self) -> None:
        # Loads numpy and the model, which most commands do without.
        from streamproc.understanding import matcher, text  # noqa: PLC0415
        from streamproc.understanding.classifier import Classifier  # noqa: PLC0415

        self._classifier = Classifier.load()
        self._index = matcher.QuestionIndex
        self.version = self._classifier.version
        self.normalise = text.normalise

    def label(self, texts: list[str]) -> list[Label]:
        """Return one label a text; each depends on its text alone."""
        return self._classifier.label(texts)

    def index(self) -> QuestionIndex:
        """Return a new index for one session's questions."""
        return self._index()


def task_config(settings: Settings) -> TaskConfig:
    """Return what the numbers depend on beside the records."""
    return TaskConfig(settings.user_key, settings.rules())


def worker_config(settings: Settings) -> WorkerConfig:
    """Return the worker's configuration."""
    from streamproc.adapters.kafka.config import WorkerConfig  # noqa: PLC0415

    return WorkerConfig(
        task=task_config(settings),
        bootstrap=settings.bootstrap,
        app_id=settings.group,
        instance=settings.instance,
        topic_prefix=settings.topic_prefix,
        security=security(settings),
        commit_interval_s=settings.commit_ms / 1000,
        max_step_records=settings.step_records,
        snapshot_spread=settings.snapshot_commits,
        session_timeout_s=settings.session_timeout_ms / 1000,
        heartbeat_s=settings.session_timeout_ms / 4000,
        stop_timeout_s=settings.stop_ms / 1000,
        batch_records=settings.batch_records,
        fetch_bytes=settings.fetch_bytes,
        max_ahead_ms=settings.ahead_ms,
        http_host=settings.http_host,
        http_port=settings.http_port,
        metrics_rooms=settings.metrics_rooms,
    )


def run_worker(settings: Settings) -> int:
    """Run the worker in the foreground; return its exit status."""
    from streamproc.adapters.kafka.worker import run  # noqa: PLC0415 - loads Faust
    from streamproc.adapters.prometheus import Metrics  # noqa: PLC0415

    config, understanding = worker_config(settings), ShippedUnderstanding()
    metrics = Metrics(rooms=config.metrics_rooms, version=__version__, model_version=understanding.version)
    return run(config, understanding, metrics, metrics.page)


def security(settings: Settings) -> dict[str, Any]:
    """Return how aiokafka's clients reach Kafka, beside its address; CommandError for certificates of no use."""
    wanted: dict[str, Any] = {"security_protocol": settings.security_protocol}
    if settings.security_protocol.startswith("SASL"):
        wanted["sasl_mechanism"] = settings.sasl_mechanism
        wanted["sasl_plain_username"] = settings.sasl_username
        wanted["sasl_plain_password"] = secret(settings.sasl_password)
    if settings.security_protocol.endswith("SSL"):
        wanted["ssl_context"] = _tls(settings)
    return wanted


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ssl_ca_file)
    except OSError as error:
        raise unusable(f"setting ssl_ca_file: {settings.ssl_ca_file} has no certificates in PEM: {error}") from error
    if settings.ssl_cert_file:
        try:
            context.load_cert_chain(
                settings.ssl_cert_file, settings.ssl_key_file, lambda: secret(settings.ssl_key_password) or ""
            )
        except OSError as error:
            raise unusable(
                f"setting ssl_cert_file, ssl_key_file or ssl_key_password: no certificate and key that belong"
                f" together, or the wrong password: {error}"
            ) from error
    return context


def secret(value: SecretStr | None) -> str | None:
    """Return a secret's text."""
    return value.get_secret_value() if value else None
