"""Dify: nodes of a workflow, of which those that ask a model carry the conventions' usage.

A workflow's own span may add up its nodes.  The enterprise edition sends slim spans, and what they leave out in events
of the same ids; what is asked outside a workflow has an event alone.
Sources: langgenius/dify, api/extensions/otel and its enterprise telemetry; specification of telemetry dialects, 3.2.
"""

from __future__ import annotations

from typing import Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect, Logs
from exporter.dialects.kinds import OPERATIONS, Operation, operation_of
from exporter.dialects.reading import NOTHING, read_usage
from exporter.dialects.records import ALONE, sent_as_log, with_attributes
from exporter.dialects.spellings import Spellings
from exporter.signals import Span
from exporter.usage import LOGS as LOG
from exporter.usage import MISSING, OTHER, STEP, WORKFLOW, Reading

NAME: Final = "dify"

_NODES: Final = ("dify.node.type", "node.type")
_RUNS: Final = ("dify.workflow.run_id", "dify.workflow.id", "dify.workflow_id", "dify.app_id")
_FRAMEWORK: Final = "gen_ai.framework"

OWN: Final = Spellings(
    operation=_NODES,
    conversation=("dify.conversation.id", "dify.conversation_id"),
    agent=("dify.app.name", "dify.app_name"),
)
SPELLINGS: Final = conventions.SPELLINGS.followed_by(OWN)

_ASKS: Final = frozenset({"llm", "question-classifier", "parameter-extractor"})
_KINDS: Final = {
    **dict.fromkeys(_ASKS, OPERATIONS["chat"]),
    "agent": OPERATIONS["invoke_agent"],
    "tool": OPERATIONS["execute_tool"],
    "knowledge-retrieval": OPERATIONS["retrieval"],
}
_NODE: Final = Operation("node", STEP)
_WORKFLOW: Final = Operation("workflow", WORKFLOW)

_OF_SPANS: Final = frozenset({"dify.node.execution", "dify.node.execution.draft"})
_OF_THEIR_OWN: Final = frozenset(
    {"dify.message.run", "dify.prompt_generation.execution", "dify.suggested_question.generation"}
)
_RUN: Final = _RUNS[0]
_PRICE, _CURRENCY = "dify.node.total_price", "dify.node.currency"
_SESSION: Final = ("dify.conversation.id", "dify.message.id")


def claims(keys: frozenset[str], _scope: str) -> bool:
    """Whether a span comes from Dify: some of its spans name it as the framework, beside a node's type."""
    return any(key.startswith("dify.") for key in keys) or (_FRAMEWORK in keys and "node.type" in keys)


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span of a workflow or one of its nodes."""
    operation = operation_of(span)
    if operation.kind in (OTHER, STEP) and not operation.never_billable:
        operation = _own(span, operation)
    return read_usage(span, present, NAME, operation)


def _own(span: Span, otherwise: Operation) -> Operation:
    node = next((stated for name in _NODES if type(stated := span.attributes.get(name)) is str), None)
    if node is not None:
        return _KINDS.get(node, _NODE)
    return otherwise if otherwise.kind == STEP else _WORKFLOW


DIALECT: Final = Dialect(
    name=NAME,
    marks=frozenset({*_NODES, *_RUNS}),
    wanted=conventions.WANTED | OWN.all_names() | {*_RUNS, _FRAMEWORK},
    spellings=SPELLINGS,
    read=read,
    claims=claims,
)


def read_event(span: Span, _present: Spellings) -> Reading:
    """Usage of a call that an event tells; a node's event is the richer copy of the span of its ids (R0)."""
    span = _with_price(span)
    present = SPELLINGS.present_in(span.attributes)
    if span.name in _OF_SPANS:
        reading = read(span, present)
        if reading.usage is not None and span.trace_id and span.span_id:
            reading.usage.signal = LOG
            return reading
        return sent_as_log(reading, span, _SESSION, ALONE)
    if _RUN in span.attributes:
        # What a workflow answers is of its nodes, each of which has an event.
        return NOTHING
    reading = read_usage(span, present, NAME, OPERATIONS["chat"])
    if reading.usage is None or reading.usage.usage_status == MISSING:
        return NOTHING
    return sent_as_log(reading, span, _SESSION, ALONE)


def _with_price(span: Span) -> Span:
    """The price under the conventions' name, where its currency is looked at."""
    stated = {
        name: span.attributes[own]
        for own, name in ((_PRICE, conventions.COST_AMOUNT), (_CURRENCY, conventions.COST_CURRENCY))
        if own in span.attributes
    }
    return with_attributes(span, stated)


LOGS: Final = Logs(
    dialect=NAME,
    events=_OF_SPANS | _OF_THEIR_OWN,
    wanted=DIALECT.wanted | {_PRICE, _CURRENCY, *_SESSION},
    spellings=SPELLINGS,
    read=read_event,
)
