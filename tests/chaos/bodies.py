"""Bodies of a load run: gzipped protobuf with fresh ids, each a pure function of a seed and a number."""

from __future__ import annotations

import gzip
import random
import time
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter.usage import Tokens

CallId = tuple[bytes, bytes]
"""Trace id and span id."""

MODELS = (
    ("anthropic", "claude-opus-5-5"),
    ("anthropic", "claude-haiku-5-5"),
    ("openai", "gpt-6-sol"),
    ("gcp.gemini", "gemini-2.5-pro"),
    ("self_hosted", "not-in-any-price-book"),
)
PROJECTS = ("alpha", "beta", "gamma")
SECOND_NS = 10**9


class Body(NamedTuple):
    number: int
    data: bytes
    calls: dict[CallId, Tokens]
    """Every model call in it, as the ledger must show it."""


class BodyMaker(NamedTuple):
    """Makes body `n` the same whenever it is asked."""

    seed: int
    started_ns: int
    traces: int = 4
    calls: int = 6

    def make(self, number: int) -> Body:
        rng = random.Random(f"{self.seed}/{number}")
        request = ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        resource.resource.attributes.extend(_attributes({"service.name": "load"}))
        scope = resource.scope_spans.add()
        scope.scope.name = "chaos.load"
        calls: dict[CallId, Tokens] = {}
        for _ in range(self.traces):
            spans = self._trace(rng, calls)
            scope.spans.extend(spans)
        return Body(number, gzip.compress(request.SerializeToString(), 1), calls)

    def _trace(self, rng: random.Random, calls: dict[CallId, Tokens]) -> list[Span]:
        trace_id, root_id = rng.randbytes(16), rng.randbytes(8)
        at_ns = self.started_ns - rng.randrange(600) * SECOND_NS
        agent = rng.randrange(4)
        work = {"agent.project": PROJECTS[agent % 3], "gen_ai.agent.name": f"agent-{agent}"}
        root = _span(trace_id, root_id, b"", at_ns, self.calls + 1)
        root.name = f"invoke_agent agent-{agent}"
        root.attributes.extend(_attributes({"gen_ai.operation.name": "invoke_agent", **work}))
        spans = [root]
        for n in range(self.calls):
            span = _span(trace_id, rng.randbytes(8), root_id, at_ns + n * SECOND_NS, 1)
            tokens = _tokens(rng)
            _describe_call(span, rng, tokens, work)
            calls[trace_id, span.span_id] = tokens
            spans.append(span)
        return spans


def new_maker(seed: int, **sizes: int) -> BodyMaker:
    """A maker whose calls happened in the last ten minutes."""
    return BodyMaker(seed, time.time_ns(), **sizes)


def _span(trace_id: bytes, span_id: bytes, parent: bytes, at_ns: int, seconds: int) -> Span:
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent,
        kind=Span.SPAN_KIND_CLIENT if parent else Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=at_ns,
        end_time_unix_nano=at_ns + seconds * SECOND_NS,
    )


def _tokens(rng: random.Random) -> Tokens:
    return Tokens(
        input_uncached=rng.randrange(1, 5_000),
        cache_read=rng.choice((0, rng.randrange(1, 40_000))),
        cache_write_5m=rng.choice((0, rng.randrange(1, 2_000))),
        output_visible=rng.randrange(1, 900),
        reasoning=rng.choice((0, rng.randrange(1, 500))),
    )


def _describe_call(span: Span, rng: random.Random, tokens: Tokens, work: dict[str, str]) -> None:
    provider, model = rng.choice(MODELS)
    span.name = f"chat {model}"
    span.attributes.extend(
        _attributes(
            {
                **work,
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": provider,
                "gen_ai.request.model": model,
                "gen_ai.response.model": model,
                "gen_ai.response.id": f"msg_{rng.randbytes(16).hex()}",
                "gen_ai.usage.input_tokens": tokens.input_total,
                "gen_ai.usage.output_tokens": tokens.output_total,
                "gen_ai.usage.cache_read.input_tokens": tokens.cache_read,
                "gen_ai.usage.cache_write.input_tokens": tokens.cache_write_5m,
                "gen_ai.usage.reasoning.output_tokens": tokens.reasoning,
            }
        )
    )


def _attributes(values: dict[str, str | int]) -> list[KeyValue]:
    return [
        KeyValue(key=key, value=AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value))
        for key, value in values.items()
    ]
