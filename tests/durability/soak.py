"""Kills the worker again and again in the middle of shows of 50 rooms, and compares what came out.

Half of the kills come at points of the path, the others at random times. Shows whose order of reading does not matter
are judged by `replay` of what was sent, and all, those with late records too, by `replay --journal`. The last line has
kills, records and differences; the exit status is 0 only without a difference.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from streamproc.adapters.broker.server import EmbeddedBroker
from streamproc.adapters.kafka.observer import POINTS
from tests.adapters.kafka import show
from tests.adapters.kafka.process import WorkerProcess, all_committed
from tests.durability import judge

ROOMS = 50
KILLS_A_ROUND = 20
_OF_A_RESTORE = POINTS[: POINTS.index("restored") + 1]
#: A worker that gets to its point in no such time is killed where it is; others live so long at most.
_PATIENCE_S, _LIFE_S = 12.0, 4.0
_SMALL = {"batch_records": 200, "max_step_records": 400, "snapshot_spread": 4, "commit_interval_s": 0.1}


@dataclass(frozen=True)
class Kind:
    """What a round is like; ``settings`` are the workers'."""

    name: str
    workers: int
    params: dict
    exact: bool
    settings: dict = field(default_factory=dict)


_USUAL = {"rooms": ROOMS, "duration": 300.0, "rate": 1.0, "duplicates": 0.01, "broken": 0.005}
KINDS = (
    Kind("one worker", 1, _USUAL, exact=True),
    Kind("two workers, late records", 2, {**_USUAL, "late": 0.03}, exact=False),
    Kind("two workers, rebalances", 2, _USUAL, exact=True, settings={"session_timeout_s": 2.0, "heartbeat_s": 0.5}),
    Kind(
        "one worker, records that are too late",
        1,
        {**_USUAL, "duration": 1_200.0, "rate": 0.25, "late": 0.03, "very_late": 0.02},
        exact=False,
    ),
)


class Round:
    """One show and the workers that are killed over it."""

    def __init__(self, kind, bootstrap, folder, number, seed):
        self.kind = kind
        self.bootstrap = bootstrap
        self.folder = folder
        self.prefix = f"soak{number}."
        self.rng = random.Random(f"{seed}/{number}")
        self.traffic = show.a_show(partitions=4, seed=self.rng.randrange(10_000), **kind.params)
        self.at = dict.fromkeys((*POINTS, "any time"), 0)

    async def run(self, kills):
        """Kill so many workers; return the differences."""
        await show.make_topics(self.bootstrap, self.prefix, self.traffic.partitions)
        workers = [self._new(i) for i in range(self.kind.workers)]
        records, size = self.traffic.records, len(self.traffic.records) // (kills + 1)
        try:
            for i in range(kills):
                worker = workers[i % len(workers)]
                fault = self._start(worker)
                sending = asyncio.create_task(self._send(records[i * size : (i + 1) * size]))
                await asyncio.to_thread(self._kill, worker, fault)
                await sending
            for worker in workers:
                if worker.process is None or not worker.process.is_alive():
                    worker.fault = ""
                    worker.start()
            await self._send(records[kills * size :])
            return await self._judge(workers)
        finally:
            for worker in workers:
                worker.end()

    def _new(self, i):
        static = {} if "session_timeout_s" in self.kind.settings else {"instance": f"worker-{i}"}
        return WorkerProcess(
            self.folder, self.bootstrap, self.prefix, name=f"{self.prefix}worker{i}", **_SMALL, **static,
            **self.kind.settings,
        )  # fmt: skip

    def _start(self, worker):
        """Start a worker with or without a point to die at, unless it runs; return the point."""
        if worker.process is not None and worker.process.is_alive():
            return ""
        point = self.rng.choice(POINTS) if self.rng.random() < 0.5 else ""
        times = 1 if point in _OF_A_RESTORE else self.rng.randint(1, 6)
        worker.fault = f"kill {point} {times}" if point else ""
        worker.start()
        return point

    def _kill(self, worker, point):
        worker.process.join(_PATIENCE_S if point else self.rng.uniform(0.2, _LIFE_S))
        self.at[point if point and not worker.process.is_alive() else "any time"] += 1
        worker.end()

    async def _send(self, records):
        await show.send(self.bootstrap, self.prefix, records, live=True)

    async def _judge(self, workers):
        await all_committed(self.prefix, self.traffic, *workers)
        found = [f"exit status {worker.process.exitcode}" for worker in workers if worker.terminate() != 0]
        if self.kind.exact:
            found += await show.differences(self.bootstrap, self.prefix, self.traffic)
        return found + await judge.differences(self.bootstrap, self.prefix, self.folder / f"{self.prefix}again")


async def soak(kills, seed, folder):
    """Run rounds until so many workers were killed; return kills, records and differences."""
    done, records, differences, number = 0, 0, 0, 0
    with EmbeddedBroker(folder / "broker") as broker:
        while done < kills:
            part = min(KILLS_A_ROUND, kills - done)
            kind = KINDS[number % len(KINDS)]
            began = time.monotonic()
            each = Round(kind, broker.bootstrap, folder, number, seed)
            found = await each.run(part)
            done, records, differences = done + part, records + len(each.traffic.records), differences + len(found)
            where = ", ".join(f"{point} {n}" for point, n in each.at.items() if n)
            print(f"{kind.name}: {part} kills ({where}), {len(each.traffic.records):,} records, "
                  f"{len(found)} differences, {time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
            for line in found[:10]:
                print(f"  {line[:400]}", flush=True)
            number += 1
    return done, records, differences


def main():
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep broker, logs and outputs here")
    options = parser.parse_args()
    # A new topic has no leader for a moment; every producer would say so.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        done, records, differences = asyncio.run(soak(options.kills, options.seed, folder))
    print(f"{done} kills, {records:,} records, {differences} differences")
    return 0 if differences == 0 and done else 1


if __name__ == "__main__":
    sys.exit(main())
