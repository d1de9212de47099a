"""How a command says that it cannot go on: one line, and an exit status."""

from collections.abc import Sequence
from typing import Final

#: Arguments, settings or files that cannot be used.
UNUSABLE: Final = 2
#: Something failed that was asked for rightly.
FAILED: Final = 1


class CommandError(Exception):
    """Ends a command with one line on standard error and an exit status.

    ``each`` has a line for every fault, for whoever wants more than the first.
    """

    def __init__(self, message: str, status: int = FAILED, each: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.each = tuple(each) or (message,)


def unusable(message: object, each: Sequence[str] = ()) -> CommandError:
    """Return the error for arguments, settings or files that cannot be used."""
    return CommandError(str(message), UNUSABLE, each)
