"""What the machine allows: one core that inflates, decodes wanted keys and inserts durably, and nothing else."""

from __future__ import annotations

import os
import sqlite3
import statistics
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.bodies import Body

_KEYS = (
    ("gen_ai.operation.name", "openinference.span.kind", "ai.operationId", "traceloop.span.kind", "llm.request.type"),
    ("gen_ai.provider.name", "llm.provider", "ai.model.provider", "gen_ai.system"),
    ("gen_ai.request.model", "ai.model.id"),
    ("gen_ai.response.model", "llm.model_name", "ai.response.model"),
    ("gen_ai.response.id", "ai.response.id"),
    ("gen_ai.agent.name", "agent.name", "ai.telemetry.functionId"),
    ("gen_ai.conversation.id",),
    ("project.id",),
    ("task.id",),
    ("project.phase",),
    ("gen_ai.tool.name",),
    ("gen_ai.usage.input_tokens", "llm.token_count.prompt", "ai.usage.inputTokens"),
    ("gen_ai.usage.output_tokens", "llm.token_count.completion", "ai.usage.outputTokens"),
    (
        "gen_ai.usage.cache_read.input_tokens",
        "llm.token_count.prompt_details.cache_read",
        "ai.usage.cachedInputTokens",
        "gen_ai.usage.cache_read_input_tokens",
    ),
    ("gen_ai.usage.cache_creation.input_tokens",),
)
"""The names of each column, in all vocabularies of the load."""
_COLUMN_OF = {key: number for number, keys in enumerate(_KEYS) for key in keys}
_FIXED = ("trace_id BLOB", "span_id BLOB", "parent BLOB", "name TEXT", "started INTEGER", "ended INTEGER")
_FILLED = ("received INTEGER", "cost INTEGER", "price INTEGER", "flags INTEGER")
_COLUMNS = (*_FIXED, *(f"a{number} ANY" for number in range(len(_KEYS))), *_FILLED)
_INSERT = f"INSERT INTO span VALUES ({','.join('?' * len(_COLUMNS))}) ON CONFLICT DO NOTHING"

Row = tuple[Any, ...]


def decode_wanted(body: bytes) -> list[Row]:
    """Rows of the floor's table: only wanted attributes become Python values."""
    return [
        _row(span)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _row(span: Any) -> Row:
    found: list[str | int | None] = [None] * len(_KEYS)
    for item in span.attributes:
        column = _COLUMN_OF.get(item.key)
        if column is not None:
            found[column] = item.value.string_value or item.value.int_value
    return (
        span.trace_id,
        span.span_id,
        span.parent_span_id,
        span.name,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        *found,
        span.end_time_unix_nano,
        1_000_000,
        17,
        0,
    )


class Floor(NamedTuple):
    """What one core reaches."""

    spans_per_second: float
    cpu_us_per_span: float
    """Also true on a busy machine, where the rate is not."""


def measure_floor(bodies: Sequence[Body], folder: Path) -> Floor:
    """Inflate, decode and one durable transaction for each body; medians over the bodies."""
    connection = _open(folder / "floor.db")
    wall, cpu = [], []
    for body in bodies:
        begun, worked = time.perf_counter(), time.process_time()
        rows = decode_wanted(zlib.decompress(body.data, 31))
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT, rows)
        connection.execute("COMMIT")
        wall.append((time.perf_counter() - begun) / body.spans)
        cpu.append((time.process_time() - worked) / body.spans)
    connection.close()
    return Floor(1 / statistics.median(wall), 1e6 * statistics.median(cpu))


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=16000", "cache_size=-131072"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"CREATE TABLE IF NOT EXISTS span ({', '.join(_COLUMNS)}, UNIQUE (trace_id, span_id))")
    return connection


def fdatasync_ms(folder: Path) -> float:
    """How long this disk takes to make a small append durable; it explains the rest."""
    times = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begun)
    return 1000 * statistics.median(times)
