"""Settling the traces of one booking: which rows are new, which known rows change, and to what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from exporter.ledger.entry import Entry, Priced
from exporter.ledger.stores import KnownTrace
from exporter.settle.agents import Agents, has_agents
from exporter.settle.identity import supersedes_copy
from exporter.settle.same_call import Forgotten, SameCalls, Tree, find_same_calls
from exporter.settle.skeleton import CARRIER, SHARED, Node, unpack
from exporter.settle.tree import find_superseded
from exporter.settle.verdict import SIGNAL, Verdict, judge

Spans = AbstractSet[bytes]
_NONE: Final[Spans] = frozenset()


@dataclass(slots=True)
class Known:
    """What the ledger holds of a trace."""

    number: int
    parts: int = 0
    nodes: dict[bytes, Node] = field(default_factory=dict)


class Fresh(NamedTuple):
    """A row to be made."""

    span_id: bytes
    priced: Priced
    verdict: Verdict


class Change(NamedTuple):
    """A row that is there and gets another verdict, or the content of a better copy."""

    span_id: bytes
    verdict: Verdict | None
    """None: what was decided stands."""
    copy: Priced | None


@dataclass(slots=True)
class Settled:
    """The outcome for one trace."""

    trace_id: bytes
    known: Known | None
    added: list[Node]
    fresh: list[Fresh]
    changes: list[Change]
    accepted: int
    duplicate: int
    ignored: int
    agents: Agents
    """Of the trace as it is now."""


class Outranked(NamedTuple):
    """Spans of a trace that a better signal of their source speaks for (rule R6)."""

    spans: Spans
    judged: Spans
    """Those of them whose rows say so already."""


NONE_OUTRANKED: Final = Outranked(_NONE, _NONE)


class Settlement(NamedTuple):
    """The outcomes for the traces of a booking, and which calls had and have several reports."""

    outcomes: list[Settled]
    calls_before: SameCalls
    calls: SameCalls


def read_known(rows: Iterable[KnownTrace]) -> dict[bytes, Known]:
    """Known traces by id, their parts merged into one set of spans; of copies the better one stands."""
    traces: dict[bytes, Known] = {}
    for trace_id, number, part, packed in rows:
        key = bytes(trace_id)
        trace = traces.get(key)
        if trace is None:
            trace = traces[key] = Known(number)
        if packed is None or part is None:
            continue
        trace.parts = max(trace.parts, part + 1)
        for node in unpack(packed):
            have = trace.nodes.get(node.span_id)
            if have is None or supersedes_copy(node, have):
                trace.nodes[node.span_id] = node
    return traces


def settle(
    traces: Mapping[bytes, list[Entry]],
    known: Mapping[bytes, Known],
    booked: Mapping[bytes, frozenset[bytes]],
    forgotten: Sequence[Forgotten],
    outranked: Mapping[bytes, Outranked],
) -> Settlement:
    """Merge what came with what is known and judge every span that has a usage record.

    Known traces to which nothing came are judged too: they report the same calls.  `booked` names spans whose rows
    outlived their skeleton; copies of those are ignored.  The outcomes are in order of trace.
    """
    merged = [
        _merge(
            Arrived(trace_id, traces.get(trace_id, []), known.get(trace_id)),
            booked.get(trace_id, _NONE),
            outranked.get(trace_id, NONE_OUTRANKED),
        )
        for trace_id in sorted(traces.keys() | known.keys())
    ]
    before = {one.trace_id: Tree(one.known.nodes, one.earlier) for one in merged if one.known}
    calls_before = find_same_calls(before, forgotten) if before else SameCalls()
    calls = find_same_calls({one.trace_id: Tree(one.nodes, one.superseded) for one in merged}, forgotten)
    outcomes = [
        _judge(
            one,
            calls_before.duplicates.get(one.trace_id, _NONE),
            calls.duplicates.get(one.trace_id, _NONE),
            calls.shared.get(one.trace_id, _NONE),
        )
        for one in merged
    ]
    return Settlement(outcomes, calls_before, calls)


class Arrived(NamedTuple):
    """What came to a trace, and what is known of it."""

    trace_id: bytes
    entries: list[Entry]
    known: Known | None


@dataclass(slots=True)
class _Merged:
    """A trace before and after what came, and what rules R3 to R5 supersede in both."""

    trace_id: bytes
    known: Known | None
    news: dict[bytes, Entry]
    duplicate: int
    earlier: dict[bytes, str]
    nodes: Mapping[bytes, Node]
    superseded: dict[bytes, str]


def _merge(arrived: Arrived, booked: Spans, outranked: Outranked) -> _Merged:
    trace_id, entries, known = arrived
    before = known.nodes if known else {}
    news, duplicate = _newest_copies(entries, before, booked)
    earlier = _superseded(before, outranked.judged) if before else {}
    nodes: Mapping[bytes, Node] = before
    if news:
        nodes = {**before, **{span_id: entry.node for span_id, entry in news.items()}}
    elif outranked.spans == outranked.judged:
        return _Merged(trace_id, known, news, duplicate, earlier, before, earlier)
    return _Merged(trace_id, known, news, duplicate, earlier, nodes, _superseded(nodes, outranked.spans))


def _superseded(nodes: Mapping[bytes, Node], outranked: Spans) -> dict[bytes, str]:
    """What the trace itself says of a span comes first, so that the reason does not depend on what came first."""
    superseded = find_superseded(nodes)
    for span_id in outranked:
        if span_id in nodes and nodes[span_id].marks & CARRIER:
            superseded.setdefault(span_id, SIGNAL)
    return superseded


def _judge(one: _Merged, duplicates_before: Spans, duplicates: Spans, shared: Spans) -> Settled:
    agents = Agents(one.nodes)
    outcome = Settled(one.trace_id, one.known, _added(one, shared), [], [], 0, one.duplicate, 0, agents)
    before = one.known.nodes if one.known else {}
    for span_id, entry in one.news.items():
        _place(outcome, entry, is_new=span_id not in before, verdict=judge(entry.node, one.superseded, duplicates))
    if before:
        changed = {span_id for span_id, _ in one.earlier.items() ^ one.superseded.items()}
        changed |= duplicates_before ^ duplicates
        moved: set[bytes] = set()
        if one.news and (has_agents(one.nodes.values()) or has_agents(before.values())):
            moved = _moved(before, agents) - changed
        outcome.changes += [Change(span_id, None, None) for span_id in sorted(moved) if span_id not in one.news]
        outcome.changes += [
            Change(span_id, judge(before[span_id], one.superseded, duplicates), None)
            for span_id in sorted(changed)
            if span_id in before and span_id not in one.news
        ]
    return outcome


def _moved(before: dict[bytes, Node], agents: Agents) -> set[bytes]:
    """Rows whose nearest agent is another one since the rest of the trace came."""
    earlier = Agents(before)
    rows = (span_id for span_id, node in before.items() if node.digest)
    return {span_id for span_id in rows if earlier.above(span_id) != agents.above(span_id)}


def _added(one: _Merged, shared: Spans) -> list[Node]:
    """The shapes to be stored: of what came, and of what is known to be shared from now on."""
    added = {span_id: entry.node for span_id, entry in one.news.items()}
    for span_id in sorted(shared):
        node = one.nodes[span_id]
        if not node.marks & SHARED:
            added[span_id] = node._replace(marks=node.marks | SHARED)
    return list(added.values())


def _newest_copies(entries: list[Entry], before: dict[bytes, Node], booked: Spans) -> tuple[dict[bytes, Entry], int]:
    news: dict[bytes, Entry] = {}
    duplicate = 0
    for entry in entries:
        span_id = entry.node.span_id
        rival = news.get(span_id)
        have = rival.node if rival is not None else before.get(span_id)
        if have is not None or span_id in booked:
            duplicate += entry.records
            if have is None or not supersedes_copy(entry.node, have):
                continue
        news[span_id] = entry
    return news, duplicate


def _place(outcome: Settled, entry: Entry, *, is_new: bool, verdict: Verdict) -> None:
    priced = entry.usage
    if priced is None:
        outcome.ignored += entry.records if is_new else 0
        return
    if priced.never_billable:
        verdict = Verdict(verdict.billing, priced.never_billable)
    if is_new:
        outcome.accepted += entry.records
        outcome.fresh.append(Fresh(entry.node.span_id, priced, verdict))
    else:
        outcome.changes.append(Change(entry.node.span_id, verdict, priced))
