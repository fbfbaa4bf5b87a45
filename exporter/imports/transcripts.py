"""Transcripts of Claude Code: one JSON line for each block of an answer, several for each call.

Every line of one answer repeats the answer's usage; while it streams, with fewer tokens.  So lines are
put together by the answer's id, and the one with the most tokens speaks.  Resumed and forked sessions copy
earlier lines into new files; a copied answer keeps its id, so it is one record wherever it stands.
Source: the files themselves; ccusage 20 reads them by the same rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from exporter.imports.fields import count_of, instant_of, mapping_of, nano_usd_of, text_of
from exporter.imports.record import CLAUDE_CODE, CLAUDE_SERVICE, Identify, Item, session_source
from exporter.usage import (
    IMPORTS,
    LLM,
    MISSING,
    REPORTED,
    TTL_UNKNOWN,
    Evidence,
    PriceContext,
    Tokens,
    UsageRecord,
    is_strong,
)

_NO_CALL: Final = "<synthetic>"
"""Model of lines that Claude Code writes itself, such as errors."""
_TOLD_AS: Final = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_input_tokens": "cache_read_tokens",
    "cache_creation_input_tokens": "cache_creation_tokens",
}
_LIFETIMES_TOLD_AS: Final = {
    "ephemeral_5m_input_tokens": "cache_creation_5m_tokens",
    "ephemeral_1h_input_tokens": "cache_creation_1h_tokens",
}
_COUNTED_AS: Final = "com.anthropic.claude_code"
_LEAST_RANDOM: Final = 16
_COUNTS: Final = (
    "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens",
)  # fmt: skip


class Call(NamedTuple):
    """What the lines about one answer say together."""

    key: str
    """Identity of the record (rule R0)."""
    message_id: str
    request_id: str
    session: str
    folder: str
    model: str
    tokens: Tokens
    first_ns: int
    last_ns: int
    context: PriceContext
    cost_nano_usd: int | None
    searches: int
    is_sidechain: bool
    is_ttl_known: bool
    numbers: Mapping[str, int]
    """The counts under the names that Claude Code's telemetry has for them, by which they can be read again."""


def read_call(document: object) -> Call | None:
    """The call that a line tells of; None when it tells of none.  Unreadable when it should and does not."""
    line = mapping_of(document)
    session = text_of(line, "sessionId")
    if line.get("type") == "progress":
        # What a sub-agent said, wrapped into its parent's transcript.
        line = mapping_of(mapping_of(line.get("data")).get("message"))
    message = mapping_of(line.get("message"))
    usage = message.get("usage")
    model = text_of(message, "model")
    if not isinstance(usage, dict) or model == _NO_CALL:
        return None
    at_ns = instant_of(line.get("timestamp"))
    tokens, is_ttl_known = _tokens(usage)
    message_id, request_id = text_of(message, "id"), text_of(line, "requestId")
    session = text_of(line, "sessionId") or session
    return Call(
        key=_key(message_id, request_id, session, (at_ns, model, *tokens)),
        message_id=message_id,
        request_id=request_id,
        session=session,
        folder=_last_part(text_of(line, "cwd")),
        model=model,
        tokens=tokens,
        first_ns=at_ns,
        last_ns=at_ns,
        context=_context(usage),
        cost_nano_usd=nano_usd_of(line, "costUSD"),
        searches=count_of(mapping_of(usage.get("server_tool_use")), "web_search_requests"),
        is_sidechain=line.get("isSidechain") is True,
        is_ttl_known=is_ttl_known,
        numbers=_numbers(usage),
    )


def merge_lines(one: Call, other: Call) -> Call:
    """Two lines about the same answer: the one with more tokens, over the time of both."""
    most = max(one, other, key=lambda call: (not call.is_sidechain, sum(call.tokens), call.last_ns))
    return most._replace(
        first_ns=min(one.first_ns, other.first_ns),
        last_ns=max(one.last_ns, other.last_ns),
        request_id=most.request_id or one.request_id or other.request_id,
        folder=most.folder or one.folder or other.folder,
    )


def item_of(call: Call, identify: Identify) -> Item:
    """The record of a call."""
    has_usage, provider = any(call.tokens), _provider(call, identify)
    flags = () if call.is_ttl_known else (TTL_UNKNOWN,)
    usage = UsageRecord(
        signal=IMPORTS,
        dialect=CLAUDE_CODE,
        scope="transcript",
        kind=LLM,
        operation="chat",
        trace_id=b"",
        span_id=b"",
        start_ns=call.first_ns,
        end_ns=call.last_ns,
        provider=provider,
        gateway="",
        request_model="",
        response_model=call.model,
        price_model=call.model,
        service=CLAUDE_SERVICE,
        agent="",
        conversation_id=call.session,
        call_key=call.request_id or call.message_id,
        tokens=call.tokens,
        usage_status=REPORTED if has_usage else MISSING,
        context=call.context,
        cost_reported_nano_usd=call.cost_nano_usd,
        cost_source="estimate" if call.cost_nano_usd else "",
        units={"web_search_requests": call.searches} if call.searches else {},
        flags=flags if has_usage else (*flags, "zero_usage"),
        record_key=call.key,
        source=session_source(call.session),
        evidence=_evidence(call, provider),
    )
    return Item(usage, call.folder, call.is_sidechain)


def _tokens(usage: Mapping[str, Any]) -> tuple[Tokens, bool]:
    """The classes, and whether the lifetime of cache writes is known.  Input is counted without the cache."""
    fresh, read, written, output = (count_of(usage, name) for name in _COUNTS)
    lifetimes = mapping_of(usage.get("cache_creation"))
    hour = count_of(lifetimes, "ephemeral_1h_input_tokens")
    written = max(written, hour + count_of(lifetimes, "ephemeral_5m_input_tokens"))
    return Tokens(fresh, read, written - hour, hour, output, 0), bool(lifetimes) or not written


def _context(usage: Mapping[str, Any]) -> PriceContext:
    geo = text_of(usage, "inference_geo").lower()
    speed = text_of(usage, "speed").lower()
    return PriceContext(
        geo="" if geo == "not_available" else geo,
        speed="" if speed == "standard" else speed,
        service_tier=text_of(usage, "service_tier").lower(),
    )


def _key(message_id: str, request_id: str, session: str, said: tuple[object, ...]) -> str:
    if _is_unique(message_id):
        return f"msg:{CLAUDE_CODE}:{message_id}"
    if _is_unique(request_id):
        return f"req:{CLAUDE_CODE}:{request_id}"
    parts = (session, message_id, request_id) if message_id or request_id else (session, *said)
    digest = blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()
    return f"hash:{CLAUDE_CODE}:{digest}"


def _is_unique(key: str) -> bool:
    # Some proxies number their answers, in a spelling that else nobody could draw twice.
    return len(key) >= _LEAST_RANDOM and is_strong(key)


def _provider(call: Call, identify: Identify) -> str:
    if call.message_id.startswith("msg_bdrk_"):
        return "aws.bedrock"
    if call.message_id.startswith("msg_vrtx_"):
        return "gcp.vertex_ai"
    return identify(call.model)


def _last_part(path: str) -> str:
    """The name of a folder, of its path in either spelling."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _numbers(usage: Mapping[str, Any]) -> dict[str, int]:
    lifetimes = mapping_of(usage.get("cache_creation"))
    numbers = {
        **{name: usage.get(own) for own, name in _TOLD_AS.items()},
        **{name: lifetimes.get(own) for own, name in _LIFETIMES_TOLD_AS.items()},
    }
    return {name: value for name, value in numbers.items() if value is not None}


def _evidence(call: Call, provider: str) -> Evidence:
    """What Claude Code's telemetry would say of the call; the provider, which ids tell, would be lost without it."""
    said = {"gen_ai.provider.name": provider, "gen_ai.response.model": call.model}
    shape = {"names": list(call.numbers), "said": said, "counted_as": _COUNTED_AS}
    return Evidence(json.dumps(shape), tuple(call.numbers.values()))
