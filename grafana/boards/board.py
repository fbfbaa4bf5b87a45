"""What a board is, and how its file comes about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from grafana.boards.layout import Section, place
from grafana.boards.links import TAG, all_boards
from grafana.boards.normalise import normalised
from grafana.boards.style import DATASOURCE
from grafana.boards.variables import Variable, builders_of

REFRESH: Final = "1m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board: its question, its choices and its panels."""

    uid: str
    title: str
    question: str
    """What it answers; shown as the board's description."""
    sections: Callable[[], Iterable[Section]]
    variables: tuple[Variable, ...] = ()
    annotations: Callable[[], Iterable[build.AnnotationQuery]] = field(default=tuple)
    start: str = "now-24h"
    end: str = "now"


def document_of(board: Board) -> dict[str, Any]:
    """The JSON of a board."""
    built = _builder(board).build()
    built.panels = list(place(board.sections()))
    return normalised(built)


def _builder(board: Board) -> build.Dashboard:
    builder = (
        build.Dashboard(board.title)
        .uid(board.uid)
        .description(board.question)
        .tags([TAG])
        .readonly()
        .time(board.start, board.end)
        .refresh(REFRESH)
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(all_boards())
    )
    for variable in builders_of(board.variables):
        builder = builder.with_variable(variable)
    for annotation in board.annotations():
        builder = builder.annotation(annotation)
    return builder


def annotation(name: str, expression: str, color: str, *, title: str, text: str) -> build.AnnotationQuery:
    """Marks on the graphs wherever the expression has a value; `title` and `text` may hold `{{label}}`."""
    return (
        build.AnnotationQuery()
        .name(name)
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(color)
        .expr(expression)
        .step("60s")
        .title_format(title)
        .text_format(text)
    )
