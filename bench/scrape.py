"""What a scrape costs: ms of /metrics over HTTP on loopback with many rooms on the air, beside the rendering alone.

The rooms are the synthetic show's, with chat, questions and orders, in four tasks as a worker has them; nothing else
runs on the event loop meanwhile. Exit status 1 where the median is above the target.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from zlib import crc32

import aiohttp
import orjson

from streamproc.adapters.http import Server
from streamproc.adapters.prometheus import Metrics
from streamproc.contracts import topics
from streamproc.pipeline.records import Record
from streamproc.pipeline.task import Task, TaskConfig
from streamproc.shell.wiring import ShippedUnderstanding
from streamproc.simulate.params import ShowParams
from streamproc.simulate.show import show

PARTITIONS = 4
TARGET_MS = 100.0
_SLICE = 5_000


@dataclass
class Shown:
    """A partition at work, as the metrics see it."""

    partition: int
    task: Task | None

    def lag(self) -> dict[str, int]:
        """Return no lag."""
        return dict.fromkeys(topics.INPUTS, 0)

    def uncommitted_s(self, now: float) -> float:  # noqa: ARG002
        """Return no age."""
        return 0.0


def main() -> int:
    """Run it; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=2_000)
    parser.add_argument("--labels", type=int, default=200, help="rooms with labels of their own")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the show")
    parser.add_argument("--scrapes", type=int, default=50)
    options = parser.parse_args()
    metrics = Metrics(rooms=options.labels, version="bench", model_version="bench")
    metrics.watch([Shown(number, task) for number, task in enumerate(played(options.rooms, options.seconds))])
    cpu, pages = (timed(metrics, options.scrapes, clock) for clock in (time.thread_time, time.perf_counter))
    scrapes, size = asyncio.run(scraped(metrics, options.scrapes))
    lines = metrics.page().decode().splitlines()
    (opened,) = [line.split()[1] for line in lines if line.startswith("streamproc_rooms_open ")]
    print(f"{float(opened):,.0f} rooms on the air, {options.labels} labelled; a page of {size / 1024:.0f} KiB")
    for name, taken in (("CPU", cpu), ("rendered", pages), ("scraped", scrapes)):
        print(f"{name:10} median {median(taken):6.1f} ms, worst of {len(taken)} {max(taken):6.1f} ms")
    good = median(scrapes) <= TARGET_MS
    print(f"{'within' if good else 'above'} {TARGET_MS:.0f} ms a scrape")
    return 0 if good else 1


def played(rooms: int, seconds: float) -> list[Task]:
    """Return tasks in which all rooms are on the air."""
    understanding = ShippedUnderstanding()
    tasks = [Task(understanding, TaskConfig(b"bench"), each=False) for _ in range(PARTITIONS)]
    offsets: Counter[tuple[str, int]] = Counter()
    waiting: list[list[Record]] = [[] for _ in tasks]
    # It goes on far beyond what is taken of it, so that no room has ended.
    params = ShowParams(rooms=rooms, duration=100 * seconds, rate=0.2, stagger=0.0)
    for topic, value in show(params):
        if value["event_time"] > params.start + 1000 * seconds:
            break
        number = crc32(value["room_id"].encode()) % PARTITIONS
        waiting[number].append(Record(topic, number, offsets[topic, number], None, None, orjson.dumps(value)))
        offsets[topic, number] += 1
        if len(waiting[number]) == _SLICE:
            _read(tasks[number], waiting[number])
    for task, records in zip(tasks, waiting, strict=True):
        _read(task, records)
    return tasks


def _read(task: Task, records: list[Record]) -> None:
    task.read(records)
    task.move(task.due_watermark())
    task.take()
    records.clear()


def timed(metrics: Metrics, times: int, clock: Callable[[], float]) -> list[float]:
    """Return the ms of ``clock`` that rendering takes, each time."""
    taken = []
    for _ in range(times):
        began = clock()
        metrics.page()
        taken.append(1000 * (clock() - began))
    return taken


async def scraped(metrics: Metrics, times: int) -> tuple[list[float], int]:
    """Return the ms that a scrape takes over HTTP, each time, and the page's bytes."""
    server = Server("127.0.0.1", 0, metrics.page, lambda: True)
    await server.start()
    taken, size = [], 0
    try:
        async with aiohttp.ClientSession() as session:
            for _ in range(times):
                began = time.perf_counter()
                async with session.get(f"http://127.0.0.1:{server.port}/metrics") as answer:
                    size = len(await answer.read())
                taken.append(1000 * (time.perf_counter() - began))
    finally:
        await server.stop()
    return taken, size


if __name__ == "__main__":
    sys.exit(main())
