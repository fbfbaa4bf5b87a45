"""Pushing spans through the OpenTelemetry SDK's exporter, and knowing what arrived."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, Final

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from exporter.demo.tally import Tally

_PAUSE_S: Final = 1.0
_RETRYABLE: Final = frozenset({429, 502, 503, 504})
"""OTLP/HTTP, "Failures": every other answer of 400 and above says that sending again is useless."""


class Delivery(SpanExporter):
    """The SDK's OTLP exporter (protobuf, gzip), with more patience and an account of what it delivered."""

    def __init__(self, endpoint: str, *, token: str | None = None, patience_s: float = 60.0) -> None:
        self.delivered = Tally()
        self.lost_spans = 0
        self.trouble = ""
        """Why spans were lost last; empty while none were."""
        self.is_refused = False
        """Whether the endpoint said that sending again is useless."""
        self._endpoint = endpoint.rstrip("/")
        self._patience_s = patience_s
        self._closing = threading.Event()
        self._status = 0
        session = requests.Session()
        session.hooks["response"] = [self._note_status]
        self._exporter = OTLPSpanExporter(
            f"{self._endpoint}/v1/traces",
            headers={"Authorization": f"Bearer {token}"} if token else None,
            compression=Compression.Gzip,
            session=session,
        )

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send until it is accepted, refused for good, or patience ends; then the spans are lost and counted."""
        deadline = time.monotonic() + self._patience_s
        while self._send(spans) is not SpanExportResult.SUCCESS:
            if self._status_is_final() or time.monotonic() > deadline or self._closing.wait(_PAUSE_S):
                self.lost_spans += len(spans)
                self.trouble = self._explain()
                self.is_refused = self._status_is_final()
                return SpanExportResult.FAILURE
        for span in spans:
            self.delivered.add(span.attributes or {})
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._closing.set()
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _send(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._status = 0
        return self._exporter.export(spans)

    def _note_status(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self._status = response.status_code

    def _status_is_final(self) -> bool:
        return self._status >= 400 and self._status not in _RETRYABLE

    def _explain(self) -> str:
        said = f"answered {self._status}" if self._status else "does not answer"
        return f"{self._endpoint} {said}"


class Batches(SpanProcessor):
    """Hands ended spans on in batches of a fixed size and never drops one; for spans of the past."""

    def __init__(self, exporter: SpanExporter, *, size: int = 512) -> None:
        self._exporter = exporter
        self._size = size
        self._spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self._spans.append(span)
        if len(self._spans) >= self._size:
            self.force_flush()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Send what is there; True when it arrived.  How long that may take is the exporter's affair."""
        spans, self._spans = self._spans, []
        return not spans or self._exporter.export(spans) is SpanExportResult.SUCCESS
