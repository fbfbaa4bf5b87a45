"""Errors to HTTP: the one JSON shape of every answer that is none, and the status for each code."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, Final

from flask import Flask, Response, g, json, request
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WrongMethod

from exporter.errors import (
    ConfigError,
    Conflict,
    ExporterError,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    SchemaError,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnsupportedMedia,
)
from exporter.web.otlp import is_otlp_request, otlp_error_response

log = logging.getLogger(__name__)
STATUSES: Final[dict[type[ExporterError], int]] = {
    InvalidRequest: 400,
    ConfigError: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    UnsupportedMedia: 415,
    RateLimited: 429,
    SchemaError: 503,
    Unavailable: 503,
}
_HTTP_CODES: Final = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media"}


def install_errors(app: Flask) -> None:
    """Answer every error of the application in its one shape; OTLP paths as OTLP says."""
    app.register_error_handler(ExporterError, answer_expected)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(Exception, answer_unexpected)


def answer_expected(error: ExporterError) -> Response:
    """An error that the code knows."""
    if is_otlp_request(request):
        return otlp_error_response(request, error)
    status = STATUSES.get(type(error), 500)
    response = error_response(status, error.code, error.message, error.details)
    if isinstance(error, Unavailable | RateLimited):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Bearer realm="agent-exporter"'
    return response


def answer_http(error: HTTPException) -> Response:
    """An error that Flask found: no such path, no such method."""
    if is_otlp_request(request):
        return otlp_error_response(request, error)
    status = error.code or 500
    code = _HTTP_CODES.get(status, "invalid_request" if status < 500 else "internal")
    response = error_response(status, code, _say(error), {})
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _say(error: HTTPException) -> str:
    if isinstance(error, WrongMethod):
        return f"{request.method} is not allowed here, expected {', '.join(sorted(error.valid_methods or ()))}"
    if error.code == 404:
        return f"there is nothing at {request.path[:200]}"
    return error.description or error.name


def answer_unexpected(error: Exception) -> Response:
    """An error that nobody foresaw; the log has it under the request id."""
    log.error("request %s failed", request_id(), exc_info=error)
    if is_otlp_request(request):
        return otlp_error_response(request, error)
    return error_response(500, "internal", "an unexpected error; the log has it under this request id", {})


def error_response(status: int, code: str, message: str, details: dict[str, Any]) -> Response:
    """The one shape of an error."""
    error = {
        "code": code,
        "message": message,
        "details": details,
        "request_id": request_id(),
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return Response(json.dumps({"error": error}, default=str), status, content_type="application/json")


def request_id() -> str:
    """What ties an answer to the log."""
    return str(g.get("request_id", ""))
