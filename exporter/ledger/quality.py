"""The counts of calls whose usage is missing or estimated: by who sent them, and why.

Only such calls come here, so a booking of calls that report well does nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import add
from typing import Final

from sqlalchemy import Connection, select, text

from exporter.ledger.admission import admit_sender
from exporter.ledger.dimensions import Dimensions, Texts, digest_of, insert_numbered
from exporter.ledger.quality_tables import QUALITY_TEXTS, quality, quality_series
from exporter.ledger.stores import Store

_ADMISSION_LOCK: Final = 0x6167_656E_7403
_BATCH: Final = 400


def add_quality(
    connection: Connection,
    store: Store,
    dimensions: Dimensions,
    sums: Mapping[Texts, Sequence[int]],
    *,
    slot: int,
    now_ns: int,
) -> None:
    """Add what a booking says of its doubtful calls (Sums.doubtful)."""
    if not sums:
        return
    known = dimensions.senders
    absent = sums.keys() - known.keys()
    if absent:
        known.update(_intern(connection, absent, now_ns, dimensions.series_limit))
    folded: dict[int, Sequence[int]] = {}
    for texts, values in sums.items():
        series = known[texts]
        folded[series] = list(map(add, folded[series], values)) if series in folded else values
    store.add(quality, [(series, slot, *values) for series, values in sorted(folded.items())])


def _intern(connection: Connection, wanted: Collection[Texts], now_ns: int, limit: int) -> dict[Texts, int]:
    found = _numbers(connection, wanted)
    if len(found) < len(wanted):
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADMISSION_LOCK})
            found = _numbers(connection, wanted)
        for texts in sorted(set(wanted) - found.keys()):
            found[texts] = _admit(connection, texts, now_ns, limit)
    return found


def _admit(connection: Connection, texts: Texts, now_ns: int, limit: int) -> int:
    shown = admit_sender(connection, texts, now_ns, limit)
    known = _numbers(connection, [shown])
    if shown in known:
        return known[shown]
    row = {"digest": digest_of(shown), "created_at": now_ns, **dict(zip(QUALITY_TEXTS, shown, strict=True))}
    return insert_numbered(connection, quality_series, row)


def _numbers(connection: Connection, wanted: Collection[Texts]) -> dict[Texts, int]:
    digests = {digest_of(texts): texts for texts in wanted}
    keys = sorted(digests)
    found: dict[Texts, int] = {}
    for start in range(0, len(keys), _BATCH):
        query = select(quality_series.c.digest, quality_series.c.id)
        rows = connection.execute(query.where(quality_series.c.digest.in_(keys[start : start + _BATCH])))
        found.update({digests[bytes(digest)]: number for digest, number in rows})
    return found
