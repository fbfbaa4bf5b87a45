"""From the SDK's model to the JSON that Grafana's file provisioning takes: what grafana-foundation-sdk 0.0.21 gets
wrong is put right here, and the output is the same on every run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

_INTERVAL_ONLY: Final = ("auto", "auto_count", "auto_min")


def normalised(board: Dashboard) -> dict[str, Any]:
    """The classic model of a board, ready to be written."""
    document: dict[str, Any] = json.loads(JSONEncoder().encode(board))
    document["id"] = None
    for node in _objects(document):
        # Tucks links and annotations into a menu; the SDK sets it on all of them.
        if node.get("placement") == "inControlsMenu":
            del node["placement"]
    for variable in document["templating"]["list"]:
        _clean_variable(variable)
    for number, panel in enumerate(_panels(document)):
        _name_targets(panel)
        panel.pop("repeatDirection", None)
        if panel["type"] == "state-timeline":
            # No pages; the SDK refuses 0, and without it Grafana shows a pager for a single page too.
            panel["options"]["perPage"] = 0
        assert panel["id"] > 0, f"panel {number} has no id"
    return document


def written(document: dict[str, Any]) -> str:
    """The text of the file."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _clean_variable(variable: dict[str, Any]) -> None:
    for key in _INTERVAL_ONLY:
        variable.pop(key, None)


def _name_targets(panel: dict[str, Any]) -> None:
    for letter, target in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", panel.get("targets", ()), strict=False):
        target.setdefault("refId", letter)


def _panels(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in document["panels"]:
        yield panel
        yield from panel.get("panels", ())


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _objects(item)
