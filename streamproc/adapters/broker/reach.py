"""Why no client gets through to Kafka: aiokafka only says that none of the addresses would do."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Final

from aiokafka import errors as kafka
from aiokafka.conn import collect_hosts, create_conn

if TYPE_CHECKING:
    from collections.abc import Mapping

#: s that one address may take; whoever asks has waited before.
_PATIENCE_S: Final = 5.0

_WORDS: Final = {
    (kafka.SaslAuthenticationFailed, kafka.AuthenticationFailedError):
        "user name or password are refused (sasl_username, sasl_password)",
    (kafka.UnsupportedSaslMechanismError,): "this listener does not know the sasl_mechanism",
    (kafka.IllegalSaslStateError,): "this listener wants no user name and password (security_protocol)",
    (kafka.KafkaConnectionError, ConnectionResetError):
        "it answers, and not in this security_protocol: that of its listener is another",
    (ConnectionRefusedError,): "the connection is refused",
    (TimeoutError,): f"no answer within {_PATIENCE_S:.0f} s",
}  # fmt: skip


async def why_unreachable(bootstrap: str, security: Mapping[str, Any], error: BaseException) -> str:
    """Return one line that says why a client could not start; ``error`` is what it raised.

    Each address is tried once more, for what is wrong with it. No password is in the line.
    """
    if not isinstance(error, kafka.KafkaConnectionError):
        return _one_line(error)
    # Several addresses that are wrong in the same way say it once.
    return "; ".join({await _reason(host, port, security): None for host, port, _ in collect_hosts(bootstrap)})


async def _reason(host: str, port: int, security: Mapping[str, Any]) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            connection = await create_conn(host, port, request_timeout_ms=int(_PATIENCE_S * 1000), **security)
    except (kafka.KafkaError, OSError) as error:
        return _in_words(error)
    connection.close()
    return "it takes the connection and answers nothing: its listener may want another security_protocol"


def _in_words(error: BaseException) -> str:
    for each in (error, error.__cause__):
        if isinstance(each, ssl.SSLError):
            return _of_tls(each)
    for kinds, words in _WORDS.items():
        if isinstance(error, kinds):
            return words
    return getattr(error, "strerror", None) or _one_line(error)


def _of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message} (ssl_ca_file)"
    if "CERTIFICATE_REQUIRED" in str(error):
        return "it wants a certificate of the client (ssl_cert_file)"
    return f"TLS fails: {(error.reason or str(error)).replace('_', ' ').lower()}"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
