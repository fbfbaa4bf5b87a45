"""What providers say that an organisation used: pages of their usage reports, a sum for each model and time.

Anthropic: `/v1/organizations/usage_report/messages`, input without the cache.  OpenAI:
`/v1/organization/usage/completions` and `/embeddings`, input with what was cached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

from exporter.imports.fields import END_OF_TIME_NS, Unreadable, count_of, instant_of, mapping_of, text_of
from exporter.imports.record import AGGREGATE, BETTER, Item, Sum, Tellers
from exporter.usage import OTHER, REPORTED, REPORTS, PriceContext, Tokens, UsageRecord

NAME: Final = "provider_usage"
ANTHROPIC, OPENAI = "anthropic", "openai"
_SECOND_NS: Final = 10**9
_OBJECT: Final = "organization.usage."
_WHO: Final = ("project_id", "user_id", "api_key_id", "workspace_id", "account_id", "service_account_id")
"""Whose calls a sum is of: a part of its identity, and not kept."""
_HOW: Final = ("model", "batch", "service_tier", "context_window", "inference_geo", "speed")


def read_pages(document: object) -> Iterator[Sum | Unreadable]:
    """Every sum of a page or a list of pages; Unreadable in the place of what cannot be imported."""
    for page in document if isinstance(document, list) else [document]:
        buckets = mapping_of(page).get("data")
        for bucket in buckets if isinstance(buckets, list) else ():
            results = mapping_of(bucket).get("results")
            for result in results if isinstance(results, list) else ():
                try:
                    yield _read_result(mapping_of(bucket), mapping_of(result))
                except Unreadable as trouble:
                    yield trouble


def is_page(document: object) -> bool:
    """Whether this is a page, or a list of pages, at all."""
    pages = document if isinstance(document, list) else [document]
    return bool(pages) and all(isinstance(mapping_of(page).get("data"), list) for page in pages)


def _read_result(bucket: Mapping[str, Any], result: Mapping[str, Any]) -> Sum:
    is_openai = text_of(result, "object").startswith(_OBJECT)
    provider = OPENAI if is_openai else ANTHROPIC
    model = text_of(result, "model")
    if not model:
        raise Unreadable("the sum is of several models: ask the provider to group by model")
    start_ns, end_ns = _time_of(bucket, is_openai=is_openai)
    tokens = _openai_tokens(result) if is_openai else _anthropic_tokens(result)
    if not any(tokens):
        raise Unreadable("the sum counts no tokens")
    searches = count_of(mapping_of(result.get("server_tool_use")), "web_search_requests")
    kind = "embeddings" if "embedding" in text_of(result, "object") else "chat"
    identity = [provider, kind, str(start_ns), str(end_ns), *(str(result.get(name)) for name in (*_HOW, *_WHO))]
    key = blake2b("\x1f".join(identity).encode(), digest_size=16).hexdigest()
    usage = UsageRecord(
        signal=REPORTS,
        dialect=NAME,
        scope=f"{provider} usage",
        kind=OTHER,
        operation=kind,
        trace_id=b"",
        span_id=b"",
        start_ns=start_ns,
        end_ns=end_ns,
        provider=provider,
        gateway="",
        request_model="",
        response_model=model,
        price_model=model,
        service=f"{provider}-usage",
        agent="",
        conversation_id="",
        call_key="",
        tokens=tokens,
        usage_status=REPORTED,
        context=_context(result),
        units={"web_search_requests": searches} if searches else {},
        flags=(AGGREGATE,),
        record_key=f"report:{NAME}:{key}",
        source=f"{NAME}\x1f{key}",
        outranked_by=BETTER,
    )
    return Sum(Item(usage), Tellers((), provider, model))


def _time_of(bucket: Mapping[str, Any], *, is_openai: bool) -> tuple[int, int]:
    if not is_openai:
        start, end = instant_of(bucket.get("starting_at")), instant_of(bucket.get("ending_at"))
    else:
        start, end = (count_of(bucket, name) * _SECOND_NS for name in ("start_time", "end_time"))
    if not 0 < start < end < END_OF_TIME_NS:
        raise Unreadable("the sum has no time")
    return start, end


def _openai_tokens(result: Mapping[str, Any]) -> Tokens:
    total, cached = count_of(result, "input_tokens"), count_of(result, "input_cached_tokens")
    if cached > total:
        raise Unreadable("more input is cached than there is")
    return Tokens(total - cached, cached, 0, 0, count_of(result, "output_tokens"), 0)


def _anthropic_tokens(result: Mapping[str, Any]) -> Tokens:
    written = mapping_of(result.get("cache_creation"))
    return Tokens(
        count_of(result, "uncached_input_tokens"),
        count_of(result, "cache_read_input_tokens"),
        count_of(written, "ephemeral_5m_input_tokens"),
        count_of(written, "ephemeral_1h_input_tokens"),
        count_of(result, "output_tokens"),
        0,
    )


def _context(result: Mapping[str, Any]) -> PriceContext:
    tier, geo, speed = (text_of(result, name).lower() for name in ("service_tier", "inference_geo", "speed"))
    is_batch = result.get("batch") is True or tier == "batch"
    return PriceContext(
        geo="" if geo == "not_available" else geo,
        speed="" if speed == "standard" else speed,
        processing="batch" if is_batch else "",
        service_tier="" if is_batch else tier,
    )
