"""From a request body to entries that can be booked: decode, interpret, price; one way for each signal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from exporter.charging import make_entries, make_entry, number_of, start_of
from exporter.dialects import genai
from exporter.dialects.cumulative import Count, Kind, gain_of, stream_of
from exporter.dialects.reading import NOTHING
from exporter.dialects.records import place_in_process
from exporter.dialects.registry import EVENTS, LIFT, NUMBERED, TYPES, groups_of, instruments_of, read_log, read_span
from exporter.dialects.series import Group, read_delta, read_gain
from exporter.intake.decode import decode_logs, decode_metrics, decode_traces
from exporter.intake.hints import SERVICE, Sampled, SessionEvent
from exporter.intake.reasons import TOO_OLD
from exporter.ledger.entry import Advance, Entry
from exporter.runtime import Runtime
from exporter.signals import Origin, Span
from exporter.usage import AGGREGATE_KINDS, LOGS, METRICS, SPANS, TOOL, Reading

WORK_KINDS: Final = AGGREGATE_KINDS | {TOOL}
"""Kinds of spans that tell of work for which somebody calls a model."""
TOGETHER: Final = 256
"""Spans that take each step together (charging.make_entries): more gain nothing, and what is between two steps is held
for so many at once."""


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
    counts: Callable[[Collection[bytes]], Mapping[bytes, Count]]
    """How far the ledger has booked cumulative streams."""
    _ahead: dict[bytes, Count] = field(default_factory=dict)
    """How far the bodies of this moment will bring them."""
    _traces: dict[int, bytes] = field(default_factory=dict)
    """Where records of a cumulative series stand: those of one moment in one trace, so that all are booked or none."""

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
        groups = groups_of(decoded.points, self.charged_metrics)
        prepared = Prepared([], Counter(decoded.rejected))
        ignored = decoded.ignored + len(decoded.points) - sum(group.points for group in groups)
        self._look_up(groups)
        for group in sorted(groups, key=lambda group: group.span.end_ns):
            if start_of(group.span.end_ns, self.now_ns) < self.oldest_ns:
                prepared.rejected[TOO_OLD] += group.points
                continue
            entry = self._of_delta(group) if group.is_delta else self._of_cumulative(group)
            if entry is None:
                ignored += group.points
            else:
                prepared.entries.append(entry)
        return prepared._replace(ignored=ignored)

    def _look_up(self, groups: Iterable[Group]) -> None:
        streams = {stream for group in groups if not group.is_delta for stream in _streams(group).values()}
        if absent := streams - self._ahead.keys():
            self._ahead.update(self.counts(absent))

    def _of_delta(self, group: Group) -> Entry | None:
        reading = read_delta(group)
        return self._entry(group, reading) if reading.usage is not None else None

    def _of_cumulative(self, group: Group) -> Entry | None:
        streams = _streams(group)
        gain = gain_of(group.values, streams, self._ahead)
        reading = read_gain(group, gain) if gain is not None else NOTHING
        if gain is None or reading.usage is None:
            return None
        entry, series = self._entry(group, reading), number_of(group.series)
        for move in gain.moves.values():
            until = max(self._ahead[move.stream].until_ns, reading.usage.end_ns)
            self._ahead[move.stream] = Count(move.after, until)
        trace_id = self._traces.setdefault(series, entry.trace_id)
        return entry._replace(trace_id=trace_id, advance=Advance(series, tuple(gain.moves.values())))

    def _entry(self, group: Group, reading: Reading) -> Entry:
        return make_entry(group.span, reading, self.runtime, self.now_ns, records=group.points)


def _streams(group: Group) -> dict[Kind, bytes]:
    return {kind: stream_of(group.series, kind, start) for kind, start in group.starts.items()}


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
