"""How much more agents say they used than the calls below them add up to: a sign of calls that never arrived.

An agent's own total is never charged once a call below it is (rule R4).  What it says beyond them is a diagnostic and
no money: sampling, a lost batch or a call that nobody traces are the usual reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from exporter.budgets.periods import QUARTER_NS
from exporter.ledger.batches import in_batches
from exporter.ledger.gauges import Labels, read_gauges, replace_gauges
from exporter.ledger.tables import TOKEN_COLUMNS, dimension, skeleton, usage
from exporter.settle.skeleton import unpack
from exporter.settle.tree import AGGREGATE
from exporter.usage import BILLING, CHARGED, SUPERSEDED

AGGREGATE_GAP: Final = "aggregate_gap"
AGGREGATE_TOLD: Final = "aggregate_told"
GAUGES: Final = (AGGREGATE_GAP, AGGREGATE_TOLD)
"""Labels: service and agent."""
MOST_ROWS: Final = 100_000
"""Looked at in one round."""
SETTLED_NS: Final = 60 * 10**9
"""Rows are looked at when they are so old: by then the calls below an agent have come."""
_QUARTERS: Final = 4
_BATCH: Final = 200
_DEEPEST: Final = 200
"""Spans above one another that are walked; real agents nest a dozen deep."""
_MOST_AGENTS: Final = 200


class Told(NamedTuple):
    """What agents said and how much of it no call accounts for, in tokens."""

    gap: int
    told: int


class _Agent(NamedTuple):
    service: str
    agent: str
    quarter: int
    """In which it was received (Unix time / 900 s)."""


def find_aggregate_gaps(connection: Connection, after: int | None, now_ns: int) -> tuple[int, dict[_Agent, Told]]:
    """The last row that was looked at, and what was found between `after` and it.

    Without `after` nothing is looked at: what was booked before anybody asked is history.
    """
    if after is None:
        return connection.scalar(select(func.max(usage.c.id))) or 0, {}
    within = (usage.c.id > after, usage.c.id <= after + MOST_ROWS)
    last = connection.scalar(select(func.max(usage.c.id)).where(*within, usage.c.received_at <= now_ns - SETTLED_NS))
    if last is None:
        return after, {}
    tokens = sum((usage.c[name] for name in TOKEN_COLUMNS[1:]), usage.c[TOKEN_COLUMNS[0]])
    query = (
        select(usage.c.trace, usage.c.span_id, usage.c.received_at, tokens, dimension.c.service, dimension.c.agent)
        .join(dimension, dimension.c.id == usage.c.dimension)
        .where(usage.c.id > after, usage.c.id <= last)
        .where(usage.c.billing == BILLING.index(SUPERSEDED), usage.c.billing_reason == AGGREGATE)
        .order_by(usage.c.trace)
    )
    found: dict[_Agent, Told] = {}
    for batch in in_batches(connection.execute(query).all(), _BATCH):
        below = _charged_below(connection, {row[0] for row in batch})
        for trace, span_id, received_at, total, service, agent in batch:
            charged = below.get((trace, bytes(span_id)))
            if charged is not None:
                key = _Agent(service, agent, received_at // QUARTER_NS)
                gap, told = found.get(key, Told(0, 0))
                found[key] = Told(gap + max(int(total) - charged, 0), told + int(total))
    return last, found


def keep_aggregate_gaps(connection: Connection, found: Mapping[_Agent, Told], now_ns: int) -> None:
    """Add to what was found in the last hour, forget what is older, and show the sums."""
    oldest = now_ns // QUARTER_NS - _QUARTERS
    parts = {_part_of(labels): told for labels, told in _kept(connection).items()}
    for key, (gap, told) in found.items():
        have = parts.get(key, Told(0, 0))
        parts[key] = Told(have.gap + gap, have.told + told)
    parts = {key: told for key, told in parts.items() if key.quarter >= oldest}
    sums: dict[tuple[str, str], Told] = {}
    for key, (gap, told) in parts.items():
        have = sums.get(key[:2], Told(0, 0))
        sums[key[:2]] = Told(have.gap + gap, have.told + told)
    shown = sorted(sums, key=lambda one: (-sums[one].gap, -sums[one].told, one))[:_MOST_AGENTS]
    stored = {(*key[:2], str(key.quarter)): told for key, told in parts.items()}
    replace_gauges(
        connection,
        {
            AGGREGATE_GAP: {agent: sums[agent].gap for agent in shown},
            AGGREGATE_TOLD: {agent: sums[agent].told for agent in shown},
            f"{AGGREGATE_GAP}/parts": {labels: told.gap for labels, told in stored.items()},
            f"{AGGREGATE_TOLD}/parts": {labels: told.told for labels, told in stored.items()},
        },
    )


def _kept(connection: Connection) -> dict[Labels, Told]:
    names = [f"{name}/parts" for name in GAUGES]
    gauges = read_gauges(connection, names)
    gaps, told = (gauges.get(name, {}) for name in names)
    return {labels: Told(gap, told[labels]) for labels, gap in gaps.items()}


def _part_of(labels: Labels) -> _Agent:
    service, agent, quarter = labels
    return _Agent(service, agent, int(quarter))


def _charged_below(connection: Connection, traces: Iterable[int]) -> dict[tuple[int, bytes], int]:
    """For each span that has charged usage somewhere below it, how many tokens."""
    wanted = sorted(traces)
    parents: dict[tuple[int, bytes], bytes] = {}
    for trace, packed in connection.execute(
        select(skeleton.c.trace, skeleton.c.spans).where(skeleton.c.trace.in_(wanted))
    ):
        parents.update({(trace, node.span_id): node.parent_id for node in unpack(bytes(packed))})
    tokens = sum((usage.c[name] for name in TOKEN_COLUMNS[1:]), usage.c[TOKEN_COLUMNS[0]])
    charged = select(usage.c.trace, usage.c.span_id, tokens).where(
        usage.c.trace.in_(wanted), usage.c.billing == BILLING.index(CHARGED)
    )
    below: dict[tuple[int, bytes], int] = {}
    for trace, span_id, count in connection.execute(charged):
        for above in _ancestors(parents, trace, bytes(span_id)):
            below[above] = below.get(above, 0) + int(count)
    return below


def _ancestors(parents: Mapping[tuple[int, bytes], bytes], trace: int, span_id: bytes) -> Iterator[tuple[int, bytes]]:
    """The spans above one, nearest first; a circle of parents, which only a hostile sender makes, ends."""
    seen = {span_id}
    parent = parents.get((trace, span_id))
    while parent is not None and parent not in seen and len(seen) < _DEEPEST:
        yield trace, parent
        seen.add(parent)
        parent = parents.get((trace, parent))
