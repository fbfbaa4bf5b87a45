"""GET /api/v1/openapi.json: every route once, as data; tests hold the routes of the application equal to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from flask import Blueprint, Response, jsonify

from exporter.ledger.cost_sums import DIMENSION_FIELDS, GROUP_FIELDS, TASK
from exporter.usage import BILLING, PriceContext
from exporter.web.openapi_explain import EXPLAIN_SCHEMAS
from exporter.web.openapi_schemas import NO_NUL, SCHEMAS, TIME, ZONE, Schema, choice, exactly, hexadecimal, listed, ref

_STATUSES: Final = {
    200: "As asked.",
    201: "Made.",
    204: "Done; nothing to say.",
    400: "The request can never be accepted; the message names what was wrong.",
    401: "A bearer token is needed, or the one given is not valid.",
    403: "The token lacks the role.",
    404: "There is no such thing.",
    409: "The request contradicts what is there.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    503: "The service cannot answer now; try again after Retry-After.",
}
_ALWAYS: Final = (401, 403, 503)


class Route(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    name: str
    summary: str
    answer: Schema | None
    """None when there is no body."""
    parameters: tuple[Schema, ...] = ()
    body: str = ""
    """Name of the schema of the request's body."""
    success: int = 200
    errors: tuple[int, ...] = ()
    is_open: bool = False
    """Needs no token."""
    media: str = "application/json"
    """Of the answer; errors are always JSON."""
    takes: tuple[str, ...] = ("application/json",)
    """Media types of the request's body."""


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": description, "allowEmptyValue": True}


def _text(name: str, description: str) -> Schema:
    return _query(name, {"type": "string", "pattern": NO_NUL}, description)


def _whole(name: str, most: int, description: str) -> Schema:
    return _query(name, {"type": "integer", "minimum": 1, "maximum": most}, description)


_START: Final = _query("start", TIME, "Inclusive.")
_END: Final = _query("end", TIME, "Exclusive.")
_CURSOR: Final = _query(
    "cursor", {"type": "string", "pattern": "^[A-Za-z0-9_-]{11}$"}, "`next_cursor` of the page before."
)
_GROUP_BY: Final[Schema] = {
    **_query("group_by", {**listed(choice(GROUP_FIELDS)), "uniqueItems": True}, "Comma-separated, each once."),
    "style": "form",
    "explode": False,
}
_ID: Final[Schema] = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$"},
}


def _hexadecimal_in_path(name: str, digits: int) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": hexadecimal(digits, nullable=False)}


_TRACE, _SPAN = _hexadecimal_in_path("trace_id", 32), _hexadecimal_in_path("span_id", 16)
_CHECKS: Final = exactly(
    {"status": choice(("ready", "not ready")), "checks": {"type": "object", "additionalProperties": {"type": "string"}}}
)

ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/usage",
        "usage",
        "Rows of the ledger in booking order",
        ref("UsagePage"),
        (
            _START,
            _END,
            _query(
                "trace_id",
                hexadecimal(32, nullable=False),
                "32 hexadecimal digits; finds also what was sent with it without being a span.",
            ),
            *(
                _text(name, "Exact; empty for rows without one.")
                for name in ("conversation_id", "project", "task", "agent", "dialect")
            ),
            _query("billing", choice(BILLING), "What the ledger did with the row."),
            _whole("limit", 1000, "Rows a page."),
            _CURSOR,
        ),
        errors=(400,),
    ),
    Route(
        "GET",
        "/api/v1/costs",
        "costs",
        "What was spent, by group, with the share that is priced",
        ref("Costs"),
        (
            _GROUP_BY,
            _query("start", TIME, "Inclusive; 30 days before the end by default.  Widened to quarter hours."),
            _query("end", TIME, "Exclusive; now by default."),
            _query("tz", ZONE, "IANA time zone of the days; the configured one by default."),
            _whole("limit", 20_000, "Groups to show, dearest first."),
            *(_text(name, "Exact; empty for calls without one.") for name in (*DIMENSION_FIELDS, TASK)),
        ),
        errors=(400,),
    ),
    Route(
        "GET", "/api/v1/explain/{trace_id}", "explain_trace", "Everything decided about the records of a trace",
        ref("Explanation"), (_TRACE,), errors=(400, 404),
    ),
    Route(
        "GET", "/api/v1/explain/{trace_id}/{span_id}", "explain_span", "The same of one span",
        ref("Explanation"), (_TRACE, _SPAN), errors=(400, 404),
    ),
    Route(
        "GET", "/api/v1/completeness", "completeness", "Who sends calls, and whether they say what they used",
        ref("Completeness"),
        (
            _query("start", TIME, "Inclusive; 24 hours before the end by default.  Widened to quarter hours."),
            _query("end", TIME, "Exclusive; now by default."),
        ),
        errors=(400,),
    ),
    Route("GET", "/api/v1/budgets", "budgets", "Budgets in their present period", ref("BudgetPage"), errors=(400,)),
    Route(
        "POST", "/api/v1/budgets", "create_budget", "Make a budget", ref("Budget"),
        body="NewBudget", success=201, errors=(400, 409, 413, 415),
    ),
    Route("GET", "/api/v1/budgets/{id}", "budget", "One budget", ref("Budget"), (_ID,), errors=(400, 404)),
    Route(
        "PATCH", "/api/v1/budgets/{id}", "change_budget", "Change some keys of a budget made by API", ref("Budget"),
        (_ID,), body="BudgetChange", errors=(400, 404, 409, 413, 415),
    ),
    Route(
        "DELETE", "/api/v1/budgets/{id}", "delete_budget", "End a budget made by API", None,
        (_ID,), success=204, errors=(400, 404, 409),
    ),
    Route(
        "GET",
        "/api/v1/breaches",
        "breaches",
        "Thresholds that budgets crossed, oldest first",
        ref("BreachPage"),
        (_text("budget", "Of this budget only."), _START, _END, _whole("limit", 1000, "Events a page."), _CURSOR),
        errors=(400,),
    ),
    Route(
        "GET", "/api/v1/prices", "price", "What a model costs at an instant", ref("Price"),
        (
            {**_text("model", "As emitters name it."), "required": True, "allowEmptyValue": False},
            _text("provider", "In either spelling."),
            _query("at", TIME, "Now by default."),
            *(_text(name, "Of the request; a price may depend on it.") for name in PriceContext._fields),
        ),
        errors=(400,),
    ),
    Route(
        "POST", "/api/v1/prices/quote", "quote", "What a call would cost", ref("PriceQuote"),
        body="PriceQuestion", errors=(400, 413, 415),
    ),
    Route(
        "POST", "/api/v1/messages", "messages", "Count messages between agents, each once", ref("MessageReceipt"),
        body="AgentMessages", takes=("application/xml", "text/xml"), errors=(400, 413, 415),
    ),
    Route(
        "GET", "/schemas/agent-message.xsd", "message_schema", "The XML schema of messages between agents",
        {"type": "string"}, errors=(400,), is_open=True, media="application/xml",
    ),
    Route(
        "POST", "/-/reload", "reload", "Apply the configuration file again",
        exactly({"version": {"type": "integer"}}), errors=(400, 409),
    ),
    Route(
        "GET", "/healthz", "healthz", "The process lives",
        exactly({"status": choice(("ok",)), "version": {"type": "string"}}), is_open=True,
    ),
    Route("GET", "/readyz", "readyz", "Database, schema and price book are there", _CHECKS, is_open=True),
    Route(
        "GET", "/runbook", "runbook", "What each alert means and what to do, a page for people",
        {"type": "string"}, is_open=True, media="text/html",
    ),
    Route("GET", "/api/v1/openapi.json", "openapi", "This document", {"type": "object"}),
)  # fmt: skip


def openapi_blueprint(version: str) -> Blueprint:
    """Serves the document."""
    blueprint = Blueprint("openapi", __name__)
    document = openapi_document(version)

    @blueprint.get("/api/v1/openapi.json")
    def openapi() -> Response:
        return jsonify(document)

    return blueprint


def openapi_document(version: str, routes: Iterable[Route] = ROUTES) -> dict[str, Any]:
    """The document of this version of the service."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "agent-exporter",
            "version": version,
            "summary": "What AI agents cost: ledger, budgets, prices",
            "description": "Amounts are integers of nano-USD, or of tokens where `unit` says so; null is unknown.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": {**SCHEMAS, **EXPLAIN_SCHEMAS},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    statuses = (*route.errors, *(() if route.is_open else _ALWAYS))
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "responses": {
            str(route.success): _response(route.success, route.answer, route.media),
            **{str(status): _response(status, ref("Error")) for status in statuses},
        },
    }
    if route.path == "/readyz":
        operation["responses"]["503"] = _response(503, route.answer)
    if route.parameters:
        operation["parameters"] = list(route.parameters)
    if route.body:
        operation["requestBody"] = {
            "required": True,
            "content": {media: {"schema": ref(route.body)} for media in route.takes},
        }
    if route.is_open:
        operation["security"] = []
    return operation


def _response(status: int, schema: Schema | None, media: str = "application/json") -> dict[str, Any]:
    described: dict[str, Any] = {"description": _STATUSES[status]}
    return described if schema is None else {**described, "content": {media: {"schema": schema}}}
