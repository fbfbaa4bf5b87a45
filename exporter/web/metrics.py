"""GET /metrics."""

from __future__ import annotations

from typing import Protocol

from flask import Blueprint, Response, request


class Exposition(Protocol):
    """Whatever answers a scrape."""

    def answer(self, accept: str = "", accept_encoding: str = "") -> ScrapeAnswer: ...


class ScrapeAnswer(Protocol):
    """The body, and what the headers Content-Type and Content-Encoding say of it."""

    @property
    def body(self) -> bytes: ...

    @property
    def content_type(self) -> str: ...

    @property
    def encoding(self) -> str | None: ...


def make_metrics_blueprint(scrape: Exposition) -> Blueprint:
    """The route that Prometheus scrapes."""
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    def metrics() -> Response:
        answer = scrape.answer(request.headers.get("Accept", ""), request.headers.get("Accept-Encoding", ""))
        response = Response(answer.body, content_type=answer.content_type)
        if answer.encoding:
            response.content_encoding = answer.encoding
        response.vary.update(("Accept", "Accept-Encoding"))
        return response

    return blueprint
