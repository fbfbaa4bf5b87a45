"""The Flask application: what every request passes, whatever its route."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from flask import Blueprint, Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from exporter.web.auth import Grant, install_auth
from exporter.web.errors import install_errors

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class RequestObserver(Protocol):
    """Counts answered requests."""

    def http(self, route: str, code: int, seconds: float) -> None: ...


def make_application(
    blueprints: Iterable[Blueprint],
    observer: RequestObserver,
    *,
    grants: Callable[[], Sequence[Grant]],
    trusted_proxies: int = 0,
) -> Flask:
    """An application with the given routes."""
    app = Flask("exporter", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    if trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted_proxies, x_proto=trusted_proxies)  # type: ignore[method-assign]
    _install_identity(app)
    install_errors(app)
    install_auth(app, grants)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    _install_endings(app, observer)
    return app


def _install_identity(app: Flask) -> None:
    @app.before_request
    def identify() -> None:
        g.began = time.perf_counter()
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _install_endings(app: Flask, observer: RequestObserver) -> None:
    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        route = request.url_rule.rule if request.url_rule is not None else "unmatched"
        observer.http(route, response.status_code, time.perf_counter() - g.began)
        return response
