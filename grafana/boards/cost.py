"""Cost: what a stretch of time cost, who and what made it cost that, and how much of it is known."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from grafana.boards import cost_queries as cost
from grafana.boards import cost_tables, links
from grafana.boards.board import Board
from grafana.boards.cost_queries import MODEL_LABEL, PROVIDER_LABEL
from grafana.boards.layout import PanelBuilder, Section, Tile
from grafana.boards.overrides import colored, precise, stepped, text_sizes
from grafana.boards.palette import BLUE, GREY
from grafana.boards.queries import spent, spent_before, spent_each_step, spent_so_far
from grafana.boards.style import (
    About,
    bar_gauge_panel,
    bars_panel,
    graph_panel,
    legend_of,
    one_color,
    stat_panel,
)
from grafana.boards.targets import at_end, over_time
from grafana.boards.units import RATIO, USD
from grafana.boards.variables import WORK

NO_COST: Final = "Nothing was charged in this range: widen it, or choose All"
NO_CALLS: Final = "No calls in this range: widen it, or choose All"
_COMPONENT_NAMES: Final = {
    "input_uncached": "Input",
    "cache_read": "From cache",
    "cache_write_5m": "To cache, 5m",
    "cache_write_1h": "To cache, 1h",
    "output_visible": "Output",
    "reasoning": "Reasoning",
    "other": "Fees, other",
}


def _sections() -> list[Section]:
    return [
        Section("", (*_answers(), Tile(_by_project_over_time(), 15, 9), Tile(_running_total(), 9, 9))),
        Section("Where it went", (*_where(), Tile(_by_model_over_time(), 15, 9), Tile(_components(), 9, 9))),
        Section(
            "Who spent it",
            (
                Tile(cost_tables.agents(NO_COST), 24, 12),
                Tile(cost_tables.models(NO_COST), 24, 12),
                Tile(cost_tables.tasks(), 24, 12),
            ),
        ),
        Section("What a unit costs", (Tile(_tokens_over_time(), 15, 9), Tile(_calls_over_time(), 9, 9))),
        Section("Flat plans", (Tile(_billed(), 8, 7), Tile(_listed_by_agent(), 16, 7))),
        Section(
            "How much of it is known",
            (Tile(_coverage(), 8, 8), Tile(cost_tables.unpriced(), 16, 8), Tile(cost_tables.reported(NO_COST), 24, 8)),
        ),
    ]


def _answers() -> list[Tile]:
    return [Tile(panel, 6, 4) for panel in (_spent(), _compared(), _units(), _known())]


def _spent() -> PanelBuilder:
    about = About(
        "Spent",
        "The ledger's number, reversals taken off. Higher than expected? The graph below says when, the tables who.",
        USD,
        NO_COST,
    )
    return stat_panel(about, at_end(spent(), "spent"))


def _compared() -> PanelBuilder:
    about = About(
        "Range before",
        "The span of the same length just before this one. A jump? Look at the column Change of the agents below.",
        USD,
        "Prometheus did not see the range before",
    )
    panel = stat_panel(
        about, at_end(cost.change(), "change"), at_end(spent_before(), "spent then"), thresholds=cost_tables.MORE_STEPS
    )
    return panel.override_by_name("change", _ratio()).override_by_name("spent then", [colored(GREY)])


def _units() -> PanelBuilder:
    about = About(
        "Unit cost",
        "All six token classes together. Rising? A dearer model or longer prompts: see 'What a unit costs'.",
        USD,
        NO_CALLS,
    )
    return stat_panel(
        about, at_end(cost.per_call(), "a call"), at_end(cost.per_1k_tokens(), "1,000 tokens")
    ).override_by_name("1,000 tokens", precise(cost_tables.TOKENS_DECIMALS))


def _known() -> PanelBuilder:
    about = About(
        "Priced",
        "Share of tokens that had a price (narrowed by provider and model only), and of calls whose cost is known. "
        "The rest is in no total: the table at the bottom names it, `agent-exporter prices missing` says what to type.",
        RATIO,
        NO_CALLS,
    )
    return stat_panel(
        about,
        at_end(cost.priced_share(), "of tokens"),
        at_end(cost.known_share(), "of calls"),
        thresholds=cost_tables.PRICED_STEPS,
    ).override_by_name("of calls", [stepped(cost_tables.KNOWN_STEPS)])


def _by_project_over_time() -> PanelBuilder:
    about = About(
        "Cost by project",
        "What each step of the graph cost, to the cent. A tall bar? Drag over it to see that time only.",
        USD,
        NO_COST,
    )
    return bars_panel(about, over_time(cost.named(spent_each_step(by=["project"]), "project"), "{{project}}"))


def _running_total() -> PanelBuilder:
    about = About(
        "Running total",
        "Above the dashed line, more was spent than at the same distance into the range before.",
        USD,
        NO_COST,
    )
    panel = graph_panel(
        about, over_time(spent_so_far(), "this range"), over_time(cost.before_so_far(), "the range before")
    )
    panel = panel.color_scheme(one_color(BLUE)).legend(legend_of("below", ("lastNotNull",)))
    return panel.override_by_name("the range before", _dashed())


def _where() -> list[Tile]:
    return [
        Tile(_bars("Projects", "project", "its agents", "project"), 8, 7),
        Tile(_bars("Teams", "team", "its projects and agents", "team"), 8, 7),
        Tile(_bars("Providers", PROVIDER_LABEL, "its models", "provider"), 8, 7),
    ]


def _bars(title: str, label: str, then: str, variable: str) -> PanelBuilder:
    about = About(title, f"Cost in this range, the largest first. Click a bar to see {then} only.", USD, NO_COST)
    link = links.to_board(f"Only this {variable}", links.COST, keep=WORK, **{variable: links.label(label)})
    return (
        bar_gauge_panel(about, at_end(cost.spent_by(label), f"{{{{{label}}}}}")).data_links([link]).text(text_sizes())
    )


def _by_model_over_time() -> PanelBuilder:
    about = About(
        "Cost by model",
        "What each step of the graph cost. A model that appears or grows here is the usual reason of a dearer day.",
        USD,
        NO_COST,
    )
    by_model = cost.named(spent_each_step(by=[MODEL_LABEL]), MODEL_LABEL)
    return bars_panel(about, over_time(by_model, f"{{{{{MODEL_LABEL}}}}}"), legend="right")


def _components() -> PanelBuilder:
    about = About(
        "What the money bought",
        "Before reversals; narrowed by project, provider and model. Much cache write and little cache read? Prompts "
        "change too often to be read back.",
        USD,
        NO_COST,
    )
    panel = bar_gauge_panel(about, at_end(cost.spent_by("component", cost.COMPONENTS), "{{component}}")).text(
        text_sizes()
    )
    for component, words in _COMPONENT_NAMES.items():
        panel = panel.override_by_name(component, [DynamicConfigValue("displayName", words)])
    return panel


def _billed() -> PanelBuilder:
    about = About(
        "On flat plans",
        "What sources under `list_equivalent` would have cost at list prices, and what is left that somebody is billed "
        "for. Dearer than its seats? Then the plan pays.",
        USD,
        NO_COST,
    )
    return stat_panel(about, at_end(cost.listed(), "at list prices"), at_end(cost.billed(), "billed"))


def _listed_by_agent() -> PanelBuilder:
    about = About(
        "On flat plans, by agent",
        "Cost at list prices in this range, the largest first. It is in the totals above, and in no budget that does "
        "not ask for it.",
        USD,
        "No source is on a flat plan: `list_equivalent` in the configuration names such sources",
    )
    by_agent = cost.spent_by("gen_ai_agent_name", cost.LISTED)
    return bar_gauge_panel(about, at_end(by_agent, "{{gen_ai_agent_name}}")).text(text_sizes())


def _tokens_over_time() -> PanelBuilder:
    about = About(
        "Cost of 1,000 tokens",
        "By model, all six token classes together. It rises when prompts stop being read from the cache.",
        USD,
        NO_CALLS,
    )
    unit_price = over_time(cost.per_1k_tokens_each_step(MODEL_LABEL), f"{{{{{MODEL_LABEL}}}}}")
    panel = graph_panel(about, unit_price, legend="right")
    return _in_long_steps(panel).override_by_regexp(".*", precise(cost_tables.TOKENS_DECIMALS))


def _calls_over_time() -> PanelBuilder:
    about = About(
        "Cost of a call",
        "The average, and as points single calls: a point that stands out leads to its trace.",
        USD,
        NO_CALLS,
    )
    average = over_time(cost.per_call_each_step(), "average", exemplars=True)
    return _in_long_steps(graph_panel(about, average, legend="none"))


def _coverage() -> PanelBuilder:
    about = About(
        "Priced tokens",
        "Narrowed by provider and model only. Below 90 % every total shows too little: price the models on the right.",
        RATIO,
        NO_CALLS,
    )
    priced = over_time(cost.priced_share_each_step(), "priced")
    return _in_long_steps(graph_panel(about, priced, legend="none").max(1))


def _in_long_steps(panel: timeseries.Panel) -> timeseries.Panel:
    """For what divides by what came in a step: steps long enough that a few calls do not make it jump."""
    return panel.max_data_points(60).span_nulls(True)


def _ratio() -> list[DynamicConfigValue]:
    return [DynamicConfigValue("unit", RATIO), DynamicConfigValue("decimals", 1)]


def _dashed() -> list[DynamicConfigValue]:
    return [
        DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 6]}),
        DynamicConfigValue("custom.fillOpacity", 0),
        colored(GREY),
    ]


BOARD: Final = Board(
    uid=links.COST,
    title="Cost",
    question="What did this range cost, who and what made it cost that, and how much of it is known?",
    sections=_sections,
    variables=WORK,
)
