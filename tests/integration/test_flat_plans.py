"""Sources on a flat plan: shown and priced at list, told apart everywhere, and in no budget that does not ask for them."""

from __future__ import annotations

import json

import pytest

from exporter.pricing.row_json import instant_from_text
from support.otlp import request, span
from support.workers import SECOND, WholeWorker

NOW = instant_from_text("2026-11-21T12:00:00Z")
PRICE = {
    "layer": "override", "model": "house-model", "provider": "anthropic", "usd_per_million": {"input": "2", "output": "10"},
}  # fmt: skip
CONFIGURATION = {
    "list_equivalent": [{"when": {"service.name": "coder"}}, {"dialect": "openinference"}],
    "prices": [PRICE],
    "budgets": [
        {"id": "bill", "limit": "1 USD", "period": "day"},
        {"id": "worth", "limit": "1 USD", "period": "day", "include_list_equivalent": True},
        {"id": "task-bill", "scope": {"task": "T-1"}, "limit": "1 USD", "period": "day"},
        {"id": "task-worth", "scope": {"task": "T-1", "project": "payments"}, "limit": "1 USD", "period": "day", "include_list_equivalent": True},
    ],
}  # fmt: skip
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "house-model",
    "agent.project": "payments",
    "agent.task.id": "T-1",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
}
COST = 3_000_000


@pytest.fixture
def whole(database_url, tmp_path):
    whole = WholeWorker(database_url, tmp_path, CONFIGURATION, NOW)
    whole.now_ns += 60 * SECOND
    yield whole
    whole.assert_audited()
    whole.close()


def send(whole, number, service, said=CALL):
    times = {"start_time_unix_nano": NOW, "end_time_unix_nano": NOW + SECOND}
    one = span(said, trace_id=number.to_bytes(16), span_id=number.to_bytes(8), **times)
    whole.push(request(one, resource={"service.name": service}, scope="opentelemetry.instrumentation.genai"))


def spent(whole):
    return {budget["id"]: budget["spent"] for budget in whole.get("/api/v1/budgets")["data"]}


def test_such_a_call_is_an_estimate_at_list_price_and_the_row_says_why(whole):
    send(whole, 1, "coder")
    send(whole, 2, "server")
    on_plan, billed = (whole.rows()[f"{number:016x}"] for number in (1, 2))
    assert (on_plan["billing"], on_plan["cost_nano_usd"]) == ("charged", COST)
    assert (on_plan["cost_status"], on_plan["cost_reasons"]) == ("estimated", ["list_equivalent"])
    assert (billed["cost_status"], billed["cost_reasons"]) == ("priced", [])


def test_budgets_leave_it_out_unless_they_ask(whole):
    send(whole, 1, "coder")
    send(whole, 2, "server")
    assert spent(whole) == {"bill": COST, "worth": 2 * COST, "task-bill": COST, "task-worth": 2 * COST}
    moved = {
        number: {one["budget"] for one in whole.get(f"/api/v1/explain/{number:032x}")["data"][0]["budgets"]}
        for number in (1, 2)
    }
    assert moved == {1: {"worth", "task-worth"}, 2: {"bill", "worth", "task-bill", "task-worth"}}


def test_a_budget_that_is_made_later_knows_its_period_by_the_same_rule(whole):
    send(whole, 1, "coder")
    send(whole, 2, "server")
    for name, asks in (("late-bill", False), ("late-worth", True)):
        made = whole.client.post(
            "/api/v1/budgets",
            json={
                "id": name,
                "limit": "1 USD",
                "period": "day",
                "scope": {"project": "payments"},
                "include_list_equivalent": asks,
            },
        )
        assert made.status_code == 201, made.text
        assert made.json["include_list_equivalent"] is asks
    assert (spent(whole)["late-bill"], spent(whole)["late-worth"]) == (COST, 2 * COST)


def test_asking_for_it_is_another_budget_whose_period_is_counted_anew(whole):
    made = whole.client.post("/api/v1/budgets", json={"id": "mine", "limit": "1 USD", "period": "day"})
    assert made.status_code == 201
    whole.now_ns += 60 * SECOND
    send(whole, 1, "coder")
    send(whole, 2, "server")
    assert spent(whole)["mine"] == COST
    changed = whole.client.patch("/api/v1/budgets/mine", json={"include_list_equivalent": True})
    assert changed.status_code == 200, changed.text
    assert spent(whole)["mine"] == 2 * COST


def test_costs_tell_it_apart_in_every_grouping(whole):
    send(whole, 1, "coder")
    send(whole, 2, "server")
    for grouping in ("", "project", "service", "day", "task", "task,agent", "task,project,day"):
        answer = whole.get("/api/v1/costs", group_by=grouping, start="2026-11-21T00:00:00Z")
        assert (answer["total"]["cost_nano_usd"], answer["total"]["list_equivalent_nano_usd"]) == (2 * COST, COST), (
            grouping
        )
        assert sum(row["list_equivalent_nano_usd"] for row in answer["data"]) == (COST if grouping else 0), grouping
    by_service = {
        row["service"]: row["list_equivalent_nano_usd"]
        for row in whole.get("/api/v1/costs", group_by="service", start="2026-11-21T00:00:00Z")["data"]
    }
    assert by_service == {"coder": COST, "server": 0}
    assert "$0.0030 of the cost is at list prices" in whole.command(
        "cost", "--start", "2026-11-21", "--end", "2026-11-22"
    )


def test_metrics_tell_it_apart_and_still_add_up_to_the_ledger(whole):
    send(whole, 1, "coder")
    send(whole, 2, "server")
    whole.now_ns += 61 * SECOND
    assert whole.total("agent_cost_usd_total") == pytest.approx(2 * COST / 1e9)
    assert whole.total("agent_cost_list_equivalent_usd_total") == pytest.approx(COST / 1e9)
    assert whole.total("agent_budget_spent_usd", containing='budget="bill"') == pytest.approx(COST / 1e9)


def test_a_dialect_can_be_named_instead_of_attributes(whole):
    said = {
        "openinference.span.kind": "LLM", "llm.provider": "anthropic", "llm.model_name": "house-model",
        "llm.token_count.prompt": 1000, "llm.token_count.completion": 100,
    }  # fmt: skip
    send(whole, 1, "server", said)
    (row,) = whole.rows().values()
    assert (row["dialect"], row["cost_reasons"]) == ("openinference", ["list_equivalent"])
    assert spent(whole)["bill"] == 0


def test_what_a_gateway_says_it_charged_is_no_bill_either(whole):
    send(
        whole,
        1,
        "coder",
        {
            **CALL,
            "gen_ai.provider.name": "openrouter",
            "gen_ai.request.model": "nobody-knows",
            "gen_ai.usage.cost": 0.5,
        },
    )
    (row,) = whole.rows().values()
    assert (row["cost_status"], row["cost_nano_usd"], row["cost_reported_nano_usd"]) == ("unknown", None, 500_000_000)


def test_a_late_price_is_list_equivalent_too(whole):
    whole.reload({**CONFIGURATION, "prices": []})
    send(whole, 1, "coder")
    assert next(iter(whole.rows().values()))["cost_status"] == "unknown"
    whole.reload(CONFIGURATION)
    whole.run_jobs()
    (row,) = whole.rows().values()
    assert (row["cost_status"], row["cost_reasons"], row["cost_nano_usd"]) == ("estimated", ["list_equivalent"], COST)
    assert (spent(whole)["bill"], spent(whole)["worth"]) == (0, COST)
    assert json.loads(whole.command("reinterpret", "--json"))["differing"] == 0


def test_check_config_says_who_is_on_a_flat_plan(whole):
    assert "list equivalent: service.name=coder; dialect openinference" in whole.command("check-config")
