"""Tokens: who may ingest, read and operate.  Several tokens are valid at once, for rotation.

They are bearer tokens.  Telemetry may also come with Basic authentication, whose password is the token: Langfuse's
SDKs send their secret key so, and nothing else.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from flask import Flask, Request, g, request

from exporter.errors import Forbidden, Unauthorized
from exporter.web.otlp import is_otlp_request

INGEST: Final = "ingest"
READ: Final = "read"
OPERATE: Final = "operate"
OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/runbook", "/schemas/agent-message.xsd"})
LOOPBACK_ACTOR: Final = "loopback"
_READ_BY_POST: Final = frozenset({"/api/v1/prices/quote"})
_INGEST_PATHS: Final = frozenset({"/api/v1/messages"})


class Grant(NamedTuple):
    """A token as it is compared: its name, what it allows, and its secret."""

    name: str
    roles: frozenset[str]
    secret: str


def required_role(asked: Request) -> str:
    """What a request needs: telemetry and messages are ingest, changes are operate, all else is read."""
    if is_otlp_request(asked) or (asked.method == "POST" and asked.path in _INGEST_PATHS):
        return INGEST
    if asked.method in {"GET", "HEAD", "OPTIONS"} or asked.path in _READ_BY_POST:
        return READ
    return OPERATE


def install_auth(app: Flask, grants: Callable[[], Sequence[Grant]]) -> None:
    """Refuse requests without a sufficient token.  Without any grant the service is open; it then listens on
    loopback only, which the start makes sure of."""

    @app.before_request
    def authorise() -> None:
        known = grants()
        if not known or request.path in OPEN_PATHS:
            g.actor = LOOPBACK_ACTOR
            return
        grant = _grant_of(request, known)
        role = required_role(request)
        if role not in grant.roles:
            raise Forbidden(f"token {grant.name!r} lacks the role {role!r}", token=grant.name, needs=role)
        g.actor = grant.name


def _grant_of(asked: Request, known: Sequence[Grant]) -> Grant:
    scheme, _, credentials = asked.headers.get("Authorization", "").partition(" ")
    presented = credentials.strip()
    if scheme.lower() == "basic" and is_otlp_request(asked):
        presented = _password_in(presented)
    elif scheme.lower() != "bearer":
        presented = ""
    if not presented:
        raise Unauthorized("a bearer token is needed")
    # Every secret is compared, so that the time taken tells nothing.
    matching = [grant for grant in known if _is_same(grant.secret, presented)]
    if not matching:
        raise Unauthorized("the bearer token is not valid")
    return matching[0]


def _password_in(credentials: str) -> str:
    """The password of Basic credentials (RFC 7617), empty when they are none."""
    try:
        return b64decode(credentials, validate=True).decode("utf-8", "surrogateescape").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _is_same(secret: str, presented: str) -> bool:
    return hmac.compare_digest(secret.encode(), presented.encode("utf-8", "surrogateescape"))
