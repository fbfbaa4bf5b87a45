"""Budgets: what happened in the visible range, and the periods."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import statetimeline, table, timeseries

from grafana.boards import links
from grafana.boards.budgets_status import NO_BUDGET, NO_BUDGET_HERE
from grafana.boards.links import cell, to_board
from grafana.boards.palette import BLUE, GREY, ORANGE, RED, YELLOW
from grafana.boards.queries import latest, once, select, spent
from grafana.boards.style import (
    BUDGET_STEPS,
    About,
    graph_panel,
    legend_of,
    limit_lines,
    state,
    state_panel,
    steps,
    table_panel,
)
from grafana.boards.tables import CELL_GAUGE, by_size, column, joined, merged, sorted_by
from grafana.boards.targets import as_rows, over_time
from grafana.boards.units import COUNT, MOMENT, RATIO

NOBODY: Final = -1
SEVERITIES: Final = ("info", "warning", "critical")


def utilisation() -> timeseries.Panel:
    about = About(
        "Used of the limit",
        "Red marks: limits reached; a steep line before one is a burst, which Cost explains. Cut off at 150 %.",
        RATIO,
        "No budget of a day or longer is configured: see `budgets:` in docs/configuration.md",
    )
    # A budget may reach several times its limit, which would flatten all others.
    query = over_time(latest("agent_budget_utilization_ratio", 'period!="hour"'), "{{budget}}")
    return _with_limits(graph_panel(about, query, legend="right")).max(1.5)


def hourly() -> timeseries.Panel:
    about = About(
        "Hourly budgets: used",
        "At the limit hour after hour: it is too low for normal work, or something runs that nobody stopped.",
        RATIO,
        "No hourly budget is configured: see `budgets:` in docs/configuration.md",
    )
    used = select("agent_budget_utilization_ratio", 'period="hour"')
    # A step of a wide range is longer than an hour, whose peak must not fall between two points.
    peaks = over_time(once(f"max_over_time({used}[$__rate_interval])"), "{{budget}}")
    return _with_limits(graph_panel(about, peaks)).legend(legend_of("below", ("max",)))


def _with_limits(panel: timeseries.Panel) -> timeseries.Panel:
    return panel.thresholds(steps(BUDGET_STEPS)).thresholds_style(limit_lines())


def levels() -> statetimeline.Panel:
    about = About(
        "Highest threshold reached",
        "Red to the end of a period: the limit was too low, or nobody stopped a burst; the marks above say when.",
        COUNT,
        NO_BUDGET,
    )
    reached = " or ".join(
        f"{rank} * " + select("agent_budget_threshold_reached", f'severity="{severity}"')
        for rank, severity in enumerate(SEVERITIES, start=1)
    )
    nobody = f'label_replace(vector({NOBODY}), "budget", "{NO_BUDGET_HERE}", "", "")'
    # Without a series Grafana would show an error of its own.
    highest = f"max by (budget) ({reached})\nor ({nobody} unless on () count({reached}))"
    states = [
        state(NOBODY, "no budget", GREY),
        state(0, "below its thresholds", BLUE),
        state(1, "info (by default 70 %)", YELLOW),
        state(2, "warning (85 %)", ORANGE),
        state(3, "critical (the limit)", RED),
    ]
    return state_panel(about, over_time(highest, "{{budget}}"), states=states)


def breaches() -> table.Panel:
    about = About(
        "Breaches in this range",
        "A budget that is here each period needs another limit or less use; one that is here once had a burst.",
        COUNT,
        "No budget crossed a threshold in this range",
    )
    labels = ("budget", "period", "threshold")
    query = f"({spent('agent_budget_breaches_total', by=labels)}) > 0"
    columns = {"budget": "Budget", "period": "Period", "threshold": "At %", "Value": "Times"}
    panel = table_panel(about, as_rows(query, "Times")).transformations([*merged(columns), *by_size("Times")])
    panel = column(panel, "Budget", link=to_board("Only this budget", links.BUDGETS, budget=cell("Budget")))
    for narrow, width in {"Period": 110, "At %": 110, "Times": 110}.items():
        panel = column(panel, narrow, width=width)
    return panel


def periods() -> table.Panel:
    about = About(
        "Present periods",
        "Used ahead of elapsed is too fast; times are in your zone, the period follows the zone that is named.",
        RATIO,
        NO_BUDGET,
    )
    start, end = (_each(f"agent_budget_period_{edge}_timestamp_seconds") for edge in ("start", "end"))
    queries = {
        "Info": f"max by (budget, timezone, period) ({select('agent_budget_info')})",
        "Start": f"1000 * {start}",
        "End": f"1000 * {end}",
        "Elapsed": f"(time() - {start}) / ({end} - {start})",
        "Used": _each("agent_budget_utilization_ratio"),
    }
    columns = {
        "budget": "Budget",
        "Value #Elapsed": "Elapsed",
        "Value #Used": "Used",
        "Value #Start": "Began",
        "Value #End": "Ends",
        "period": "Period",
        "timezone": "Zone",
    }
    panel = table_panel(about, *(as_rows(expression, ref) for ref, expression in queries.items()))
    panel = panel.transformations([*joined("budget", columns), sorted_by("Elapsed")])
    panel = column(panel, "Period", width=70)
    panel = column(column(panel, "Began", unit=MOMENT, width=155), "Ends", unit=MOMENT, width=155)
    panel = column(panel, "Elapsed", unit=RATIO, width=75)
    return column(panel, "Used", unit=RATIO, thresholds=BUDGET_STEPS, cell=CELL_GAUGE, at_least=0, at_most=1)


def _each(gauge: str) -> str:
    return f"max by (budget) ({select(gauge)})"
