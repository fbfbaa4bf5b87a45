"""GET /api/v1/prices and POST /api/v1/prices/quote: what a model costs, and what a call would cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, jsonify, request

from exporter.errors import InvalidRequest
from exporter.pricing.book import PriceBook
from exporter.pricing.quote import quote
from exporter.usage import PriceContext
from exporter.views.prices import price_of_model
from exporter.web.bodies import read_object
from exporter.web.parameters import instant, known_only, text

_PARAMETERS: Final = ("model", "provider", "at", *PriceContext._fields)


def prices_blueprint(book: Callable[[], PriceBook], *, clock_ns: Callable[[], int]) -> Blueprint:
    """Questions to the price book in force."""
    blueprint = Blueprint("prices", __name__, url_prefix="/api/v1/prices")

    @blueprint.get("")
    def show_price() -> Response:
        args = request.args
        known_only(args, _PARAMETERS)
        model, at = text(args, "model"), instant(args, "at")
        if not model:
            raise InvalidRequest("model: missing, expected the name of a model", parameter="model")
        context = PriceContext(**{name: text(args, name) or "" for name in PriceContext._fields})
        at_ns = clock_ns() if at is None else at
        return jsonify(price_of_model(book(), text(args, "provider") or "", model, at_ns, context))

    @blueprint.post("/quote")
    def quote_price() -> Response:
        known_only(request.args, ())
        return jsonify(quote(book(), read_object(request), now_ns=clock_ns()))

    return blueprint
