"""All outputs of a run again, from its input topics and its journal: what the worker published, to the byte."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from streamproc.adapters.files import OutputFiles, Summary, drain
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.errors import WorkerError
from streamproc.adapters.kafka.journal import Library
from streamproc.adapters.kafka.topics import check_before_reading
from streamproc.pipeline.events import Understanding
from streamproc.pipeline.step import Step, StepError, Stepper
from streamproc.pipeline.task import Task

#: Told records so far; then 0 and 0, as nobody knows how many there will be.
Progress = Callable[[int, int, int], None]


async def rebuild(
    understanding: Understanding, config: WorkerConfig, out: Path, progress: Progress | None = None
) -> tuple[Summary, set[str]]:
    """Write what the committed steps of all partitions published below ``out``, as `replay` does.

    A topic's lines are in the order of its partitions, and in each as on Kafka; classified records come once. Returns
    also the other models that the run was understood with: what they said is not known any more.

    Raises WorkerError, StepError, TopicError or FileError where the run cannot be rebuilt; ``out`` is then as it was.
    """
    counts: Counter[tuple[str, str]] = Counter()
    models: set[str] = set()
    partitions = await check_before_reading(config)
    with OutputFiles(out) as writer:
        records = 0
        for partition in range(partitions):
            task = Task(understanding, config.task)
            async for step, done in do_again(Stepper(task, partition), config):
                drain(task, writer)
                models.add(step.model_version)
                records += done
                if progress:
                    progress(records, 0, 0)
            counts += task.counts
        return Summary(writer.written, counts), models - {understanding.version}


async def do_again(stepper: Stepper, config: WorkerConfig) -> AsyncIterator[tuple[Step, int]]:
    """Do a partition number's steps again from the first; yield after each range its step and number of records."""
    async with Library(config, stepper.partition) as library:
        async for steps in library.all_steps():
            for number, step in enumerate(steps, stepper.step + 1):
                _check(stepper.partition, step.step, number)
            async for step, entry, records in library.input_again(steps):
                stepper.redo(step, entry, records)
                yield step, len(records)
            stepper.step = steps[-1].step


def _check(partition: int, step: int, expected: int) -> None:
    if step == expected:
        return
    if expected == 1:
        raise WorkerError(
            f"journal of partition {partition} begins with step {step}: Kafka has deleted what came before,"
            " and the run cannot be rebuilt"
        )
    raise StepError(f"journal of partition {partition}: step {expected} is missing")
