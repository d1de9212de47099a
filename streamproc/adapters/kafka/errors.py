"""What may go wrong on Kafka's side: what is worth another try, and what stops the worker."""

from typing import Final

from aiokafka import errors as kafka

from streamproc.adapters.broker.errors import TopicError
from streamproc.pipeline.snapshot import SnapshotError
from streamproc.pipeline.step import StepError


class WorkerError(Exception):
    """Something that stops the worker; the message is its one clear last line."""


#: Kafka's complaints that no other try mends.
HOPELESS: Final = (
    kafka.AuthenticationFailedError,
    kafka.ClusterAuthorizationFailedError,
    kafka.CorruptRecordException,
    kafka.GroupAuthorizationFailedError,
    kafka.IllegalSaslStateError,
    kafka.IncompatibleBrokerVersion,
    kafka.InvalidTopicError,
    kafka.MessageSizeTooLargeError,
    kafka.OffsetOutOfRangeError,
    kafka.RecordListTooLargeError,
    kafka.SaslAuthenticationFailed,
    kafka.TopicAuthorizationFailedError,
    kafka.TransactionalIdAuthorizationFailed,
    kafka.UnsupportedSaslMechanismError,
    kafka.UnsupportedVersionError,
)

#: Errors whose message may be shown: they name topics, partitions, offsets and rooms, and no text or user.
TOLD: Final = (WorkerError, TopicError, SnapshotError, StepError, kafka.KafkaError, OSError)


def worth_another_try(error: BaseException) -> bool:
    """Say whether a task may be dropped and restored after ``error``, or the worker has to stop."""
    if isinstance(error, TimeoutError):
        return True
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, HOPELESS):
            return False
        cause = cause.__cause__
    return isinstance(error, kafka.KafkaError)


def told(error: BaseException) -> str:
    """Return one line about ``error`` that holds no text and no user id."""
    name = type(error).__name__
    if isinstance(error, WorkerError | TopicError | SnapshotError | StepError):
        return str(error)
    if isinstance(error, TOLD):
        return f"{name}: {' '.join(str(error).split())}"
    # The message of an error that nobody foresaw may quote a record.
    return f"{name} at {(frames(error) or ['an unknown place'])[-1]}"


def frames(error: BaseException) -> list[str]:
    """Return where ``error`` came from, outermost first: no messages, no values."""
    found = []
    at = error.__traceback__
    while at is not None:
        module = at.tb_frame.f_globals.get("__name__", "?")
        found.append(f"{module}:{at.tb_lineno} ({at.tb_frame.f_code.co_name})")
        at = at.tb_next
    return found
