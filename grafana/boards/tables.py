"""Columns of tables, and how queries become rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue

from grafana.boards.overrides import stepped
from grafana.boards.style import Steps
from grafana.boards.units import decimals_of, is_money

CELL_COLORED_TEXT: Final[Mapping[str, Any]] = {"type": "color-text"}
CELL_GAUGE: Final[Mapping[str, Any]] = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}


def joined(label: str, columns: Mapping[str, str]) -> list[DataTransformerConfig]:
    """Joins the queries of a table on a label; `columns` names what is kept, in its order, by its shown name.

    A value's field is `Value #A` for the query with ref A.  Everything that is not named is left out.
    """
    return [
        DataTransformerConfig("joinByField", options={"byField": label, "mode": "outer"}),
        *_arranged(columns),
    ]


def merged(columns: Mapping[str, str]) -> list[DataTransformerConfig]:
    """As `joined`, for queries whose label sets are equal: rows with equal labels become one."""
    return [DataTransformerConfig("merge", options={}), *_arranged(columns)]


def column(
    panel: table.Panel,
    name: str,
    *,
    unit: str = "",
    thresholds: Steps | None = None,
    cell: Mapping[str, Any] | None = None,
    width: int | None = None,
    align: Literal["left", "right", "center"] | None = None,
    link: build.DashboardLink | None = None,
    mappings: Iterable[model.ValueMapping] = (),
    at_least: float | None = None,
    at_most: float | None = None,
    empty: str = "",
) -> table.Panel:
    """One column's look; returns the panel.  A table with columns of money has USD as its own unit."""
    wanted: dict[str, Any] = {
        "unit": unit or None,
        "decimals": None if is_money(unit) else decimals_of(unit),
        "custom.cellOptions": cell,
        "custom.width": width,
        "custom.align": align,
        "links": [link.build()] if link else None,
        "mappings": list(mappings) or None,
        "min": at_least,
        "max": at_most,
        "noValue": empty or None,
    }
    if thresholds is not None:
        wanted["thresholds"] = stepped(thresholds).value
        wanted["color"] = {"mode": "thresholds"}
    properties = [DynamicConfigValue(key, value) for key, value in wanted.items() if value is not None]
    if unit and not is_money(unit) and decimals_of(unit) is None:
        # Without a value a property is taken back: what money has by magnitude is not for other units.
        properties.append(DynamicConfigValue("decimals"))
    if unit and not is_money(unit) and not mappings:
        properties.append(DynamicConfigValue("mappings"))
    return panel.override_by_name(name, properties)


def sorted_by(name: str, *, descending: bool = True) -> DataTransformerConfig:
    """Rows in the order of a column."""
    return DataTransformerConfig("sortBy", options={"sort": [{"field": name, "desc": descending}]})


def by_size(name: str) -> list[DataTransformerConfig]:
    """Rows in the order of a column's size, the largest first, whatever its sign."""
    size = f"size of {name}"
    return [
        DataTransformerConfig(
            "calculateField",
            options={"mode": "unary", "unary": {"operator": "abs", "fieldName": name}, "alias": size},
        ),
        sorted_by(size),
        hidden(size),
    ]


def hidden(name: str) -> DataTransformerConfig:
    """Leaves out a column that only the order needed."""
    return DataTransformerConfig("filterFieldsByName", options={"exclude": {"names": [name]}})


def largest(count: int) -> DataTransformerConfig:
    """The first rows only."""
    return DataTransformerConfig("limit", options={"limitField": str(count)})


def _arranged(columns: Mapping[str, str]) -> list[DataTransformerConfig]:
    order = {name: position for position, name in enumerate(columns)}
    return [
        DataTransformerConfig("filterFieldsByName", options={"include": {"names": list(columns)}}),
        DataTransformerConfig("organize", options={"indexByName": order, "renameByName": dict(columns)}),
    ]
