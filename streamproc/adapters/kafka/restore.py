"""Puts a task back where the last committed step left it, or starts it anew where there was none."""

from dataclasses import dataclass

import structlog
from aiokafka.errors import ProducerFenced

from streamproc.adapters.kafka.config import WorkerConfig
from streamproc.adapters.kafka.errors import WorkerError
from streamproc.adapters.kafka.journal import Library, committed_offsets
from streamproc.adapters.kafka.observer import Observer
from streamproc.contracts import topics
from streamproc.pipeline.snapshot import SnapshotError
from streamproc.pipeline.step import Step, StepError, Stepper, check_steps

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a task goes on: offsets by topic, where committed records end now, and what the restore had to do."""

    positions: dict[str, int]
    ends: dict[str, int]
    steps: int
    records: int
    rooms: int


async def restore(stepper: Stepper, config: WorkerConfig, observer: Observer) -> Start:
    """Restore ``stepper``, which is new. The task's producer must have been started before: it fences the last owner.

    Raises WorkerError, StepError or SnapshotError where Kafka does not hold what it has to, ProducerFenced where
    another worker has taken over meanwhile.
    """
    async with Library(config, stepper.partition) as library:
        steps = await library.steps()
        if steps:
            _refuse_another_group(steps[-1], config)
        try:
            return await _restore(stepper, config, observer, library, steps)
        except (WorkerError, StepError, SnapshotError) as error:
            # What one reads while another commits need not fit together; it says nothing about what Kafka holds.
            if await library.has_grown():
                raise ProducerFenced("another worker commits steps of the partition") from error
            raise


async def _restore(
    stepper: Stepper, config: WorkerConfig, observer: Observer, library: Library, steps: list[Step]
) -> Start:
    partition = stepper.partition
    committed = await committed_offsets(config, partition)
    first, ends = ({topic: found[topic] for topic in topics.INPUTS} for found in (library.first, library.end))
    if not steps:
        _refuse_reset(committed, config, partition)
        stepper.next = dict(first)
        return Start(first, ends, 0, 0, 0)
    check_steps(steps, partition)
    observer.reach("journal_read")
    last = steps[-1]
    _compare(last, committed, config)
    _warn_of_other_model(stepper, steps)
    snapshots = await library.snapshots()
    _check_complete(snapshots, last, config)
    stepper.load(snapshots.items())
    observer.reach("snapshots_loaded")
    records = await _redo(stepper, library, [step for step in steps if step.step >= last.floor])
    stepper.restored(last)
    observer.reach("input_read_again")
    positions = {topic: last.next.get(topic, first[topic]) for topic in topics.INPUTS}
    _check_positions(positions, first, ends, config, partition)
    # Of topics that were never read as well: what comes there, and is deleted before it is read, is then missed.
    stepper.next = dict(positions)
    return Start(positions, ends, len(steps), records, len(stepper.task.rooms))


def _check_positions(
    positions: dict[str, int], first: dict[str, int], ends: dict[str, int], config: WorkerConfig, partition: int
) -> None:
    for topic, position in positions.items():
        if not first[topic] <= position <= ends[topic]:
            raise WorkerError(
                f"{config.on_kafka(topic)} partition {partition}: the next record to read has offset {position}, and"
                f" there are {first[topic]} to {ends[topic]}; input was lost, see docs/operations.md"
            )


async def _redo(stepper: Stepper, library: Library, steps: list[Step]) -> int:
    count = 0
    doing: Step | None = None
    async for step, entry, records in library.input_again(steps):
        if doing is not None and step is not doing:
            stepper.redone(doing)
        doing = step
        stepper.redo(step, entry, records)
        count += len(records)
    if doing is not None:
        stepper.redone(doing)
    return count


def _refuse_reset(committed: dict[str, int], config: WorkerConfig, partition: int) -> None:
    if any(committed.values()):
        raise WorkerError(
            f"{config.on_kafka(topics.JOURNAL)} partition {partition} is empty, but group {config.app_id} has committed"
            f" offsets: {_list(committed)}; without the journal the state is lost, see docs/operations.md"
        )


def _refuse_another_group(last: Step, config: WorkerConfig) -> None:
    if last.group not in {None, config.app_id}:
        raise WorkerError(
            f"{config.on_kafka(topics.JOURNAL)} partition {last.partition} is the journal of group {last.group}, and"
            f" this is group {config.app_id}: both would publish everything; see docs/operations.md"
        )


def _check_complete(snapshots: dict[str, bytes], last: Step, config: WorkerConfig) -> None:
    # Empty ones count: a room that was given up by hand is none that was lost.
    if last.kept is not None and len(snapshots) < last.kept:
        raise SnapshotError(
            f"{config.on_kafka(topics.SNAPSHOTS)} partition {last.partition} has snapshots of {len(snapshots)} rooms,"
            f" and by the journal (step {last.step}) of {last.kept}; their state is lost, see docs/operations.md"
        )


def _compare(last: Step, committed: dict[str, int], config: WorkerConfig) -> None:
    # Kafka forgets the offsets of a group without members after a week; the journal, written with them, knows them.
    if not committed:
        _log.warning("offsets_taken_from_journal", partition=last.partition, group=config.app_id)
        return
    if committed != last.next:
        raise WorkerError(
            f"group {config.app_id} has committed offsets of partition {last.partition} that its journal (step"
            f" {last.step}) does not: {_list(committed)} and not {_list(last.next)}; see docs/operations.md"
        )


def _warn_of_other_model(stepper: Stepper, steps: list[Step]) -> None:
    version = stepper.task.understanding.version
    others = {step.model_version for step in steps if step.ranges} - {version}
    if others and len(steps) > 1:
        _log.warning(
            "reread_with_another_model",
            partition=stepper.partition,
            written_with=sorted(others),
            read_with=version,
        )


def _list(offsets: dict[str, int]) -> str:
    return ", ".join(f"{topic} {offset}" for topic, offset in sorted(offsets.items())) or "none"
