"""Request bodies of realistic orchestrators: a trace is one agent span, three model calls and two tool calls, in the
words of one of several emitters (vocabularies.py).

Every body carries fresh trace, span and response ids, so nothing is a resend.  Bodies are made before any clock starts:
a template is serialised once, and the places of its ids are overwritten in copies.
"""

from __future__ import annotations

import gzip
import os
import random
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.vocabularies import Call, Vocabulary, vocabulary_of

KINDS = ("invoke_agent", "chat", "execute_tool", "chat", "execute_tool", "chat")
TEMPLATES = 8
_SECOND = 1_000_000_000

_MODELS = (
    ("openai", "gpt-4o", "gpt-4o-2024-08-06"),
    ("openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
    ("openai", "gpt-4.1", "gpt-4.1-2025-04-14"),
    ("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
    ("anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001"),
    ("gcp.gemini", "gemini-2.5-pro", "gemini-2.5-pro"),
)
_AGENTS = ("planner", "researcher", "coder", "reviewer", "tester", "writer")
_PHASES = ("discover", "plan", "build", "verify")
_TOOLS = ("web_search", "read_file", "run_tests", "apply_patch", "sql_query")

Attributes = Iterable[tuple[str, str | int | float | list[str]]]


class Body(NamedTuple):
    """One request: its gzip bytes and how many spans and model calls it holds."""

    data: bytes
    spans: int
    calls: int


def make_bodies(count: int, spans: int, *, seed: int = 1) -> list[Body]:
    """`count` bodies of `spans` spans each, compressed as an SDK does."""
    rng = random.Random(seed)
    templates = [_Template(spans, rng, vocabulary_of(number)) for number in range(min(TEMPLATES, count))]
    chosen = (templates[index % len(templates)] for index in range(count))
    return [Body(gzip.compress(one.copy(), 6, mtime=0), spans, one.calls) for one in chosen]


class _Template:
    def __init__(self, spans: int, rng: random.Random, vocabulary: Vocabulary) -> None:
        self._rng = rng
        self._words = vocabulary
        self._markers: list[bytes] = []
        self.calls = 0
        request = ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        _set(resource.resource.attributes, _resource(rng))
        runtime, instrumentation = (resource.scope_spans.add() for _ in range(2))
        runtime.scope.name, instrumentation.scope.name = "agent.runtime", vocabulary.scope
        for first in range(0, spans, len(KINDS)):
            self._add_trace(runtime.spans, instrumentation.spans, KINDS[: spans - first])
        self._body = request.SerializeToString()
        self._slots = [(place, len(marker)) for marker in self._markers for place in _places(self._body, marker)]
        self._slot_owner = [i for i, marker in enumerate(self._markers) for _ in _places(self._body, marker)]

    def copy(self) -> bytes:
        """The body with new ids everywhere; equal ids stay equal."""
        fresh = [os.urandom(len(m) // 2).hex().encode() if len(m) == 24 else os.urandom(len(m)) for m in self._markers]
        out = bytearray(self._body)
        for (place, size), owner in zip(self._slots, self._slot_owner, strict=True):
            out[place : place + size] = fresh[owner]
        return bytes(out)

    def _marker(self, size: int) -> bytes:
        self._markers.append(self._rng.randbytes(size))
        return self._markers[-1]

    def _add_trace(self, runtime: Any, instrumentation: Any, kinds: Sequence[str]) -> None:
        rng = self._rng
        trace_id, parent = self._marker(16), b""
        clock = time.time_ns() - (60 + rng.randrange(600)) * _SECOND
        agent, who = rng.choice(_AGENTS), _work(rng)
        for kind in kinds:
            span = (instrumentation if kind == "chat" else runtime).add()
            span.trace_id, span.span_id, span.parent_span_id = trace_id, self._marker(8), parent
            span.name, span.kind, span.flags = kind, 3 if kind == "chat" else 1, 257
            took = rng.randrange(200, 9000) * 1_000_000
            span.start_time_unix_nano, span.end_time_unix_nano = clock, clock + took
            _set(span.attributes, [*self._words.kinds(kind, agent), *who])
            _set(span.attributes, self._details(kind))
            if kind == "invoke_agent":
                parent = span.span_id
            else:
                clock += took

    def _details(self, kind: str) -> Attributes:
        rng = self._rng
        if kind == "execute_tool":
            return [
                ("gen_ai.tool.name", rng.choice(_TOOLS)),
                ("gen_ai.tool.call.id", f"call_{rng.getrandbits(96):024x}"),
                ("gen_ai.tool.type", "function"),
            ]
        provider, asked, answered = rng.choice(_MODELS)
        if kind == "invoke_agent":
            return [("gen_ai.output.type", "text")]
        self.calls += 1
        tokens = rng.randrange(400, 60_000)
        response = rng.randbytes(12).hex()
        self._markers.append(response.encode())
        counts = (tokens, rng.randrange(20, 4000), tokens * rng.randrange(90) // 100)
        return self._words.call(Call(provider, asked, answered, f"chatcmpl-{response}", *counts))


def _resource(rng: random.Random) -> Attributes:
    return [
        ("service.name", "agent-orchestrator"),
        ("service.version", "1.14.2"),
        ("deployment.environment.name", "production"),
        ("telemetry.sdk.language", "python"),
        ("telemetry.sdk.name", "opentelemetry"),
        ("host.name", f"worker-{rng.randrange(20):02d}"),
        ("process.pid", rng.randrange(2, 60_000)),
    ]


def _work(rng: random.Random) -> list[tuple[str, str]]:
    return [
        ("gen_ai.conversation.id", f"conv-{rng.getrandbits(64):016x}"),
        ("project.id", f"project-{rng.randrange(12):02d}"),
        ("task.id", f"TASK-{rng.randrange(200):04d}"),
        ("project.phase", rng.choice(_PHASES)),
    ]


def _set(container: Any, pairs: Attributes) -> None:
    for key, value in pairs:
        item = container.add()
        item.key = key
        if isinstance(value, int):
            item.value.int_value = value
        elif isinstance(value, float):
            item.value.double_value = value
        elif isinstance(value, list):
            for part in value:
                item.value.array_value.values.add().string_value = part
        else:
            item.value.string_value = value


def _places(body: bytes, marker: bytes) -> list[int]:
    places = []
    place = body.find(marker)
    while place >= 0:
        places.append(place)
        place = body.find(marker, place + len(marker))
    return places
