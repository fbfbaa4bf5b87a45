"""OpenAI's Codex: log records, spans and metrics of the same calls.

A log record is believed first: it alone names model and conversation.  Of the spans, the last that handles a response
carries the usage of the call, and the turn above them its sum; only the turn names model and conversation, so it is
read as an agent, from which what it supersedes can learn both.  Token counts are texts and integers side by side, and
what is called the tool count is the total.  Source: specification of telemetry dialects, section 3.4 (0.169).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect, Logs, Metrics
from exporter.dialects.fields import coerce_count
from exporter.dialects.kinds import OPERATIONS
from exporter.dialects.points import read_points
from exporter.dialects.reading import NOTHING, read_usage
from exporter.dialects.records import ALONE, failed, lasting, sent_as_log, sent_as_metric, sent_as_span, with_attributes
from exporter.dialects.spellings import Spellings
from exporter.signals import Span
from exporter.usage import LOGS as LOG
from exporter.usage import SPANS, Reading

NAME: Final = "codex"

_THREAD, _EFFORT = "thread.id", "codex.request.reasoning_effort"
_TURN, _USAGE = "codex.turn.token_usage.", "codex.usage."
_CONVERSATION: Final = ("conversation.id",)
_SESSION: Final = ()
"""The spans with usage and the metrics do not name the conversation, so a source is an hour of the program."""

OWN: Final = Spellings(
    input=(f"{_TURN}input_tokens",),
    output=(f"{_TURN}output_tokens",),
    cache_read=(f"{_TURN}cached_input_tokens",),
    cache_write=(f"{_TURN}cache_write_input_tokens",),
    reasoning=(f"{_USAGE}reasoning_output_tokens", f"{_TURN}reasoning_output_tokens"),
    total=(f"{_USAGE}total_tokens", f"{_TURN}total_tokens"),
    uncached=(f"{_TURN}non_cached_input_tokens",),
    request_model=("model",),
    conversation=_CONVERSATION,
)
SPELLINGS: Final = conventions.SPELLINGS.followed_by(OWN)
_MARKS: Final = frozenset({*OWN.input, *OWN.output, *OWN.reasoning, *OWN.total, _EFFORT})


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span: a turn, or the one that handles the end of a response."""
    thread = span.attributes.get(_THREAD)
    if type(thread) is str and not present.conversation:
        # Elsewhere the same name numbers the threads of the process.
        span = with_attributes(span, {"conversation.id": thread})
        present = SPELLINGS.present_in(span.attributes)
    if any(name in span.attributes for name in OWN.input):
        reading = read_usage(span, present, NAME, OPERATIONS["invoke_agent"])
    elif present.input or present.output:
        reading = read_usage(span, present, NAME, OPERATIONS["chat"])
    else:
        return NOTHING
    return sent_as_span(reading, span, _SESSION, frozenset({LOG}))


_EVENT, _REQUEST = "codex.sse_event", "codex.api_request"
_KIND, _STATUS, _DURATION = "event.kind", "http.response.status_code", "duration_ms"
_ENDED: Final = frozenset({"response.completed", "response.incomplete"})
_FAILED: Final = "response.failed"
HTTP_ERROR: Final = 400
EVENT: Final = Spellings(
    input=("input_token_count",),
    output=("output_token_count",),
    cache_read=("cached_token_count",),
    cache_write=("cache_write_token_count",),
    reasoning=("reasoning_token_count",),
    total=("tool_token_count",),
    request_model=("model", "slug"),
    conversation=_CONVERSATION,
).followed_by(conventions.SPELLINGS)


def read_event(span: Span, present: Spellings) -> Reading:
    """Usage of a response that ended, or a failure.

    The end of a response is told twice, once with its usage.
    """
    if not _has_failed(span):
        if span.attributes.get(_KIND) not in _ENDED or not present.input:
            return NOTHING
    else:
        span = failed(lasting(span, _DURATION), _STATUS)
    reading = read_usage(span, present, NAME, OPERATIONS["chat"])
    return sent_as_log(reading, span, _SESSION, ALONE)


def _has_failed(span: Span) -> bool:
    if span.name == _EVENT:
        return span.attributes.get(_KIND) == _FAILED
    status = coerce_count(span.attributes.get(_STATUS, 0), [])
    # Without a status nobody answered.
    return not status or status >= HTTP_ERROR


_TOKENS: Final = "codex.turn.token_usage"
_MEANS: Final = {
    (_TOKENS, "input"): f"{_TURN}input_tokens",
    (_TOKENS, "output"): f"{_TURN}output_tokens",
    (_TOKENS, "cached_input"): f"{_TURN}cached_input_tokens",
    (_TOKENS, "cache_write_input"): f"{_TURN}cache_write_input_tokens",
    (_TOKENS, "reasoning_output"): f"{_TURN}reasoning_output_tokens",
    (_TOKENS, "total"): f"{_TURN}total_tokens",
}
"""The kinds of token overlap: the total holds all, the input the cached, the output the reasoning."""


def read_metric(span: Span, values: Mapping[tuple[str, str], int | float]) -> Reading:
    """What turns used in a time."""
    span = with_attributes(span, read_points(values, _MEANS))
    reading = read_usage(span, SPELLINGS.present_in(span.attributes), NAME, OPERATIONS["chat"])
    return sent_as_metric(reading, span, _SESSION, frozenset({LOG, SPANS}))


DIALECT: Final = Dialect(
    name=NAME,
    marks=_MARKS,
    wanted=conventions.WANTED | OWN.all_names() | {_THREAD, _EFFORT},
    spellings=SPELLINGS,
    read=read,
)
LOGS: Final = Logs(
    dialect=NAME,
    events=frozenset({_EVENT, _REQUEST}),
    wanted=conventions.WANTED | EVENT.all_names() | {_KIND, _STATUS, _DURATION},
    spellings=EVENT,
    read=read_event,
)
METRICS: Final = Metrics(
    dialect=NAME,
    metrics=frozenset({_TOKENS}),
    wanted=conventions.WANTED | OWN.all_names(),
    types=("token_type",),
    read=read_metric,
)
