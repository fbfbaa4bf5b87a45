"""The kinds of query a panel can make."""

from __future__ import annotations

from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.boards.style import DATASOURCE


def over_time(expression: str, legend: str, *, exemplars: bool = False, interval: str | None = None) -> Dataquery:
    """One value for each step; `exemplars` asks for links to traces (graphs of agent_cost, durations)."""
    query = _query(expression).range().legend_format(legend).exemplar(exemplars)
    return query.interval(interval) if interval else query


def at_end(expression: str, legend: str) -> Dataquery:
    """One value, at the end of the visible range: cheaper than a series, and exact for stats and bars."""
    return _query(expression).instant().legend_format(legend)


def as_rows(expression: str, ref: str) -> Dataquery:
    """Labels and value at the end of the visible range as rows; the value's column is named `Value #ref`."""
    return _query(expression).instant().format(PromQueryFormat.TABLE).ref_id(ref)


def as_buckets(expression: str) -> Dataquery:
    """Buckets of a classic histogram for a heatmap; the expression keeps the label le."""
    return _query(expression).range().format(PromQueryFormat.HEATMAP).legend_format("{{le}}")


def _query(expression: str) -> Dataquery:
    return Dataquery().expr(expression).datasource(DATASOURCE)
