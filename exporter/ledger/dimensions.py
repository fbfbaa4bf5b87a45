"""Interned texts: dimension, series and task rows, made once and then found in memory.

They are made in a transaction of their own before the booking, so that a booking that fails leaves
the memory of this worker true, and so that admission to a capped family serialises nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from exporter.ledger.admission import admit, admit_distribution
from exporter.ledger.batches import in_batches
from exporter.ledger.families import overflow_texts
from exporter.ledger.tables import (
    DIMENSION_TEXTS,
    DISTRIBUTION_TEXTS,
    SERIES_TEXTS,
    agent_name,
    dimension,
    distribution_series,
    series,
    shape,
    task,
)
from exporter.settle.agents import NOBODY, name_ref
from exporter.usage import LIST_EQUIVALENT, REPORTED, SPANS

MEMORY: Final = 10_000
"""Interned rows remembered for each kind; beyond that the oldest half is forgotten and read again."""
_ADMISSION_LOCK: Final = 0x6167_656E_7400
_POSITION: Final = {name: n for n, name in enumerate(DIMENSION_TEXTS)}
_BATCH: Final = 400


class Dimension(NamedTuple):
    """Ids under which the sums of a row are counted, and what the sums need to know of its texts."""

    id: int
    series: int
    distribution_series: int
    is_unpriced: bool
    scope: tuple[str, str, str, str, str]
    """Project, team, agent, model and environment, as budgets match them."""
    sender: tuple[str, str, str] = ("", "", "")
    """Dialect, instrumentation scope and service."""
    usage_status: str = REPORTED
    error_type: str = ""
    signal: str = SPANS
    is_list_equivalent: bool = False
    """Of a source on a flat plan: no cost that anybody is billed for."""


Texts = tuple[str, ...]
TaskKey = tuple[str, str]


class Dimensions:
    """The interned rows that this worker knows."""

    def __init__(self, series_limit: int) -> None:
        self.series_limit = series_limit
        self.senders: dict[Texts, int] = {}
        """Series of doubtful calls (ledger.quality) by their texts."""
        self._known: dict[Texts, Dimension] = {}
        self._tasks: dict[TaskKey, int] = {}
        self._by_number: dict[int, Dimension] = {}
        self._shapes: dict[str, int] = {}
        self._agents: dict[int, str] = {}

    def missing(self, texts: Iterable[Texts], tasks: Iterable[TaskKey]) -> tuple[set[Texts], set[TaskKey]]:
        """Which of these have to be interned before they can be booked."""
        _forget_oldest(self._known)
        _forget_oldest(self._tasks)
        _forget_oldest(self._by_number)
        _forget_oldest(self._shapes)
        _forget_oldest(self._agents)
        _forget_oldest(self.senders)
        return self.absent(texts, tasks)

    def absent(self, texts: Iterable[Texts], tasks: Iterable[TaskKey]) -> tuple[set[Texts], set[TaskKey]]:
        """The same in the middle of a booking, which must not forget anything."""
        return {key for key in texts if key not in self._known}, {key for key in tasks if key not in self._tasks}

    def intern(self, connection: Connection, texts: set[Texts], tasks: set[TaskKey], now_ns: int) -> None:
        """Find or make the rows.  When the transaction of `connection` fails, `forget` them."""
        if texts and connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADMISSION_LOCK})
        for batch in in_batches(sorted(texts), _BATCH):
            self._known.update(_intern_dimensions(connection, batch, now_ns, self.series_limit))
        for batch in in_batches(sorted(tasks), _BATCH):
            self._tasks.update(_intern_tasks(connection, batch))

    def absent_shapes(self, documents: Iterable[str]) -> set[str]:
        """Which shapes of evidence have to be interned."""
        return {document for document in documents if document and document not in self._shapes}

    def intern_shapes(self, connection: Connection, documents: set[str]) -> None:
        """Find or make the rows of shapes; as `intern`."""
        for batch in in_batches(sorted(documents), _BATCH):
            digests = {digest_of([document]): document for document in batch}
            rows = [{"digest": digest, "document": document} for digest, document in digests.items()]
            insert_missing(connection, shape, rows)
            found = connection.execute(select(shape.c.digest, shape.c.id).where(shape.c.digest.in_(list(digests))))
            self._shapes.update((digests[bytes(digest)], number) for digest, number in found)

    def absent_agents(self, names: Iterable[str]) -> set[str]:
        """Which names of agents have to be remembered."""
        return {name for name in names if name and name_ref(name) not in self._agents}

    def intern_agents(self, connection: Connection, names: set[str]) -> None:
        """Remember names of agents; as `intern`."""
        new = {name_ref(name): name for name in names}
        if new:
            insert_missing(connection, agent_name, [{"ref": ref, "name": name} for ref, name in sorted(new.items())])
            self._agents.update(new)

    def agent_names(self, connection: Connection, refs: Collection[int]) -> dict[int, str]:
        """Names of agents by what skeletons refer to."""
        unknown = [ref for ref in refs if ref != NOBODY and ref not in self._agents]
        for batch in in_batches(sorted(unknown), _BATCH):
            rows = connection.execute(select(agent_name.c.ref, agent_name.c.name).where(agent_name.c.ref.in_(batch)))
            self._agents.update((ref, name) for ref, name in rows)
        return {ref: self._agents[ref] for ref in refs if ref in self._agents}

    def shape(self, document: str) -> int | None:
        return self._shapes[document] if document else None

    def forget(self) -> None:
        """Drop everything known: the transaction that interned it was rolled back."""
        self._known.clear()
        self._tasks.clear()
        self._by_number.clear()
        self._shapes.clear()
        self._agents.clear()
        self.senders.clear()

    def dimension(self, texts: Texts) -> Dimension:
        return self._known[texts]

    def by_number(self, connection: Connection, number: int) -> Dimension:
        """The dimension of a stored row."""
        known = self._by_number.get(number)
        if known is None:
            row = connection.execute(select(dimension).where(dimension.c.id == number)).mappings().one()
            texts = tuple(row[name] for name in DIMENSION_TEXTS)
            known = _dimension(texts, number, row["series"], row["distribution_series"])
            self._by_number[number] = known
        return known

    def task(self, key: TaskKey) -> int:
        return self._tasks[key]


def scope_of(texts: Sequence[str]) -> tuple[str, str, str, str, str]:
    """Project, team, agent, model (as answered, else as requested) and environment of a dimension."""
    at = _POSITION
    return (
        texts[at["project"]],
        texts[at["team"]],
        texts[at["agent"]],
        texts[at["response_model"]] or texts[at["request_model"]],
        texts[at["environment"]],
    )


def series_texts(texts: Sequence[str]) -> Texts:
    """The label texts (tables.SERIES_TEXTS) of a dimension."""
    at = _POSITION
    project, team, agent, model, environment = scope_of(texts)
    unknown = texts[at["cost_status"]] == "unknown"
    return (
        project,
        team,
        environment,
        agent,
        texts[at["provider"]],
        model,
        texts[at["operation"]],
        texts[at["usage_status"]],
        texts[at["cost_status"]],
        _first_reason(texts[at["cost_reasons"]]) if unknown else "",
        texts[at["cost_source"]],
        texts[at["error_type"]],
    )


def _first_reason(reasons: str) -> str:
    # Canonical JSON of a list of plain words, so the first one stands between the first two quotes.
    parts = reasons.split('"', 2)
    return parts[1] if len(parts) > 2 else ""


def _distribution_texts(texts: Sequence[str]) -> Texts:
    return tuple(texts[_POSITION[name]] for name in DISTRIBUTION_TEXTS)


def digest_of(texts: Sequence[str]) -> bytes:
    """Sixteen bytes that stand for a combination of texts."""
    return blake2b("\x1f".join(texts).encode(), digest_size=16).digest()


def insert_missing(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, leaving alone those whose unique key is already there."""
    if not rows:
        return
    build = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    connection.execute(build(table).on_conflict_do_nothing(), rows)


def insert_numbered(connection: Connection, table: Table, row: dict[str, Any]) -> int:
    """Insert a row; the number that the database gave it."""
    (number,) = connection.execute(insert(table).values(row)).inserted_primary_key or (0,)
    return int(number)


def _intern_dimensions(
    connection: Connection, batch: Sequence[Texts], now_ns: int, series_limit: int
) -> dict[Texts, Dimension]:
    digests = {digest_of(texts): texts for texts in batch}
    found = _rows_by_digest(connection, digests)
    absent = [digest for digest in digests if digest not in found]
    if absent:
        counted = intern_series(connection, [series_texts(digests[d]) for d in absent], now_ns, series_limit)
        measured = [_distribution_texts(digests[digest]) for digest in absent]
        distributed = _intern_distributions(connection, measured, now_ns, series_limit)
        new = [
            {
                "digest": digest,
                "series": counted[series_texts(digests[digest])],
                "distribution_series": distributed[_distribution_texts(digests[digest])],
                **dict(zip(DIMENSION_TEXTS, digests[digest], strict=True)),
            }
            for digest in absent
        ]
        insert_missing(connection, dimension, new)
        found = _rows_by_digest(connection, digests)
    return {texts: _dimension(texts, *found[digest]) for digest, texts in digests.items()}


def _dimension(texts: Texts, number: int, counted: int, distributed: int) -> Dimension:
    at = _POSITION
    return Dimension(
        number,
        counted,
        distributed,
        texts[at["cost_status"]] == "unknown",
        scope_of(texts),
        (texts[at["dialect"]], texts[at["scope"]], texts[at["service"]]),
        texts[at["usage_status"]],
        texts[at["error_type"]],
        texts[at["signal"]],
        texts[at["cost_source"]] == LIST_EQUIVALENT,
    )


def _rows_by_digest(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, tuple[int, int, int]]:
    columns = (dimension.c.digest, dimension.c.id, dimension.c.series, dimension.c.distribution_series)
    rows = connection.execute(select(*columns).where(dimension.c.digest.in_(list(digests))))
    return {bytes(digest): (number, counted, distributed) for digest, number, counted, distributed in rows}


def intern_series(connection: Connection, wanted: list[Texts], now_ns: int, limit: int) -> dict[Texts, int]:
    """Ids of label sets; beyond twice the limit a new one is counted under its project, beyond thrice under none."""
    found = _ids_of(connection, series, wanted)
    absent = [texts for texts in dict.fromkeys(wanted) if texts not in found]
    if not absent:
        return found
    size = connection.scalar(select(func.count()).select_from(series)) or 0
    room = 2 * limit - size
    for texts in absent[: max(room, 0)]:
        found[texts] = _insert_series(connection, texts, now_ns, limit)
    for texts in absent[max(room, 0) :]:
        shown = overflow_texts(texts, keeps_project=size < 3 * limit)
        known = _ids_of(connection, series, [shown])
        found[texts] = known[shown] if known else _insert_series(connection, shown, now_ns, limit)
    return found


def _insert_series(connection: Connection, texts: Texts, now_ns: int, limit: int) -> int:
    overflow = admit(connection, texts, now_ns, limit)
    return _insert_texts(connection, series, SERIES_TEXTS, texts, created_at=now_ns, overflow=overflow)


def _intern_distributions(connection: Connection, wanted: list[Texts], now_ns: int, limit: int) -> dict[Texts, int]:
    table = distribution_series
    found = _ids_of(connection, table, wanted)
    for texts in wanted:
        if texts in found:
            continue
        shown = admit_distribution(connection, texts, now_ns, limit)
        known = _ids_of(connection, table, [shown])
        found[texts] = (
            known[shown] if known else _insert_texts(connection, table, DISTRIBUTION_TEXTS, shown, created_at=now_ns)
        )
    return found


def _ids_of(connection: Connection, table: Table, wanted: Iterable[Texts]) -> dict[Texts, int]:
    digests = {digest_of(texts): texts for texts in wanted}
    rows = connection.execute(select(table.c.digest, table.c.id).where(table.c.digest.in_(list(digests))))
    return {digests[bytes(digest)]: number for digest, number in rows}


def _insert_texts(connection: Connection, table: Table, names: Sequence[str], texts: Texts, **others: int) -> int:
    row = {"digest": digest_of(texts), **others, **dict(zip(names, texts, strict=True))}
    return insert_numbered(connection, table, row)


def _intern_tasks(connection: Connection, batch: Sequence[TaskKey]) -> dict[TaskKey, int]:
    insert_missing(connection, task, [{"project": project, "name": name} for project, name in batch])
    names = {name for _, name in batch}
    rows = connection.execute(select(task.c.project, task.c.name, task.c.id).where(task.c.name.in_(names)))
    found = {(project, name): number for project, name, number in rows}
    return {key: found[key] for key in batch}


def _forget_oldest(known: dict[Any, Any]) -> None:
    if len(known) > MEMORY:
        for key in list(known)[: len(known) // 2]:
            del known[key]
