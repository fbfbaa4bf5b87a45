"""Langfuse SDKs: usage as JSON in one attribute, in the words of a provider or in Langfuse's own.

Langfuse's own keys are disjoint by design: `input` leaves out what `input_cached_tokens` counts, and so on.  The keys
of a provider's answer contain each other as they do there.
Sources: langfuse 5.0.4 (Python) and 5.11.1 (JavaScript); specification of telemetry dialects, section 3.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect
from exporter.dialects.json_text import parse_object, whole
from exporter.dialects.kinds import OPERATIONS, Operation, find_operation, operation_of
from exporter.dialects.literals import unquote
from exporter.dialects.raw_usage import read_usage_object
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Lift, Span, Value
from exporter.usage import OTHER, STEP, Reading

NAME: Final = "langfuse"

_OBSERVATION: Final = "langfuse.observation."
_KIND, _LEVEL, _MODEL = f"{_OBSERVATION}type", f"{_OBSERVATION}level", f"{_OBSERVATION}model.name"
_USAGE, _COST, _PARAMETERS = (f"{_OBSERVATION}{name}" for name in ("usage_details", "cost_details", "model.parameters"))
_ID, _LANGCHAIN_PROVIDER = f"{_OBSERVATION}metadata.id", f"{_OBSERVATION}metadata.ls_provider"
_COUNT: Final = "langfuse.usage."
_CACHED_BY_MODALITY: Final = f"{_COUNT}cached_by_modality"
_TOTAL_COST: Final = "langfuse.cost.total"

OWN: Final = Spellings(
    input=(f"{_COUNT}input",),
    output=(f"{_COUNT}output",),
    cache_read=(f"{_COUNT}cache_read",),
    cache_write=(f"{_COUNT}cache_write",),
    write_5m=(f"{_COUNT}write_5m",),
    write_1h=(f"{_COUNT}write_1h",),
    reasoning=(f"{_COUNT}reasoning",),
    total=(f"{_COUNT}total",),
    cost=(_TOTAL_COST,),
    operation=(_KIND,),
    provider=(_LANGCHAIN_PROVIDER,),
    request_model=(_MODEL,),
    call_key=(_ID,),
    conversation=("langfuse.session.id",),
)
SPELLINGS: Final = conventions.SPELLINGS.followed_by(OWN)
MARKS: Final = frozenset({_KIND, _MODEL, *OWN.input, *OWN.output})

_STEP: Final = Operation("step", STEP)
_KINDS: Final = {
    "generation": OPERATIONS["chat"],
    "embedding": OPERATIONS["embeddings"],
    "agent": OPERATIONS["invoke_agent"],
    "tool": OPERATIONS["execute_tool"],
    "retriever": OPERATIONS["retrieval"],
    "evaluator": OPERATIONS["evaluate"],
    "chain": _STEP,
    "guardrail": _STEP,
    "span": _STEP,
}
_CONVENTIONAL: Final = frozenset({*conventions.SPELLINGS.input, *conventions.SPELLINGS.output})
_FAILED: Final = "_OTHER"
"""The conventions' own word for an error without a name."""
_CALL_ID: Final = re.compile(r"(?:chatcmpl-|resp_|msg_).+")
"""Metadata is the user's; only what looks like a provider's id is one."""

_CLASSES: Final = (
    # The narrow before the wide: the first that fits decides.
    (OWN.total[0], re.compile(r"total(_tokens?(_count)?)?")),
    (OWN.write_5m[0], re.compile(r".*ephemeral_5m.*")),
    (OWN.write_1h[0], re.compile(r".*ephemeral_1h.*")),
    (OWN.cache_write[0], re.compile(r".*cache_(creat|writ).*")),
    (_CACHED_BY_MODALITY, re.compile(r"cached_modality_.*")),
    (OWN.cache_read[0], re.compile(r".*cached?(_|$).*")),
    (OWN.reasoning[0], re.compile(r".*(reasoning|thought|thinking).*")),
    (OWN.input[0], re.compile(r"(input|prompt|tool_use_prompt).*")),
    (OWN.output[0], re.compile(r"(output|completion|candidates).*")),
)
"""Field → the keys that add up to it.  Langfuse lets users invent keys; what fits nowhere is no token."""
_LONGEST_KEY: Final = 64
_AMOUNTS: Final = 2**63
"""Beyond what a float can be added to; JSON sets integers no limit."""


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of an observation."""
    provider = unquote(span.attributes.get(_LANGCHAIN_PROVIDER))
    if provider is not None:
        span = span._replace(attributes={**span.attributes, _LANGCHAIN_PROVIDER: provider})
    attributes = span.attributes
    operation = find_operation(attributes.get(conventions.OPERATION))
    if operation.kind == OTHER and not operation.never_billable:
        operation = _KINDS.get(str(attributes.get(_KIND))) or operation_of(span)
    is_disjoint = _CONVENTIONAL.isdisjoint(attributes)
    reading = read_usage(span, present, NAME, operation, counted_as=NAME if is_disjoint else "")
    if reading.usage is not None and attributes.get(_LEVEL) == "ERROR":
        # The JavaScript SDK leaves the status of the span unset.
        reading.usage.error_type = reading.usage.error_type or _FAILED
    return reading


def _take(attributes: Mapping[str, Value]) -> dict[str, Value]:
    details = parse_object(attributes.get(_USAGE)) or {}
    found = _read_details({key: whole(count) for key, count in details.items()})
    cost = _read_cost(parse_object(attributes.get(_COST)) or {})
    if cost:
        found[_TOTAL_COST] = cost
    tier = (parse_object(attributes.get(_PARAMETERS)) or {}).get("service_tier")
    if type(tier) is str:
        found["openai.response.service_tier"] = tier
    call_id = unquote(attributes.get(_ID))
    if type(call_id) is str and _CALL_ID.fullmatch(call_id):
        found[_ID] = call_id
    return found


def _read_details(details: Mapping[str, Any]) -> dict[str, Value]:
    if "input" not in details and "output" not in details and (stated := read_usage_object(details)):
        return dict(stated)
    # LangChain counts the tokens of a tier once more under its name, and Langfuse takes them out of the whole or not.
    doubled = {side for side in ("input", "output") if f"{side}_priority" in details}
    counted: dict[str, int] = {}
    for key, count in details.items():
        field = _field_of(key) if type(count) is int and count >= 0 and key not in doubled else ""
        if field:
            counted[field] = counted.get(field, 0) + count
    by_modality = counted.pop(_CACHED_BY_MODALITY, 0)
    if by_modality:
        counted.setdefault(OWN.cache_read[0], by_modality)
    return dict(counted)


def _field_of(key: str) -> str:
    """The search takes the square of a key's length, and its answer is kept with the key."""
    return _class_of(key) if len(key) <= _LONGEST_KEY else ""


@lru_cache(maxsize=512)
def _class_of(key: str) -> str:
    return next((field for field, fits in _CLASSES if fits.fullmatch(key)), "")


def _read_cost(details: Mapping[str, Any]) -> float:
    """In USD: as stated in total, else the sum of what is stated."""
    stated: dict[str, float] = {
        key: amount for key, amount in details.items() if type(amount) in (int, float) and abs(amount) < _AMOUNTS
    }
    return stated.get("total") or sum(stated.values())


DIALECT: Final = Dialect(
    name=NAME,
    marks=MARKS,
    wanted=conventions.WANTED | OWN.all_names() | {_LEVEL},
    spellings=SPELLINGS,
    read=read,
    lift=Lift(frozenset({_USAGE, _COST, _PARAMETERS, _ID}), _take),
)
