"""One room: what is the matter there, for whoever opens it from an alert or from Rooms."""

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from source.alerts import at_rest, bands, firing
from source.parts import (
    ACT,
    LOOK,
    NEUTRAL,
    PLAIN,
    SOURCE,
    Panel,
    Query,
    at_least,
    board,
    drawn,
    fill,
    levels,
    limits,
    lines,
    number,
    words,
)

#: Questions answered in time: the alert of old questions begins below the first.
IN_TIME = at_least(0.5, 0.25)
#: Waiting viewers as a share of where the spike alert begins.
NEAR = limits(0.7, 1)
HERE = 'room="$room"'
OF = f"{{{HERE}}}"
HELP = """
- **Questions pile up**: tell the anchor's desk what is asked most (topic `live.questions.v1`); an assistant can answer
  in the chat. Runbooks `unanswered_spike`, `oldest_question`, `overload`.
- **No messages**: is the stream itself up? Runbook `silence`.
- **Few orders**: is the product in stock, does the checkout work? Runbook `conversion_drop`.
"""


def dashboard() -> build.Dashboard:
    """Return the dashboard."""
    page = board("streamproc-room", "One room", "Questions, chat and orders of one room.")
    page.with_variable(
        build.QueryVariable("room")
        .label("Room")
        .datasource(SOURCE)
        .query("label_values(streamproc_room_messages, room)")
        .regex("/^(?!_other$).*/")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )
    return fill(page, ("", [*_summary(), *_questions(), *_trade(), _alerts(), words("What to do", HELP, height=7)]))


def _summary() -> list[Panel]:
    return [
        number(
            "Alert",
            firing("room", HERE) + f" or 0 * room:streamproc_open_askers:sum{OF}",
            "The worst alert that fires in this room; the bands below say which, and since when.",
            none="not on the air",
        ).mappings([levels(PLAIN)]),
        number(
            "Viewers waiting",
            f"room:streamproc_open_askers:sum{OF}",
            "Viewers with a question that nobody has answered yet.",
            steps=((None, NEUTRAL),),
        ),
        number(
            "Of the alert's level",
            f"room:streamproc_open_askers:sum{OF} / room:streamproc_open_askers:spike{OF}",
            "Viewers waiting, as a share of where the spike alert begins: a room has its own. Orange from 70 %, red"
            " from 100 %; none in a room's first 3 min.",
            unit="percentunit",
            steps=NEAR,
            decimals=0,
            none="too young",
        ),
        number(
            "Oldest open question",
            f"room:streamproc_oldest_question_seconds:max{OF}",
            "Orange from 3 min; red from 10 min, when it was asked again and again: it expires 10 min after it was last"
            " asked.",
            unit="dthms",
            steps=limits(180, 600),
            none="none is open",
        ),
        number(
            "Answered in time",
            f"room:streamproc_in_time:avg{OF}",
            "Of the questions due in 5 min, those answered within a minute. Orange below 50 %, red below 25 %.",
            unit="percentunit",
            steps=IN_TIME,
            decimals=0,
            none="none was due",
        ),
        number(
            "Last event",
            f"room:streamproc_silence_seconds:min{OF}",
            "Time since the last event on chat, anchor or room. Orange from 30 s, red from 60 s, when an alert fires in"
            " a room that had a message a second.",
            unit="s",
            steps=limits(30, 60),
            decimals=0,
        ),
    ]


def _questions() -> list[Panel]:
    return [
        lines(
            "Viewers waiting",
            [
                Query(f"room:streamproc_open_askers:sum{OF}", "viewers waiting"),
                Query(f"room:streamproc_open_askers:usual{OF}", "usual"),
                Query(f"room:streamproc_open_askers:spike{OF}", "alert from"),
                Query(f"room:streamproc_open_questions:sum{OF}", "open questions"),
            ],
            "Viewers with an open question, what is usual for the room (median of 30 min), and from where the alert"
            " fires: twice the usual, 10 above it, and 2.5 standard deviations above it. Far fewer questions than"
            " viewers: many ask the same.",
        )
        .override_by_name("alert from", drawn(ACT, dashed=True))
        .override_by_name("usual", drawn("gray"))
        .override_by_name("viewers waiting", drawn(NEUTRAL, width=2))
        .override_by_name("open questions", drawn("purple")),
        lines(
            "Oldest open question",
            [Query(f"room:streamproc_oldest_question_seconds:max{OF}", "oldest open question")],
            "A gap means that none is open. From 3 min (dashed) an alert fires, with 3 viewers waiting and fewer than"
            " half of the questions answered in time.",
            unit="dthms",
            steps=limits(180, 600),
        ),
    ]


def _trade() -> list[Panel]:
    return [
        lines(
            "How it is answered",
            [
                Query(f"room:streamproc_in_time:avg{OF}", "in time"),
                Query(f"room:streamproc_responsiveness:avg{OF}", "responsiveness"),
            ],
            "Last 5 min. In time: share of the questions due that were answered within a minute; below 50 % (dashed)"
            " old questions alert. Responsiveness: the same weighed by haste, 100 % is an answer at once, 37 % one"
            " after 30 s. A gap means that none was due.",
            unit="percentunit",
            steps=((0.5, LOOK),),
            span=8,
        ).max(1),
        lines(
            "Messages a minute",
            [Query(f"room:streamproc_messages:sum{OF} / 5", "mean of 5 min")],
            "Mean of the last 5 min: it takes so long to fall to nothing in a silent room, and to rise in a young one.",
            span=8,
        ),
        lines(
            "Orders in this session",
            [Query(f"sum(streamproc_room_orders{OF})", "paid")],
            "Orders first paid, from the session's start; a flat stretch sold nothing.",
            span=8,
        ),
    ]


def _alerts() -> Panel:
    return bands(
        "Alerts of this room",
        Query(
            firing("alert", HERE) + at_rest("alert", "UnansweredSpike", "OldestQuestion", "SilentRoom"),
            "{{alert}}",
        ),
        "When an alert of Prometheus fired: red is critical, orange a warning, gray no alert. docs/runbooks has a page"
        " for each.",
    )
