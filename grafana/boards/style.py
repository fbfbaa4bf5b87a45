"""How every panel looks: units, colours, thresholds, legends, and one constructor for each kind of panel.

A panel is built from an `About` (what it says about itself) and its queries, so none can leave out its unit, its
empty state or what to do when it is red.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    stat,
    statetimeline,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import dashboard as build_board
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import text as text_model

from grafana.boards.palette import BLUE, GREY, ORANGE, RED, YELLOW
from grafana.boards.units import decimals_of, is_money, money_overrides

DATASOURCE: Final = common.DataSourceRef(type_val="prometheus", uid="${datasource}")

Steps = tuple[tuple[float | None, str], ...]
"""Thresholds: from which value on which colour; the first begins at None, which is minus infinity."""

BUDGET_STEPS: Final[Steps] = ((None, BLUE), (0.70, YELLOW), (0.85, ORANGE), (1.0, RED))
"""The default thresholds of a budget (70, 85, 100 percent of the limit), as ratios; blue to red reads without green."""
ANY_IS_BAD: Final[Steps] = ((None, BLUE), (1, RED))
"""For a number that should be 0."""
ONE_IS_GOOD: Final[Steps] = ((None, GREY), (0, RED), (1, BLUE))
"""For a number that should be 1.  The first colour is also that of the text for no data, so it is not red."""
PLAIN: Final[Steps] = ((None, BLUE),)
"""For a number that is neither good nor bad."""

BARS: Final = 72
"""At most so many bars side by side."""
SHORTEST_BAR: Final = "1m"
"""Four scrapes, so that increase() over a bar has samples."""

NO_CELL: Final = "-"
"""In a cell without a value; the panel's own text for no data is for a table without rows."""

Legend = Literal["below", "right", "list", "none"]


class About(NamedTuple):
    """What a panel says about itself."""

    title: str
    description: str
    """One sentence: what do I do if this is red, or if the number is not what I expected?"""
    unit: str
    empty: str
    """What is shown instead of nothing: why there is no data."""


class _Panel(Protocol):
    """What the builders of all kinds of panel share; the SDK gives them no common base."""

    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: common.DataSourceRef) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def decimals(self, decimals: float) -> Self: ...
    def no_value(self, no_value: str) -> Self: ...
    def thresholds(self, thresholds: Builder[model.ThresholdsConfig]) -> Self: ...
    def color_scheme(self, color: Builder[model.FieldColor]) -> Self: ...
    def with_target(self, target: Dataquery) -> Self: ...
    def with_override(self, matcher: model.MatcherConfig, properties: list[model.DynamicConfigValue]) -> Self: ...
    def build(self) -> model.Panel: ...


Panel = TypeVar("Panel", bound=_Panel)


def steps(thresholds: Steps) -> build_board.ThresholdsConfig:
    """Absolute thresholds."""
    return (
        build_board.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=value, color=color) for value, color in thresholds])
    )


def by_threshold() -> build_board.FieldColor:
    """Colour says how bad the value is."""
    return build_board.FieldColor().mode(model.FieldColorModeId.THRESHOLDS)


def by_series() -> build_board.FieldColor:
    """Colour tells series apart.  By their order: colours by name repeat or resemble one another too soon."""
    return build_board.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC)


def one_color(color: str) -> build_board.FieldColor:
    """All series in one colour."""
    return build_board.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color(color)


def stat_panel(about: About, *queries: Dataquery, thresholds: Steps = PLAIN, sparkline: bool = False) -> stat.Panel:
    """One number, or a few; each query gives one, named by its legend."""
    return (
        _dress(stat.Panel(), about, queries, thresholds)
        .graph_mode(common.BigValueGraphMode.AREA if sparkline else common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .reduce_options(last_value())
        .text_mode(common.BigValueTextMode.AUTO)
    )


def graph_panel(about: About, *queries: Dataquery, legend: Legend = "below", stacked: bool = False) -> timeseries.Panel:
    """Lines over time, from 0; stacked areas when the parts add up to a whole."""
    panel = (
        _dress(timeseries.Panel(), about, queries, PLAIN)
        .color_scheme(by_series())
        .min(0)
        .line_width(1 if stacked else 2)
        .fill_opacity(35 if stacked else 0)
        .show_points(common.VisibilityMode.AUTO)
        .legend(legend_of(legend))
        .tooltip(tooltip())
    )
    return panel.stacking(build.StackingConfig().mode(common.StackingMode.NORMAL)) if stacked else panel


def bars_panel(about: About, *queries: Dataquery, legend: Legend = "below") -> timeseries.Panel:
    """Stacked bars over time: how much in each step, which begins at its point; few enough to tell them apart."""
    return (
        graph_panel(about, *queries, legend=legend, stacked=True)
        .draw_style(common.GraphDrawStyle.BARS)
        .fill_opacity(80)
        .bar_width_factor(0.8)
        .bar_alignment(common.BarAlignment.AFTER)
        .legend(legend_of(legend, ("sum", "max")))
        .max_data_points(BARS)
        .interval(SHORTEST_BAR)
    )


def bar_gauge_panel(about: About, *queries: Dataquery, thresholds: Steps = PLAIN) -> bargauge.Panel:
    """One horizontal bar for each series."""
    return (
        _dress(bargauge.Panel(), about, queries, thresholds)
        .orientation(common.VizOrientation.HORIZONTAL)
        .display_mode(common.BarGaugeDisplayMode.BASIC)
        .value_mode(common.BarGaugeValueMode.TEXT)
        .name_placement(common.BarGaugeNamePlacement.LEFT)
        .show_unfilled(True)
        .min_viz_height(16)
        .max_viz_height(26)
        .reduce_options(last_value())
        .legend(legend_of("none"))
        .min(0)
    )


def table_panel(about: About, *queries: Dataquery) -> table.Panel:
    """Rows; give `tables.joined` its transformations and `tables.column` one override for each column."""
    panel = _dress(table.Panel(), about, queries, PLAIN)
    for kind in ("number", "string"):
        panel = panel.override_by_field_type(kind, [model.DynamicConfigValue("noValue", NO_CELL)])
    return (
        panel.cell_height(common.TableCellHeight.SM)
        .show_header(True)
        .align(common.FieldTextAlignment.AUTO)
        .min_width(60)
    )


def state_panel(about: About, *queries: Dataquery, states: Iterable[model.ValueMapping]) -> statetimeline.Panel:
    """A coloured band for each series: in which state it was, when."""
    return (
        _dress(statetimeline.Panel(), about, queries, PLAIN)
        .mappings(list(states))
        # By threshold, the legend would list the thresholds in place of the states.
        .color_scheme(one_color(GREY))
        .row_height(0.8)
        .line_width(0)
        .fill_opacity(80)
        .merge_values(True)
        .show_value(common.VisibilityMode.NEVER)
        .legend(legend_of("list"))
        .tooltip(tooltip())
    )


def text_panel(title: str, markdown: str) -> text.Panel:
    """Words; a link in them is the `address` of a board."""
    return text.Panel().title(title).mode(text_model.TextMode.MARKDOWN).content(markdown).transparent(not title)


def last_value() -> build.ReduceDataOptions:
    """The last value that there is; the SDK leaves reducers empty, which shows nothing."""
    return build.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("")


def legend_of(kind: Legend, values: tuple[str, ...] = ("lastNotNull", "max")) -> build.VizLegendOptions:
    """A table with values (Grafana keeps one below within 35 % of the height), a list of names, or none.

    The SDK's default is no legend at all.
    """
    if kind == "none":
        return build.VizLegendOptions().show_legend(False).display_mode(common.LegendDisplayMode.HIDDEN)
    options = build.VizLegendOptions().show_legend(True)
    if kind == "list":
        return options.display_mode(common.LegendDisplayMode.LIST).placement(common.LegendPlacement.BOTTOM)
    place = common.LegendPlacement.RIGHT if kind == "right" else common.LegendPlacement.BOTTOM
    table_of_values = options.display_mode(common.LegendDisplayMode.TABLE).calcs(list(values))
    return table_of_values.placement(place).sort_by(_CALCULATED[values[0]]).sort_desc(True)


_CALCULATED: Final = {"lastNotNull": "Last *", "last": "Last", "sum": "Total", "max": "Max", "mean": "Mean"}
"""How Grafana titles the columns of a legend."""


def rows_text() -> build.VizTextDisplayOptions:
    """For a few numbers below one another; by itself Grafana shrinks their names beyond reading when it is narrow."""
    return build.VizTextDisplayOptions().title_size(14).value_size(22)


def limit_lines() -> build.GraphThresholdsStyleConfig:
    """Thresholds as dashed lines in a graph."""
    return build.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)


def tooltip() -> build.VizTooltipOptions:
    """All series at the pointer, the largest first."""
    return build.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)


def state(value: int, words: str, color: str) -> model.ValueMapping:
    """A number shown as words in a colour."""
    return word(str(value), words, color)


def word(value: str, words: str, color: str) -> model.ValueMapping:
    """A text, such as a label's value, shown as words in a colour."""
    return model.ValueMap(options={value: model.ValueMappingResult(text=words, color=color)})


def _dress(panel: Panel, about: About, queries: Iterable[Dataquery], thresholds: Steps) -> Panel:
    dressed = (
        panel.title(about.title)
        .description(about.description)
        .datasource(DATASOURCE)
        .unit(about.unit)
        .no_value(about.empty)
        .thresholds(steps(thresholds))
        .color_scheme(by_threshold())
    )
    for query in queries:
        dressed = dressed.with_target(query)
    if (decimals := decimals_of(about.unit)) is not None:
        dressed = dressed.decimals(decimals)
    if is_money(about.unit):
        for matcher, properties in money_overrides(columns=isinstance(panel, table.Panel)):
            dressed = dressed.with_override(matcher, properties)
    return dressed
