"""The 25 vectors of specs/pricing.md §5 from a pushed span to the ledger, exact to the nano-dollar, on both databases."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest

from support.commands import audit
from support.otlp import request
from support.postgres import fresh_database
from support.price_vectors import CONTRACT_ROW, SCOPE, VECTORS, Vector
from support.server import Server, migrate
from support.tools import ROOT

SILENT = {"P25"}
"""Telemetry of all zeros says nothing; only a quote may answer 0."""
SPENT = sum(vector.nano_usd or 0 for vector in VECTORS)


class Ledger:
    """A service that was sent every vector in one body, and its rows by vector."""

    def __init__(self, server: Server, config: str) -> None:
        self.server = server
        self.config = config
        self.receipt = server.post_protobuf("/v1/traces", request(*(v.span() for v in VECTORS), scope=SCOPE))
        found = {row["trace_id"]: row for row in server.get("/api/v1/usage?limit=1000").json()["data"]}
        self.rows: Mapping[str, dict[str, Any]] = {v.name: found[v.trace_id.hex()] for v in VECTORS}


@contextmanager
def serving(url: str, folder) -> Iterator[Ledger]:
    config = folder / "exporter.yml"
    config.write_text(json.dumps({"prices": [CONTRACT_ROW]}))
    env = {"AGENT_EXPORTER_CONFIG": str(config), "AGENT_EXPORTER_ACCEPT_AGE": "unlimited"}
    if not url.startswith("sqlite"):
        migrate(url)
    server = Server(url, folder / "serve.log", env)
    try:
        yield Ledger(server.start(), str(config))
    finally:
        server.stop()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[Ledger]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        database = nullcontext(f"sqlite:///{folder / 'ledger.db'}")
    else:
        database = fresh_database(request.getfixturevalue("postgres_admin_url"))
    with database as url, serving(url, folder) as ledger:
        yield ledger


def said_of(vector: Vector) -> tuple[int | None, str, tuple[str, ...]]:
    """Cost, status and reasons as the ledger must have them."""
    if vector.name in SILENT:
        return None, "unknown", ("no_usage",)
    return vector.nano_usd, vector.status, vector.reasons


def ask(ledger: Ledger, vector: Vector) -> dict[str, Any]:
    return ledger.server.post_json("/api/v1/prices/quote", vector.question()).json()


def test_all_vectors_are_accepted(ledger):
    assert (ledger.receipt.status, ledger.receipt.body) == (200, b"")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_pushed_call_costs_what_the_provider_bills(ledger, vector):
    row = ledger.rows[vector.name]
    assert (row["cost_nano_usd"], row["cost_status"], tuple(row["cost_reasons"])) == said_of(vector)
    assert tuple(row["tokens"].values()) == vector.classes
    assert row["started_at"] == vector.at
    assert row["price_version"] is None if row["cost_nano_usd"] is None else row["price_version"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_quote_answers_the_same_amount(ledger, vector):
    answer = ask(ledger, vector)
    assert (answer["cost_nano_usd"], answer["cost_status"]) == (vector.nano_usd, vector.status)
    assert tuple(answer["reasons"]) == vector.reasons
    if vector.name not in SILENT:
        assert answer["price_version"] == (ledger.rows[vector.name]["price_version"] or "")


def test_the_command_quotes_the_same_amounts_line_by_line(ledger):
    lines = "\n".join(json.dumps(vector.question()) for vector in VECTORS)
    done = subprocess.run(
        [sys.executable, "-m", "exporter", "--config", ledger.config, "prices", "quote"],
        cwd=ROOT,
        env={**ledger.server.environment(), "AGENT_EXPORTER_CONFIG": ledger.config},
        input=lines,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == [ask(ledger, vector) for vector in VECTORS]


def test_raw_and_inclusive_forms_of_one_call_are_one_amount(ledger):
    assert ledger.rows["P03"]["tokens"] == ledger.rows["P04"]["tokens"]


def test_telemetry_of_all_zeros_is_missing_usage(ledger):
    row = ledger.rows["P25"]
    assert (row["usage_status"], row["billing"], row["billing_reason"]) == ("missing", "not_billable", "no_usage")


def test_every_sum_is_the_sum_of_the_vectors_bit_for_bit(ledger):
    costs = ledger.server.get("/api/v1/costs?start=2025-01-01T00:00:00Z").json()
    assert costs["total"]["cost_nano_usd"] == SPENT
    assert costs["total"]["calls"] == len(VECTORS)


def test_the_unknown_model_has_no_cost_in_any_sum(ledger):
    costs = ledger.server.get("/api/v1/costs?start=2025-01-01T00:00:00Z&group_by=model").json()
    (unknown,) = [row for row in costs["data"] if row["model"] == "claude-opus-9"]
    assert (unknown["cost_nano_usd"], unknown["unpriced_tokens"], unknown["coverage"]) == (None, 11_000, 0.0)


def test_the_totals_equal_the_ledger(ledger):
    assert json.loads(audit(ledger.server.database_url))
