"""What a body that is refused leaves behind: nothing, and that at once."""

from __future__ import annotations

import gc
import sys
import time
from types import SimpleNamespace

import pytest

from exporter.errors import InvalidRequest
from exporter.pipeline import Pipeline
from exporter.telemetry.selfmetrics import SelfMetrics


def refuse(pipeline: Pipeline, body: bytes, *, json: bool) -> None:
    with pytest.raises(InvalidRequest):
        pipeline.traces(body, json=json)


@pytest.mark.parametrize("json", [False, True])
def test_a_refused_body_is_free_without_the_garbage_collector(books, json):
    runtime = SimpleNamespace(wanted=frozenset())
    pipeline = Pipeline(books.booking, lambda: runtime, SelfMetrics(), clock_ns=time.time_ns, accept_age_ns=None)
    body = b"{" + bytes(1_000_000)
    before = sys.getrefcount(body)
    gc.disable()
    try:
        refuse(pipeline, body, json=json)
        assert sys.getrefcount(body) == before
    finally:
        gc.enable()
