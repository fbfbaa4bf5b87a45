"""Budgets: how each one stands."""

from __future__ import annotations

from typing import Final, NamedTuple

from grafana_foundation_sdk.builders import stat, table
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import BigValueTextMode, VizOrientation

from grafana.boards import links
from grafana.boards.links import cell, label, to_board
from grafana.boards.overrides import stepped
from grafana.boards.palette import BLUE, GREY, ORANGE, RED, YELLOW
from grafana.boards.queries import latest, select, top
from grafana.boards.style import BUDGET_STEPS, About, rows_text, stat_panel, state, table_panel
from grafana.boards.tables import CELL_COLORED_TEXT, CELL_GAUGE, column, joined, sorted_by
from grafana.boards.targets import as_rows, at_end
from grafana.boards.units import COUNT, FROM_NOW, RATIO, SECONDS, TOKENS, USD

NO_BUDGET: Final = "No budget is configured: see `budgets:` in docs/configuration.md"
NO_BUDGET_HERE: Final = "No budget is configured"
"""Where a long text would shrink beyond reading."""


LASTS: Final = -1
"""In place of seconds: the budget is not used up before its period ends."""


class Kind(NamedTuple):
    """What a budget is counted in."""

    suffix: str
    unit: str
    empty: str


IN_USD: Final = Kind("usd", USD, "No budget in USD is configured: see `budgets:` in docs/configuration.md")
IN_TOKENS: Final = Kind("tokens", TOKENS, "No budget in tokens is configured: see `budgets:` in docs/configuration.md")


def fullest() -> stat.Panel:
    return fullest_budget(
        "Fullest budget",
        "From 85 % on, click for its own view: when it runs out; then slow down what spends it, or raise the limit.",
    )


def fullest_budget(title: str, advice: str) -> stat.Panel:
    """The budget that used most of its limit, with a way to its own view; on two boards."""
    about = About(title, advice, RATIO, NO_BUDGET_HERE)
    query = at_end(top(1, latest("agent_budget_utilization_ratio")), "{{budget}}")
    return (
        stat_panel(about, query, thresholds=BUDGET_STEPS)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .data_links([to_board("Only ${__field.name}", links.BUDGETS, budget=label("budget"))])
    )


def over_thresholds() -> stat.Panel:
    about = About(
        "At a threshold",
        "Critical is the limit, unless a budget says otherwise: the table below names it and says what is left.",
        COUNT,
        NO_BUDGET_HERE,
    )
    colors = {"critical": RED, "warning": ORANGE, "info": YELLOW}
    panel = stat_panel(about, *(at_end(_reached(severity), severity) for severity in colors))
    for severity, color in colors.items():
        panel = panel.override_by_name(severity, [stepped(((None, BLUE), (1, color)))])
    return (
        panel.orientation(VizOrientation.HORIZONTAL)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .text(rows_text())
        .mappings([state(0, "none", BLUE)])
    )


def status_usd() -> table.Panel:
    return _status("Budgets in US dollars", IN_USD)


def status_tokens() -> table.Panel:
    return _status("Budgets in tokens", IN_TOKENS)


def _status(title: str, kind: Kind) -> table.Panel:
    about = About(
        title,
        "Not on track, or it runs out before its period ends: click the budget, find what burns it, ask its owner.",
        kind.unit,
        kind.empty,
    )
    columns = {
        "budget": "Budget",
        "Value #Used": "Used",
        "Value #Over": "On track",
        "Value #Spent": "Spent",
        "Value #Limit": "Limit",
        "Value #Left": "Left",
        "Value #Projected": "Projected",
        "Value #Lasts": "Runs out in",
        "Value #Ends": "Period ends",
        "period": "Period",
        "scope": "Covers",
    }
    panel = table_panel(about, *_queries(kind)).transformations([*joined("budget", columns), sorted_by("Used")])
    return _columns(panel)


def _queries(kind: Kind) -> list[Dataquery]:
    limit, spent, projected = (f"agent_budget_{what}_{kind.suffix}" for what in ("limit", "spent", "projected"))
    ends = "1000 * " + _each("agent_budget_period_end_timestamp_seconds")
    early = f"{select('budget:agent_budget_exhaustion_seconds:rate1h')} < budget:agent_budget_seconds_left:max"
    info = select("agent_budget_info")
    queries = {
        "Info": f'label_replace(max by (budget, scope, period) ({info}), "scope", "everything", "scope", "^$")',
        "Used": _each("agent_budget_utilization_ratio"),
        "Spent": _each(spent),
        "Limit": _each(limit),
        "Left": f"clamp_min({_each(limit)} - {_each(spent)}, 0)",
        "Projected": _each(projected),
        "Over": f"{_each(projected)} > bool {_each(limit)}",
        "Lasts": f"max by (budget) ({early}) or {LASTS} * {_each(limit)} ^ 0",
        "Ends": ends,
    }
    of_this_kind = _each(limit)
    return [as_rows(f"({expression})\nand on (budget) {of_this_kind}", ref) for ref, expression in queries.items()]


def _columns(panel: table.Panel) -> table.Panel:
    panel = column(panel, "Budget", link=to_board("Only this budget", links.BUDGETS, budget=cell("Budget")), width=165)
    for amount in ("Spent", "Limit", "Left", "Projected"):
        panel = column(panel, amount, width=100)
    panel = column(
        panel, "Used", unit=RATIO, thresholds=BUDGET_STEPS, cell=CELL_GAUGE, at_least=0, at_most=1, width=200
    )
    on_track = [state(0, "yes", BLUE), state(1, "no", RED)]
    panel = column(panel, "On track", unit=COUNT, mappings=on_track, cell=CELL_COLORED_TEXT, width=85)
    lasts = [state(LASTS, "not before its end", GREY), state(0, "used up", RED)]
    panel = column(panel, "Runs out in", unit=SECONDS, mappings=lasts, width=150)
    panel = column(panel, "Period ends", unit=FROM_NOW, width=120)
    return column(panel, "Period", width=75)


def _each(gauge: str) -> str:
    return f"max by (budget) ({select(gauge)})"


def _reached(severity: str) -> str:
    reached = select("agent_budget_threshold_reached", f'severity="{severity}"')
    return f"count(max by (budget) ({reached}) == 1) or 0 * count({select('agent_budget_info')})"
