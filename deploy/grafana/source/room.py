"""One room: what is the matter there, for whoever opens it from an alert or from Rooms."""

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from source.alerts import at_rest, bands, firing
from source.parts import ACT, NEUTRAL, SOURCE, Panel, Query, at_least, board, drawn, fill, limits, lines, number, words

OF = '{room="$room"}'
HELP = """
- **Questions pile up**: tell the anchor's desk what is asked most; an assistant can answer in the chat.
  Runbooks `unanswered_spike`, `oldest_question`, `overload`.
- **No messages**: is the stream itself up? Runbook `silence`.
- **Few orders**: is the product in stock, does the checkout work? Runbook `conversion_drop`.
- What is asked, word by word, is on the topic `live.questions.v1`.
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
    return fill(page, ("", [*_summary(), *_questions(), *_trade(), _alerts(), words("What to do", HELP)]))


def _summary() -> list[Panel]:
    return [
        number(
            "Longest wait",
            f"room:streamproc_oldest_question_seconds:max{OF}",
            "Age of the oldest open question. Orange from 3 min, red from 10 min.",
            unit="dthms",
            steps=limits(180, 600),
            none="none waits",
        ),
        number(
            "Open questions",
            f"room:streamproc_open_questions:sum{OF}",
            "Questions nobody has answered yet; many viewers asking the same are one. Orange from 8, red from 16.",
            steps=limits(8, 16),
        ),
        number(
            "Usually open",
            f"room:streamproc_open_questions:usual{OF}",
            "Median of open questions over the last 30 min. A room on the air for less than 3 min has none.",
            steps=((None, NEUTRAL),),
            decimals=0,
        ),
        number(
            "Responsiveness",
            f"room:streamproc_responsiveness:avg{OF}",
            "Last 5 min: 100 % is an answer at once, 37 % after 30 s, 0 % none within a minute. Orange below 30 %,"
            " red below 10 %.",
            unit="percentunit",
            steps=at_least(0.3, 0.1),
            decimals=0,
            none="nothing due",
        ),
        number(
            "Messages a minute",
            f"room:streamproc_messages:sum{OF} / 5",
            "Mean of the last 5 min.",
            steps=((None, NEUTRAL),),
            decimals=0,
        ),
        number(
            "Orders",
            f"sum(streamproc_room_orders{OF})",
            "Orders first paid in this session.",
            steps=((None, NEUTRAL),),
        ),
    ]


def _questions() -> list[Panel]:
    usual = f"room:streamproc_open_questions:usual{OF}"
    return [
        lines(
            "Open questions",
            [
                Query(f"room:streamproc_open_questions:sum{OF}", "open"),
                Query(usual, "usual"),
                Query(f"room:streamproc_open_questions:spike{OF}", "alert above"),
            ],
            "Open now, what is usual for the room (median of 30 min), and from where the alert fires: twice the"
            " usual, 10 above it, and 2.5 standard deviations above it.",
        )
        .override_by_name("alert above", drawn(ACT, dashed=True))
        .override_by_name("usual", drawn("gray")),
        lines(
            "Longest wait",
            [Query(f"room:streamproc_oldest_question_seconds:max{OF}", "oldest open question")],
            "Age of the oldest open question; a gap means that none waits. From 3 min (dashed) an alert fires, with 3"
            " open and few answered in time.",
            unit="dthms",
            steps=limits(180, 600),
        ),
    ]


def _trade() -> list[Panel]:
    return [
        lines(
            "Responsiveness",
            [Query(f"room:streamproc_responsiveness:avg{OF}", "last 5 min")],
            "100 % is an answer at once, 37 % after 30 s, 0 % none within a minute; a gap means that no question was"
            " due.",
            unit="percentunit",
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
            firing("alert", 'room="$room"') + at_rest("alert", "UnansweredSpike", "OldestQuestion", "SilentRoom"),
            "{{alert}}",
        ),
        "When an alert of Prometheus fired: red is critical, orange a warning, green quiet. docs/runbooks has a page"
        " for each.",
    )
