"""Budgets in the database: the file's, which only the file changes, and those made by API, with their history."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, insert, select, text, update

from exporter.budgets.definition import Budget
from exporter.budgets.reading import budget_from_mapping
from exporter.errors import Conflict, NotFound
from exporter.ledger.budget_booking import Ref
from exporter.ledger.dimensions import insert_missing, insert_numbered
from exporter.ledger.tables import budget, budget_change, budget_counter

FILE: Final = "file"
API: Final = "api"
_CHANGE_LOCK: Final = 0x6167_656E_7402


class StoredBudget(NamedTuple):
    """A budget in force, and who owns it."""

    ref: int
    origin: str
    budget: Budget
    created_at: int


class Change(NamedTuple):
    """Who changes budgets, and when."""

    actor: str
    at_ns: int


def stored_budgets(connection: Connection) -> list[StoredBudget]:
    """All budgets in force, by id."""
    columns = (budget.c.ref, budget.c.origin, budget.c.definition, budget.c.created_at)
    rows = connection.execute(select(*columns).where(budget.c.deleted_at.is_(None)).order_by(budget.c.id))
    return [StoredBudget(ref, origin, _parsed(definition), created) for ref, origin, definition, created in rows]


def budgets_in_force(connection: Connection) -> list[Ref]:
    """The budgets that bookings count for."""
    return [Ref(stored.ref, stored.budget, stored.created_at) for stored in stored_budgets(connection)]


def find_budget(connection: Connection, budget_id: str) -> StoredBudget:
    """A budget in force; NotFound."""
    for stored in stored_budgets(connection):
        if stored.budget.id == budget_id:
            return stored
    raise NotFound(f"there is no budget {budget_id!r}", budget=budget_id)


def sync_file_budgets(connection: Connection, wanted: Sequence[Budget], now_ns: int) -> None:
    """Make the file's budgets those in force.  Conflict when one has the id of a budget made by API."""
    _one_at_a_time(connection)
    present = {stored.budget.id: stored for stored in stored_budgets(connection)}
    change = Change(FILE, now_ns)
    for one in wanted:
        stored = present.get(one.id)
        if stored is not None and stored.origin == API:
            raise Conflict(
                f"budget {one.id!r} is in the configuration file and was also made by API: remove one of the two",
                budget=one.id,
                origins=[FILE, API],
            )
        if stored is None:
            _insert(connection, one, FILE, "create", change)
        elif stored.budget != one:
            _replace(connection, stored, one, change)
    kept = {one.id for one in wanted}
    for stored in present.values():
        if stored.origin == FILE and stored.budget.id not in kept:
            _delete(connection, stored, change)


def create_budget(connection: Connection, one: Budget, change: Change) -> StoredBudget:
    """A new budget by API; Conflict when its id is taken, by whomever."""
    _one_at_a_time(connection)
    for stored in stored_budgets(connection):
        if stored.budget.id == one.id:
            raise Conflict(
                f"budget {one.id!r} exists already, made by {_owner(stored.origin)}",
                budget=one.id,
                origin=stored.origin,
            )
    return _insert(connection, one, API, "create", change)


def change_budget(connection: Connection, budget_id: str, changed: Mapping[str, Any], change: Change) -> StoredBudget:
    """Replace some keys of a budget made by API.  Conflict when the file owns it, InvalidRequest when it makes none."""
    stored = _owned_by_api(connection, budget_id)
    one = budget_from_mapping({**stored.budget.to_mapping(), **changed, "id": budget_id})
    return _replace(connection, stored, one, change)


def delete_budget(connection: Connection, budget_id: str, change: Change) -> None:
    """End a budget made by API; its events and counters stay."""
    _delete(connection, _owned_by_api(connection, budget_id), change)


def _one_at_a_time(connection: Connection) -> None:
    """Two changes that do not see each other could both take an id; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHANGE_LOCK})


def _owned_by_api(connection: Connection, budget_id: str) -> StoredBudget:
    _one_at_a_time(connection)
    stored = find_budget(connection, budget_id)
    if stored.origin == FILE:
        raise Conflict(
            f"budget {budget_id!r} comes from the configuration file and is read-only here: change the file and reload",
            budget=budget_id,
            origin=FILE,
        )
    return stored


def _owner(origin: str) -> str:
    return "the configuration file" if origin == FILE else "API"


def _parsed(definition: str) -> Budget:
    return budget_from_mapping(json.loads(definition))


def _text(one: Budget) -> str:
    return json.dumps(one.to_mapping(), sort_keys=True, separators=(",", ":"))


def _insert(connection: Connection, one: Budget, origin: str, action: str, change: Change) -> StoredBudget:
    values = {
        "id": one.id,
        "origin": origin,
        "definition": _text(one),
        "shape": one.shape,
        "created_at": change.at_ns,
        "updated_at": change.at_ns,
    }
    number = insert_numbered(connection, budget, values)
    # Counters are there with 0 before the first cost, so that a rate sees the first one.
    counter = {"id": one.id, "period": one.period, "unit": one.unit, "slot": 0}
    insert_missing(connection, budget_counter, [counter])
    _note(connection, one, action, change)
    return StoredBudget(number, origin, one, change.at_ns)


def _replace(connection: Connection, stored: StoredBudget, one: Budget, change: Change) -> StoredBudget:
    if one.shape != stored.budget.shape:
        _end(connection, stored.ref, change)
        return _insert(connection, one, stored.origin, "change", change)
    values = {"definition": _text(one), "updated_at": change.at_ns}
    connection.execute(update(budget).where(budget.c.ref == stored.ref).values(values))
    _note(connection, one, "change", change)
    return stored._replace(budget=one)


def _delete(connection: Connection, stored: StoredBudget, change: Change) -> None:
    _end(connection, stored.ref, change)
    _note(connection, stored.budget, "delete", change)


def _end(connection: Connection, ref: int, change: Change) -> None:
    connection.execute(update(budget).where(budget.c.ref == ref).values(deleted_at=change.at_ns))


def _note(connection: Connection, one: Budget, action: str, change: Change) -> None:
    row = {"id": one.id, "at": change.at_ns, "action": action, "actor": change.actor, "definition": _text(one)}
    connection.execute(insert(budget_change).values(row))
