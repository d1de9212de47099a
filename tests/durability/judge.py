"""Compares what a worker has published with what its journal says, to the byte."""

import asyncio
import json

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


def ids(lines):
    """Return lines by id, as values; an id that comes twice with one content is said to."""
    found = {}
    for line in lines:
        value = json.loads(line)
        found.setdefault(value["id"], []).append(value)
    return found


async def check_journal(bootstrap, prefix, folder):
    """Hold what was published against the journal: the same lines in the same order; return them."""
    found, expected = await on_kafka(bootstrap, prefix), await from_journal(bootstrap, prefix, folder)
    for topic in topics.OUTPUTS:
        assert sorted(ids(expected[topic]).keys() - ids(found[topic]).keys())[:5] == [], f"missing on {topic}"
        assert sorted(ids(found[topic]).keys() - ids(expected[topic]).keys())[:5] == [], f"not expected on {topic}"
        differing = [pair for pair in zip(found[topic], expected[topic], strict=True) if pair[0] != pair[1]]
        assert differing[:1] == [], topic
    return found
