"""From a body to rows and series: who a call worked for, the same view from every worker, and what never stays."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from exporter.pricing.row_json import instant_from_text
from support.otlp import any_value, as_json, request, span
from support.price_vectors import CONTRACT_ROW, SCOPE
from support.workers import BIRTH, SECOND, WholeWorker

NOW = instant_from_text("2026-11-21T12:00:00Z")
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-6-sol",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
}
CONFIGURATION = {
    "attributes": {"project": ["app.unit", "agent.project"], "org": ["app.customer"]},
    "prices": [{**CONTRACT_ROW, "org": "Acme Ltd"}],
    "rules": [
        {"when": {"service.name": "claude-code"}, "set": {"team": "platform", "phase": "build"}},
        {"when": {"service.name": "claude-code", "app.branch": "main"}, "set": {"environment": "production"}},
    ],
    "tiers": {"agents": {"reviewer": "premium"}, "models": {"gpt-6-sol": "standard"}},
    "price_context": [{"when": {"service.name": "eu-gateway"}, "set": {"geo": "eu"}}],
}


@pytest.fixture
def whole(sqlite_url, tmp_path):
    whole = WholeWorker(sqlite_url, tmp_path, CONFIGURATION, NOW)
    yield whole
    whole.close()


def call(said=None, *, resource=None, number=1):
    ids = {"trace_id": number.to_bytes(16), "span_id": number.to_bytes(8)}
    one = span({**CALL, **(said or {})}, start_time_unix_nano=NOW, end_time_unix_nano=NOW + SECOND, **ids)
    return request(one, resource=resource, scope=SCOPE)


def labels_of(whole):
    """The labels of the only series of the cost counter."""
    (name,) = [name for name in whole.samples() if name.startswith("agent_cost_usd_total{")]
    pairs = (pair.split("=", 1) for pair in name.partition("{")[2].rstrip("}").split(","))
    return {label: value.strip('"') for label, value in pairs}


# ------------------------------------------------------------------------------------- whom a call worked for
def test_configured_names_replace_the_default_ones_in_their_order(whole):
    whole.push(call({"app.unit": "checkout", "agent.project": "other", "project.id": "third"}))
    (row,) = whole.rows().values()
    assert row["project"] == "checkout"
    assert labels_of(whole)["project"] == "checkout"


@pytest.mark.parametrize(
    ("said", "resource", "project"),
    [
        ({"app.unit": "of-the-span"}, {"app.unit": "of-the-resource"}, "of-the-span"),
        ({}, {"app.unit": "of-the-resource"}, "of-the-resource"),
        # Anything that the span says goes before what its resource says, whatever the name.
        ({"agent.project": "of-the-span"}, {"app.unit": "of-the-resource"}, "of-the-span"),
        ({"app.unit": "  "}, {"agent.project": "of-the-resource"}, "of-the-resource"),
        ({"project.id": "not-configured"}, {}, None),
    ],
)
def test_the_span_is_asked_before_its_resource(whole, said, resource, project):
    whole.push(call(said, resource=resource))
    (row,) = whole.rows().values()
    assert row["project"] == project


def test_rules_by_value_fill_what_is_absent_and_nothing_else(whole):
    whole.push(call({"agent.phase": "review"}, resource={"service.name": "claude-code", "app.branch": "main"}))
    labels = labels_of(whole)
    (row,) = whole.rows().values()
    assert (labels["team"], labels["environment"], row["phase"]) == ("platform", "production", "review")


def test_a_rule_needs_every_value_that_it_names(whole):
    whole.push(call(resource={"service.name": "claude-code", "app.branch": "feature"}))
    labels = labels_of(whole)
    assert (labels["team"], labels["environment"]) == ("platform", "")


def test_an_unconfigured_field_keeps_its_default_names(whole):
    whole.push(call({"agent.task.id": "T-1", "gen_ai.agent.name": "reviewer"}, resource={"agent.team": "search"}))
    (row,) = whole.rows().values()
    assert (row["task"], row["agent"]) == ("T-1", "reviewer")
    assert labels_of(whole)["team"] == "search"


@pytest.mark.parametrize(("agent", "tier"), [("reviewer", "premium"), ("writer", "standard")])
def test_the_tier_is_the_agents_else_the_models(whole, agent, tier):
    whole.push(call({"gen_ai.agent.name": agent}))
    whole.now_ns += SECOND
    costs = whole.get("/api/v1/costs", group_by="tier", start="2026-11-01T00:00:00Z")["data"]
    assert [group["tier"] for group in costs] == [tier]


def test_the_price_context_of_a_source_comes_from_the_configuration(whole):
    whole.push(call(number=1))
    whole.push(call(number=2, resource={"service.name": "eu-gateway"}))
    plain, european = [row["cost_nano_usd"] for row in whole.rows().values()]
    assert european * 10 == plain * 11


@pytest.mark.parametrize("where", ["span", "resource"])
def test_a_contract_holds_for_the_customer_that_a_configured_attribute_names(whole, where):
    said = {"app.customer": "Acme Ltd"}
    whole.push(call(said) if where == "span" else call(resource=said))
    (row,) = whole.rows().values()
    assert row["cost_nano_usd"] == 1000 * 1_700 + 100 * 8_500


def test_json_and_protobuf_of_one_span_are_one_row(whole):
    whole.push(call({"app.unit": "checkout"}))
    before = whole.rows()
    answer = whole.client.post(
        "/v1/traces", data=as_json(call({"app.unit": "checkout"})), content_type="application/json"
    )
    assert (answer.status_code, answer.json) == (200, {})
    assert whole.rows() == before
    assert whole.total("agent_exporter_received_total", containing='outcome="duplicate"') == 1


# ------------------------------------------------------------------------------------- every worker, one view
def test_two_workers_show_the_same_values_whoever_booked_them(database_url, tmp_path):
    first = WholeWorker(database_url, tmp_path, CONFIGURATION, NOW)
    second = WholeWorker(database_url, tmp_path, CONFIGURATION, NOW)
    for number in range(1, 7):
        said = {
            "app.unit": f"unit-{number % 3}",
            "gen_ai.request.model": "gpt-6-sol" if number % 2 else "claude-opus-9",
        }
        (first if number % 2 else second).push(call(said, number=number))
    first.now_ns = second.now_ns = NOW + BIRTH
    views = [
        {name: value for name, value in worker.samples().items() if not name.startswith("agent_exporter_")}
        for worker in (first, second)
    ]
    assert views[0] == views[1]
    assert first.total("agent_calls_total") == 6
    assert round(first.total("agent_cost_usd_total") * 10**9) == 3 * (1000 * 2_000 + 100 * 10_000)
    first.assert_audited()
    first.close()
    second.close()


# ---------------------------------------------------------------------------------------------- what never stays
PRIVATE = {
    "gen_ai.prompt": "private-prompt-text",
    "gen_ai.input.messages": '[{"role":"user","content":"private-message"}]',
    "gen_ai.output.messages": "private-completion",
    "gen_ai.system_instructions": "private-instructions",
    "gen_ai.tool.call.arguments": '{"card":"private-argument"}',
    "gen_ai.tool.call.result": "private-result",
    "input.value": "private-input-value",
    "output.value": "private-output-value",
    "user.email": "anna@private.example",
    "enduser.id": "private-enduser",
    "user.name": "private-user-name",
    "http.request.header.authorization": "Bearer private-credential",
    "exception.message": "private-exception",
    "exception.stacktrace": "private-stacktrace",
    "some.unknown.attribute": "private-unknown",
    "nested": {"deep": ["private-nested"]},
}
PRIVATE_OF_RESOURCE = {
    "process.command_line": "private-command",
    "host.name": "private-host",
    "user.email": "bob@private.example",
}


def private_body():
    """A call that carries content wherever OTLP has room for it."""
    now = time.time_ns()
    event = Span.Event(name="private-event", time_unix_nano=now)
    event.attributes.append(KeyValue(key="gen_ai.prompt", value=any_value("private-event-content")))
    link = Span.Link(trace_id=b"l" * 16, span_id=b"l" * 8, trace_state="private-link")
    link.attributes.append(KeyValue(key="text", value=any_value("private-link-content")))
    one = span(
        {**CALL, **PRIVATE, "agent.project": "payments"},
        name="private-span-name",
        start_time_unix_nano=now,
        end_time_unix_nano=now,
        events=[event],
        links=[link],
        trace_state="private=state",
        status=Status(code=Status.STATUS_CODE_ERROR, message="private-status-message"),
    )
    return request(one, resource={**PRIVATE_OF_RESOURCE, "service.name": "shop"}, scope=SCOPE)


def test_content_and_personal_data_are_in_no_file_log_line_or_answer(start_server, tmp_path):
    database = tmp_path / "ledger" / "ledger.db"
    database.parent.mkdir()
    server = start_server(f"sqlite:///{database}", env={"AGENT_EXPORTER_LOG_LEVEL": "debug"})
    body = private_body()
    assert server.post_protobuf("/v1/traces", body).status == 200
    assert (
        server.request("POST", "/v1/traces", as_json(body), headers={"Content-Type": "application/json"}).status == 200
    )
    # A body that cannot be decoded is refused without being quoted.
    assert server.post_protobuf("/v1/traces", body[:-7]).status == 400
    assert (
        server.request("POST", "/v1/traces", b'{"private-json": ', headers={"Content-Type": "application/json"}).status
        == 400
    )
    answers = [server.get(path).body for path in ("/metrics", "/api/v1/usage", "/api/v1/costs?group_by=project,agent")]
    assert b"payments" in answers[1]
    stored = [path for path in database.parent.iterdir() if path.is_file()]
    assert b"payments" in b"".join(path.read_bytes() for path in stored)
    written = [*answers, server.log.read_bytes(), *(path.read_bytes() for path in stored)]
    server.stop()
    assert not [place for place in (*written, Path(database).read_bytes()) if b"private" in place]
