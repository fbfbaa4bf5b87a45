"""Whether the service lives, and whether it can do its work now."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, jsonify

from exporter.errors import ExporterError

Probe = Callable[[], None]
"""Raises an ExporterError when something is amiss."""


def health_blueprint(probes: Mapping[str, Probe], *, version: str) -> Blueprint:
    """GET /healthz answers as long as the process does; GET /readyz runs every probe."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok", version=version)

    @blueprint.get("/readyz")
    def readyz() -> tuple[Response, int]:
        findings = {name: _probe(probe) for name, probe in probes.items()}
        is_ready = all(finding == "ok" for finding in findings.values())
        return jsonify(status="ready" if is_ready else "not ready", checks=findings), 200 if is_ready else 503

    return blueprint


def _probe(probe: Probe) -> str:
    try:
        probe()
    except ExporterError as error:
        return error.message
    return "ok"
