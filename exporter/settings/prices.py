"""Price rows in a configuration file: overrides, contracts, self-hosted models and aliases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exporter.errors import InvalidRequest, Problem, unexpected
from exporter.pricing.row_json import row_from_mapping
from exporter.pricing.rows import OPERATOR_LAYERS, OVERRIDE, PriceRow, find_overlap


def read_prices(items: Sequence[tuple[str, Any]]) -> tuple[tuple[PriceRow, ...], list[Problem]]:
    """The rows, and what is wrong with the others; a row that states no layer is an override."""
    places: dict[int, str] = {}
    rows: list[PriceRow] = []
    problems: list[Problem] = []
    for key, item in items:
        row, problem = _read_row(key, item)
        if problem is not None:
            problems.append(problem)
        if row is not None:
            places[id(row)] = key
            rows.append(row)
    contradiction = find_overlap(rows)
    if contradiction is not None:
        one, other = (places[id(row)] for row in contradiction)
        problems.append(Problem(other, f"holds at the same time as {one} for {contradiction[0].model}"))
    return tuple(rows), problems


def _read_row(key: str, item: object) -> tuple[PriceRow | None, Problem | None]:
    if not isinstance(item, Mapping):
        return None, unexpected(key, item, "a price row with model and usd_per_million")
    if item.get("layer", OVERRIDE) not in OPERATOR_LAYERS:
        return None, unexpected(f"{key}.layer", item["layer"], f"one of {', '.join(OPERATOR_LAYERS)}")
    try:
        return row_from_mapping(item, layer=OVERRIDE), None
    except InvalidRequest as error:
        inner = error.details.get("key")
        return None, Problem(f"{key}.{inner}" if inner else key, error.message)
