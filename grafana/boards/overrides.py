"""Properties of single series and columns, for a panel's `override_by_name`."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.models.dashboard import (
    DashboardRangeMapOptions,
    DynamicConfigValue,
    RangeMap,
    ValueMap,
    ValueMappingResult,
)

from grafana.boards.style import Steps


def stepped(thresholds: Steps) -> DynamicConfigValue:
    """Thresholds of its own."""
    steps = [{"value": value, "color": color} for value, color in thresholds]
    return DynamicConfigValue("thresholds", {"mode": "absolute", "steps": steps})


def colored(color: str) -> DynamicConfigValue:
    """One colour whatever the value."""
    return DynamicConfigValue("color", {"mode": "fixed", "fixedColor": color})


def words_colored(colors: Mapping[str, str]) -> ValueMap:
    """A colour for each of a few words."""
    return ValueMap(options={word: ValueMappingResult(text=word, color=color) for word, color in colors.items()})


def text_sizes() -> build.VizTextDisplayOptions:
    """Names and values of bar gauges in the size of other text; else they grow with the bars."""
    return build.VizTextDisplayOptions().title_size(13).value_size(14)


def precise(decimals: int) -> list[DynamicConfigValue]:
    """An amount of USD with more decimals than its size would give it, for unit costs, which are compared."""
    smallest = 10.0**-decimals
    words = ValueMappingResult(text=f"< ${smallest:.{decimals}f}")
    tiny = RangeMap(options=DashboardRangeMapOptions(from_val=1e-12, to=smallest / 2, result=words))
    return [DynamicConfigValue("decimals", decimals), DynamicConfigValue("mappings", [tiny])]
