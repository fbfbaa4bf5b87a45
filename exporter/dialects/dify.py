"""Dify: nodes of a workflow, of which those that ask a model carry the conventions' usage.

A workflow's own span may add up its nodes.
Sources: langgenius/dify, api/extensions/otel and its enterprise telemetry; specification of telemetry dialects, 3.2.
"""

from __future__ import annotations

from typing import Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect
from exporter.dialects.kinds import OPERATIONS, Operation, operation_of
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Span
from exporter.usage import OTHER, STEP, WORKFLOW, Reading

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
