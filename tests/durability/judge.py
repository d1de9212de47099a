"""Compares what a worker has published with what its journal says, to the byte."""

import asyncio
from collections import Counter

from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.rebuild import rebuild
from streamproc.contracts import topics
from streamproc.pipeline.task import TaskConfig
from tests.adapters.kafka.show import HASH_KEY, Plain
from tests.broker import read_all

AT_LEAST_ONCE = {topics.CLASSIFIED, topics.FEEDBACK_CLASSIFIED}


async def on_kafka(bootstrap, prefix):
    """Return the lines a read_committed reader sees: topic -> values in order; copies of classified records are one."""
    found = {}
    for topic in topics.OUTPUTS:
        values = [record.value for record in await read_all(bootstrap, prefix + topic)]
        found[topic] = list(dict.fromkeys(values)) if topic in AT_LEAST_ONCE else values
    return found


async def from_journal(bootstrap, prefix, folder):
    """Return the lines that `replay --journal` makes: topic -> values in order."""
    config = WorkerConfig(
        TaskConfig(HASH_KEY), bootstrap=bootstrap, app_id=f"{prefix}worker", topic_prefix=prefix, partitions=None
    )
    await rebuild(Plain(), config, folder)
    return await asyncio.to_thread(in_files, folder)


def in_files(folder):
    """Return the lines of a folder of output files."""
    return {topic: (folder / f"{topic}.jsonl").read_bytes().splitlines() for topic in topics.OUTPUTS}


async def differences(bootstrap, prefix, folder):
    """Say where what was published differs from the journal: the same lines are to come in the same order."""
    found, expected = await on_kafka(bootstrap, prefix), await from_journal(bootstrap, prefix, folder)
    said = []
    for topic in topics.OUTPUTS:
        there, due = Counter(found[topic]), Counter(expected[topic])
        said += [f"missing on {topic}: {line.decode()}" for line in (due - there).elements()]
        said += [f"not expected on {topic}: {line.decode()}" for line in (there - due).elements()]
        if there == due and found[topic] != expected[topic]:
            said.append(f"another order on {topic}")
    return said
