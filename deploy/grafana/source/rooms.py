"""Rooms: which of them need help, for whoever is on call for all."""

from grafana_foundation_sdk.builders import dashboard as build

from source.alerts import alive, at_rest, bands, firing
from source.parts import ACT, LOOK, NEUTRAL, OK, PLAIN, Column, Panel, Query, board, fill, limits, lines, number, rows
from source.room import IN_TIME, NEAR

ONE_ROOM = "/d/streamproc-room?var-room="
#: The rooms with the highest values in the time shown: the same ones all over the picture.
TOP = "{0} and on (room) topk(8, max_over_time({0}[$__range] @ end()))"
#: Viewers who wait, as a share of where the room's spike alert begins.
TO_SPIKE = 'max by (room) (room:streamproc_open_askers:sum{room!="_other"} / room:streamproc_open_askers:spike)'


def dashboard() -> build.Dashboard:
    """Return the dashboard."""
    page = board("streamproc-rooms", "Rooms", "Which rooms need help, the worst first.")
    return fill(page, ("", [*_summary(), _table()]), ("Over time", [*_over_time(), _alerts()]))


def _summary() -> list[Panel]:
    in_rooms = 'ALERTS{{alertstate="firing", service="streamproc", room!="", severity="{}"}}'
    return [
        number(
            "Rooms, critical",
            alive(f"count(count by (room) ({in_rooms.format('critical')})) or vector(0)"),
            "Rooms in which a critical alert fires: somebody is wanted there now. The table has them first.",
            steps=((None, PLAIN), (0, OK), (1, ACT)),
            none="no worker",
        ),
        number(
            "Rooms, warning",
            alive(f"count(count by (room) ({in_rooms.format('warning')})) or vector(0)"),
            "Rooms in which an alert fires that is worth a look, and none yet to wake anybody.",
            steps=((None, PLAIN), (0, OK), (1, LOOK)),
            none="no worker",
        ),
        number(
            "Pipeline alerts",
            'count(ALERTS{alertstate="firing", service="streamproc", room=""}) or vector(0)',
            "Alerts that fire of the pipeline itself. Where there is one, look at Pipeline first: it says which, and"
            " whether all else on this page can be trusted.",
            steps=((None, PLAIN), (0, OK), (1, ACT)),
        ).data_links([build.DashboardLink("Pipeline").url("/d/streamproc-pipeline")]),
        number(
            "Behind the clock",
            "max(streamproc_freshness_seconds)",
            "How far the slowest partition is behind the clock. 5 to 20 s is usual; orange from 30 s, red from 60 s:"
            " all else on this page is then as old.",
            unit="s",
            steps=limits(30, 60),
            decimals=0,
        ).data_links([build.DashboardLink("Pipeline").url("/d/streamproc-pipeline")]),
        number(
            "Viewers waiting",
            "sum(room:streamproc_open_askers:sum)",
            "Viewers with a question that nobody has answered yet, over all rooms.",
            steps=((None, NEUTRAL),),
        ),
        number(
            "Rooms on the air",
            "sum(streamproc_rooms_open)",
            "Rooms with an open session: 10 min without an event end one.",
            steps=((None, NEUTRAL),),
        ),
    ]


def _table() -> Panel:
    return rows(
        "Rooms, alerts first",
        "room",
        "Room",
        [
            Column(
                firing("room", 'room!=""') + ' or on (room) 0 * room:streamproc_open_askers:sum{room!="_other"}',
                "Alert",
                level=True,
            ),
            Column('max by (room) (room:streamproc_open_askers:sum{room!="_other"})', "Waiting"),
            Column("max by (room) (room:streamproc_open_askers:usual)", "Usual", decimals=0),
            Column(TO_SPIKE, "To alert", "percentunit", NEAR, decimals=0),
            Column(
                'max by (room) (room:streamproc_in_time:avg{room!="_other"})',
                "In time",
                "percentunit",
                IN_TIME,
                decimals=0,
            ),
            Column(
                'max by (room) (room:streamproc_oldest_question_seconds:max{room!="_other"})',
                "Oldest",
                "dthms",
                limits(180, 600),
            ),
            Column('max by (room) (room:streamproc_open_questions:sum{room!="_other"})', "Questions"),
            Column('room:streamproc_messages:sum{room!="_other"} / 5', "Chat/min", decimals=0),
            Column('sum by (room) (streamproc_room_orders{room!="_other"})', "Orders"),
        ],
        "The busiest rooms (200 unless set otherwise); a click on one opens it. Alert: the worst that fires. Waiting:"
        " viewers with an open question; usual: their median of 30 min. To alert: waiting as a share of where the"
        " spike alert begins; orange from 70 %, red from 100 %. In time: of the questions due in 5 min, those answered"
        " within a minute; orange below 50 %, red below 25 %. Oldest: age of the oldest open question; orange from 3"
        " min, red from 10 min, when it was asked again and again. Questions: open ones; many viewers asking the same"
        " are one. Chat/min: messages, mean of 5 min. Orders: paid in this session.",
        sort=["Alert", "To alert"],
        url=ONE_ROOM + "${__value.text}&${__url_time_range}",
        none="No room is on the air, or no worker tells of it: see Pipeline.",
    )


def _over_time() -> list[Panel]:
    link = build.DashboardLink("Open this room").url(ONE_ROOM + "${__field.labels.room}&${__url_time_range}")
    return [
        lines(
            "Oldest open question, the 8 worst rooms",
            [Query(TOP.format('room:streamproc_oldest_question_seconds:max{room!="_other"}'), "{{room}}")],
            "Age of the oldest open question. From 3 min (dashed) an alert fires, with 3 viewers waiting and fewer than"
            " half of the questions answered in time. A question expires 10 min after it was last asked.",
            unit="dthms",
            steps=limits(180, 600),
        ).data_links([link]),
        lines(
            "Viewers waiting, the 8 worst rooms",
            [Query(TOP.format('room:streamproc_open_askers:sum{room!="_other"}'), "{{room}}")],
            "Viewers with an open question. An alert fires far above what is usual for the room.",
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
            "Answered in time, over all rooms",
            [
                Query("avg(streamproc_room_sla_ratio)", "mean"),
                Query("quantile(0.1, streamproc_room_sla_ratio)", "worst tenth of rooms"),
            ],
            "Of the questions due in 5 min, those answered within a minute. Below 50 % (dashed) old questions begin to"
            " alert.",
            unit="percentunit",
            steps=((0.5, LOOK),),
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
        "When an alert of Prometheus fired: red is critical, orange a warning, gray and nothing no alert; `pipeline`"
        " are those of no room. The page of a room says which of its alerts.",
        height=8,
    )
