"""Settings of the way to Kafka: where it is, how it is reached, what the topics are like."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class KafkaSettings(BaseSettings):
    """Where Kafka is, how it is reached, what the topics are like."""

    bootstrap: str = Field(
        "127.0.0.1:9092",
        min_length=1,
        pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$",
        examples=["kafka-1:9092,kafka-2:9092"],
        description="Addresses of Kafka brokers, `host:port`, several with commas between them.",
    )
    group: str = Field(
        "streamproc",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        examples=["streamproc.eu-1 (letters, digits, . _ -)"],
        description="Name of this application: its consumer group. Its journal knows the name: keep it.",
    )
    instance: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        examples=["worker-0 (letters, digits, . _ -)"],
        description="Name of this one worker, the same after a restart (static membership): it then has its partitions"
        " back at once. Every worker needs one of its own, e.g. the pod's.",
    )
    topic_prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,100}$",
        examples=["eu-1. (letters, digits, . _ -)"],
        description="What stands before every topic's name on Kafka.",
    )
    partitions: int = Field(
        4, ge=1, le=10_000, description="Partitions of every topic that `topics create` and `demo` make."
    )
    replication: int = Field(
        -1,
        ge=-1,
        le=10,
        description="Replicas of every topic that `topics create` makes; -1 takes the cluster's default.",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How connections to Kafka are secured."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="How the worker proves who it is, with SASL."
    )
    sasl_username: str | None = Field(None, min_length=1, description="User name for SASL.")
    sasl_password: SecretStr | None = Field(None, description="Password for SASL.")
    sasl_password_file: Path | None = Field(None, description="File that holds the password for SASL.")
    ssl_ca_file: Path | None = Field(
        None,
        description="PEM file of the authorities that Kafka's certificate is checked against; without it the system's.",
    )
    ssl_cert_file: Path | None = Field(None, description="PEM file of the worker's own certificate (mutual TLS).")
    ssl_key_file: Path | None = Field(None, description="PEM file of the key of the worker's own certificate.")
    ssl_key_password: SecretStr | None = Field(None, description="Password of the key file.")
    ssl_key_password_file: Path | None = Field(None, description="File that holds the password of the key file.")
