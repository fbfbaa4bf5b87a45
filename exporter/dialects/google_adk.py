"""Google ADK: the conventions, and in the answer of the model what its spans leave out.

Version 1 says `gcp.vertex.agent` where the provider belongs, and leaves cached and thinking tokens out; both stand in
the answer's JSON.  Its agents and tools run inside the call that asked for them, so they are barriers (rule R3) even
where they have nothing but a name.  Sources: google-adk 1.14.1 and 2.13.0; specification of telemetry dialects,
sections 2.2 and 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.dialects import conventions, raw_usage
from exporter.dialects.base import Dialect
from exporter.dialects.json_text import parse_object
from exporter.dialects.kinds import OPERATIONS, UNNAMED, operation_of
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Lift, Span, Value
from exporter.usage import Reading

NAME: Final = "google_adk"
SCOPE: Final = "gcp.vertex.agent"

_SESSION, _ANSWER = f"{SCOPE}.session_id", f"{SCOPE}.llm_response"
_LIFTED: Final = f"{_ANSWER}."
OWN: Final = Spellings(
    input=(_LIFTED + raw_usage.INPUT,),
    output=(_LIFTED + raw_usage.OUTPUT,),
    cache_read=(_LIFTED + raw_usage.CACHE_READ,),
    reasoning=(_LIFTED + raw_usage.REASONING,),
    total=(_LIFTED + raw_usage.TOTAL,),
    conversation=(_SESSION,),
)
SPELLINGS: Final = OWN.followed_by(conventions.SPELLINGS)
"""The answer is believed before the span, whose output leaves thinking out."""


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span of ADK."""
    operation = operation_of(span)
    if operation is UNNAMED and span.name == "call_llm":
        operation = OPERATIONS["call_llm"]
    return read_usage(span, present, NAME, operation)


def _claims(keys: frozenset[str], scope: str) -> bool:
    return scope == SCOPE or not OWN.all_names().isdisjoint(keys)


def _take(attributes: Mapping[str, Value]) -> dict[str, Value]:
    answer = parse_object(attributes.get(_ANSWER)) or {}
    counts = raw_usage.read_usage_object(answer.get("usage_metadata"))
    found: dict[str, Value] = {_LIFTED + name: count for name, count in counts.items()}
    model = answer.get("model_version")
    return found | {"gen_ai.response.model": model} if type(model) is str else found


DIALECT: Final = Dialect(
    name=NAME,
    marks=conventions.MARKS | OWN.all_names(),
    wanted=conventions.WANTED | OWN.all_names(),
    spellings=SPELLINGS,
    read=read,
    claims=_claims,
    lift=Lift(frozenset({_ANSWER}), _take),
)
