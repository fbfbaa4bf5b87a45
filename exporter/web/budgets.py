"""/api/v1/budgets and /api/v1/breaches: budgets with their state, changes of those made by API, and events."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from flask import Blueprint, Response, g, jsonify, request, url_for
from sqlalchemy import Connection

from exporter.budgets.reading import budget_from_mapping
from exporter.errors import InvalidRequest
from exporter.ledger.budget_store import Change, change_budget, create_budget, delete_budget
from exporter.views.breaches import BreachFilter, breach_page
from exporter.views.budgets import budget_answer, budget_list
from exporter.web.bodies import read_object
from exporter.web.parameters import instant, integer, known_only, text

Transaction = Callable[[], AbstractContextManager[Connection]]
DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
_BREACHES: Final = ("budget", "start", "end", "limit", "cursor")


class Ledger(NamedTuple):
    """What the routes need of the database and of time."""

    read: Transaction
    write: Transaction
    changed: Callable[[], object]
    """Told after each change, so that this worker books by it at once."""
    clock_ns: Callable[[], int]


def budgets_blueprint(ledger: Ledger) -> Blueprint:
    """Reading and changing budgets."""
    blueprint = Blueprint("budgets", __name__, url_prefix="/api/v1")
    _add_reads(blueprint, ledger)
    _add_changes(blueprint, ledger)
    return blueprint


def _add_reads(blueprint: Blueprint, ledger: Ledger) -> None:
    @blueprint.get("/budgets")
    def budgets() -> Response:
        known_only(request.args, ())
        with ledger.read() as connection:
            return jsonify(data=budget_list(connection, ledger.clock_ns()), next_cursor=None)

    @blueprint.get("/budgets/<budget_id>")
    def budget(budget_id: str) -> Response:
        known_only(request.args, ())
        with ledger.read() as connection:
            return jsonify(budget_answer(connection, budget_id, ledger.clock_ns()))

    @blueprint.get("/breaches")
    def breaches() -> Response:
        known_only(request.args, _BREACHES)
        args = request.args
        wanted = BreachFilter(text(args, "budget"), instant(args, "start"), instant(args, "end"))
        limit = integer(args, "limit", default=DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
        with ledger.read() as connection:
            return jsonify(breach_page(connection, wanted, cursor=text(args, "cursor"), limit=limit))


def _add_changes(blueprint: Blueprint, ledger: Ledger) -> None:
    @blueprint.post("/budgets")
    def create() -> tuple[Response, int, dict[str, str]]:
        known_only(request.args, ())
        wanted = budget_from_mapping(read_object(request))
        with ledger.write() as connection:
            create_budget(connection, wanted, _change(ledger))
            answer = budget_answer(connection, wanted.id, ledger.clock_ns())
        ledger.changed()
        return jsonify(answer), 201, {"Location": url_for("budgets.budget", budget_id=wanted.id)}

    @blueprint.patch("/budgets/<budget_id>")
    def change(budget_id: str) -> Response:
        known_only(request.args, ())
        changed = read_object(request)
        if changed.get("id", budget_id) != budget_id:
            raise InvalidRequest("id: a budget keeps its id; delete it and make another", budget=budget_id)
        with ledger.write() as connection:
            change_budget(connection, budget_id, changed, _change(ledger))
            answer = budget_answer(connection, budget_id, ledger.clock_ns())
        ledger.changed()
        return jsonify(answer)

    @blueprint.delete("/budgets/<budget_id>")
    def delete(budget_id: str) -> tuple[str, int]:
        known_only(request.args, ())
        with ledger.write() as connection:
            delete_budget(connection, budget_id, _change(ledger))
        ledger.changed()
        return "", 204


def _change(ledger: Ledger) -> Change:
    return Change(g.actor, ledger.clock_ns())
