"""From a request body to entries that can be booked: decode, interpret, price; one way for each signal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from exporter.charging import make_entries, make_entry, series_of, series_trace, start_of
from exporter.dialects import genai
from exporter.dialects.records import place_in_process
from exporter.dialects.registry import EVENTS, LIFT, NUMBERED, TYPES, instruments_of, read_log, read_points, read_span
from exporter.dialects.series import Record
from exporter.intake.decode import decode_logs, decode_metrics, decode_traces
from exporter.intake.hints import SERVICE, Sampled, SessionEvent
from exporter.intake.reasons import TOO_OLD
from exporter.ledger.entry import Advance, Entry, Series
from exporter.ledger.progress import Ahead, Runs
from exporter.runtime import Runtime
from exporter.signals import Origin, Span
from exporter.usage import AGGREGATE_KINDS, LOGS, METRICS, SPANS, TOOL, Reading

WORK_KINDS: Final = AGGREGATE_KINDS | {TOOL}
"""Kinds of spans that tell of work for which somebody calls a model."""
TOGETHER: Final = 256
"""Spans that take each step together: enough for the code of a step to stay in the processor's caches, and few enough
for what is between two steps to stay there too."""


class Body(NamedTuple):
    """What was sent, and in which signal and encoding."""

    content: bytes
    is_json: bool
    signal: str = SPANS


class Worked(NamedTuple):
    """Who sent spans of agents or tools."""

    scope: str
    service: str
    kind: str


class Prepared(NamedTuple):
    """A request between pricing and booking."""

    entries: list[Entry]
    rejected: Counter[str]
    ignored: int = 0
    """Records that no dialect reads."""
    sampled: Mapping[str, Sampled] = MappingProxyType({})
    """By service, what its spans say of sampling."""
    worked: Mapping[Worked, int] = MappingProxyType({})
    """Spans of agents and tools that carry no usage themselves."""
    events: Sequence[SessionEvent] = ()
    """Of senders that number the events of a session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """Makes entries of bodies, as things stand at one moment."""

    runtime: Runtime
    now_ns: int
    oldest_ns: int
    """What began before is too old to be accepted."""
    charged_metrics: Collection[str]
    """Dialects whose metric points are charged."""
    runs: Callable[[Series], Runs]
    """How far the ledger has booked the runs of a cumulative series."""
    _ahead: dict[int, Ahead] = field(default_factory=dict)
    """Of series that this moment's bodies bring forward."""

    def prepare(self, body: Body) -> Prepared:
        """Entries of a body.  InvalidRequest or TooLarge for one that can never be accepted."""
        by_signal = {SPANS: self._spans, LOGS: self._logs, METRICS: self._metrics}
        return by_signal[body.signal](body)

    def _spans(self, body: Body) -> Prepared:
        runtime, now_ns = self.runtime, self.now_ns
        decoded = decode_traces(body.content, json=body.is_json, wanted=runtime.wanted, lift=LIFT)
        spans = [span for span in decoded.spans if start_of(span.start_ns, now_ns) >= self.oldest_ns]
        rejected = Counter(decoded.rejected) + Counter({TOO_OLD: len(decoded.spans) - len(spans)})
        entries: list[Entry] = []
        worked: Counter[Worked] = Counter()
        for first in range(0, len(spans), TOGETHER):
            part = spans[first : first + TOGETHER]
            readings = [read_span(span) for span in part]
            if genai.NAME in self.charged_metrics:
                for span, reading in zip(part, readings, strict=True):
                    if reading.usage is not None:
                        place_in_process(reading.usage, span, genai.NAME)
            entries += make_entries(part, readings, runtime, now_ns)
            worked += _worked(part, readings)
        return Prepared(entries, rejected, sampled=decoded.sampled, worked=worked)

    def _logs(self, body: Body) -> Prepared:
        runtime = self.runtime
        decoded = decode_logs(
            body.content, json=body.is_json, wanted=runtime.wanted_of_logs, events=EVENTS, numbered=NUMBERED
        )
        prepared, ignored = Prepared([], Counter(decoded.rejected)), decoded.ignored
        for record in decoded.records:
            reading = read_log(record)
            if start_of(record.start_ns, self.now_ns) < self.oldest_ns:
                prepared.rejected[TOO_OLD] += 1
            elif reading.usage is None:
                ignored += 1
            else:
                prepared.entries.append(make_entry(record, reading, runtime, self.now_ns))
        return prepared._replace(ignored=ignored, events=decoded.events)

    def _metrics(self, body: Body) -> Prepared:
        decoded = decode_metrics(
            body.content,
            json=body.is_json,
            wanted=self.runtime.wanted_of_points,
            metrics=instruments_of(self.charged_metrics),
            types=TYPES,
        )
        records = read_points(decoded.points, self.charged_metrics)
        prepared = Prepared([], Counter(decoded.rejected))
        ignored = decoded.ignored + len(decoded.points) - sum(record.points for record in records)
        for record in sorted(records, key=lambda record: record.span.end_ns):
            if start_of(record.span.end_ns, self.now_ns) < self.oldest_ns:
                prepared.rejected[TOO_OLD] += record.points
                continue
            entries = list(self._of_points(record))
            prepared.entries.extend(entries)
            ignored += 0 if entries else record.points
        return prepared._replace(ignored=ignored)

    def _of_points(self, record: Record) -> Iterator[Entry]:
        usage = record.reading.usage
        if usage is None:
            return
        reading = record.reading
        if not record.series:
            yield make_entry(record.span, reading, self.runtime, self.now_ns, records=record.points)
            return
        series = series_of(record.series, record.starts)
        advance = self._ahead.setdefault(series.number, Ahead(self.runs)).add(series, usage)
        if advance is not None:
            added, home, points = advance
            reading = Reading(reading.kind, added)
            entry = make_entry(record.span, reading, self.runtime, self.now_ns, records=record.points)
            yield entry._replace(trace_id=series_trace(record.series, home), advance=Advance(series, points))


def _worked(spans: Sequence[Span], readings: Sequence[Reading]) -> Counter[Worked]:
    """How many spans of work carry no usage, by who sent them."""
    counts: dict[tuple[int, str], int] = {}
    origins: dict[int, Origin] = {}
    for span, reading in zip(spans, readings, strict=True):
        if reading.usage is None and reading.kind in WORK_KINDS:
            key = (id(span.origin), reading.kind)
            counts[key] = counts.get(key, 0) + 1
            origins[key[0]] = span.origin
    found: Counter[Worked] = Counter()
    for (number, kind), count in counts.items():
        origin = origins[number]
        found[Worked(origin.scope, str(origin.resource.get(SERVICE, "")), kind)] += count
    return found
