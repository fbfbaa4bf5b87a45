"""JSON bodies of requests: bounded, of the right type, an object."""

from __future__ import annotations

from typing import Any, Final

import orjson
from flask import Request

from exporter.errors import InvalidRequest, TooLarge, UnsupportedMedia

MAX_BYTES: Final = 1 << 20


def read_object(request: Request) -> dict[str, Any]:
    """The JSON object that a request carries; InvalidRequest, TooLarge or UnsupportedMedia when it carries none."""
    if request.mimetype != "application/json":
        raise UnsupportedMedia(
            f"Content-Type: found {request.mimetype!r}, expected application/json", found=request.mimetype
        )
    raw = request.stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise TooLarge(f"the body is larger than {MAX_BYTES} bytes", limit=MAX_BYTES)
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    if rb"\u0000" in raw:
        raise InvalidRequest("the body must be free of NUL characters, which no database text can hold")
    return body
