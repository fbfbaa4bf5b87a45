"""The choices at the top of a board; each works with All and with many values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from grafana.boards.style import DATASOURCE

VariableBuilder = build.QueryVariable | build.DatasourceVariable


class Variable(NamedTuple):
    """A choice among the values of a label."""

    name: str
    title: str
    label: str
    """The label that its values are matched against."""
    values_of: str
    """A selector of series that carry the label; narrows the choice by the variables before it.

    Calls, not cost: a model without a price has no cost, and must be found.
    """


PROJECT: Final = Variable("project", "Project", "project", "agent_calls_total")
TEAM: Final = Variable("team", "Team", "team", 'agent_calls_total{project=~"$project"}')
ENVIRONMENT: Final = Variable("environment", "Environment", "environment", 'agent_calls_total{project=~"$project"}')
AGENT: Final = Variable("agent", "Agent", "gen_ai_agent_name", 'agent_calls_total{project=~"$project", team=~"$team"}')
PROVIDER: Final = Variable("provider", "Provider", "gen_ai_provider_name", "agent_calls_total")
MODEL: Final = Variable(
    "model", "Model", "gen_ai_response_model", 'agent_calls_total{gen_ai_provider_name=~"$provider"}'
)
BUDGET: Final = Variable("budget", "Budget", "budget", "agent_budget_info")

WORK: Final = (PROJECT, TEAM, ENVIRONMENT, AGENT, PROVIDER, MODEL)
"""What cost, tokens and calls can be narrowed by."""
MATCHED: Final = (*WORK, BUDGET)
"""All variables that a selector takes up when its metric has the label."""


def datasource_variable() -> build.DatasourceVariable:
    """Which Prometheus; the first of every board."""
    return (
        build.DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(model.VariableOption(selected=True, text="Prometheus", value="prometheus"))
    )


def builders_of(variables: Iterable[Variable]) -> list[VariableBuilder]:
    """The data source, then `variables` in their order."""
    return [datasource_variable(), *(_choice(variable) for variable in variables)]


def _choice(variable: Variable) -> build.QueryVariable:
    query = f"label_values({variable.values_of}, {variable.label})"
    return (
        build.QueryVariable(variable.name)
        .label(variable.title)
        .datasource(DATASOURCE)
        .query({"query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery", "qryType": 5})
        .definition(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
