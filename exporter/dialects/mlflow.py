"""MLflow tracing: usage as JSON in one attribute, every other value encoded as JSON too.

Sources: mlflow 3.17.2; specification of telemetry dialects, section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from exporter.dialects import conventions
from exporter.dialects.answers import read_answer_with_usage
from exporter.dialects.base import Dialect
from exporter.dialects.json_text import parse_object, whole
from exporter.dialects.kinds import OPERATIONS, Operation, find_operation, operation_of
from exporter.dialects.literals import unquote
from exporter.dialects.raw_usage import CACHE_READ, CACHE_WRITE, INPUT, OUTPUT, TOTAL, WRITE_1H, WRITE_5M
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Lift, Span, Value
from exporter.usage import OTHER, STEP, Reading

NAME: Final = "mlflow"

_KIND: Final = "mlflow.spanType"
_MODEL, _PROVIDER = "mlflow.llm.model", "mlflow.llm.provider"
_USAGE, _COST, _OUTPUTS = "mlflow.chat.tokenUsage", "mlflow.llm.cost", "mlflow.spanOutputs"
_TOTAL_COST, _PART_COSTS = "mlflow.cost.total", ("mlflow.cost.input", "mlflow.cost.output")

OWN: Final = Spellings(
    cost=(_TOTAL_COST,),
    cost_parts=_PART_COSTS,
    operation=(_KIND,),
    provider=(_PROVIDER,),
    # The second is an argument of the call, which is all that there is of one that failed.
    request_model=(_MODEL, "model"),
    conversation=("mlflow.trace.session",),
)
SPELLINGS: Final = conventions.SPELLINGS.followed_by(OWN)
MARKS: Final = frozenset({_KIND, _MODEL})
_ENCODED: Final = (_KIND, _PROVIDER, *OWN.request_model, *OWN.conversation)

_COUNTS: Final = {
    "input_tokens": INPUT,
    "output_tokens": OUTPUT,
    "total_tokens": TOTAL,
    "cache_read_input_tokens": CACHE_READ,
    "cache_creation_input_tokens": CACHE_WRITE,
    "cache_creation_input_tokens_above_1hr": WRITE_1H,
}
"""Anthropic's names, counted as the conventions do."""
_COSTS: Final = {"total_cost": _TOTAL_COST, "input_cost": _PART_COSTS[0], "output_cost": _PART_COSTS[1]}
_STEP: Final = Operation("step", STEP)
_KINDS: Final = {
    "LLM": OPERATIONS["chat"],
    "CHAT_MODEL": OPERATIONS["chat"],
    "EMBEDDING": OPERATIONS["embeddings"],
    "RERANKER": OPERATIONS["rerank"],
    "AGENT": OPERATIONS["invoke_agent"],
    "TOOL": OPERATIONS["execute_tool"],
    "RETRIEVER": OPERATIONS["retrieval"],
    "EVALUATOR": OPERATIONS["evaluate"],
    "WORKFLOW": OPERATIONS["invoke_workflow"],
    "CHAIN": _STEP,
    "TASK": _STEP,
    "PARSER": _STEP,
    "GUARDRAIL": _STEP,
    "MEMORY": _STEP,
}
_MODEL_CALLS: Final = ("LLM", "CHAT_MODEL", "EMBEDDING")


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span that MLflow recorded."""
    attributes = dict(span.attributes)
    for key in _ENCODED:
        decoded = unquote(attributes.get(key))
        if decoded is not None:
            attributes[key] = decoded
    operation = find_operation(attributes.get(conventions.OPERATION))
    if operation.kind == OTHER and not operation.never_billable:
        operation = _KINDS.get(str(attributes.get(_KIND))) or operation_of(span)
    return read_usage(span._replace(attributes=attributes), present, NAME, operation)


def _take(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """The counts as MLflow states them, then what only the provider's answer has: reasoning, lifetimes, its id."""
    found = _named(_COUNTS, parse_object(attributes.get(_USAGE)) or {}, (int,))
    if WRITE_1H in found:
        found[WRITE_5M] = max(int(found.get(CACHE_WRITE, 0)) - int(found[WRITE_1H]), 0)
    found |= _named(_COSTS, parse_object(attributes.get(_COST)) or {}, (int, float))
    if unquote(attributes.get(_KIND)) in _MODEL_CALLS:
        found = read_answer_with_usage(attributes.get(_OUTPUTS)) | found
    return found


def _named(names: Mapping[str, str], stated: Mapping[str, Any], types: tuple[type, ...]) -> dict[str, Any]:
    found = {name: whole(stated.get(key)) for key, name in names.items()}
    return {name: value for name, value in found.items() if type(value) in types}


DIALECT: Final = Dialect(
    name=NAME,
    marks=MARKS,
    wanted=conventions.WANTED | OWN.all_names(),
    spellings=SPELLINGS,
    read=read,
    lift=Lift(frozenset({_USAGE, _COST, _OUTPUTS}), _take),
)
