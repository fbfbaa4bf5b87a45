"""From span to delivered alert: SDK, Collector, exporter, Prometheus with the shipped rules, Alertmanager, webhook."""

from __future__ import annotations

import json
import urllib.request

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from scripts.stack.addresses import address, url
from scripts.stack.configuration import Choices, Pace
from scripts.stack.stack import Stack
from support.alertmanager import Inbox
from support.commands import audit
from support.stack import (
    alerts_of_alertmanager,
    ask_exporter,
    ledger_url,
    place_in,
    query_prometheus,
    wait_for,
)

PATIENCE_SECONDS = 180
PACE = Pace(scrape="1s", evaluation="1s", group_wait="5s", group_interval="2s")
THRESHOLD = "AgentBudgetThreshold"
CONTENT = "the-merger-is-on-friday"
"""Stands in every prompt and answer that the agents of this test send."""
CONFIGURATION = {
    "budgets": [
        {"id": "refunds", "scope": {"project": "refunds"}, "limit": "1 USD", "period": "month"},
        {"id": "ranking", "scope": {"project": "ranking"}, "limit": "1 USD", "period": "month"},
    ],
    "prices": [
        {"model": "house-model", "layer": "self_hosted", "usd_per_million": {"input": 1, "output": 5}},
    ],
}
CALLS = {"refunds": 7, "ranking": 6, "onboarding": 3}
"""Calls of each project at 0.15 USD each: 105 %, 90 % and, without a budget, 0.45 USD."""
NANO_USD_PER_CALL = 150_000_000
TOKENS = {"gen_ai.usage.input_tokens": 100_000, "gen_ai.usage.output_tokens": 10_000}


@pytest.fixture
def inbox():
    with Inbox() as listening:
        yield listening


@pytest.fixture
def stack(tool, tmp_path, inbox):
    """The whole stack at a quick pace, delivering to the inbox."""
    for program in ("otelcol", "prometheus", "alertmanager"):
        tool(program)
    place = place_in(tmp_path)
    place.receiver_secrets.mkdir()
    (place.receiver_secrets / "webhook-url").write_text(inbox.url)
    choices = Choices(
        exporter=CONFIGURATION,
        receiver="webhook",
        pace=PACE,
        environment={"AGENT_EXPORTER_SETTLE_SECONDS": "0.2"},
    )
    with Stack(place, choices) as running:
        yield running


def test_what_agents_spend_becomes_the_alert_of_the_right_budget(stack, inbox):
    send_calls(stack)
    delivered = inbox.wait_for(tells("refunds", "critical"), timeout=PATIENCE_SECONDS)
    told = inbox.wait_for(tells("ranking", "warning"), timeout=PATIENCE_SECONDS)
    inhibited = wait_for(lambda: inhibitions(stack, 5), "all thresholds fire", within_seconds=PATIENCE_SECONDS)

    assert inhibited == {
        ("refunds", "info"): True,
        ("refunds", "warning"): True,
        ("refunds", "critical"): False,
        ("ranking", "info"): True,
        ("ranking", "warning"): False,
    }
    for message in (delivered, told):
        (alert,) = message["alerts"]
        assert alert["status"] == "firing"
        assert opens_its_heading(alert["annotations"]["runbook_url"])
    assert_sums_equal(stack)
    assert_content_is_nowhere(stack)
    assert {budget_and_severity(alert) for alert in thresholds_in(inbox)} == {
        ("refunds", "critical"),
        ("ranking", "warning"),
    }
    stack.stop("exporter")
    audit(ledger_url(stack.place))


def send_calls(stack):
    """Model calls of every project through the SDK, alternately over gRPC and HTTP, with content all over them."""
    senders = [sender(stack, GrpcExporter(endpoint=address(stack.place.ports.otlp_grpc), insecure=True))]
    senders.append(sender(stack, HttpExporter(endpoint=f"{url(stack.place.ports.otlp_http)}/v1/traces")))
    for project, count in CALLS.items():
        for number in range(count):
            call_model(senders[number % 2].get_tracer("end-to-end"), project)
    for provider in senders:
        assert provider.force_flush()
        provider.shutdown()


def sender(stack, exporter):
    resource = Resource({"service.name": "end-to-end", "deployment.environment.name": "test"})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def call_model(tracer, project):
    with tracer.start_as_current_span("chat house-model") as span:
        span.set_attributes(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "self_hosted",
                "gen_ai.request.model": "house-model",
                "gen_ai.response.model": "house-model",
                "gen_ai.agent.name": f"{project}-agent",
                "project.id": project,
                **TOKENS,
                "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"content": CONTENT}]}]),
                "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"content": CONTENT}]}]),
                "gen_ai.prompt.0.content": CONTENT,
                "input.value": CONTENT,
                "traceloop.entity.output": CONTENT,
            }
        )
        span.add_event("gen_ai.content.prompt", {"gen_ai.prompt": CONTENT})


def tells(budget, severity):
    """Whether a message of Alertmanager has the threshold alert of this budget and severity."""

    def wanted(message):
        return any(budget_and_severity(alert) == (budget, severity) for alert in thresholds(message["alerts"]))

    return wanted


def thresholds(alerts):
    return [alert for alert in alerts if alert["labels"]["alertname"] == THRESHOLD]


def thresholds_in(inbox):
    return thresholds(alert for message in inbox.messages for alert in message["alerts"])


def budget_and_severity(alert):
    return alert["labels"]["budget"], alert["labels"]["severity"]


def inhibitions(stack, count):
    """Whether each threshold alert is inhibited, once there are so many; else None."""
    found = thresholds(alerts_of_alertmanager(stack))
    states = {budget_and_severity(alert): bool(alert["status"]["inhibitedBy"]) for alert in found}
    return states if len(found) == count else None


def opens_its_heading(link):
    """Whether the link of an alert leads to its place in the runbook."""
    page, _, anchor = link.partition("#")
    with urllib.request.urlopen(page, timeout=10) as answer:
        return anchor == THRESHOLD and f'id="{anchor}"' in answer.read().decode()


def assert_sums_equal(stack):
    """Prometheus shows to the cent what the ledger has booked, which is what was sent."""
    ledger = {one["project"]: one for one in ask_exporter(stack, "/api/v1/costs?group_by=project")["data"]}
    assert {project: one["cost_nano_usd"] for project, one in ledger.items()} == {
        project: count * NANO_USD_PER_CALL for project, count in CALLS.items()
    }
    total = sum(one["cost_nano_usd"] for one in ledger.values()) / 10**9
    wait_for(
        lambda: sum(query_prometheus(stack, "sum(agent_cost_usd_total)").values()) > total - 0.005,
        "the cost of every project in Prometheus",
        within_seconds=PATIENCE_SECONDS,
    )
    shown = query_prometheus(stack, "sum by (project) (agent_cost_usd_total)")
    assert {dict(labels)["project"]: value for labels, value in shown.items()} == {
        project: pytest.approx(one["cost_nano_usd"] / 10**9, abs=0.005) for project, one in ledger.items()
    }


def assert_content_is_nowhere(stack):
    """No program of the stack has written it anywhere, while what billing needs is in the ledger."""
    files = [path for path in stack.place.folder.rglob("*") if path.is_file()]
    written = {path: path.read_bytes() for path in files}
    assert any(b"refunds-agent" in data for path, data in written.items() if "ledger.db" in path.name)
    assert [path for path, data in written.items() if CONTENT.encode() in data] == []
