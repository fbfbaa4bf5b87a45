"""Bearer tokens: who may ingest, read and operate.  Several tokens are valid at once, for rotation."""

from __future__ import annotations

import hmac
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
    scheme, _, presented = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not presented:
        raise Unauthorized("a bearer token is needed")
    # Every secret is compared, so that the time taken tells nothing.
    matching = [grant for grant in known if _is_same(grant.secret, presented.strip())]
    if not matching:
        raise Unauthorized("the bearer token is not valid")
    return matching[0]


def _is_same(secret: str, presented: str) -> bool:
    return hmac.compare_digest(secret.encode(), presented.encode("utf-8", "surrogateescape"))
