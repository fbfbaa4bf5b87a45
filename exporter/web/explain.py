"""GET /api/v1/explain/<trace>[/<span>]: everything that was decided about what was sent with these ids."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import Connection

from exporter.views.explain import Asked, explain
from exporter.views.explain_price import Books
from exporter.web.parameters import hexadecimal, known_only

Read = Callable[[], AbstractContextManager[Connection]]


def explain_blueprint(read: Read, books: Books) -> Blueprint:
    """Questions about single traces and spans."""
    blueprint = Blueprint("explain", __name__, url_prefix="/api/v1/explain")

    @blueprint.get("/<trace_id>")
    def explain_trace(trace_id: str) -> Response:
        return _answer(trace_id, None)

    @blueprint.get("/<trace_id>/<span_id>")
    def explain_span(trace_id: str, span_id: str) -> Response:
        return _answer(trace_id, span_id)

    def _answer(trace_id: str, span_id: str | None) -> Response:
        known_only(request.args, ())
        span = None if span_id is None else hexadecimal("span_id", span_id, digits=16)
        asked = Asked(hexadecimal("trace_id", trace_id, digits=32), span)
        with read() as connection:
            return jsonify(explain(connection, asked, books))

    return blueprint
