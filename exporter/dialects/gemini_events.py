"""What Gemini CLI and the programs that grew out of it say of a call in log records, and count in metrics.

The output leaves thoughts out unless the total shows that it does not; the input leaves out what tools were prompted
with.  Source: specification of telemetry dialects, section 3.4.
"""

from __future__ import annotations

from typing import Final

from exporter.dialects import conventions
from exporter.dialects.fields import read_text
from exporter.dialects.records import failed, lasting, with_attributes
from exporter.dialects.spellings import Spellings
from exporter.signals import Span

SESSION: Final = ("session.id",)
_AUTHORISED, _PROVIDER = "auth_type", "gen_ai.provider.name"
_DURATION: Final = "duration_ms"
_FAILURE: Final = (conventions.ERROR_TYPE, "error_type", "status_code", "http.status_code")
_PROVIDERS: Final = {"vertex-ai": "gcp.vertex_ai"}
"""How a user is authorised tells who sends the bill where it is not who makes the model."""

_OWN: Final = Spellings(
    input=("input_token_count",),
    input_beside=("tool_token_count",),
    output=("output_token_count",),
    cache_read=("cached_content_token_count",),
    reasoning=("thoughts_token_count",),
    total=("total_token_count",),
    request_model=("model", "model_name"),
    call_key=("response_id",),
    agent=("subagent_name",),
    conversation=SESSION,
)
SPELLINGS: Final = _OWN.followed_by(conventions.SPELLINGS)
WANTED: Final = conventions.WANTED | _OWN.all_names() | {_AUTHORISED, _DURATION, *_FAILURE}
SEQUENCE: Final = "prompt_id"


def events_of(prefix: str) -> frozenset[str]:
    """The events of a program that end a call: an answer or a failure."""
    return frozenset({f"{prefix}.api_response", f"{prefix}.api_error"})


def prepare_event(span: Span) -> Span:
    """The event with who was asked, how long it took and whether it failed."""
    span = _name_provider(lasting(span, _DURATION))
    return failed(span, *_FAILURE) if span.name.endswith(".api_error") else span


def prepare_points(span: Span) -> Span:
    """The attributes of points with who was asked."""
    return _name_provider(span)


def _name_provider(span: Span) -> Span:
    provider = _PROVIDERS.get(read_text(span.attributes.get(_AUTHORISED)))
    return with_attributes(span, {_PROVIDER: provider}) if provider else span


def meanings(metric: str) -> dict[tuple[str, str], str]:
    """What the kinds of token of a program's metric count, under the names of its log records."""
    return {
        (metric, "input"): "input_token_count",
        (metric, "output"): "output_token_count",
        (metric, "thought"): "thoughts_token_count",
        (metric, "cache"): "cached_content_token_count",
        (metric, "tool"): "tool_token_count",
    }
