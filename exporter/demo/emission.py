"""Planned spans become real ones: OpenTelemetry SDK tracers with the planned ids and times."""

from __future__ import annotations

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from exporter import __version__
from exporter.demo.planned import CLIENT, PlannedSpan, PlannedTrace
from exporter.demo.roster import Project

SCOPE = "exporter.demo"


class PlannedIds(IdGenerator):
    """Gives out the ids of the plan instead of random ones."""

    trace_id = 0
    span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class Emission:
    """Starts and ends each planned span with the SDK; `sink` receives it, as it would an application's."""

    def __init__(self, sink: SpanProcessor) -> None:
        self._sink = sink
        self._ids = PlannedIds()
        self._tracers: dict[Project, otel.Tracer] = {}

    def emit(self, trace: PlannedTrace, span: PlannedSpan) -> None:
        self._ids.trace_id, self._ids.span_id = trace.trace_id, span.span_id
        real = self._tracer(trace.agent.project).start_span(
            span.name,
            context=_parent_context(trace.trace_id, span.parent_id),
            kind=SpanKind.CLIENT if span.kind == CLIENT else SpanKind.INTERNAL,
            attributes=span.attributes,
            start_time=span.start_ns,
        )
        if span.error:
            real.set_status(Status(StatusCode.ERROR, span.error))
        real.end(span.end_ns)

    def _tracer(self, project: Project) -> otel.Tracer:
        if project not in self._tracers:
            provider = TracerProvider(
                sampler=ALWAYS_ON, resource=_describe(project), id_generator=self._ids, shutdown_on_exit=False
            )
            provider.add_span_processor(self._sink)
            self._tracers[project] = provider.get_tracer(SCOPE, __version__)
        return self._tracers[project]


def _describe(project: Project) -> Resource:
    return Resource(
        {
            "service.name": "demo-fleet",
            "service.namespace": project.name,
            "service.version": __version__,
            "deployment.environment.name": project.environment,
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.language": "python",
        }
    )


def _parent_context(trace_id: int, parent_id: int | None) -> Context:
    """An empty context for a root, so that nothing of the surrounding program becomes its parent."""
    if parent_id is None:
        return Context()
    parent = SpanContext(trace_id, parent_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return otel.set_span_in_context(NonRecordingSpan(parent), Context())
