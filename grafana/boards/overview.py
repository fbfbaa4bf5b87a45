"""Overview: what did it cost, is a budget in danger, what changed, and what needs a person?"""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import bargauge, stat, table, text, timeseries
from grafana_foundation_sdk.models.common import BigValueTextMode, VizOrientation
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from grafana.boards import links
from grafana.boards.board import Board
from grafana.boards.budgets_status import NO_BUDGET_HERE, fullest_budget
from grafana.boards.cost_queries import named
from grafana.boards.layout import Section, Tile
from grafana.boards.links import address, cell, label, to_board
from grafana.boards.overrides import colored
from grafana.boards.overview_attention import alerts_firing, needs_a_person
from grafana.boards.overview_quality import error_share, errors, price_coverage, tokens, unpriced_models
from grafana.boards.palette import BLUE, GREY
from grafana.boards.queries import (
    change,
    latest,
    spent,
    spent_before,
    spent_each_step,
    spent_so_far,
    spent_so_far_before,
)
from grafana.boards.style import (
    BUDGET_STEPS,
    About,
    bar_gauge_panel,
    bars_panel,
    graph_panel,
    legend_of,
    rows_text,
    stat_panel,
    table_panel,
    text_panel,
)
from grafana.boards.tables import CELL_GAUGE, by_size, column, joined, largest, merged
from grafana.boards.targets import as_rows, at_end, over_time
from grafana.boards.units import RATIO, USD, USD_CHANGE
from grafana.boards.variables import BUDGET, WORK

NO_COST: Final = "No cost in this range: check the filters, then the Exporter board"
NO_PAST: Final = "No data from before this range to compare with"


def _sections() -> list[Section]:
    return [
        Section(
            "",
            (
                Tile(spent_here(), 6, 6),
                Tile(budgets_now(), 5, 6),
                Tile(biggest_changes(), 7, 6),
                Tile(needs_a_person(), 6, 6),
            ),
        ),
        Section("Trend", (Tile(cost_by_project(), 16, 8), Tile(so_far(), 8, 8))),
        Section("Budgets and alerts", (Tile(budgets_used(), 10, 7), Tile(alerts_firing(), 14, 7))),
        Section("Where the money went", (Tile(by_project(), 12, 8), Tile(by_model(), 12, 8))),
        Section(
            "Tokens, errors, prices",
            (
                Tile(tokens(), 12, 8),
                Tile(errors(), 12, 8),
                Tile(error_share(), 5, 5),
                Tile(price_coverage(), 5, 5),
                Tile(unpriced_models(), 14, 5),
                Tile(where_next(), 24, 4),
            ),
        ),
    ]


def where_next() -> text.Panel:
    return text_panel(
        "Where to look next",
        f"- **Who spends it, on which model?** [Cost]({address(links.COST, WORK)})\n"
        f"- **Will a budget last?** [Budgets]({address(links.BUDGETS, (BUDGET,))})\n"
        f"- **Can I trust the numbers?** [Exporter]({address(links.EXPORTER)}): intake, audit, prices\n"
        "- **What does an alert mean?** The page `/runbook` of the exporter, under the alert's name\n",
    )


def spent_here() -> stat.Panel:
    about = About(
        "Spent",
        "If it grew and nobody expected it, look right at what changed, then on the Cost board at who spends it.",
        USD,
        NO_COST,
    )
    share = f"({change()})\n/ (({spent_before()}) > 0)"
    panel = stat_panel(about, at_end(spent(), "this range"), at_end(spent_before(), "span before"))
    return (
        panel.with_target(at_end(share, "change").ref_id("Change"))
        .orientation(VizOrientation.HORIZONTAL)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .text(rows_text())
        .override_by_query(
            "Change",
            [
                DynamicConfigValue("unit", RATIO),
                DynamicConfigValue("decimals", 0),
                colored(GREY),
            ],
        )
        .data_links([to_board("Cost: by project, agent and model", links.COST, WORK)])
    )


def budgets_now() -> stat.Panel:
    return fullest_budget(
        "Budgets",
        "The fullest one: from 85 % on, click to see when it runs out; slow down what spends it, or raise the limit.",
    )


def in_cents(amount: str) -> str:
    """A difference as it is written, so that a fraction of a cent does not read -$0.00."""
    return f"round({amount}, 0.01)"


def biggest_changes() -> table.Panel:
    about = About(
        "What changed",
        "Against the span before: ask who runs the agent on top whether it is meant; its row leads to its cost.",
        USD,
        NO_PAST,
    )
    labels = ("project", "gen_ai_agent_name")
    panel = table_panel(about, as_rows(in_cents(change(by=labels)), "Change"))
    columns = {
        "gen_ai_agent_name": "Agent",
        "project": "Project",
        "Value": "Change",
    }
    panel = panel.transformations([*merged(columns), *by_size("Change"), largest(4)])
    link = to_board("Cost of this agent", links.COST, WORK, agent=cell("Agent"), project=cell("Project"))
    panel = column(panel, "Agent", link=link)
    panel = panel.override_by_name("Project", [DynamicConfigValue("custom.hidden", value=True)])
    return column(panel, "Change", unit=USD_CHANGE, width=75)


def cost_by_project() -> timeseries.Panel:
    about = About(
        "Cost by project",
        "A bar that stands out: narrow the range to it and see below which model and agent it was.",
        USD,
        NO_COST,
    )
    return bars_panel(
        about,
        over_time(named(spent_each_step(by=["project"]), "project"), "{{project}}", exemplars=True),
        legend="right",
    )


def so_far() -> timeseries.Panel:
    about = About(
        "Spent so far",
        "When the blue line leaves the grey one, the span before, the bars at the left show which project did it.",
        USD,
        NO_COST,
    )
    panel = graph_panel(about, over_time(spent_so_far(), "this range"), over_time(spent_so_far_before(), "span before"))
    panel = panel.legend(legend_of("below", ("lastNotNull",)))
    colors = {"this range": BLUE, "span before": GREY}
    for name, color in colors.items():
        panel = panel.override_by_name(name, [colored(color)])
    return panel


def budgets_used() -> bargauge.Panel:
    about = About(
        "Used of each budget",
        "Of the limit, in the present period. From 85 % on, click the bar: the Budgets board says when it runs out.",
        RATIO,
        NO_BUDGET_HERE,
    )
    query = at_end(f"sort_desc({latest('agent_budget_utilization_ratio')})", "{{budget}}")
    return (
        bar_gauge_panel(about, query, thresholds=BUDGET_STEPS)
        .max(1)
        .data_links([to_board("Budget ${__field.name}", links.BUDGETS, budget=label("budget"))])
    )


def by_project() -> table.Panel:
    about = About("By project", "A large change: its row leads to the agents and models behind it.", USD, NO_COST)
    return _breakdown(about, "project", "Project", "project")


def by_model() -> table.Panel:
    about = About("By model", "A dear model that grows: see on the Cost board which agent chose it.", USD, NO_COST)
    return _breakdown(about, "gen_ai_response_model", "Model", "model")


def _breakdown(about: About, by: str, title: str, variable: str) -> table.Panel:
    panel = table_panel(about, as_rows(spent(by=[by]), "Spent"), as_rows(in_cents(change(by=[by])), "Change"))
    columns = {by: title, "Value #Spent": "Spent", "Value #Change": "Change"}
    panel = panel.transformations([*joined(by, columns), *by_size("Spent")])
    link = to_board(f"Cost of this {title.lower()}", links.COST, WORK, **{variable: cell(title)})
    panel = column(panel, title, link=link, width=150)
    panel = column(panel, "Spent", cell=CELL_GAUGE, at_least=0)
    return column(panel, "Change", unit=USD_CHANGE, width=90)


BOARD: Final = Board(
    uid=links.OVERVIEW,
    title="Overview",
    question=(
        "What did the agents cost, is a budget in danger, what changed, and what needs a person? "
        "Amounts cover the visible time range; everything else is as of its end."
    ),
    sections=_sections,
    variables=(*WORK, BUDGET),
)
