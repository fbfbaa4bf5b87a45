"""POST /api/v1/prices/quote: what a call would cost."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request

from exporter.pricing.book import PriceBook
from exporter.pricing.quote import quote
from exporter.web.bodies import read_object
from exporter.web.parameters import known_only


def prices_blueprint(book: Callable[[], PriceBook], *, clock_ns: Callable[[], int]) -> Blueprint:
    """Questions to the price book in force."""
    blueprint = Blueprint("prices", __name__, url_prefix="/api/v1/prices")

    @blueprint.post("/quote")
    def quote_price() -> Response:
        known_only(request.args, ())
        return jsonify(quote(book(), read_object(request), now_ns=clock_ns()))

    return blueprint
