"""Rooms: which of them need help, for whoever is on call for all."""

from grafana_foundation_sdk.builders import dashboard as build

from source.alerts import at_rest, bands, firing
from source.parts import NEUTRAL, OK, Column, Panel, Query, at_least, board, fill, limits, lines, number, rows

ONE_ROOM = "/d/streamproc-room?var-room="
#: The rooms with the highest values in the time shown: the same ones all over the picture.
TOP = "{0} and on (room) topk(8, max_over_time({0}[$__range] @ end()))"


def dashboard() -> build.Dashboard:
    """Return the dashboard."""
    page = board("streamproc-rooms", "Rooms", "Which rooms need help, the worst first.")
    return fill(page, ("", [*_summary(), _table()]), ("Over time", [*_over_time(), _alerts()]))


def _summary() -> list[Panel]:
    return [
        number(
            "Rooms need help",
            'count(count by (room) (ALERTS{alertstate="firing", service="streamproc", room!=""})) or vector(0)',
            "Rooms in which an alert of Prometheus fires; the table has them first.",
            steps=limits(1, 3),
        ),
        number(
            "Longest wait",
            "max(room:streamproc_oldest_question_seconds:max)",
            "How long the oldest open question of all rooms has waited. Orange from 3 min, red from 10 min.",
            unit="dthms",
            steps=limits(180, 600),
            none="none waits",
        ),
        number(
            "Open questions",
            "sum(room:streamproc_open_questions:sum)",
            "Questions that nobody has answered yet, over all rooms; many viewers asking the same are one.",
            steps=((None, NEUTRAL),),
        ),
        number(
            "Alerts firing",
            'count(ALERTS{alertstate="firing", service="streamproc"}) or vector(0)',
            "Alerts of Prometheus that fire now, of rooms and of the pipeline. The bands below say where.",
            steps=((None, OK), (1, "red")),
        ),
        number(
            "Rooms on the air",
            "sum(streamproc_rooms_open)",
            "Rooms with an open session: 10 min without an event end one.",
            steps=((None, NEUTRAL),),
        ),
        number(
            "Behind the clock",
            "max(streamproc_freshness_seconds)",
            "How far the slowest partition is behind the clock. 5 to 20 s is usual. When it is red, look at Pipeline"
            " first:"
            " all else on this page is then as old.",
            unit="s",
            steps=limits(30, 60),
            decimals=0,
        ).data_links([build.DashboardLink("Pipeline").url("/d/streamproc-pipeline")]),
    ]


def _table() -> Panel:
    return rows(
        "Rooms, alerts first",
        "room",
        "Room",
        [
            Column(
                firing("room", 'room!=""') + ' or on (room) 0 * room:streamproc_open_questions:sum{room!="_other"}',
                "Alert",
                level=True,
            ),
            Column(
                'max by (room) (room:streamproc_oldest_question_seconds:max{room!="_other"})',
                "Longest wait",
                "dthms",
                limits(180, 600),
            ),
            Column('max by (room) (room:streamproc_open_questions:sum{room!="_other"})', "Open", steps=limits(8, 16)),
            Column("max by (room) (room:streamproc_open_questions:usual)", "Usual", decimals=0),
            Column(
                'max by (room) (room:streamproc_responsiveness:avg{room!="_other"})',
                "Responsive",
                "percentunit",
                at_least(0.3, 0.1),
                decimals=0,
            ),
            Column('room:streamproc_messages:sum{room!="_other"} / 5', "Chat/min", decimals=0),
            Column('sum by (room) (streamproc_room_orders{room!="_other"})', "Orders"),
        ],
        "The busiest rooms (200 unless set otherwise); a click on one opens it. Alert: the worst that fires. Longest"
        " wait: age of the oldest open"
        " question. Open: questions without an answer; usual: their median of 30 min. Responsive, last 5 min: 100 %"
        " is an answer at once, 37 % after 30 s, 0 % none within a minute. Chat/min: messages, mean of 5 min."
        " Orders: paid"
        " in this session.",
        sort=["Alert", "Open"],
        url=ONE_ROOM + "${__value.text}&${__url_time_range}",
    )


def _over_time() -> list[Panel]:
    link = build.DashboardLink("Open this room").url(ONE_ROOM + "${__field.labels.room}&${__url_time_range}")
    return [
        lines(
            "Longest wait, the 8 worst rooms",
            [Query(TOP.format('room:streamproc_oldest_question_seconds:max{room!="_other"}'), "{{room}}")],
            "Age of the oldest open question. From 3 min (dashed) an alert fires, with 3 open and few answered in"
            " time.",
            unit="dthms",
            steps=limits(180, 600),
        ).data_links([link]),
        lines(
            "Open questions, the 8 worst rooms",
            [Query(TOP.format('room:streamproc_open_questions:sum{room!="_other"}'), "{{room}}")],
            "Questions nobody has answered yet. An alert fires far above what is usual for the room.",
        ).data_links([link]),
        lines(
            "Messages a minute, the 8 busiest rooms",
            [
                Query(
                    TOP.format('room:streamproc_messages:sum{room!="_other"}').replace(" and ", " / 5 and ", 1),
                    "{{room}}",
                )
            ],
            "Mean of the last 5 min: a young room's rises for so long. A line that falls to nothing is a silent room.",
        ).data_links([link]),
        lines(
            "Responsiveness over all rooms",
            [
                Query("avg(streamproc_room_responsiveness_ratio)", "mean"),
                Query("quantile(0.1, streamproc_room_responsiveness_ratio)", "worst tenth of rooms"),
            ],
            "Last 5 min; 100 % is an answer at once, 37 % after 30 s, 0 % none within a minute.",
            unit="percentunit",
        ).max(1),
    ]


def _alerts() -> Panel:
    level = firing("room")
    return bands(
        "Alerts, the 12 rooms with most",
        Query(
            f"({level} and on (room) topk(12, sum_over_time(({level})[$__range:] @ end())))"
            + at_rest("room", "pipeline"),
            "{{room}}",
        ),
        "When an alert of Prometheus fired: red is critical, orange a warning, green quiet; `pipeline` are those of no"
        " room. The page of a room says which of its alerts.",
        height=8,
    )
