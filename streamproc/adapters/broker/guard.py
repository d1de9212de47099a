"""Stands between streamproc and Java, so that no broker outlives the program that started it.

Run as a script: `guard.py LOG COMMAND...`. It starts the command with its output in LOG, writes the
command's process id on its own standard output, and ends with the command's status. When its standard
input closes, because the parent asks for a stop or is gone (even by SIGKILL), it ends the command: first
kindly, then by force. It imports nothing of streamproc and works wherever Python does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

#: Seconds in which a broker closes its logs; over that it is killed. Whoever waits for it may lose patience sooner.
PATIENCE_S = 60.0


def _end_with_parent(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    child.terminate()
    try:
        child.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()


def main(log: str, command: list[str]) -> int:
    """Run the command to its end; returns its exit status (negative: the signal that ended it)."""
    with open(log, "ab", buffering=0) as output:  # noqa: PTH123 - os and subprocess are enough here
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)  # noqa: S603
    os.write(1, f"{child.pid}\n".encode())
    watcher = threading.Thread(target=_end_with_parent, args=(child,), daemon=True)
    watcher.start()
    return child.wait()


if __name__ == "__main__":
    status = main(sys.argv[1], sys.argv[2:])
    sys.exit(status if status >= 0 else 128 - status)
