"""JSON that emitters put into an attribute, as plain data, within bounds."""

from __future__ import annotations

import json
from typing import Any, Final

from exporter.signals import Value

LONGEST_JSON: Final = 2**20
"""Characters that are parsed."""
_EXACT: Final = 2**53
"""From here on a float is not every whole number."""


def parse_object(text: Value | None) -> dict[str, Any] | None:
    """The JSON object that a text is; None when it is none, too long, or nested beyond reason."""
    if type(text) is not str or len(text) > LONGEST_JSON:
        return None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if type(parsed) is dict else None


def whole(value: Any) -> Any:
    """100.0 as 100: JSON has one kind of number, and some writers give each a fraction."""
    return int(value) if type(value) is float and abs(value) < _EXACT and value.is_integer() else value


def find(node: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at the end of a path through objects and lists, None where it leads nowhere."""
    for step in path:
        if type(node) is dict:
            node = node.get(step)
        elif type(node) is list and type(step) is int and step < len(node):
            node = node[step]
        else:
            return None
    return node
