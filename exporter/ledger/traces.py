"""Settling the traces of one booking: which rows are new, which known rows change, and to what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from exporter.ledger.entry import Entry, Priced
from exporter.ledger.stores import KnownTrace
from exporter.settle.identity import supersedes_copy
from exporter.settle.skeleton import Node, unpack
from exporter.settle.tree import find_superseded
from exporter.settle.verdict import Verdict, judge


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
    verdict: Verdict
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


def settle(trace_id: bytes, entries: list[Entry], known: Known | None, booked: frozenset[bytes]) -> Settled:
    """Merge what came with what is known and judge every span that has a usage record.

    `booked` names spans whose rows outlived their skeleton; copies of those are ignored.
    """
    before = known.nodes if known else {}
    news, duplicate = _newest_copies(entries, before, booked)
    outcome = Settled(trace_id, known, [entry.node for entry in news.values()], [], [], 0, duplicate, 0)
    after = {**before, **{span_id: entry.node for span_id, entry in news.items()}} if before else None
    nodes = after if after is not None else {span_id: entry.node for span_id, entry in news.items()}
    superseded = find_superseded(nodes)
    for span_id, entry in news.items():
        _place(outcome, entry, before.get(span_id), superseded)
    if before and news:
        replaced = {change.span_id for change in outcome.changes}
        outcome.changes += _changed_verdicts(before, superseded, replaced)
    return outcome


def _newest_copies(
    entries: list[Entry], before: dict[bytes, Node], booked: frozenset[bytes]
) -> tuple[dict[bytes, Entry], int]:
    news: dict[bytes, Entry] = {}
    duplicate = 0
    for entry in entries:
        span_id = entry.node.span_id
        rival = news.get(span_id)
        have = rival.node if rival is not None else before.get(span_id)
        if have is not None or span_id in booked:
            duplicate += 1
            if have is None or not supersedes_copy(entry.node, have):
                continue
        news[span_id] = entry
    return news, duplicate


def _place(outcome: Settled, entry: Entry, old: Node | None, superseded: dict[bytes, str]) -> None:
    priced = entry.usage
    if old is None:
        if priced is None:
            outcome.ignored += 1
            return
        outcome.accepted += 1
    if priced is None:
        return
    verdict = judge(entry.node, superseded)
    if priced.never_billable:
        verdict = Verdict(verdict.billing, priced.never_billable)
    if old is None:
        outcome.fresh.append(Fresh(entry.node.span_id, priced, verdict))
    else:
        outcome.changes.append(Change(entry.node.span_id, verdict, priced))


def _changed_verdicts(before: dict[bytes, Node], superseded: dict[bytes, str], replaced: set[bytes]) -> list[Change]:
    """Rows that were there and are judged otherwise now that more of their trace is known."""
    earlier = find_superseded(before)
    return [
        Change(span_id, judge(before[span_id], superseded), None)
        for span_id in sorted(earlier.keys() | superseded.keys())
        if span_id in before and span_id not in replaced and earlier.get(span_id) != superseded.get(span_id)
    ]
