"""The tables of the board Cost."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from grafana.boards import cost_queries as cost
from grafana.boards import links
from grafana.boards.cost_queries import MODEL_LABEL, PROVIDER_LABEL, UNPRICED_CALLS, UNPRICED_TOKENS
from grafana.boards.overrides import precise
from grafana.boards.palette import BLUE, GREY, ORANGE, RED, YELLOW
from grafana.boards.queries import CALLS, latest, top
from grafana.boards.style import ANY_IS_BAD, PLAIN, About, Steps, state, table_panel
from grafana.boards.tables import CELL_COLORED_TEXT, CELL_GAUGE, column, joined, largest, merged, sorted_by
from grafana.boards.targets import as_rows
from grafana.boards.units import RATIO, TOKENS, USD
from grafana.boards.variables import WORK

AGENT_LABEL: Final = "gen_ai_agent_name"
TOP: Final = 10
MORE_STEPS: Final[Steps] = ((None, BLUE), (0.25, YELLOW), (1.0, ORANGE))
"""A quarter more, twice as much."""
PRICED_STEPS: Final[Steps] = ((None, RED), (0.9, ORANGE), (0.99, BLUE))
"""For tokens; the alert AgentPriceCoverageLow stands at 0.9."""
KNOWN_STEPS: Final[Steps] = ((None, ORANGE), (0.8, YELLOW), (0.95, BLUE))
"""For calls; a few always fail before they use anything."""
CALL_DECIMALS: Final = 4
TOKENS_DECIMALS: Final = 5
"""A thousand tokens of the cheapest models cost 2 thousandths of a cent."""
INTEGER: Final = "locale"
"""With separators of thousands, for a column whose title says what is counted."""


def agents(empty: str) -> table.Panel:
    """The ten agents that cost most in the range."""
    about = About(
        "Top 10 agents",
        "Change is against the range before, Known the share of calls whose cost is known. Grown without more calls? "
        "A dearer model or longer prompts: click the agent to see only that one.",
        USD,
        empty,
    )
    return _breakdown(about, AGENT_LABEL, "Agent", "agent")


def models(empty: str) -> table.Panel:
    """The ten models that cost most in the range."""
    about = About(
        "Top 10 models",
        "A model with a low share of known cost is missing from every total: price it. A dear one with many cheap "
        "calls is a candidate for a smaller model.",
        USD,
        empty,
    )
    return _breakdown(about, MODEL_LABEL, "Model", "model")


def tasks() -> table.Panel:
    """The ten tasks that cost most."""
    about = About(
        "Top 10 tasks",
        "Whole cost so far of tasks that were active in the last 24 hours, whatever the range; narrowed by project. "
        "A task that costs many times the next one may run in a loop: `agent-exporter cost --group-by task`.",
        USD,
        "No task was active in the last 24 hours, or calls name no task: set the attribute task.id",
    )
    columns = {"task": "Task", "project": "Project", "Value": "Cost"}
    panel = table_panel(about, as_rows(top(TOP, latest("agent_task_cost_usd")), "A"))
    panel = panel.transformations([*merged(columns), sorted_by("Cost")])
    return _gauge(panel, "Cost")


def unpriced() -> table.Panel:
    """What had no price in the range, and why."""
    about = About(
        "Without a price",
        "In no total. `agent-exporter prices missing` prints the commands that price these models, also late. "
        "Reason no_usage: the call failed or its telemetry carried no token counts.",
        TOKENS,
        "No calls in this range",
    )
    columns = {
        MODEL_LABEL: "Model",
        PROVIDER_LABEL: "Provider",
        "reason": "Reason",
        "Value #A": "Tokens",
        "Value #B": "Calls",
    }
    panel = table_panel(
        about, as_rows(cost.unpriced(UNPRICED_TOKENS), "A"), as_rows(cost.unpriced(UNPRICED_CALLS), "B")
    )
    panel = panel.transformations([*merged(columns), sorted_by("Calls")])
    column(panel, "Tokens", width=85, unit=TOKENS, cell=CELL_COLORED_TEXT, thresholds=ANY_IS_BAD)
    return column(panel, "Calls", unit=INTEGER, width=60)


def reported(empty: str) -> table.Panel:
    """Cost as the telemetry stated it beside ours."""
    about = About(
        "Cost as reported, beside ours",
        "What providers, gateways and clients say that calls cost, where they say it; ours is of all calls of the "
        "model. Where all its calls report and the two differ, a price or a discount differs: compare one call.",
        USD,
        empty,
    )
    columns = {MODEL_LABEL: "Model", "Value #A": "Reported", "Value #B": "Ours", "Value #C": "Reported / ours"}
    panel = table_panel(
        about,
        as_rows(cost.reported(), "A"),
        as_rows(cost.ours(), "B"),
        as_rows(cost.reported_share(), "C"),
    )
    panel = panel.transformations([*joined(MODEL_LABEL, columns), sorted_by("Reported"), largest(TOP)])
    column(panel, "Reported", unit=USD, mappings=[state(0, "not reported", GREY)])
    column(panel, "Ours", unit=USD)
    return column(panel, "Reported / ours", unit=RATIO, mappings=[state(0, "-", GREY)])


def _breakdown(about: About, label: str, name: str, variable: str) -> table.Panel:
    by = (label,)
    queries = {
        "Cost": cost.spent_by(label),
        "Share": cost.share_by(label),
        "Change": cost.named(cost.change(by), label),
        "Calls": cost.spent_by(label, CALLS),
        "Per call": cost.named(cost.per_call(by), label),
        "Per 1k tok.": cost.named(cost.per_1k_tokens(by), label),
        "Known": cost.named(cost.known_share(by), label),
    }
    refs = dict(zip(queries, "ABCDEFG", strict=True))
    columns = {label: name} | {f"Value #{ref}": title for title, ref in refs.items()}
    panel = table_panel(about, *(as_rows(queries[title], ref) for title, ref in refs.items()))
    panel = panel.transformations([*joined(label, columns), sorted_by("Cost"), largest(TOP)])
    only = links.to_board(f"Only this {variable}", links.COST, keep=WORK, **{variable: links.cell(name)})
    column(panel, name, link=only)
    panel.override_by_name(name, [DynamicConfigValue("custom.minWidth", 155)])
    _gauge(panel, "Cost")
    column(panel, "Share", unit=RATIO, width=65)
    column(panel, "Change", unit=RATIO, cell=CELL_COLORED_TEXT, thresholds=MORE_STEPS, width=75)
    column(panel, "Calls", unit=INTEGER, width=70)
    column(panel, "Per call", unit=USD, width=80)
    column(panel, "Per 1k tok.", unit=USD, width=92)
    panel.override_by_name("Per call", precise(CALL_DECIMALS))
    panel.override_by_name("Per 1k tok.", precise(TOKENS_DECIMALS))
    return column(panel, "Known", width=65, unit=RATIO, cell=CELL_COLORED_TEXT, thresholds=KNOWN_STEPS)


def _gauge(panel: table.Panel, name: str) -> table.Panel:
    """A column of amounts with bars, which are measured against the largest of the column only."""
    panel.override_by_name(name, [DynamicConfigValue("fieldMinMax", value=True), DynamicConfigValue("min", 0)])
    return column(panel, name, unit=USD, cell=CELL_GAUGE, thresholds=PLAIN)
