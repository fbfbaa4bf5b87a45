"""Budgets: which one is in danger, when will it run out, and what happened so far?"""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import AnnotationPanelFilter, AnnotationQuery

from grafana.boards import links
from grafana.boards.board import Board, annotation
from grafana.boards.budgets_burn import burn, exhaustion, landing, projected_over, runs_out_first, spend
from grafana.boards.budgets_history import breaches, hourly, levels, periods, utilisation
from grafana.boards.budgets_status import fullest, over_thresholds, status_tokens, status_usd
from grafana.boards.layout import Section, Tile, stable_id
from grafana.boards.palette import RED
from grafana.boards.queries import latest, spent_each_step
from grafana.boards.variables import BUDGET

MARKED: Final = ("Used of the limit", "Cost within each budget")
"""Graphs that show breaches as marks, by their titles."""


def _sections() -> list[Section]:
    return [
        Section(
            "",
            (
                Tile(fullest(), 6, 5),
                Tile(over_thresholds(), 6, 5),
                Tile(runs_out_first(), 6, 5),
                Tile(projected_over(), 6, 5),
            ),
        ),
        Section("Status", (Tile(status_usd(), 24, 8), Tile(status_tokens(), 24, 5))),
        Section(
            "Use and burn",
            (Tile(utilisation(), 16, 9), Tile(hourly(), 8, 9), Tile(burn(), 12, 8), Tile(spend(), 12, 8)),
        ),
        Section("Forecast", (Tile(landing(), 12, 8), Tile(exhaustion(), 12, 8))),
        Section("Breaches and periods", (Tile(levels(), 24, 7), Tile(breaches(), 24, 6), Tile(periods(), 24, 8))),
    ]


def _marks() -> list[AnnotationQuery]:
    crossed = f"({spent_each_step('agent_budget_breaches_total', by=('budget', 'period', 'threshold'))}) > 0"
    limits = latest("agent_budget_threshold_reached", 'severity="critical", period!="hour"')
    # An hourly budget can reach its limit 24 times a day, and all marks together would hide the graphs.
    rare = f"({crossed})\nand on (budget, threshold) {limits}"
    return [_mark("Limits reached", rare), _mark("All breaches", crossed, shown=False)]


def _mark(name: str, expression: str, *, shown: bool = True) -> AnnotationQuery:
    mark = annotation(
        name,
        expression,
        RED,
        title="{{budget}} reached {{threshold}} %",
        text="One breach event of its period; the table of breaches below counts them",
    )
    panels = AnnotationPanelFilter().exclude(False).ids([stable_id(title) for title in MARKED])
    return mark.enable(shown).filter(panels)


BOARD: Final = Board(
    uid=links.BUDGETS,
    title="Budgets",
    question=(
        "Which budget is in danger, when will it run out, and what happened so far? Limits, spending and projections "
        "are the exporter's own, in each budget's calendar; burn and exhaustion are computed from its counters."
    ),
    sections=_sections,
    variables=(BUDGET,),
    annotations=_marks,
    start="now-7d",
)
