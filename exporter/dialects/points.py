"""Points of metrics as the attributes of a call, so that the rules that read spans read them too."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from exporter.signals import Value

Values = Mapping[tuple[str, str], int | float]
"""Instrument and kind of token, "" where there is none → what was counted."""


def read_points(values: Values, means: Mapping[tuple[str, str], str]) -> dict[str, Value]:
    """The attributes that the points are worth; those of one meaning are added up, others are left out.

    `means` has "*" where every kind of token of an instrument means the same.
    """
    found: dict[str, int | float] = {}
    for (instrument, kind), value in values.items():
        name = means.get((instrument, kind)) or means.get((instrument, "*"))
        if name is not None and isfinite(value):
            found[name] = found.get(name, 0) + value
    return dict(found)
