"""Java's ahead-of-time cache for the broker: made once per machine, it takes 2.5 s off every later start.

The wheel's Java brings no class archive of its own, so `-XX:SharedArchiveFile` has nothing to build on; the
cache of JEP 483 and 514 needs none. Making it costs one start and about 8 s at that broker's end, so a demo
never does it: whoever starts brokers again and again (the tests) does it once beforehand.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from streamproc.adapters.broker import guard
from streamproc.adapters.broker.java import startup_cache
from streamproc.adapters.broker.server import EmbeddedBroker

if TYPE_CHECKING:
    from streamproc.adapters.broker.fetch import KafkaHome


def make_startup_cache(home: KafkaHome) -> bool:
    """Make the cache for these jars unless it is there; tells whether it is there now. Brokers start without, too.

    Several processes may do so at once: the file appears whole, and the last one stays.
    """
    cache = startup_cache(home)
    if cache.exists():
        return True
    with tempfile.TemporaryDirectory(prefix=".warm-", dir=home.folder) as folder:
        recorded = Path(folder) / "startup.aot"
        broker = EmbeddedBroker(Path(folder) / "data", home=home)
        try:
            broker.launch(record=recorded)
            broker.wait_ready()
        finally:
            broker.stop(guard.PATIENCE_S)
        if recorded.exists():
            for old in home.folder.glob("startup-*.aot"):
                old.unlink(missing_ok=True)
            os.replace(recorded, cache)  # noqa: PTH105 - reads as the atomic step it is
    return cache.exists()
