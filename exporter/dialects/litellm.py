"""LiteLLM, library and proxy: spans of its callback, and those of its second generation under `litellm.*`.

Input and output are those of the conventions; what the callback knows of cached tokens and reasoning stands in a
printed Python object only.  Its child span `raw_gen_ai_request` repeats the answer and is not read.
Sources: litellm 1.109.1; specification of telemetry dialects, section 3.2.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect
from exporter.dialects.fields import is_true, read_text, short_text
from exporter.dialects.kinds import OPERATIONS, Operation, operation_of
from exporter.dialects.literals import read_object
from exporter.dialects.providers import normalise
from exporter.dialects.raw_usage import read_usage_object
from exporter.dialects.reading import read_cost, read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Lift, Span, Value
from exporter.usage import EVAL, MEDIA, Reading, UsageRecord

NAME: Final = "litellm"

_USAGE: Final = "metadata.usage_object"
_CALL_TYPE, _MODEL = "litellm.call_type", "litellm.provider.model"
_GUARDRAIL_COST, _IN_SPEND = "litellm.cost.guardrail", "litellm.guardrail.cost_in_spend"
_CALL_ID: Final = "litellm.call_id"
_REQUEST: Final = "llm.request.type"
"""The call type of the older callback, which has no name of its own and is known by its scope."""

OWN: Final = Spellings(
    cost=("litellm.cost.total",),
    operation=(_CALL_TYPE, _REQUEST, _MODEL, _GUARDRAIL_COST, _IN_SPEND),
)
SPELLINGS: Final = OWN.followed_by(conventions.SPELLINGS)
"""What it says of itself is believed first."""
MARKS: Final = frozenset({_CALL_ID, _CALL_TYPE, _MODEL, *OWN.cost, _GUARDRAIL_COST, conventions.CACHE_HIT})

_GUARDRAIL: Final = Operation("guardrail", EVAL)
_MEDIA: Final = ("image_generation", "image_edit", "image_variation", "speech", "transcription", "ocr",
                 "video_generation", "create_video", "video_edit", "video_extension", "video_remix")  # fmt: skip
_CALL_TYPES: Final = {
    **dict.fromkeys(("completion", "completion_with_retries", "anthropic_messages", "responses"), OPERATIONS["chat"]),
    **dict.fromkeys(("arealtime", "responses_websocket"), OPERATIONS["chat"]),
    "text_completion": OPERATIONS["text_completion"],
    "generate_content_stream": OPERATIONS["generate_content"],
    "embedding": OPERATIONS["embeddings"],
    **{name: Operation(name, MEDIA) for name in _MEDIA},
    "get_responses": OPERATIONS["fetch_response"],
    "litellm.responses_management": OPERATIONS["fetch_response"],
}
_RESPONSE_ID: Final = re.compile(r"litellm:.*;response_id:([^;]+)")


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a call through LiteLLM, or what a guardrail cost beside one."""
    attributes = span.attributes
    beside = _cost_beside(attributes)
    if beside and not present.cost:
        reading = read_usage(span, replace(present, cost=(_GUARDRAIL_COST,)), NAME, _GUARDRAIL)
    else:
        call_type = short_text(attributes.get(_CALL_TYPE, attributes.get(_REQUEST)))
        operation = _operation(short_text(attributes.get(conventions.OPERATION)), call_type) or operation_of(span)
        reading = read_usage(span, present, NAME, operation)
    if reading.usage is not None:
        _complete(reading.usage, attributes, beside if present.cost else 0)
    return reading


@lru_cache(maxsize=256)
def _operation(stated: str, call_type: str) -> Operation | None:
    """By the call type, which tells more; several of them are one operation of the conventions."""
    for name in (call_type, stated):
        operation = _of_call_type(name)
        if operation is not None:
            return operation
    return None


def _of_call_type(name: str) -> Operation | None:
    """Each call type has a twin for asynchronous calls, with an `a` before its name."""
    name = name.strip().lower().lstrip("_")
    twin = name.removeprefix("a")
    return _CALL_TYPES.get(name) or _CALL_TYPES.get(twin) or OPERATIONS.get(name) or OPERATIONS.get(twin)


def _cost_beside(attributes: Mapping[str, Value]) -> int:
    """Nano-USD of a guardrail that the cost of the call leaves out; LiteLLM includes it unless it says otherwise."""
    if _GUARDRAIL_COST not in attributes or is_true(attributes.get(_IN_SPEND, True)):
        return 0
    return read_cost(attributes, Spellings(cost=(_GUARDRAIL_COST,)), []) or 0


def _complete(usage: UsageRecord, attributes: Mapping[str, Value], beside: int) -> None:
    """A gateway knows which model it really asked, by which id it was answered, and what it charges."""
    asked = read_text(attributes.get(_MODEL))
    vendor, slash, model = asked.partition("/")
    provider, reseller = normalise(vendor) if slash else ("", "")
    usage.provider = usage.provider or provider
    usage.gateway = usage.gateway or reseller or NAME
    usage.price_model = _price_model(usage.response_model, model if slash else asked) or usage.price_model
    usage.call_key = _provider_id(attributes.get(conventions.RESPONSE_ID)) or usage.call_key
    if usage.cost_reported_nano_usd is not None:
        usage.cost_reported_nano_usd += beside
        usage.cost_source = "gateway"


def _price_model(answered: str, asked: str) -> str:
    """The dated form that was answered of the model that was asked, else what was asked: aliases have no price."""
    return answered if asked and answered.startswith(asked) else asked


def _provider_id(stated: Value | None) -> str:
    """The id of a response inside the one that LiteLLM makes of it, to route a later request to the same place."""
    if type(stated) is not str or not stated.startswith("resp_"):
        return ""
    try:
        inside = _RESPONSE_ID.fullmatch(b64decode(stated.removeprefix("resp_"), validate=True).decode())
    except (binascii.Error, ValueError):
        return ""
    return read_text(inside[1]) if inside else ""


def _take(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return read_usage_object(read_object(attributes.get(_USAGE)))


def claims(keys: frozenset[str], scope: str) -> bool:
    """By an attribute of its own, or by its scope, where the callback's older names are Traceloop's too."""
    return not MARKS.isdisjoint(keys) or (scope == NAME and _REQUEST in keys)


DIALECT: Final = Dialect(
    name=NAME,
    marks=MARKS | {_REQUEST},
    wanted=conventions.WANTED | OWN.all_names() | MARKS,
    spellings=SPELLINGS,
    read=read,
    claims=claims,
    lift=Lift(frozenset({_USAGE}), _take),
)
