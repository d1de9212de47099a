"""What an event costs: CPU µs of the whole job through the worker, by stage, beside the floor in the same run.

The floor is what any consumer of these topics pays: aiokafka's getmany and pydantic's model_validate_json. Worker and
floor read the same records from the same embedded broker, each in a process of its own; start-up is taken off.
"""

import argparse
import asyncio
import cProfile
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streamproc.adapters.broker import EmbeddedBroker
from streamproc.adapters.broker.topics import create_topics
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.topics import topic_specs
from streamproc.adapters.kafka.worker import run
from streamproc.adapters.prometheus import Metrics
from streamproc.contracts import topics
from streamproc.contracts.inputs import MODELS
from streamproc.pipeline.task import TaskConfig
from streamproc.shell.wiring import ShippedUnderstanding
from streamproc.simulate.params import ShowParams
from streamproc.simulate.show import show

PARTITIONS = 4
#: Stages in the order of the path; the rest is fetching, Faust, asyncio and the transactions' requests.
STAGES = ("hand_over", "decode", "understand", "apply", "move", "send", "close")
TARGET_US = 30.0
_SLICE = 5_000


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rooms", type=int, default=50)
    parser.add_argument("--profile", type=Path, help="write the worker's cProfile to this file")
    options = parser.parse_args()
    # Else the client's warnings, of topics that were made a moment ago, come before the table.
    logging.getLogger().addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory() as folder, EmbeddedBroker(Path(folder) / "broker") as broker:
        sent = asyncio.run(_fill(broker.bootstrap, options.events, options.rooms))
        print(f"{sent:,} events of {options.rooms} rooms in {PARTITIONS} partitions", flush=True)
        floor = _measured(_floor, broker.bootstrap, sent)
        worker = _measured(_worker, broker.bootstrap, sent, options.profile)
    _report(floor, worker, sent)


def _report(floor: dict[str, Any], worker: dict[str, Any], sent: int) -> None:
    print(f"{'':14}{'µs/event':>10}{'x floor':>10}")
    floor_us = floor["cpu_s"] / sent * 1e6
    total_us = worker["cpu_s"] / sent * 1e6
    stages = {stage: worker["stages"].get(stage, 0.0) / sent * 1e6 for stage in STAGES}
    stages["rest"] = total_us - sum(stages.values())
    rows = [("floor", floor_us), *stages.items(), ("whole job", total_us)]
    for name, us in rows:
        print(f"{name:14}{us:10.2f}{us / floor_us:10.2f}")
    rate = sent / worker["wall_s"]
    verdict = "within" if total_us <= TARGET_US else "above"
    print(
        f"{rate:,.0f} events/s in one process, peak {worker['peak_mb']:.0f} MB; {verdict} {TARGET_US:.0f} µs an event"
    )


# -- the records


async def _fill(bootstrap: str, events: int, rooms: int) -> int:
    await create_topics(bootstrap, topic_specs(PARTITIONS))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=900_000)
    await producer.start()
    sent = 0
    batches: dict[TopicPartition, Any] = {}
    try:
        for topic, value in show(ShowParams(rooms=rooms, duration=86_400.0, rate=5.0)):
            room_id = value["room_id"].encode()
            tp = TopicPartition(topic, crc32(room_id) % PARTITIONS)
            batch = batches.get(tp)
            if batch is None:
                batch = batches[tp] = producer.create_batch()
            batch.append(key=room_id, value=orjson.dumps(value), timestamp=None)
            sent += 1
            if sent % _SLICE == 0 or sent == events:
                await asyncio.gather(
                    *[await producer.send_batch(b, *tp[:1], partition=tp[1]) for tp, b in batches.items()]
                )
                batches.clear()
            if sent == events:
                break
    finally:
        await producer.stop()
    return sent


# -- what is measured, each in a process of its own


def _measured(target: Callable[..., None], *args: object) -> dict[str, Any]:
    context = get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=target, args=(writer, *args))
    process.start()
    writer.close()
    try:
        result: dict[str, Any] = reader.recv()
        return result
    finally:
        process.join()


def _floor(writer: Connection, bootstrap: str, events: int) -> None:
    writer.send(asyncio.run(_read_and_validate(bootstrap, events)))


async def _read_and_validate(bootstrap: str, events: int) -> dict[str, Any]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        enable_auto_commit=False,
    )
    await consumer.start()
    consumer.assign([TopicPartition(topic, p) for topic in topics.INPUTS for p in range(PARTITIONS)])
    began, cpu = time.monotonic(), time.process_time()
    seen = 0
    while seen < events:
        for tp, records in (await consumer.getmany(timeout_ms=200)).items():
            validate = MODELS[tp.topic].model_validate_json
            for record in records:
                validate(record.value)
            seen += len(records)
    result = {"cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - began}
    await consumer.stop()
    return result


class Measuring(Metrics):
    """Measures from the first batch to the commit of the last event, and then stops the worker."""

    def __init__(self, writer: Connection, events: int, profile: Path | None) -> None:
        super().__init__(rooms=200, version="bench", model_version="")
        self._writer = writer
        self._events = events
        self._path = profile
        self._profile = cProfile.Profile() if profile else None
        self._done = 0
        self._ready = 0
        self._began: tuple[float, float] = (0.0, 0.0)

    def restored(self, partition: int, seconds: float, records: int) -> None:
        """Begin with the last partition; others have read a fetch at most by then."""
        super().restored(partition, seconds, records)
        self._ready += 1
        if self._ready == PARTITIONS:
            self._began = (time.process_time(), time.monotonic())
            if self._profile:
                self._profile.enable()

    def committed(self, partition: int, seconds: float, records: int, snapshots: Sequence[int]) -> None:
        """End with the last event."""
        super().committed(partition, seconds, records, snapshots)
        self._done += records
        if self._done == self._events:
            if self._profile and self._path:
                self._profile.disable()
                self._profile.dump_stats(self._path)
            cpu, wall = self._began
            self._writer.send(
                {
                    "cpu_s": time.process_time() - cpu,
                    "wall_s": time.monotonic() - wall,
                    "stages": dict(self._stages),
                    "peak_mb": _peak_mb(),
                }
            )
            os.kill(os.getpid(), signal.SIGTERM)


def _peak_mb() -> float:
    import resource  # noqa: PLC0415 - not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _worker(writer: Connection, bootstrap: str, events: int, profile: Path | None) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    config = WorkerConfig(task=TaskConfig(b"bench"), bootstrap=bootstrap, http_port=None)
    sys.exit(run(config, ShippedUnderstanding(), Measuring(writer, events, profile)))


if __name__ == "__main__":
    main()
