"""Every board; to add one, write its module and a line here."""

from __future__ import annotations

from typing import Final

from grafana.boards import budgets, cost, exporter, overview
from grafana.boards.board import Board

BOARDS: Final[tuple[Board, ...]] = (
    overview.BOARD,
    cost.BOARD,
    budgets.BOARD,
    exporter.BOARD,
)
