"""Books messages between agents: rows, and the counts that metrics show, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from exporter.ledger.batches import in_batches
from exporter.ledger.engine import Database
from exporter.ledger.message_series import ERRORS, GATES, MESSAGES, REFUSED, LabelSet, intern_label_sets
from exporter.ledger.message_tables import message, message_gate, message_total
from exporter.messages.message import Message

_BATCH: Final = 400


class BookedMessages(NamedTuple):
    """How many were new, and how many had come before."""

    accepted: int
    duplicate: int


class MessageBooking:
    """Books messages of one worker; safe for threads."""

    def __init__(self, database: Database, *, series_limit: int, slot: int = 0) -> None:
        self._database = database
        self._series_limit = series_limit
        self._slot = slot

    def book(self, messages: Sequence[Message], refused: Mapping[str, int], now_ns: int) -> BookedMessages:
        """Book messages and count those that were refused, by reason; all of it is durable on return.

        A message whose key is known, or that stands twice among these, is a duplicate and counts nowhere.
        """
        if not messages and not refused:
            return BookedMessages(0, 0)
        # In key order, so that two writers of the same messages wait for one another and do not deadlock.
        wanted = sorted({one.key: one for one in reversed(messages)}.values(), key=lambda one: one.key)
        with self._database.write() as connection:
            fresh = _unknown(connection, wanted)
            names = {label for one in fresh for label in _labels_of(one)} | {
                LabelSet(REFUSED, (reason,)) for reason in refused
            }
            series = intern_label_sets(connection, names, now_ns, self._series_limit)
            accepted = _insert(connection, fresh, series, now_ns)
            counts = Counter(series[label] for one in accepted for label in _labels_of(one))
            for reason, count in refused.items():
                counts[series[LabelSet(REFUSED, (reason,))]] += count
            self._add(connection, counts)
        return BookedMessages(len(accepted), len(messages) - len(accepted))

    def _add(self, connection: Connection, counts: Mapping[int, int]) -> None:
        rows = [{"series": series, "slot": self._slot, "count": count} for series, count in sorted(counts.items())]
        if not rows:
            return
        new = _upsert(connection)(message_total)
        grow = new.on_conflict_do_update(
            index_elements=["series", "slot"], set_={"count": message_total.c["count"] + new.excluded["count"]}
        )
        connection.execute(grow, rows)


def _labels_of(one: Message) -> Iterator[LabelSet]:
    """Every label set under which a message is counted, in the order message, error, gates."""
    yield LabelSet(MESSAGES, (one.project, one.sender, one.recipient, one.type, one.action, one.priority))
    if one.error_level:
        yield LabelSet(ERRORS, (one.project, one.sender, str(one.error_level), one.error_category))
    for gate in one.gates:
        yield LabelSet(GATES, (one.project, one.sender, gate.name, gate.result))


def _unknown(connection: Connection, wanted: Sequence[Message]) -> list[Message]:
    known: set[bytes] = set()
    for part in in_batches(wanted, _BATCH):
        query = select(message.c.key).where(message.c.key.in_([one.key for one in part]))
        known.update(bytes(key) for key in connection.scalars(query))
    return [one for one in wanted if one.key not in known]


def _insert(
    connection: Connection, fresh: Sequence[Message], series: Mapping[LabelSet, int], now_ns: int
) -> list[Message]:
    """Those of the messages that no other writer inserted in the meantime."""
    numbers: dict[bytes, int] = {}
    new = _upsert(connection)(message).on_conflict_do_nothing().returning(message.c.key, message.c.id)
    for part in in_batches(fresh, _BATCH):
        rows = [_message_row(one, series, now_ns) for one in part]
        numbers.update({bytes(key): number for key, number in connection.execute(new, rows)})
    accepted = [one for one in fresh if one.key in numbers]
    gates = [row for one in accepted for row in _gate_rows(one, numbers[one.key], series)]
    if gates:
        connection.execute(insert(message_gate), gates)
    return accepted


def _message_row(one: Message, series: Mapping[LabelSet, int], now_ns: int) -> dict[str, Any]:
    labels = [label for label in _labels_of(one) if label.family in (MESSAGES, ERRORS)]
    return {
        "key": one.key,
        "received_at": now_ns,
        "sent_at": now_ns if one.sent_at is None else one.sent_at,
        "series": series[labels[0]],
        "error_series": series[labels[1]] if len(labels) > 1 else None,
        "error_level": one.error_level,
        "project": one.project,
        "task": one.task,
        "sender": one.sender,
        "recipient": one.recipient,
        "type": one.type,
        "priority": one.priority,
        "action": one.action,
        "error_category": one.error_category,
    }


def _gate_rows(one: Message, number: int, series: Mapping[LabelSet, int]) -> Iterable[dict[str, Any]]:
    labels = (label for label in _labels_of(one) if label.family is GATES)
    for position, (gate, label) in enumerate(zip(one.gates, labels, strict=True)):
        yield {
            "message": number, "position": position, "series": series[label], "name": gate.name, "result": gate.result,
        }  # fmt: skip


def _upsert(connection: Connection) -> Any:
    return sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
