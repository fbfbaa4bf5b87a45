"""Rule R2: one call that several spans report, in one trace or in several, is charged once.

Reports of one call are those of the same identity (call_identity.py) whose times overlap, and those
that such reports join: connected components.  Of each, one report is charged: of those that no other
rule supersedes the one with the most token classes, then with a stated cost, then the deepest in its
trace, then the shortest (whoever is nearer to the provider started later and ended earlier, and
counts without the mistakes of those around it), then the smallest (trace, span).  None is charged
when the call is spoken for already, by a call outside the component that rule R3 prefers to a report
in it, or when a gateway answered from its cache.  The outcome depends on the set of spans alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from exporter.settle.call_identity import reach_of
from exporter.settle.skeleton import CALL_CODES, CLASSES, NEVER_BILLED, PRICED_BY_EMITTER, Node
from exporter.settle.tree import Nodes, find_speakers
from exporter.settle.verdict import SIGNAL

_CYCLE: Final = -1
_FARTHEST: Final = 100
"""Calls between a wrapper and what counts in its place; beyond this bound for hostile nestings a call is charged."""


class Tree(NamedTuple):
    """A trace, and which of its spans rules R3 to R5 supersede."""

    nodes: Nodes
    superseded: Mapping[bytes, str]


class Forgotten(NamedTuple):
    """A report of which only the booked row is left: what was decided about it stands."""

    trace_id: bytes
    span_id: bytes
    call: int
    start_ns: int
    end_ns: int
    is_free: bool
    """It was never billable; otherwise somebody pays for the call."""


Report = tuple[bytes, bytes]
"""Trace and span."""


class Component(NamedTuple):
    """The reports of one call, in order, and the one that is charged, if any."""

    charged: Report | None
    reports: tuple[Report, ...]


@dataclass(slots=True)
class SameCalls:
    """Which spans, by trace, are not charged because of another one, and which have one in a different trace."""

    duplicates: dict[bytes, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    shared: dict[bytes, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    components: list[Component] = field(default_factory=list)
    """The calls that have several reports."""


class _Member(NamedTuple):
    start_ns: int
    end_ns: int
    trace_id: bytes
    span_id: bytes
    node: Node | None
    """None when only the row is left."""
    is_free: bool


def find_same_calls(trees: Mapping[bytes, Tree], forgotten: Iterable[Forgotten] = ()) -> SameCalls:
    """Apply rule R2 to the traces at hand, and to rows whose traces were forgotten."""
    return _Finding(trees).run(forgotten)


class _Finding:
    def __init__(self, trees: Mapping[bytes, Tree]) -> None:
        self._trees = trees
        self._speakers: dict[bytes, dict[bytes, list[bytes]]] = {}
        self._depths: dict[bytes, dict[bytes, int]] = {}
        self._found = SameCalls()

    def run(self, forgotten: Iterable[Forgotten]) -> SameCalls:
        for group in _groups(self._trees, list(forgotten)):
            if len({member.trace_id for member in group}) > 1:
                for member in group:
                    if member.node:
                        self._found.shared[member.trace_id].add(member.span_id)
            for component in _components(group):
                if len(component) > 1:
                    self._decide(component)
        return self._found

    def _decide(self, component: list[_Member]) -> None:
        payable = [member for member in component if self._is_payable(member)]
        charged = None
        if payable and not self._is_spoken_for(component):
            free = _Times(member for member in component if member.is_free)
            charged = max((member for member in payable if not free.meet(member)), key=self._rank, default=None)
        for member in payable:
            if member is not charged:
                self._found.duplicates[member.trace_id].add(member.span_id)
        reports = tuple(sorted((member.trace_id, member.span_id) for member in component))
        paid = (charged.trace_id, charged.span_id) if charged else None
        self._found.components.append(Component(paid, reports))

    def _is_payable(self, member: _Member) -> bool:
        return (
            member.node is not None
            and not member.is_free
            and member.span_id not in self._trees[member.trace_id].superseded
        )

    def _is_spoken_for(self, component: list[_Member]) -> bool:
        inside = {(member.trace_id, member.span_id) for member in component}
        for member in component:
            if member.node is None:
                if not member.is_free:
                    return True
            elif self._speaks_another(member) and self._leads_outside(member, inside):
                return True
        return False

    def _speaks_another(self, member: _Member) -> bool:
        """Whether another span counts in a report's place; a better signal of the same call has the same identity."""
        rule = self._trees[member.trace_id].superseded.get(member.span_id)
        return rule is not None and rule != SIGNAL

    def _leads_outside(self, member: _Member, inside: set[Report]) -> bool:
        """Whether none of the calls that count in a superseded one's place, at last, is a report of the same call."""
        speakers, superseded = self._speakers_of(member.trace_id), self._trees[member.trace_id].superseded
        waiting, steps = [member.span_id], 0
        while waiting and steps < _FARTHEST:
            steps += 1
            for speaker in sorted(speakers.get(waiting.pop(), ())):
                if (member.trace_id, speaker) in inside:
                    return False
                if speaker in superseded:
                    waiting.append(speaker)
        return not waiting

    def _speakers_of(self, trace_id: bytes) -> dict[bytes, list[bytes]]:
        known = self._speakers.get(trace_id)
        if known is None:
            known = self._speakers[trace_id] = find_speakers(self._trees[trace_id].nodes)
        return known

    def _rank(self, member: _Member) -> tuple[int, int, int, int, bytes, bytes]:
        node = member.node
        marks = node.marks if node else 0
        return (
            (marks & CLASSES).bit_count(),
            marks & PRICED_BY_EMITTER,
            self._depth(member.trace_id, member.span_id),
            min(member.start_ns - member.end_ns, 0),
            _inverted(member.trace_id),
            _inverted(member.span_id),
        )

    def _depth(self, trace_id: bytes, span_id: bytes) -> int:
        depths = self._depths.setdefault(trace_id, {})
        return max(_depth_of(self._trees[trace_id].nodes, span_id, depths), 0)


def _groups(trees: Mapping[bytes, Tree], forgotten: list[Forgotten]) -> Iterator[list[_Member]]:
    """Reports of the same identity, where there are several."""
    calls = [
        node.call for tree in trees.values() for node in tree.nodes.values() if node.call and node.kind in CALL_CODES
    ]
    if len(set(calls)) == len(calls) and not forgotten:
        return
    groups: dict[int, list[_Member]] = defaultdict(list)
    for trace_id, tree in trees.items():
        for node in tree.nodes.values():
            if node.call and node.kind in CALL_CODES:
                is_free = bool(node.marks & NEVER_BILLED)
                groups[node.call].append(_Member(node.start_ns, node.end_ns, trace_id, node.span_id, node, is_free))
    for row in forgotten:
        member = _Member(row.start_ns, row.end_ns, row.trace_id, row.span_id, None, row.is_free)
        groups[row.call].append(member)
    yield from (group for group in groups.values() if len(group) > 1)


def _components(group: list[_Member]) -> Iterator[list[_Member]]:
    """Runs of reports that overlap, each with one before it."""
    ordered = sorted(group, key=lambda member: member[:4])
    run, latest = [ordered[0]], reach_of(*ordered[0][:2])
    for member in ordered[1:]:
        if member.start_ns > latest:
            yield run
            run = []
        run.append(member)
        latest = max(latest, reach_of(*member[:2]))
    yield run


class _Times:
    """When some reports were under way, as intervals that do not touch."""

    def __init__(self, members: Iterable[_Member]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted((member.start_ns, max(member[:2])) for member in members):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def meet(self, member: _Member) -> bool:
        """Without tolerance: the call before, which filled the cache, is often only milliseconds older."""
        before = bisect_right(self._starts, max(member[:2]))
        return before > 0 and self._ends[before - 1] >= member.start_ns


def _depth_of(nodes: Nodes, span_id: bytes, depths: dict[bytes, int]) -> int:
    """How many ancestors have been seen; below a circle of parents, none that counts."""
    path: list[bytes] = []
    walked: set[bytes] = set()
    depth: int | None = None
    while depth is None:
        if span_id in depths:
            depth = depths[span_id]
        elif span_id in walked:
            depth = _CYCLE
        else:
            path.append(span_id)
            walked.add(span_id)
            parent_id = nodes[span_id].parent_id
            if parent_id not in nodes:
                depth = depths[path.pop()] = 0
            span_id = parent_id
    for step in reversed(path):
        depth = depths[step] = depth + 1 if depth != _CYCLE else _CYCLE
    return depth


def _inverted(key: bytes) -> bytes:
    """The smallest key is the largest of these."""
    return bytes(255 - byte for byte in key)
