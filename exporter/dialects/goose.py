"""Goose: spans of model calls.

Its counter `goose.session_tokens` is left out: it knows neither model nor session nor which tokens were input.
Source: the program's source of 2026; specification of telemetry dialects, section 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect
from exporter.dialects.json_text import parse_object
from exporter.dialects.kinds import OPERATIONS, UNNAMED, find_operation
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Lift, Span, Value
from exporter.usage import Reading

NAME: Final = "goose"
_USAGE, _COST = "usage_details_json", "cost_details_json"

_GENERATION: Final = "observation_type"

_LIFTED: Final = {
    (_USAGE, "input"): "goose.usage.input",
    (_USAGE, "output"): "goose.usage.output",
    (_USAGE, "total"): "goose.usage.total",
    (_USAGE, "cache_read_input_tokens"): "goose.usage.cache_read",
    (_USAGE, "cache_write_input_tokens"): "goose.usage.cache_write",
    (_COST, "total"): "goose.cost.total",
}
"""Attribute with a JSON object and the key within → the attribute that it becomes."""

OWN: Final = Spellings(
    input=("goose.usage.input", "input_tokens"),
    output=("goose.usage.output", "output_tokens"),
    cache_read=("goose.usage.cache_read", "cache_read_input_tokens"),
    cache_write=("goose.usage.cache_write", "cache_write_input_tokens"),
    total=("goose.usage.total", "total_tokens"),
    cost=("goose.cost.total",),
    provider=("provider",),
    request_model=("model",),
)
SPELLINGS: Final = OWN.followed_by(conventions.SPELLINGS)

_KINDS: Final = {
    "provider_generation": OPERATIONS["chat"],
    "complete": OPERATIONS["chat"],
    "complete_with_model": OPERATIONS["chat"],
    "stream": OPERATIONS["chat"],
    "reply": OPERATIONS["invoke_agent"],
    "dispatch_tool_call": OPERATIONS["execute_tool"],
}


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span."""
    operation = _KINDS.get(span.name, UNNAMED)
    if operation is UNNAMED:
        operation = find_operation(span.attributes.get(conventions.OPERATION))
    return read_usage(span, present, NAME, operation)


def _take(attributes: Mapping[str, Value]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for source in (_USAGE, _COST):
        parsed = parse_object(attributes.get(source)) or {}
        for (within, key), name in _LIFTED.items():
            if within == source and type(parsed.get(key)) in (int, float):
                found[name] = parsed[key]
    return found


DIALECT: Final = Dialect(
    name=NAME,
    marks=frozenset({_GENERATION, *_LIFTED.values(), *OWN.input, *OWN.output, "total_tokens"}),
    wanted=conventions.WANTED | OWN.all_names() | {_GENERATION},
    spellings=SPELLINGS,
    read=read,
    claims=lambda _, scope: scope == NAME,
    lift=Lift(frozenset({_USAGE, _COST}), _take),
)
