"""Recorded bodies posted over HTTP to the exporter as shipped, and its ledger compared call by call."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from conformance.comparing import Row, compare
from conformance.expectations import EXPECTATIONS
from conformance.recordings import Request, load

from exporter.usage import TOKEN_CLASSES, Tokens
from support.server import Server

# The recordings grow old, the test does not.
ENVIRONMENT = {"AGENT_EXPORTER_ACCEPT_AGE": "unlimited"}


def post(server: Server, name: str, request: Request) -> None:
    answer = server.request("POST", request.path, request.body, headers={"Content-Type": request.content_type})
    assert answer.status == 200, f"{name}: {request.path} answered {answer.status}: {answer.body[:200]!r}"


def usage_rows(server: Server) -> list[dict]:
    rows, cursor = [], ""
    while cursor is not None:
        page = server.get(f"/api/v1/usage?limit=1000{f'&cursor={cursor}' if cursor else ''}").json()
        rows += page["data"]
        cursor = page["next_cursor"]
    return rows


def row_of(row: dict) -> Row:
    return Row(
        row["call_key"] or "",
        frozenset(filter(None, (row["request_model"], row["response_model"]))),
        Tokens(*(row["tokens"][name] for name in TOKEN_CLASSES)),
        row["billing"] == "charged",
        bool(row["error_type"]),
    )


@pytest.fixture(scope="module", params=["as recorded", "shuffled"])
def ledger(request, tmp_path_factory):
    """The ledger after every body was posted twice: rows by the recording that they come from."""
    folder = tmp_path_factory.mktemp("replay")
    server = Server(f"sqlite:///{folder}/ledger.db", folder / "serve.log", env=ENVIRONMENT).start()
    try:
        bodies = [(name, body) for name in EXPECTATIONS for body in load(name).requests] * 2
        if request.param == "shuffled":
            random.Random(7).shuffle(bodies)
        for name, body in bodies:
            post(server, name, body)
        by_service = defaultdict(list)
        for row in usage_rows(server):
            by_service[row["service"].removeprefix("cap-")].append(row)
        yield by_service
    finally:
        server.stop()


def test_every_row_belongs_to_a_recording(ledger):
    assert set(ledger) <= set(EXPECTATIONS)


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_the_ledger_charges_what_the_model_server_counted(ledger, name):
    comparison = compare(load(name).calls, [row_of(row) for row in ledger[name]])
    assert comparison.counts() == dict(EXPECTATIONS[name].outcomes)


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_a_call_is_priced_by_a_model_that_took_part(ledger, name):
    calls = {call.number: call for call in load(name).calls}
    charged = [row for row in ledger[name] if row["billing"] == "charged"]
    comparison = compare(list(calls.values()), [row_of(row) for row in charged])
    for number, row in comparison.pairs.items():
        # LiteLLM writes the provider before the name.
        assert {model.rpartition("/")[2] for model in row.models} & calls[number].models
    for row in charged:
        assert row["price_model"] in {row["request_model"], row["response_model"]}
        assert row["cost_nano_usd"] > 0
        assert row["dialect"] in EXPECTATIONS[name].dialects


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_a_call_without_usage_costs_nothing_and_claims_nothing(ledger, name):
    missing = [row for row in ledger[name] if row["usage_status"] == "missing"]
    assert all(row["cost_nano_usd"] is None and row["billing"] == "not_billable" for row in missing)
