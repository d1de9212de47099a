"""Every Prometheus metric of the worker, with its unit and meaning. docs/metrics.md lists the same."""

from typing import Final, NamedTuple


class Declared(NamedTuple):
    """One metric. ``unit`` is a base unit, or what is counted."""

    name: str
    type: str
    unit: str
    meaning: str
    labels: tuple[str, ...] = ()


METRICS: Final[list[Declared]] = [
    Declared("streamproc_build_info", "gauge", "1", "The running version and its model.", ("version", "model_version")),
    Declared("streamproc_events_total", "counter", "records", "Input records processed.", ("topic",)),
    Declared("streamproc_dead_letters_total", "counter", "records", "Records that could not be used.", ("reason",)),
    Declared("streamproc_late_total", "counter", "records", "Records applied late.", ("topic",)),
    Declared("streamproc_duplicates_total", "counter", "records", "Records dropped as duplicates.", ("topic",)),
    Declared("streamproc_outside_session_total", "counter", "records", "Records applied to no session."),
    Declared("streamproc_evicted_total", "counter", "entries", "Entries dropped at a room's bounds.", ("what",)),
    Declared("streamproc_classified_total", "counter", "records", "Texts classified.", ("kind",)),
    Declared("streamproc_low_confidence_total", "counter", "records", "Texts classified below 0.5 confidence."),
    Declared("streamproc_batch_records", "histogram", "records", "Records of a batch handed to a task.", ("topic",)),
    Declared("streamproc_stage_cpu_seconds_total", "counter", "seconds", "CPU time by stage of the path.", ("stage",)),
    Declared("streamproc_consumer_lag_records", "gauge", "offsets", "Offsets that no task has applied.", ("topic",)),
    Declared("streamproc_freshness_seconds", "gauge", "seconds", "Wall time minus the last watermark of an open room."),
    Declared("streamproc_partitions", "gauge", "partitions", "Partition numbers assigned to this worker."),
    Declared("streamproc_partitions_restoring", "gauge", "partitions", "Of those, the ones whose state is restored."),
    Declared("streamproc_rebalances_total", "counter", "rebalances", "Assignments received from the group."),
    Declared("streamproc_tasks_dropped_total", "counter", "tasks", "Tasks given up, to be restored.", ("error",)),
    Declared("streamproc_commit_seconds", "histogram", "seconds", "Duration of a transaction."),
    Declared("streamproc_committed_records_total", "counter", "records", "Input records in committed steps."),
    Declared("streamproc_commit_age_seconds", "gauge", "seconds", "Age of the oldest step that is not committed."),
    Declared("streamproc_snapshot_bytes", "histogram", "bytes", "Size of a room's snapshot."),
    Declared("streamproc_snapshot_age_seconds", "gauge", "seconds", "Time since a snapshot was written."),
    Declared("streamproc_restore_seconds", "histogram", "seconds", "Duration of a task's restore."),
    Declared("streamproc_restored_records_total", "counter", "records", "Input records read again by restores."),
    Declared("streamproc_restore_age_seconds", "gauge", "seconds", "Time since a task was restored."),
    Declared("streamproc_rooms", "gauge", "rooms", "Rooms with state."),
    Declared("streamproc_rooms_open", "gauge", "rooms", "Rooms with an open session."),
    Declared("streamproc_room_messages", "gauge", "messages", "Chat messages in the last 300 s.", ("room",)),
    Declared("streamproc_room_open_questions", "gauge", "clusters", "Open questions.", ("room",)),
    Declared("streamproc_room_open_askers", "gauge", "users", "Viewers who wait for an answer.", ("room",)),
    Declared("streamproc_room_oldest_question_seconds", "gauge", "seconds", "Age of the oldest open.", ("room",)),
    Declared("streamproc_room_responsiveness_ratio", "gauge", "ratio", "Responsiveness in the last 300 s.", ("room",)),
    Declared("streamproc_room_sla_ratio", "gauge", "ratio", "Due questions of 300 s answered in time.", ("room",)),
    Declared("streamproc_room_silence_seconds", "gauge", "seconds", "Time since the last event.", ("room",)),
    Declared("streamproc_room_orders", "gauge", "orders", "Orders first paid in the session.", ("room",)),
    Declared("streamproc_process_cpu_seconds_total", "counter", "seconds", "CPU time of the process."),
    Declared("streamproc_process_resident_memory_bytes", "gauge", "bytes", "Resident memory of the process."),
    Declared("streamproc_process_virtual_memory_bytes", "gauge", "bytes", "Virtual memory of the process."),
    Declared("streamproc_process_start_time_seconds", "gauge", "seconds", "Start of the process, since the epoch."),
    Declared("streamproc_process_open_fds", "gauge", "files", "Open file descriptors."),
    Declared("streamproc_process_max_fds", "gauge", "files", "Most file descriptors it may open."),
]  # fmt: skip
