"""Pipeline: can the numbers be trusted, and is there room for more, for whoever runs the workers."""

from grafana_foundation_sdk.builders import dashboard as build

from source.alerts import at_rest, bands, firing
from source.parts import NEUTRAL, OK, Panel, Query, at_least, board, fill, limits, lines, number

RATE = "[$__rate_interval]"


def dashboard() -> build.Dashboard:
    """Return the dashboard."""
    page = board("streamproc-pipeline", "Pipeline", "Whether the workers keep up, commit, and have room for more.")
    return fill(
        page,
        ("", [*_summary(), _alerts()]),
        ("Does it keep up?", _keeping_up()),
        ("What comes in", _input()),
        ("What it costs", _cost()),
        ("State", _state()),
    )


def _summary() -> list[Panel]:
    return [
        number(
            "Workers",
            'count(up{job="streamproc"} == 1) or vector(0)',
            "Workers that answer Prometheus. Red at none.",
            steps=at_least(1, 1),
        ),
        number(
            "Behind the clock",
            "max(streamproc_freshness_seconds)",
            "How far the slowest partition is behind the clock. 5 to 20 s is usual; orange from 30 s, red from 60 s.",
            unit="s",
            steps=limits(30, 60),
            decimals=0,
        ),
        number(
            "Records waiting",
            "sum(streamproc_consumer_lag_records)",
            "Records on Kafka that no worker has read yet. Orange from 10,000, red from 100,000.",
            steps=limits(10_000, 100_000),
        ),
        number(
            "Not committed for",
            "max(streamproc_commit_age_seconds)",
            "Age of the oldest work without a commit: until then its readers see nothing of it. 1 s is usual; orange"
            " from 5 s,"
            " red from 20 s.",
            unit="s",
            steps=limits(5, 20),
            decimals=0,
        ),
        number(
            "Dead letters a minute",
            "60 * sum(rate(streamproc_dead_letters_total[5m])) or vector(0)",
            "Records that could not be used, mean of the last 5 min. Orange from 1, red from 12.",
            steps=limits(1, 12),
            decimals=1,
        ),
        number(
            "Records a second",
            f"sum(rate(streamproc_events_total{RATE}))",
            "Input records read, all topics and workers.",
            steps=((None, NEUTRAL),),
            decimals=0,
        ),
    ]


def _alerts() -> Panel:
    names = ("WorkerDown", "NoWorker", "IdleWorkers", "StaleResults", "CommitAge")
    names += ("ConsumerLag", "DeadLetters", "Restoring", "Restarts")
    return bands(
        "Alerts of the pipeline",
        Query(firing("alert", 'room=""') + at_rest("alert", *names), "{{alert}}"),
        "When an alert of the pipeline fired: red is critical, orange a warning, gray no alert. docs/runbooks has a"
        " page for each.",
        height=8,
    )


def _keeping_up() -> list[Panel]:
    return [
        lines(
            "Behind the clock",
            [Query("max by (instance) (streamproc_freshness_seconds)", "{{instance}}")],
            "How far the slowest partition of each worker is behind the clock. From 60 s (dashed, red) an alert fires.",
            unit="s",
            steps=limits(30, 60),
        ),
        lines(
            "Records waiting, by topic",
            [Query("sum by (topic) (streamproc_consumer_lag_records)", "{{topic}}")],
            "Records on Kafka that were not read yet. An alert fires when they take more than 30 s at the present"
            " pace.",
            stacked=True,
        ),
        lines(
            "Not committed for",
            [Query("max by (instance) (streamproc_commit_age_seconds)", "{{instance}}")],
            "Age of the oldest work without a commit. 1 s is usual; from 20 s (dashed, red) an alert fires.",
            unit="s",
            steps=limits(5, 20),
        ),
        lines(
            "Duration of a commit",
            [
                Query(
                    f"histogram_quantile(0.5, sum by (le) (rate(streamproc_commit_seconds_bucket{RATE})))",
                    "half take less",
                ),
                Query(
                    f"histogram_quantile(0.99, sum by (le) (rate(streamproc_commit_seconds_bucket{RATE})))",
                    "99 % take less",
                ),
            ],
            "How long a transaction takes: outputs, journal and offsets together.",
            unit="s",
        ),
    ]


def _input() -> list[Panel]:
    return [
        lines(
            "Records a second, by topic",
            [Query(f"sum by (topic) (rate(streamproc_events_total{RATE}))", "{{topic}}")],
            "Input records read.",
            stacked=True,
        ),
        lines(
            "Dead letters a minute, by reason",
            [Query("60 * sum by (reason) (rate(streamproc_dead_letters_total[5m]))", "{{reason}}")],
            "Records that could not be used, mean of the last 5 min. `streamproc dead-letters` lists them.",
            stacked=True,
        ),
        lines(
            "Late, duplicate, outside a session",
            [
                Query(
                    f"sum(rate(streamproc_late_total{RATE})) / sum(rate(streamproc_events_total{RATE})) or vector(0)",
                    "late",
                ),
                Query(
                    f"sum(rate(streamproc_duplicates_total{RATE})) / sum(rate(streamproc_events_total{RATE})) or"
                    f" vector(0)",
                    "duplicates",
                ),
                Query(
                    f"sum(rate(streamproc_outside_session_total{RATE})) / sum(rate(streamproc_events_total{RATE}))",
                    "outside a session",
                ),
            ],
            "Shares of all records. Late ones are counted where time stands; duplicates and what belongs to no"
            " session change nothing.",
            unit="percentunit",
        ),
        lines(
            "Texts a second, by kind",
            [Query(f"sum by (kind) (rate(streamproc_classified_total{RATE}))", "{{kind}}")],
            "What viewers write, as the worker understood it.",
            stacked=True,
        ),
    ]


def _cost() -> list[Panel]:
    return [
        lines(
            "CPU, cores",
            [Query(f"sum by (instance) (rate(streamproc_process_cpu_seconds_total{RATE}))", "{{instance}}")],
            "Cores used by each worker. A worker uses one core: near 1 (dashed, red) it is full; add workers, up to"
            " the partitions.",
            steps=limits(0.7, 0.9),
        ).decimals(2),
        lines(
            "CPU per record, by stage",
            [
                Query(
                    f"1e6 * sum by (stage) (rate(streamproc_stage_cpu_seconds_total{RATE}))"
                    f" / scalar(sum(rate(streamproc_events_total{RATE})))",
                    "{{stage}}",
                )
            ],
            "CPU time of the stages of the path for each record. It is high at few records a second, where batches"
            " are small.",
            unit="µs",
            stacked=True,
        ),
        lines(
            "Records of a batch",
            [
                Query(
                    f"sum by (topic) (rate(streamproc_batch_records_sum{RATE}))"
                    f" / sum by (topic) (rate(streamproc_batch_records_count{RATE}))",
                    "{{topic}}",
                )
            ],
            "Mean number of records handed over together; batches grow with the load and make it cheap.",
        ),
        lines(
            "Memory",
            [Query("sum by (instance) (streamproc_process_resident_memory_bytes)", "{{instance}}")],
            "Resident memory of each worker.",
            unit="bytes",
        ),
    ]


def _state() -> list[Panel]:
    return [
        lines(
            "Partitions",
            [
                Query("sum by (instance) (streamproc_partitions)", "{{instance}}"),
                Query("sum(streamproc_partitions_restoring)", "being restored"),
            ],
            "Partition numbers of each worker, and those whose state is being restored: they produce nothing"
            " meanwhile.",
            span=8,
        ),
        lines(
            "Rooms with state",
            [Query("sum(streamproc_rooms)", "with state"), Query("sum(streamproc_rooms_open)", "on the air")],
            "Rooms that the workers keep state of, and those with an open session.",
            span=8,
        ),
        lines(
            "Restarts, rebalances, tasks given up",
            [
                Query("sum(changes(streamproc_process_start_time_seconds[10m]))", "restarts"),
                Query("sum(increase(streamproc_rebalances_total[10m]))", "rebalances"),
                Query("sum(increase(streamproc_tasks_dropped_total[10m])) or vector(0)", "tasks given up"),
            ],
            "In 10 min each. A deployment shows here; 3 restarts or tasks given up set off an alert.",
            span=8,
        ).axis_soft_max(3),
        number(
            "Last snapshot",
            "max(streamproc_snapshot_age_seconds)",
            "Time since a worker last wrote a room's snapshot. About a second while rooms change; orange from 60 s,"
            " red from 10 min:"
            " a restart then reads much input again.",
            unit="s",
            steps=limits(60, 600),
            span=8,
            decimals=0,
            none="none yet",
        ),
        number(
            "Longest restore",
            "histogram_quantile(1, sum by (le) (streamproc_restore_seconds_bucket))",
            "Upper bound of how long a partition was without its state since the workers' start. Orange from 10 s,"
            " red from 30 s.",
            unit="s",
            steps=limits(10.1, 30.1),
            span=8,
            none="none",
        ),
        number(
            "Evicted in 24 h",
            "sum(increase(streamproc_evicted_total[24h])) or vector(0)",
            "Entries dropped because a room was at its bounds (users, orders, questions, messages): its numbers may"
            " be low.",
            steps=((None, OK), (1, "orange")),
            span=8,
            decimals=0,
        ),
    ]
