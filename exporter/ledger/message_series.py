"""Label sets of the message families: interned, capped, and what collects the rest.

First admitted stays admitted.  What is fixed in number (type, priority, level) keeps its value in the
series that collects what was not admitted; names that agents choose become `__other__` there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select, text

from exporter.ledger.dimensions import insert_numbered
from exporter.ledger.families import OTHER_LABEL
from exporter.ledger.message_tables import message_series

_ADMISSION_LOCK: Final = 0x6167_656E_7402
_BATCH: Final = 400


@dataclass(frozen=True, slots=True)
class MessageFamily:
    """A family of counters: its name in `message_series`, and its labels."""

    name: str
    labels: tuple[str, ...]
    chosen: frozenset[str]
    """Labels whose values the agents choose, so that their number has to be bounded."""

    def overflow(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """The label set that collects this one when the family is full."""
        pairs = zip(self.labels, values, strict=True)
        return tuple(OTHER_LABEL if name in self.chosen else value for name, value in pairs)


_NAMES: Final = frozenset({"project", "sender", "recipient", "gate"})
MESSAGES: Final = MessageFamily("messages", ("project", "sender", "recipient", "type", "action", "priority"), _NAMES)
ERRORS: Final = MessageFamily("errors", ("project", "sender", "level", "category"), _NAMES)
GATES: Final = MessageFamily("gates", ("project", "sender", "gate", "result"), _NAMES)
REFUSED: Final = MessageFamily("refused", ("reason",), frozenset())
MESSAGE_FAMILIES: Final = (MESSAGES, ERRORS, GATES, REFUSED)


class LabelSet(NamedTuple):
    """A label set of a family."""

    family: MessageFamily
    values: tuple[str, ...]

    @property
    def digest(self) -> bytes:
        return blake2b("\x1f".join((self.family.name, *self.values)).encode(), digest_size=16).digest()


def intern_label_sets(
    connection: Connection, wanted: Collection[LabelSet], now_ns: int, limit: int
) -> dict[LabelSet, int]:
    """The series under which each is counted; `limit` is the number of series that a family shows."""
    found = _counted_under(connection, wanted)
    absent = sorted(set(wanted) - found.keys(), key=lambda one: one.digest)
    if not absent:
        return found
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADMISSION_LOCK})
        found |= _counted_under(connection, absent)
    shown, refused = _sizes(connection)
    for one in absent:
        if one not in found:
            found[one] = _admit(connection, one, now_ns, limit, (shown, refused))
    return found


def _admit(
    connection: Connection, one: LabelSet, now_ns: int, limit: int, sizes: tuple[Counter[str], Counter[str]]
) -> int:
    shown, refused = sizes
    family = one.family
    if shown[family.name] < limit or family.overflow(one.values) == one.values:
        shown[family.name] += 1
        return _insert(connection, one, now_ns, None)
    other = LabelSet(family, family.overflow(one.values))
    number = _counted_under(connection, [other]).get(other) or _insert(connection, other, now_ns, None)
    if refused[family.name] < limit:
        # Kept so that they can be counted, and no further: their number must be bounded too.
        refused[family.name] += 1
        _insert(connection, one, now_ns, number)
    return number


def _insert(connection: Connection, one: LabelSet, now_ns: int, shown: int | None) -> int:
    labels = json.dumps(one.values, ensure_ascii=False)
    row = {"digest": one.digest, "created_at": now_ns, "shown": shown, "family": one.family.name, "labels": labels}
    return insert_numbered(connection, message_series, row)


def _counted_under(connection: Connection, wanted: Iterable[LabelSet]) -> dict[LabelSet, int]:
    by_digest = {one.digest: one for one in wanted}
    digests = sorted(by_digest)
    table = message_series.c
    found: dict[LabelSet, int] = {}
    for start in range(0, len(digests), _BATCH):
        query = select(table.digest, func.coalesce(table.shown, table.id))
        rows = connection.execute(query.where(table.digest.in_(digests[start : start + _BATCH])))
        found.update({by_digest[bytes(digest)]: number for digest, number in rows})
    return found


def _sizes(connection: Connection) -> tuple[Counter[str], Counter[str]]:
    """By family: label sets that are shown, and those that are not."""
    table = message_series.c
    shown, refused = Counter[str](), Counter[str]()
    for family, known, hidden in connection.execute(
        select(table.family, func.count(), func.count(table.shown)).group_by(table.family)
    ):
        shown[family], refused[family] = known - hidden, hidden
    return shown, refused
