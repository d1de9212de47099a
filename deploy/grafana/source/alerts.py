"""Alerts on the dashboards: which fire, and when."""

from grafana_foundation_sdk.builders import common as look
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import statetimeline
from grafana_foundation_sdk.models import common, dashboard

from source.parts import FAINT, SOURCE, Query, levels, target


def firing(by: str, where: str = "") -> str:
    """Return PromQL: 2 while a critical alert fires, 1 while a warning does, ``by`` labels.

    `alert` is the alert's name; `room` is "pipeline" for those of the pipeline.
    """
    of = ", ".join(filter(None, ('alertstate="firing"', 'service="streamproc"', where)))
    level = f'2 * ALERTS{{{of}, severity="critical"}} or ALERTS{{{of}, severity!="critical"}}'
    named = f'label_replace({level}, "alert", "$1", "alertname", "Streamproc(.*)")'
    return f'max by ({by}) (label_replace({named}, "room", "pipeline", "room", ""))'


def at_rest(label: str, *names: str) -> str:
    """Return PromQL that goes after `firing`: 0 for each name that does not fire, so that its band is always there."""
    return "".join(f' or on ({label}) label_replace(vector(0), "{label}", "{name}", "", "")' for name in names)


def alive(expr: str) -> str:
    """Return ``expr`` only while a worker answers: without one nothing is judged, and a 0 would be a lie."""
    return f'({expr}) and on () count(up{{job="streamproc"}} == 1)'


def bands(title: str, query: Query, says: str, *, height: int = 5) -> statetimeline.Panel:
    """Return a band for each series of `firing` and `at_rest`: when, and for how long."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(says)
        .datasource(SOURCE)
        .with_target(target(query, "A"))
        .mappings([levels(FAINT)])
        # By thresholds the legend would have their bounds instead of the words.
        .color_scheme(build.FieldColor().mode(dashboard.FieldColorModeId.FIXED).fixed_color(FAINT))
        # A short alert's band is too short for its word: the legend has it.
        .show_value(common.VisibilityMode.NEVER)
        .legend(
            look.VizLegendOptions()
            .show_legend(True)
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
        )
        .row_height(0.8)
        .fill_opacity(70)
        .span(24)
        .height(height)
    )
