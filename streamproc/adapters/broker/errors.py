"""What can go wrong around the embedded broker, each as one readable message."""


class BrokerError(RuntimeError):
    """The embedded broker cannot be started, reached or kept running."""


class FetchError(BrokerError):
    """A jar of Apache Kafka could not be fetched."""


class ChecksumError(BrokerError):
    """A jar of Apache Kafka is not the one the lock names; Java has not been started."""


class TopicError(BrokerError):
    """A topic could not be made, or exists with other partitions or settings than wanted."""
