"""What the dashboards are made of: panels with one look, so that a colour means the same everywhere.

Green is as it should be, orange wants a look, red wants somebody now; these names of Grafana's own palette are legible
in both themes. Every panel says in its description what it shows and from where it is bad.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from grafana_foundation_sdk.builders import common as look
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus, stat, table, text, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

SOURCE: Final = dashboard.DataSourceRef(type_val="prometheus", uid="prometheus")
OK, LOOK, ACT, PLAIN = "green", "orange", "red", "text"
#: A series that nothing is good or bad about.
NEUTRAL: Final = "blue"

#: A band at rest, faint in both themes.
FAINT: Final = "rgba(128, 128, 128, 0.25)"


def levels(rest: str) -> dashboard.ValueMap:
    """Return what the levels of `firing` are called; no alert is no praise: ``rest`` is its colour."""
    return dashboard.ValueMap(
        options={
            "0": dashboard.ValueMappingResult(text="no alert", color=rest, index=0),
            "1": dashboard.ValueMappingResult(text="warning", color=LOOK, index=1),
            "2": dashboard.ValueMappingResult(text="critical", color=ACT, index=2),
        }
    )


Steps = Sequence[tuple[float | None, str]]
Panel = Builder[dashboard.Panel]


class Query(NamedTuple):
    """One query: PromQL and what its series are called, with labels in double braces."""

    expr: str
    name: str = ""


def limits(look_at: float, act_at: float) -> Steps:
    """Return steps for a number from 0 up that is bad when it is high; what is not known has no colour."""
    return ((None, PLAIN), (0, OK), (look_at, LOOK), (act_at, ACT))


def at_least(look_below: float, act_below: float) -> Steps:
    """Return steps for a number from 0 up that is bad when it is low; what is not known has no colour."""
    return ((None, PLAIN), (0, ACT), (act_below, LOOK), (look_below, OK))


def _steps(steps: Steps) -> build.ThresholdsConfig:
    return (
        build.ThresholdsConfig()
        .mode(dashboard.ThresholdsMode.ABSOLUTE)
        .steps([dashboard.Threshold(value=value, color=color) for value, color in steps])
    )


def _by_thresholds() -> build.FieldColor:
    return build.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS)


def target(
    query: Query, ref: str, *, instant: bool = False, form: PromQueryFormat | None = None
) -> prometheus.Dataquery:
    """Return a query as Grafana's Prometheus data source takes it."""
    made = prometheus.Dataquery().datasource(SOURCE).expr(query.expr).ref_id(ref).legend_format(query.name)
    if form is not None:
        made.format(form)
    return made.instant() if instant else made.range()


def _refs(queries: Sequence[Query]) -> list[tuple[Query, str]]:
    return [(query, chr(ord("A") + place)) for place, query in enumerate(queries)]


def number(
    title: str,
    expr: str,
    says: str,
    *,
    unit: str = "short",
    steps: Steps = ((None, PLAIN),),
    span: int = 4,
    decimals: int | None = None,
    none: str = "–",
) -> stat.Panel:
    """Return one number, coloured by its steps."""
    panel = (
        stat.Panel()
        .title(title)
        .description(says)
        .datasource(SOURCE)
        .with_target(target(Query(expr, title), "A"))
        .unit(unit)
        .thresholds(_steps(steps))
        .color_scheme(_by_thresholds())
        .color_mode(common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .text_mode(common.BigValueTextMode.VALUE)
        .reduce_options(look.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .no_value(none)
        .span(span)
        .height(3)
    )
    return panel if decimals is None else panel.decimals(decimals)


def lines(
    title: str,
    queries: Sequence[Query],
    says: str,
    *,
    unit: str = "short",
    steps: Steps = (),
    span: int = 12,
    stacked: bool = False,
) -> timeseries.Panel:
    """Return lines over time from zero up; steps are drawn as dashed lines."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(says)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .line_width(2)
        .fill_opacity(40 if stacked else 0)
        .show_points(common.VisibilityMode.NEVER)
        .span_nulls(False)
        .axis_soft_min(0)
        .color_scheme(build.FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
        .legend(
            look.VizLegendOptions()
            .show_legend(len(queries) > 1 or "{{" in queries[0].name)
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
        )
        .tooltip(look.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING))
        .no_value("nothing in this time")
        .span(span)
        .height(8)
    )
    for query, ref in _refs(queries):
        panel.with_target(target(query, ref))
    if steps:
        # Only where it becomes bad is a line worth drawing.
        panel.thresholds(_steps([(None, "transparent"), *(step for step in steps if step[1] in {LOOK, ACT})]))
        panel.thresholds_style(look.GraphThresholdsStyleConfig().mode(common.GraphTresholdsStyleMode.DASHED))
    if stacked:
        panel.stacking(look.StackingConfig().mode(common.StackingMode.NORMAL))
    return panel


class Column(NamedTuple):
    """One column of a table: an instant query, what it is, and from where it is bad."""

    expr: str
    title: str
    unit: str = "short"
    steps: Steps = ()
    decimals: int | None = None
    #: Whether it is a level of `firing`, shown as a word.
    level: bool = False


def rows(
    title: str,
    key: str,
    key_title: str,
    columns: Sequence[Column],
    says: str,
    *,
    sort: Sequence[str],
    url: str,
    none: str,
) -> table.Panel:
    """Return a table with a row for each value of the label ``key``, which links to ``url``."""
    panel = table.Panel().title(title).description(says).datasource(SOURCE).span(24).height(9)
    names = {}
    for column, ref in _refs([Query(column.expr) for column in columns]):
        panel.with_target(target(column, ref, instant=True, form=PromQueryFormat.TABLE))
        names[f"Value #{ref}"] = columns[ord(ref) - ord("A")].title
    panel.with_transformation(
        dashboard.DataTransformerConfig(id_val="joinByField", options={"byField": key, "mode": "outer"})
    )
    unwanted = {"Time": True} | {f"Time {number}": True for number in range(1, len(columns) + 1)}
    order = {key: 0} | {name: place for place, name in enumerate(names, 1)}
    panel.with_transformation(
        dashboard.DataTransformerConfig(
            id_val="organize",
            options={"excludeByName": unwanted, "indexByName": order, "renameByName": {key: key_title, **names}},
        )
    )
    panel.override_by_name(
        key_title,
        [_is("links", [{"title": "Open this room", "url": url, "targetBlank": False}]), _is("custom.minWidth", 100)],
    )
    for column in columns:
        panel.override_by_name(column.title, _column(column))
    panel.sort_by([look.TableSortByFieldState().display_name(name).desc(True) for name in sort])
    return panel.no_value(none)


def _column(column: Column) -> list[dashboard.DynamicConfigValue]:
    # A phone shows four such columns, and the others to the right of them.
    settings = [_is("unit", column.unit), _is("noValue", "–"), _is("custom.minWidth", 90)]
    if column.decimals is not None:
        settings.append(_is("decimals", column.decimals))
    if column.steps:
        steps = [{"value": value, "color": color} for value, color in column.steps]
        settings.append(_is("thresholds", {"mode": "absolute", "steps": steps}))
        settings.append(_is("color", {"mode": "thresholds"}))
    if column.level:
        settings.append(_is("mappings", [levels(PLAIN).to_json()]))
    if column.steps or column.level:
        settings.append(_is("custom.cellOptions", {"type": "color-text"}))
    return settings


def _is(name: str, value: Any) -> dashboard.DynamicConfigValue:  # noqa: ANN401 - whatever Grafana takes
    return dashboard.DynamicConfigValue(id_val=name, value=value)


def drawn(colour: str, *, dashed: bool = False, width: int = 1) -> list[dashboard.DynamicConfigValue]:
    """Return how one series is drawn that must not look like the others; use it with `override_by_name`."""
    settings = [_is("color", {"mode": "fixed", "fixedColor": colour}), _is("custom.lineWidth", width)]
    return [*settings, _is("custom.lineStyle", {"fill": "dash", "dash": [8, 8]})] if dashed else settings


def words(title: str, content: str, *, span: int = 24, height: int = 6) -> text.Panel:
    """Return a panel of Markdown."""
    return text.Panel().title(title).mode(TextMode.MARKDOWN).content(content).span(span).height(height)


def board(uid: str, title: str, says: str, *, since: str = "now-30m") -> build.Dashboard:
    """Return an empty dashboard with links to the others."""
    page = (
        build.Dashboard(title)
        .uid(uid)
        .description(says)
        .tags(["streamproc", "generated"])
        .readonly()
        .timezone("browser")
        .time(since, "now")
        .refresh("10s")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
    )
    for name, other in (
        ("Rooms", "streamproc-rooms"),
        ("One room", "streamproc-room"),
        ("Pipeline", "streamproc-pipeline"),
    ):
        if other != uid:
            page.link(
                build.DashboardLink(name)
                .type(dashboard.DashboardLinkType.LINK)
                .icon("dashboard")
                .url(f"/d/{other}")
                .keep_time(True)
            )
    return page


def fill(page: build.Dashboard, *groups: tuple[str, Sequence[Panel]]) -> build.Dashboard:
    """Put panels on a dashboard, under a heading each group; a group without one has no heading."""
    for heading, panels in groups:
        if heading:
            page.with_row(build.Row(heading))
        for panel in panels:
            page.with_panel(panel)
    return page
