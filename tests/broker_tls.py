"""Certificates and client settings for tests of the secured listeners."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from streamproc.adapters.broker import ScramUser, Tls

USER = ScramUser("worker", "a test password")


@dataclass(frozen=True)
class Security:
    """An authority of this test alone, with the broker's files and client settings made from it."""

    broker: Tls
    client_key_and_chain: Path
    authority: Path

    @classmethod
    def make(cls, folder):
        """Write a new authority, a certificate for the broker and one for a client."""
        authority = trustme.CA()
        pem = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(pem))
        broker, client = folder / "broker.pem", folder / "client.pem"
        _write(authority.issue_cert("127.0.0.1", "localhost"), broker)
        _write(authority.issue_cert("worker@example.test", common_name="worker"), client)
        return cls(Tls(broker, pem), client, pem)

    def context(self, *, with_certificate=True):
        """A TLS context that trusts this authority, with the client's certificate or without."""
        context = ssl.create_default_context(cafile=str(self.authority))
        if with_certificate:
            context.load_cert_chain(str(self.client_key_and_chain))
        return context

    def mutual_tls(self):
        """Aiokafka settings for the listener that wants a certificate."""
        return {"security_protocol": "SSL", "ssl_context": self.context()}

    def scram_flags(self, password_file):
        """Command line settings for the listener that wants a name and a password."""
        return {
            "security_protocol": "SASL_SSL",
            "ssl_ca_file": str(self.authority),
            "sasl_username": USER.name,
            "sasl_password_file": str(password_file),
        }

    def mutual_tls_flags(self):
        """Command line settings for the listener that wants a certificate."""
        return {
            "security_protocol": "SSL",
            "ssl_ca_file": str(self.authority),
            "ssl_cert_file": str(self.client_key_and_chain),
            "ssl_key_file": str(self.client_key_and_chain),
        }

    def scram(self, password=USER.password):
        """Aiokafka settings for the listener that wants a name and a password."""
        return {
            "security_protocol": "SASL_SSL",
            "ssl_context": self.context(with_certificate=False),
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": USER.name,
            "sasl_plain_password": password,
        }


def _write(certificate, path):
    # Kafka reads PKCS#8 keys only.
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(text + b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
