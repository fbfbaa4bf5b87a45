"""Cline: log records of conversation turns, and counters of the same.

A turn of the assistant is one call.  `task.tokens` repeats it, in as many pieces as the answer came in, so it is shown
and never charged.  Cached tokens stand beside the input.  Values that the program does not have are sent as the words
"undefined" and "null".  Source: the program's source of 2026; specification of telemetry dialects, section 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.dialects import conventions
from exporter.dialects.base import Logs, Metrics
from exporter.dialects.kinds import OPERATIONS
from exporter.dialects.points import read_points
from exporter.dialects.reading import NOTHING, read_usage
from exporter.dialects.records import ALONE, failed, sent_as_log, sent_as_metric, with_attributes
from exporter.dialects.spellings import Spellings
from exporter.signals import Span
from exporter.usage import LOGS as LOG
from exporter.usage import Reading

NAME: Final = "cline"

_TURN, _PIECE, _ERROR = "task.conversation_turn", "task.tokens", "task.provider_api_error"
_WHO, _STATUS, _SEQUENCE = "source", "errorStatus", "timestamp"
_ABSENT: Final = frozenset({"undefined", "null"})
_TASK: Final = ("ulid", "taskId")
PARTIAL_USAGE: Final = "partial_usage"
"""The pieces of an answer, of which another record has the whole."""

OWN: Final = Spellings(
    input=("tokensIn", "tokens_in"),
    output=("tokensOut", "tokens_out"),
    cache_read=("cacheReadTokens", "cached_tokens"),
    cache_write=("cacheWriteTokens",),
    cost=("totalCost", "cost"),
    provider=("provider",),
    request_model=("model",),
    call_key=("requestId",),
    conversation=_TASK,
)
SPELLINGS: Final = OWN.followed_by(conventions.SPELLINGS)
_WANTED: Final = conventions.WANTED | OWN.all_names()
_CALL: Final = OPERATIONS["chat"]


def read_event(span: Span, _present: Spellings) -> Reading:
    """Usage of a turn, a piece of it, or a failure."""
    known = {name: value for name, value in span.attributes.items() if value not in _ABSENT}
    if span.name == _TURN and known.get(_WHO) != "assistant":
        return NOTHING
    span = span._replace(attributes=known)
    if span.name == _ERROR:
        span = failed(span, _STATUS)
    operation = _CALL._replace(never_billable=PARTIAL_USAGE) if span.name == _PIECE else _CALL
    reading = read_usage(span, SPELLINGS.present_in(span.attributes), NAME, operation, counted_as=NAME)
    return sent_as_log(reading, span, _TASK, ALONE, sequence=_SEQUENCE)


_MEANS: Final = {
    ("cline.tokens.input.total", ""): "tokensIn",
    ("cline.tokens.output.total", ""): "tokensOut",
    ("cline.cache.read.tokens.total", ""): "cacheReadTokens",
    ("cline.cache.write.tokens.total", ""): "cacheWriteTokens",
}


def read_metric(span: Span, values: Mapping[tuple[str, str], int | float]) -> Reading:
    """What a task used of a model; the counters of cached tokens come apart, for they name the provider too."""
    span = with_attributes(span, read_points(values, _MEANS))
    reading = read_usage(span, SPELLINGS.present_in(span.attributes), NAME, _CALL, counted_as=NAME)
    return sent_as_metric(reading, span, _TASK, frozenset({LOG}))


LOGS: Final = Logs(
    dialect=NAME,
    events=frozenset({_TURN, _PIECE, _ERROR}),
    wanted=_WANTED | {_WHO, _STATUS, _SEQUENCE},
    spellings=SPELLINGS,
    read=read_event,
)
METRICS: Final = Metrics(
    dialect=NAME,
    metrics=frozenset(metric for metric, _ in _MEANS),
    wanted=_WANTED,
    types=(),
    read=read_metric,
)
