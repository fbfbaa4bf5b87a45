"""Recorded bodies posted over HTTP to the exporter as shipped, and its ledger compared call by call."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from conformance.comparing import Row, compare
from conformance.expectations import EXPECTATIONS
from conformance.recordings import Recording, Request, load

from exporter.usage import TOKEN_CLASSES, Tokens
from support.otlp import parse_traces
from support.server import Server
from support.stack import wait_for

TOLD = json.loads((Path(__file__).parent / "told.json").read_text())
"""Of each recording: calls by agent as the recorded program names it, "" where none was told, and how many sessions."""
# The recordings grow old, the test does not.
ENVIRONMENT = {"AGENT_EXPORTER_ACCEPT_AGE": "unlimited", "AGENT_EXPORTER_SETTLE_SECONDS": "2"}
PATIENCE_SECONDS = 60


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


def settled_rows(server: Server) -> list[dict]:
    """The rows once nothing waits any more for what another signal or span may say."""
    rows: list[dict] = []

    def nothing_waits() -> bool:
        rows[:] = usage_rows(server)
        return all(row["billing"] != "pending" for row in rows)

    wait_for(nothing_waits, "rows that wait for nothing", within_seconds=PATIENCE_SECONDS)
    return rows


def row_of(row: dict) -> Row:
    return Row(
        row["call_key"] or "",
        frozenset(filter(None, (row["request_model"], row["response_model"]))),
        Tokens(*(row["tokens"][name] for name in TOKEN_CLASSES)),
        row["billing"] == "charged",
        bool(row["error_type"]),
    )


def traces_of(recording: Recording) -> set[str]:
    """The ids of all traces of a recording, in hex."""
    return {
        span.trace_id.hex()
        for request in recording.requests
        if request.path.endswith("/v1/traces")
        for group in parse_traces(request.body, request.content_type).resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    }


def origin_of(row: dict, recordings: list[Recording], by_trace: dict[str, str]) -> str:
    """The recording that a row comes from: by its trace, else by its session, else by its service.

    Programs name their services themselves, and several recordings are of one program.
    """
    found = by_trace.get(row["trace_id"] or "")
    session = (row["conversation_id"] or "").encode()
    if not found and session:
        found = next((one.name for one in recordings if any(session in body.body for body in one.requests)), None)
    service = row["service"].encode()
    return found or next((one.name for one in recordings if any(service in body.body for body in one.requests)), "")


@pytest.fixture(scope="module", params=["as recorded", "shuffled"])
def ledger(request, tmp_path_factory):
    """The ledger after every body was posted twice: rows by the recording that they come from."""
    folder = tmp_path_factory.mktemp("replay")
    server = Server(f"sqlite:///{folder}/ledger.db", folder / "serve.log", env=ENVIRONMENT).start()
    try:
        recordings = [load(name) for name in EXPECTATIONS]
        bodies = [(one.name, body) for one in recordings for body in one.requests] * 2
        if request.param == "shuffled":
            random.Random(7).shuffle(bodies)
        for name, body in bodies:
            post(server, name, body)
        by_trace = {trace: one.name for one in recordings for trace in traces_of(one)}
        by_recording = defaultdict(list)
        for row in settled_rows(server):
            by_recording[origin_of(row, recordings, by_trace)].append(row)
        yield by_recording
    finally:
        server.stop()


def test_every_row_belongs_to_a_recording(ledger):
    assert set(ledger) <= set(EXPECTATIONS)


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_the_ledger_charges_what_the_model_server_counted(ledger, name):
    # What another row speaks for says nothing of its own.
    rows = [row for row in ledger[name] if row["billing"] in ("charged", "not_billable")]
    comparison = compare(load(name).calls, [row_of(row) for row in rows])
    assert comparison.counts() == dict(EXPECTATIONS[name].outcomes)


def bare(model: str) -> str:
    """LiteLLM writes the provider before the name, and OpenLLMetry takes Bedrock's vendor away from it."""
    return model.rpartition("/")[2].removeprefix("anthropic.")


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_a_call_is_priced_by_a_model_that_took_part(ledger, name):
    calls = {call.number: call for call in load(name).calls}
    charged = [row for row in ledger[name] if row["billing"] == "charged"]
    comparison = compare(list(calls.values()), [row_of(row) for row in charged])
    for number, row in comparison.pairs.items():
        assert set(map(bare, row.models)) & set(map(bare, calls[number].models))
    for row in charged:
        assert bare(row["price_model"]) in {bare(row["request_model"] or ""), bare(row["response_model"] or "")}
        assert row["cost_nano_usd"] > 0
        assert row["dialect"] in EXPECTATIONS[name].dialects


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_a_call_without_usage_costs_nothing_and_claims_nothing(ledger, name):
    missing = [row for row in ledger[name] if row["usage_status"] == "missing"]
    assert all(row["cost_nano_usd"] is None for row in missing)
    assert {row["billing"] for row in missing} <= {"not_billable", "superseded"}


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_calls_are_the_work_of_the_agents_and_sessions_that_the_emitter_was_told(ledger, name):
    charged = [row for row in ledger[name] if row["billing"] == "charged"]
    agents = Counter("" if row["agent"] == row["service"] else row["agent"] for row in charged)
    assert agents == TOLD[name]["agents"]
    assert len({row["conversation_id"] for row in charged} - {None}) == TOLD[name]["sessions"]
