"""All outputs of a run again, from its input topics and its journal: what the worker published, to the byte."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from streamproc.adapters.files import OutputFiles, Summary, drain
from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.errors import WorkerError
from streamproc.adapters.kafka.journal import Library
from streamproc.adapters.kafka.topics import check_before_reading
from streamproc.pipeline.events import Understanding
from streamproc.pipeline.step import Step, StepError, Stepper
from streamproc.pipeline.task import Task

#: Told records so far, steps done and steps known of.
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
        for partition in range(partitions):
            again = _Again(Stepper(Task(understanding, config.task), partition), writer, progress, sum(counts.values()))
            async with Library(config, partition) as library:
                await again.run(library)
            counts += again.stepper.task.counts
            models |= again.models
        return Summary(writer.written, counts), models - {understanding.version}


class _Again:
    """One partition number's steps, done again from the first."""

    def __init__(self, stepper: Stepper, writer: OutputFiles, progress: Progress | None, before: int) -> None:
        self.stepper = stepper
        self.models: set[str] = set()
        self._writer = writer
        self._progress = progress
        self._records = before

    async def run(self, library: Library) -> None:
        async for steps in library.all_steps():
            for step in steps:
                self._check(step)
            async for step, entry, records in library.input_again(steps):
                self.stepper.redo(step, entry, records)
                drain(self.stepper.task, self._writer)
                self._records += len(records)
                if self._progress:
                    self._progress(self._records, 0, 0)

    def _check(self, step: Step) -> None:
        partition, expected = self.stepper.partition, self.stepper.step + 1
        if step.step != expected and expected == 1:
            raise WorkerError(
                f"journal of partition {partition} begins with step {step.step}: Kafka has deleted what came before,"
                " and the run cannot be rebuilt"
            )
        if step.step != expected:
            raise StepError(f"journal of partition {partition}: step {expected} is missing")
        self.stepper.step = step.step
        if step.ranges:
            self.models.add(step.model_version)
