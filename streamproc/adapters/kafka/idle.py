"""When a task that has nothing to read lets time go on."""


class Idle:
    """Counts the time which passes for a task whose fetches come back empty. Times are seconds, monotonic."""

    def __init__(self, timeout_s: float, now: float) -> None:
        self._timeout_s = timeout_s
        #: Up to here time has passed, or nothing was known to be empty.
        self._since = now
        self._idle = False

    def read(self, now: float) -> None:
        """Take note of records: the task is not idle."""
        self._since = now
        self._idle = False

    def elapsed(self, now: float, *, resting: bool) -> int:
        """Return the ms which passed since the last call of an idle task.

        ``resting`` says that nothing lags and that fetches do come back; an outage is no silence.
        """
        if not resting:
            self.read(now)
            return 0
        if not self._idle:
            if now - self._since < self._timeout_s:
                return 0
            self._since += self._timeout_s
            self._idle = True
        elapsed = int((now - self._since) * 1000)
        self._since += elapsed / 1000
        return elapsed
