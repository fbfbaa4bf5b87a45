"""POST /-/reload: apply the configuration file again."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify


def operate_blueprint(reload: Callable[[], int]) -> Blueprint:
    """`reload` answers the version in force; a refused configuration is a ConfigError and changes nothing."""
    blueprint = Blueprint("operate", __name__)

    @blueprint.post("/-/reload")
    def reload_configuration() -> Response:
        return jsonify(version=reload())

    return blueprint
