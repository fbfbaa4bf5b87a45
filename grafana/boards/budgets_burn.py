"""Budgets: how fast they burn, and where that leads."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import stat, timeseries
from grafana_foundation_sdk.models.common import BigValueTextMode

from grafana.boards import links
from grafana.boards.budgets_status import NO_BUDGET_HERE
from grafana.boards.links import label, to_board
from grafana.boards.palette import BLUE, GREY, ORANGE, RED
from grafana.boards.queries import BUDGET_COST, select, spent_each_step
from grafana.boards.style import (
    ANY_IS_BAD,
    About,
    Steps,
    bars_panel,
    graph_panel,
    legend_of,
    limit_lines,
    stat_panel,
    steps,
)
from grafana.boards.targets import at_end, over_time
from grafana.boards.units import COUNT, RATIO, SECONDS, USD

LASTS_HOURS: Final[Steps] = ((None, GREY), (0, RED), (4 * 3600, ORANGE), (24 * 3600, BLUE))
"""The exhaustion alert fires below four hours."""
THE_LIMIT: Final[Steps] = ((None, BLUE), (1, RED))
EARLY: Final = f"{select('budget:agent_budget_exhaustion_seconds:rate1h')}\n< budget:agent_budget_seconds_left:max"
"""Seconds until a budget is used up at the pace of the last hour, where that is before its period ends."""
NO_RULES: Final = "No data: are the recording rules of prometheus/rules loaded?"


def runs_out_first() -> stat.Panel:
    about = About(
        "Runs out first",
        "At the pace of the last hour: below four hours stop what burns it now, or ask its owner for a higher limit.",
        SECONDS,
        "None before its period ends",
    )
    return (
        stat_panel(about, at_end(f"bottomk(1, ({EARLY}) > 0)", "{{budget}}"), thresholds=LASTS_HOURS)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .data_links([to_board("Only ${__field.name}", links.BUDGETS, budget=label("budget"))])
    )


def projected_over() -> stat.Panel:
    about = About(
        "Will overrun",
        "Budgets that end over their limit at the pace so far: see below who is not on track, before it is spent.",
        COUNT,
        NO_BUDGET_HERE,
    )
    over = " or ".join(
        f"max by (budget) ({select(f'agent_budget_projected_{unit}')})"
        f" > bool max by (budget) ({select(f'agent_budget_limit_{unit}')})"
        for unit in ("usd", "tokens")
    )
    return stat_panel(about, at_end(f"sum({over})", "over the limit"), thresholds=ANY_IS_BAD)


def burn() -> timeseries.Panel:
    about = About(
        "Share of the limit spent per hour",
        "A jump: the Cost board, narrowed to that hour and the budget's scope, shows which agent it was.",
        RATIO,
        NO_RULES,
    )
    return graph_panel(about, over_time(select("budget:agent_budget_burned:ratio1h"), "{{budget}}"), legend="right")


def spend() -> timeseries.Panel:
    about = About(
        "Cost within each budget",
        "Budgets overlap, so a stack of several counts the same call more than once; one budget at a time is exact.",
        USD,
        "No budget in USD had a cost in this range",
    )
    return bars_panel(about, over_time(spent_each_step(BUDGET_COST, by=["budget"]), "{{budget}}"), legend="right")


def landing() -> timeseries.Panel:
    about = About(
        "Where each budget will land",
        "A line above 100 % that rises: act while it can still come down; it follows the last hours or days.",
        RATIO,
        NO_RULES,
    )
    panel = graph_panel(about, over_time(select("budget:agent_budget_forecast:ratio"), "{{budget}}"), legend="right")
    return panel.thresholds(steps(THE_LIMIT)).thresholds_style(limit_lines())


def exhaustion() -> timeseries.Panel:
    about = About(
        "Time until a budget runs out",
        "Shown where it is before the period ends: a line that comes below four hours, stop what burns it.",
        SECONDS,
        "At no moment of this range would a budget have run out before the end of its period",
    )
    return graph_panel(about, over_time(EARLY, "{{budget}}")).legend(legend_of("right", ("last", "min")))
