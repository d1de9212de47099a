"""One node of Apache Kafka as a child process: started, watched, stopped, and killed if a test asks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from streamproc.adapters.broker import guard, java
from streamproc.adapters.broker.config import (
    LOOPBACK,
    BrokerOptions,
    NodePlan,
    load_plan,
    new_plans,
    port_in_use,
    scram_arguments,
    server_properties,
)
from streamproc.adapters.broker.errors import BrokerError
from streamproc.adapters.broker.fetch import KafkaHome, Progress, check_jars, fetch_kafka
from streamproc.adapters.broker.probe import answers

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 20.0
_LOG_LINES: Final = 15
_LOG_BYTES: Final = 1 << 20
_POLL_S: Final = 0.05


class EmbeddedBroker:
    """Apache Kafka on loopback, durable below `data_dir`, opened again there with the same ports.

    Use it as a context manager, plain or async, or call `start` and `stop`. `port` fixes the client port
    of a new folder, `plan` the whole node (for a cluster), `home` the checked jars (else they are fetched),
    `progress` hears what is being waited for. Every failure is a BrokerError that says what to do.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        options: BrokerOptions | None = None,
        plan: NodePlan | None = None,
        home: KafkaHome | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.options = options or BrokerOptions()
        self._port = port
        self._plan = plan
        self._home = home
        self._progress = progress
        self._guard: subprocess.Popen[bytes] | None = None
        self._java_pid: int | None = None
        self._cancelled = threading.Event()

    @property
    def plan(self) -> NodePlan:
        """The node's ports and cluster; known once the broker has been launched."""
        if self._plan is None:
            raise BrokerError("the broker has not been started")
        return self._plan

    @property
    def bootstrap(self) -> str:
        """Bootstrap address of the plain listener."""
        return f"{LOOPBACK}:{self.plan.ports.client}"

    @property
    def bootstrap_sasl(self) -> str:
        """Bootstrap address of the listener with SCRAM-SHA-512 over TLS."""
        return f"{LOOPBACK}:{self.plan.ports.sasl}"

    @property
    def bootstrap_mutual_tls(self) -> str:
        """Bootstrap address of the listener that wants a client certificate."""
        return f"{LOOPBACK}:{self.plan.ports.mutual_tls}"

    @property
    def log_file(self) -> Path:
        """What Java has said, since the data folder was made."""
        return self.data_dir / "broker.log"

    @property
    def pid(self) -> int | None:
        """Java's process id while it runs."""
        return self._java_pid if self.running else None

    @property
    def running(self) -> bool:
        """Whether Java is running now."""
        return self._guard is not None and self._guard.poll() is None

    def start(self, timeout_s: float = START_TIMEOUT_S) -> Self:
        """Fetch what is missing, start Java, and return when clients can connect."""
        self.launch()
        try:
            self.wait_ready(timeout_s)
        except BaseException:
            self.stop()
            raise
        return self

    def launch(self, *, record: Path | None = None) -> None:
        """Start Java without waiting for it; the nodes of a cluster are launched first and awaited then."""
        if self.running:
            raise BrokerError(f"the broker in {self.data_dir} is running already")
        if self._home is None:
            self._home = fetch_kafka(progress=self._tell)
        else:
            check_jars(self._home)
        properties = self._prepare(self._home)
        self._tell("starting Apache Kafka", 0, 0)
        self._spawn(java.java_command(self._home, self.options.heap_mb, "kafka.Kafka", str(properties), record=record))

    def _prepare(self, home: KafkaHome) -> Path:
        """Make the data folder ready and return the path of its server.properties."""
        if "," in str(self.data_dir):
            raise BrokerError(f"Kafka takes no comma in a folder's name: {self.data_dir}")
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BrokerError(f"no folder for the broker's data can be made: {error}") from error
        self._plan = plan = load_plan(self.data_dir) or self._plan or new_plans(port=self._port)[0]
        self._check_ports(plan)
        plan.save(self.data_dir)
        properties = self.data_dir / "server.properties"
        properties.write_text(server_properties(plan, self.data_dir, self.options), encoding="ascii")
        if not (self.data_dir / "kafka" / "meta.properties").exists():
            self._tell("preparing the broker's storage", 0, 0)
            java.format_storage(home, properties, plan.cluster_id, scram_arguments(self.options.users))
        return properties

    def wait_ready(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until the client port answers; BrokerError with the log's last lines if it never does."""
        deadline = time.monotonic() + timeout_s
        while not answers(self.plan.ports.client):
            self.check()
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"the broker does not answer after {timeout_s:.0f} s; its log says:\n{self.log_tail()}"
                )
            if self._cancelled.wait(_POLL_S):
                raise BrokerError("the start of the broker was cancelled")

    def check(self) -> None:
        """Raise BrokerError, with the log's last lines, if Java has ended by itself."""
        if self._guard is not None and (status := self._guard.poll()) is not None:
            raise BrokerError(
                f"the broker ended with status {status}; its log ({self.log_file}) says:\n{self.log_tail()}"
            )

    def stop(self, patience_s: float = STOP_TIMEOUT_S) -> None:
        """Stop Java, first kindly so that its files are closed; does nothing if it is not running."""
        self.ask_to_stop()
        if self._guard is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._guard.wait(patience_s)
        self._end_by_force()

    def ask_to_stop(self) -> None:
        """Tell Java to stop and do not wait for it; `stop` comes after."""
        self.resume()
        # The guard ends Java when its standard input closes, and then itself.
        if self._guard is not None and self._guard.stdin:
            self._guard.stdin.close()

    def kill(self) -> None:
        """End Java as a crash would (SIGKILL)."""
        self._end_by_force()

    def restart(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Stop if running and start again on the same data and ports."""
        self.stop()
        self.start(timeout_s)

    def pause(self) -> None:
        """Freeze Java (SIGSTOP): connections stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen Java go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def log_tail(self, lines: int = _LOG_LINES) -> str:
        """Return the last lines that Java has written."""
        try:
            text = self.log_file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            text = ""
        return java.last_words(text, lines)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        starting = asyncio.ensure_future(asyncio.to_thread(self.start))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._cancelled.set()
            await asyncio.wait([starting])
            starting.exception()  # seen: it says that the start was cancelled
            self.stop()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    def _tell(self, what: str, done: int, total: int) -> None:
        if self._cancelled.is_set():
            raise BrokerError("the start of the broker was cancelled")
        if self._progress:
            self._progress(what, done, total)

    def _check_ports(self, plan: NodePlan) -> None:
        ports = plan.ports
        wanted = [
            ports.client,
            ports.controller,
            *([ports.sasl, ports.mutual_tls] if self.options.tls else []),
        ]
        for port in wanted:
            if port_in_use(port):
                raise BrokerError(
                    f"port {port} of the broker in {self.data_dir} is in use: "
                    "perhaps another broker runs on this folder; stop it or take another folder"
                )

    def _spawn(self, command: list[str]) -> None:
        if self.log_file.exists() and self.log_file.stat().st_size > _LOG_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        self._guard = subprocess.Popen(  # noqa: S603 - the command is built here
            [sys.executable, "-I", "-S", guard.__file__, str(self.log_file), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=java.java_environment(),
            cwd=self.data_dir,
            # A Ctrl-C at the terminal is for the program, which then stops the broker in its turn.
            start_new_session=True,
        )
        said = self._guard.stdout.readline() if self._guard.stdout else b""
        self._java_pid = int(said) if said.strip() else None

    def _signal(self, number: int) -> None:
        if self.running and self._java_pid is not None:
            os.kill(self._java_pid, number)

    def _end_by_force(self) -> None:
        if self._guard is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        self._guard.wait()
        for stream in (self._guard.stdin, self._guard.stdout):
            if stream:
                stream.close()
        self._guard = self._java_pid = None
