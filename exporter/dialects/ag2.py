"""AG2: the conventions, with a span type of its own that tells calls from what repeats them.

Version 0.x repeats the usage and cost of a whole conversation on its span.  Version 1 reports each call again, on a
`record_usage` span beside the call's own; the same form sums up what another agent used, which may have no spans, and
is all that is heard of compaction and aggregation of the history, which are calls without a span.
Sources: ag2 0.14.0 and 1.2.1, `autogen/opentelemetry` and `ag2/middleware/builtin/telemetry.py`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect
from exporter.dialects.fields import short_text
from exporter.dialects.kinds import OPERATIONS, Operation, operation_of
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Span
from exporter.usage import LLM, STEP, WORKFLOW, Reading

NAME: Final = "ag2"

REPEAT: Final = "repeat"
"""Reason of a report whose usage a span beside it carries."""

_TYPE, _USAGE_KIND, _TOTAL = "ag2.span.type", "ag2.usage.kind", "ag2.usage.total_tokens"
_CONVERSATION: Final = Operation("conversation", WORKFLOW)
_TYPES: Final = {
    "llm": OPERATIONS["chat"],
    "agent": OPERATIONS["invoke_agent"],
    "tool": OPERATIONS["execute_tool"],
    "conversation": _CONVERSATION,
    "multi_conversation": _CONVERSATION,
    # What reports usage and is none of these.
    "usage": Operation("record_usage", STEP, REPEAT),
}
_ROLLUP: Final = Operation("record_usage subtask", WORKFLOW)
_RECORDED: Final = {
    "subtask": _ROLLUP,
    **{kind: Operation(f"record_usage {kind}", LLM) for kind in ("compaction", "aggregation")},
}
"""What is recorded of usage that no span beside it need carry."""

OWN: Final = Spellings(total=(_TOTAL,), operation=(_TYPE, _USAGE_KIND))
SPELLINGS: Final = conventions.SPELLINGS.followed_by(OWN)


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span of AG2."""
    own = _operation(short_text(span.attributes.get(_TYPE)), short_text(span.attributes.get(_USAGE_KIND)))
    reading = read_usage(span, present, NAME, own or operation_of(span))
    if own is _ROLLUP and reading.usage is not None:
        reading.usage.is_rollup = True
    return reading


@lru_cache(maxsize=256)
def _operation(span_type: str, usage_kind: str) -> Operation | None:
    own = _TYPES.get(span_type)
    if own is _TYPES["usage"]:
        return _RECORDED.get(usage_kind, own)
    return own


DIALECT: Final = Dialect(
    name=NAME,
    marks=frozenset({_TYPE}),
    wanted=conventions.WANTED | OWN.all_names(),
    spellings=SPELLINGS,
    read=read,
)
