"""Where the clients of Kafka come from that steps and restores depend on: aiokafka, or a stand-in in a test."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient


@dataclass(frozen=True, slots=True)
class Clients:
    """What makes clients, called with aiokafka's arguments."""

    producer: Callable[..., Any] = AIOKafkaProducer
    consumer: Callable[..., Any] = AIOKafkaConsumer
    admin: Callable[..., Any] = AIOKafkaAdminClient
