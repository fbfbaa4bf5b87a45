"""Sessions whose sender numbers their events: which numbers came, so that missing ones are seen.

A diagnostic and no money.  What came is a set of numbers, so order, batching and resends change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, select, update

from exporter.ledger.dimensions import insert_missing
from exporter.ledger.engine import Database
from exporter.ledger.families import OTHER_LABEL
from exporter.ledger.gauges import Labels
from exporter.ledger.quality_tables import numbered_session

MISSING_EVENTS: Final = "sequence_missing"
SESSIONS: Final = "numbered_sessions"
SILENT_SESSIONS: Final = "silent_sessions"
GAUGES: Final = (MISSING_EVENTS, SESSIONS, SILENT_SESSIONS)
"""Label: service."""
KEPT_NS: Final = 24 * 3600 * 10**9
_SHOWN_NS: Final = 3600 * 10**9
_SETTLED_NS: Final = 60 * 10**9
"""A batch may overtake another; a session is judged when nothing came for so long."""
_MOST_RANGES: Final = 100
_MOST_SESSIONS: Final = 10_000
_MOST_SERVICES: Final = 200
_BATCH: Final = 400

Ranges = list[tuple[int, int]]
"""First and last of each run of numbers that came, in order."""


class SessionKey(NamedTuple):
    """Whose session; its id itself is not kept."""

    scope: str
    service: str
    session: str

    @property
    def digest(self) -> bytes:
        return blake2b("\x1f".join(self).encode(), digest_size=16).digest()


@dataclass(slots=True)
class Came:
    """What came of a session."""

    numbers: set[int] = field(default_factory=set)
    tools: bool = False
    calls: bool = False


def note_events(database: Database, sessions: Mapping[SessionKey, Came], now_ns: int) -> None:
    """Keep which numbers came."""
    by_digest = {key.digest: (key, came) for key, came in sessions.items()}
    digests = sorted(by_digest)
    if not digests:
        return
    with database.write() as connection:
        table = numbered_session
        insert_missing(
            connection,
            table,
            [{"key": digest, "service": by_digest[digest][0].service, "last_at": now_ns} for digest in digests],
        )
        # In key order, so that two writers of the same sessions wait for one another and do not deadlock.
        for start in range(0, len(digests), _BATCH):
            part = digests[start : start + _BATCH]
            query = select(table.c.key, table.c.numbers, table.c.tools, table.c.calls).where(table.c.key.in_(part))
            for key, numbers, tools, calls in connection.execute(query.order_by(table.c.key).with_for_update()).all():
                came = by_digest[bytes(key)][1]
                values = {
                    "numbers": json.dumps(merge(json.loads(numbers or "[]"), came.numbers)),
                    "tools": int(tools or came.tools),
                    "calls": int(calls or came.calls),
                    "last_at": now_ns,
                }
                connection.execute(update(table).where(table.c.key == key).values(values))


def merge(ranges: Iterable[Iterable[int]], numbers: Collection[int]) -> Ranges:
    """The runs of all numbers together; beyond 100 runs the oldest holes are forgotten."""
    runs = sorted([*(tuple(run) for run in ranges), *((number, number) for number in numbers)])
    merged: list[list[int]] = []
    for first, last in runs:
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    surplus = len(merged) - _MOST_RANGES
    if surplus > 0:
        merged[: surplus + 1] = [[merged[0][0], merged[surplus][1]]]
    return [(first, last) for first, last in merged]


def missing_between(ranges: Ranges) -> int:
    """Numbers between the first and the last that came, and did not come themselves."""
    return sum(later[0] - earlier[1] - 1 for earlier, later in pairwise(ranges))


def find_numbering_gaps(connection: Connection, now_ns: int) -> dict[str, dict[Labels, int]]:
    """The values of GAUGES: sessions of the last hour, those with tools and no call, and events that did not come."""
    table = numbered_session
    query = (
        select(table.c.service, table.c.numbers, table.c.tools, table.c.calls)
        .where(table.c.last_at > now_ns - _SHOWN_NS, table.c.last_at <= now_ns - _SETTLED_NS)
        .order_by(table.c.last_at.desc())
        .limit(_MOST_SESSIONS)
    )
    found: dict[str, dict[Labels, int]] = {name: {} for name in GAUGES}
    for service, numbers, tools, calls in connection.execute(query):
        known = (service,) in found[SESSIONS] or len(found[SESSIONS]) < _MOST_SERVICES
        label = (service if known else OTHER_LABEL,)
        counts = (missing_between(json.loads(numbers)), 1, int(tools and not calls))
        for name, count in zip(GAUGES, counts, strict=True):
            found[name][label] = found[name].get(label, 0) + count
    return found


def forget_sessions(connection: Connection, now_ns: int) -> None:
    """Drop sessions of which nothing came for a day."""
    connection.execute(delete(numbered_session).where(numbered_session.c.last_at < now_ns - KEPT_NS))
