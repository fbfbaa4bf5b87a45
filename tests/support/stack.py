"""The native stack on free ports in a temporary folder, and what its programs say over HTTP."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.stack.addresses import Ports, url
from scripts.stack.configuration import Place
from scripts.stack.programs import ledger_file
from scripts.stack.stack import Stack
from support.ports import free_port


def free_ports() -> Ports:
    """A free port for each place of the stack, no two the same."""
    found: set[int] = set()
    while len(found) < len(Ports._fields):
        found.add(free_port())
    return Ports(*found)


def place_in(folder: Path) -> Place:
    """A stack of its own, whose receivers' secrets lie in `receivers`."""
    return Place(folder / "stack", free_ports(), receiver_secrets=folder / "receivers")


def ledger_url(place: Place) -> str:
    return f"sqlite:///{ledger_file(place)}"


def ask_exporter(stack: Stack, path: str) -> Any:
    """What the API answers to whoever may read."""
    token = (stack.place.secrets / "read").read_text().strip()
    return _get(url(stack.place.ports.exporter) + path, {"Authorization": f"Bearer {token}"})


def query_prometheus(stack: Stack, expression: str) -> dict[tuple[tuple[str, str], ...], float]:
    """The vector of an instant query: sorted label pairs to values."""
    path = f"/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    found = _get(url(stack.place.ports.prometheus) + path)["data"]["result"]
    return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in found}


def alerts_of_alertmanager(stack: Stack) -> list[dict[str, Any]]:
    """Every alert that fires, inhibited ones included."""
    found: list[dict[str, Any]] = _get(f"{url(stack.place.ports.alertmanager)}/api/v2/alerts")
    return found


def wait_for(found: Callable[[], Any], what: str, *, within_seconds: float) -> Any:
    """The first answer of `found` that is true."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {within_seconds:g} s")


def _get(address: str, headers: dict[str, str] | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers or {}), timeout=10) as answer:
        return json.load(answer)
