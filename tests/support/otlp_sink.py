"""An OTLP/HTTP receiver that keeps what it gets and answers as it is told."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from support.serving import Served


class Received(NamedTuple):
    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    """With which it was answered."""


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str] = {}


class Sink(Served):
    """Listens within a `with` block.  `replies` are given out one by one; without any the answer is 200."""

    def __init__(self, *replies: Reply, port: int = 0) -> None:
        self.received: list[Received] = []
        self.replies = deque(replies)
        self._guard = threading.Lock()
        super().__init__(ThreadingHTTPServer(("127.0.0.1", port), _handler_of(self)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bodies(self) -> list[Received]:
        """What was accepted."""
        return [one for one in self.received if one.status == 200]

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Keep a request and choose its answer."""
        with self._guard:
            reply = self.replies.popleft() if self.replies else Reply(200)
            self.received.append(Received(path, headers, body, reply.status))
            return reply

    def spans(self) -> list[Span]:
        return [span for scoped in self._scoped_spans() for span in scoped]

    def log_records(self) -> list[LogRecord]:
        requests = (ExportLogsServiceRequest.FromString(one.body) for one in self.bodies if one.path == "/v1/logs")
        groups = (group for request in requests for group in request.resource_logs)
        return [record for group in groups for scoped in group.scope_logs for record in scoped.log_records]

    def metrics(self) -> list[ExportMetricsServiceRequest]:
        return [ExportMetricsServiceRequest.FromString(one.body) for one in self.bodies if one.path == "/v1/metrics"]

    def traces(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(one.body) for one in self.bodies if one.path == "/v1/traces"]

    def _scoped_spans(self) -> Iterator[list[Span]]:
        groups = (group for request in self.traces() for group in request.resource_spans)
        return (list(scoped.spans) for group in groups for scoped in group.scope_spans)


def _handler_of(sink: Sink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = sink.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class calls it so
            """Silent."""

    return Handler
