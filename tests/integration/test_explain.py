"""`GET /api/v1/explain` and `agent-exporter explain`: every decision about a record, on a whole worker."""

from __future__ import annotations

import json

import pytest

from exporter.configuration import books_by_age
from exporter.pricing.row_json import instant_from_text
from exporter.settle.skeleton import WAITS
from exporter.views.explain import Asked, explain
from support.entries import call, span_id, trace_id
from support.ledgers import Books
from support.otlp import request, span
from support.workers import SECOND, WholeWorker

NOW = instant_from_text("2026-11-21T12:00:00Z")
TRACE = bytes(range(16, 32))
CONFIGURATION = {
    "budgets": [
        {"id": "all-day", "limit": "1 USD", "period": "day"},
        {"id": "payments-tokens", "scope": {"project": "payments"}, "limit": "1000 tokens", "period": "month"},
        {"id": "search-day", "scope": {"project": "search"}, "limit": "1 USD", "period": "day"},
    ],
    "prices": [
        {
            "layer": "override", "model": "house-model", "provider": "openai", "source": "price list of May",
            "usd_per_million": {"input": "2", "cache_read": "0.333333", "output": "10"},
        },
    ],
}  # fmt: skip
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "house-model",
    "agent.project": "payments",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.cache_read.input_tokens": 777,
    "gen_ai.usage.output_tokens": 100,
}


@pytest.fixture
def whole(sqlite_url, tmp_path):
    whole = WholeWorker(sqlite_url, tmp_path, CONFIGURATION, NOW)
    # Every worker must know a budget before its windows are filled.
    whole.now_ns += 60 * SECOND
    yield whole
    whole.assert_audited()
    whole.close()


def send(whole, *spans, scope="opentelemetry.instrumentation.genai.openai"):
    whole.push(request(*spans, scope=scope))


def one(name, said, *, parent=b"", trace=TRACE, **fields):
    ids = {"trace_id": trace, "span_id": name.encode().rjust(8, b"\1"), "parent_span_id": parent}
    times = {"start_time_unix_nano": NOW, "end_time_unix_nano": NOW + SECOND}
    return span(said, **ids, **(times | fields))


def span_of(name):
    return name.encode().rjust(8, b"\1").hex()


def explained(whole, name=None, trace=TRACE):
    path = f"/api/v1/explain/{trace.hex()}" + (f"/{span_of(name)}" if name else "")
    return whole.get(path)


def test_a_record_shows_what_was_sent_and_how_it_was_counted(whole):
    send(whole, one("a", CALL))
    (record,) = explained(whole)["data"]
    reading = record["reading"]
    assert reading["evidence"]["gen_ai.usage.input_tokens"] == 1000
    assert reading["evidence"]["gen_ai.provider.name"] == "openai"
    assert "agent.project" not in reading["evidence"]
    assert reading["counts"] == {
        "input": 1000, "output": 100, "cache_read": 777, "cache_write": 0, "cache_write_1h": 0, "reasoning": 0, "total": None,
        "uncached": None, "visible": None,
    }  # fmt: skip
    assert (reading["cached_input"]["basis"], reading["cached_input"]["rule"]) == ("inclusive", "emitter")
    assert reading["reasoning"] is None
    assert reading["emitter"] == "opentelemetry.instrumentation.genai"
    assert reading["read_alike_today"] is True
    assert record["usage"]["tokens"]["input_uncached"] == 223


@pytest.mark.parametrize(
    ("said", "scope", "basis", "rule"),
    [
        ({"gen_ai.usage.input_tokens": 10}, "acme.tracer", "exclusive", "numbers"),
        ({"gen_ai.usage.total_tokens": 1877}, "acme.tracer", "exclusive", "total"),
        ({}, "acme.tracer", "inclusive", "default"),
        ({"gen_ai.provider.name": "anthropic"}, "openlit.otel.tracing", "exclusive", "emitter"),
        (
            {"gen_ai.provider.name": "x_ai", "gen_ai.usage.output_tokens": 900, "gen_ai.usage.reasoning_tokens": 777, "gen_ai.usage.total_tokens": 2677},
            "acme.tracer", "inclusive", "provider",
        ),
    ],
)  # fmt: skip
def test_the_rule_that_decided_the_basis_is_named(whole, said, scope, basis, rule):
    send(whole, one("a", {**CALL, **said}), scope=scope)
    (record,) = explained(whole)["data"]
    decided = record["reading"]["cached_input"]
    assert (decided["basis"], decided["rule"]) == (basis, rule)
    assert decided["because"]


def test_each_product_and_the_one_rounding_add_up_to_the_cost(whole):
    send(whole, one("a", CALL))
    (record,) = explained(whole)["data"]
    price = record["price"]
    products = {part["component"]: (part["tokens"], part["rate_pico_usd"]) for part in price["components"]}
    assert products == {
        "input_uncached": (223, 2_000_000), "cache_read": (777, 333_333), "output_visible": (100, 10_000_000),
    }  # fmt: skip
    # 223 × 2,000 + 777 × 333.333 + 100 × 10,000 = 1,704,999.741 nano-USD.
    assert price["exact_nano_usd"] == "1704999.741"
    assert sum(part["amount_nano_usd"] for part in price["components"]) == price["cost_nano_usd"] == 1_705_000
    assert record["usage"]["cost_nano_usd"] == 1_705_000
    assert price["book"] == "in force"
    (row,) = price["rows"]
    assert (row["layer"], row["source"]) == ("override", "price list of May")


def test_a_multiplier_is_shown_beside_the_listed_rate(whole):
    said = {**CALL, "gen_ai.request.model": "gpt-5.2", "agent.pricing.processing": "batch"}
    send(whole, one("a", said))
    (record,) = explained(whole)["data"]
    price = record["price"]
    assert price["context"] == {"processing": "batch"}
    assert price["rows"][-1]["layer"] == "genai-prices"
    assert sum(part["amount_nano_usd"] for part in price["components"]) == price["cost_nano_usd"] > 0


def test_a_price_that_was_changed_since_is_found_in_the_book_of_its_time(whole):
    send(whole, one("a", CALL))
    dearer = {**CONFIGURATION["prices"][0], "usd_per_million": {"input": "4", "output": "20"}}
    whole.reload({**CONFIGURATION, "prices": [dearer]})
    (record,) = explained(whole)["data"]
    assert record["price"]["book"] == "earlier"
    assert record["price"]["exact_nano_usd"] == "1704999.741"


def test_what_a_gateway_charged_has_no_products(whole):
    said = {
        **CALL,
        "gen_ai.request.model": "secret-model",
        "gen_ai.provider.name": "openrouter",
        "gen_ai.usage.cost": 0.25,
    }
    send(whole, one("a", said))
    (record,) = explained(whole)["data"]
    price = record["price"]
    assert (price["cost_status"], price["components"], price["cost_nano_usd"]) == ("reported", [], 250_000_000)
    assert (price["cost_reported_nano_usd"], price["cost_source"]) == (250_000_000, "gateway")


def test_a_wrapper_and_an_aggregate_name_the_calls_that_count(whole):
    agent = {**CALL, "gen_ai.operation.name": "invoke_agent"}
    outer = {key: value for key, value in CALL.items() if "cache" not in key}
    send(
        whole,
        one("agent", agent),
        one("outer", outer, parent=bytes.fromhex(span_of("agent"))),
        one("inner", CALL, parent=bytes.fromhex(span_of("outer"))),
    )
    by_span = {record["usage"]["span_id"]: record["verdict"] for record in explained(whole)["data"]}
    assert by_span[span_of("inner")]["rule"] is None
    for name, rule in (("agent", "R4"), ("outer", "R3")):
        verdict = by_span[span_of(name)]
        assert verdict["rule"] == rule
        assert [said["span_id"] for said in verdict["counts_instead"]] == [span_of("inner")]
        assert verdict["counts_instead"][0]["billing"] == "charged"


def test_a_broken_chain_is_named_as_what_happened_within_an_agents_time(whole):
    agent = {**CALL, "gen_ai.operation.name": "invoke_agent"}
    send(whole, one("agent", agent), one("leaf", CALL, parent=b"notthere"))
    (record,) = explained(whole, "agent")["data"]
    assert [said["span_id"] for said in record["verdict"]["counts_instead"]] == [span_of("leaf")]


def test_a_copy_of_a_call_in_another_trace_names_the_charged_report(whole):
    said = {**CALL, "gen_ai.response.id": "msg_0123456789abcdefghij"}
    poorer = {key: value for key, value in said.items() if "cache" not in key}
    send(whole, one("rich", said))
    send(whole, one("poor", poorer, trace=bytes(16 * [7])))
    (record,) = explained(whole, trace=bytes(16 * [7]))["data"]
    verdict = record["verdict"]
    assert (verdict["billing"], verdict["rule"]) == ("duplicate", "R2")
    assert [(one["trace_id"], one["span_id"]) for one in verdict["counts_instead"]] == [(TRACE.hex(), span_of("rich"))]


def test_a_call_without_usage_and_one_that_is_never_billed_say_why(whole):
    silent = {key: value for key, value in CALL.items() if "usage" not in key}
    send(whole, one("silent", silent), one("cached", {**CALL, "litellm.cache_hit": True}))
    silent, cached = (explained(whole, name)["data"][0]["verdict"] for name in ("silent", "cached"))
    assert (silent["rule"], silent["reason"]) == ("R1", "no_usage")
    assert (cached["rule"], cached["reason"], cached["because"]) == (
        "R1",
        "cache_hit",
        "A gateway answered from its cache.",
    )


def test_budgets_that_a_call_moved_and_thresholds_that_it_crossed_are_named(whole):
    send(whole, one("a", CALL))
    (record,) = explained(whole)["data"]
    assert [(moved["budget"], moved["amount"]) for moved in record["budgets"]] == [
        ("all-day", 1_705_000),
        ("payments-tokens", 1_100),
    ]
    assert record["budgets"][1]["period"]["start"] == "2026-11-01T00:00:00Z"
    assert [(crossed["budget"], crossed["percent"]) for crossed in record["breaches"]] == [
        ("payments-tokens", 70), ("payments-tokens", 85), ("payments-tokens", 100),
    ]  # fmt: skip


def test_a_late_price_is_a_correction_of_the_record(whole):
    whole.reload({})
    send(whole, one("a", CALL))
    whole.reload(CONFIGURATION)
    whole.command("prices", "set", "unrelated", "--input", "1", "--output", "1")
    (record,) = explained(whole)["data"]
    (correction,) = record["corrections"]
    assert (correction["reason"], correction["cost_before_nano_usd"]) == ("priced_late", None)
    assert correction["cost_after_nano_usd"] == record["usage"]["cost_nano_usd"] == 1_705_000


def test_a_trace_that_nobody_sent_and_one_without_usage_are_told_apart(whole):
    send(whole, one("tool", {"gen_ai.operation.name": "execute_tool"}))
    for path, said in (
        (f"/api/v1/explain/{'ab' * 16}", "no telemetry of trace"),
        (f"/api/v1/explain/{TRACE.hex()}", "its spans are known"),
    ):
        answer = whole.client.get(path)
        assert answer.status_code == 404
        assert said in answer.json["error"]["message"]
    send(whole, one("a", CALL))
    answer = whole.client.get(f"/api/v1/explain/{TRACE.hex()}/{span_of('tool')}")
    assert "called no model" in answer.json["error"]["message"]


@pytest.mark.parametrize("path", ["xyz", "00", f"{'ab' * 16}/12", f"{'ab' * 16}/{'zz' * 8}", "ab " * 16])
def test_what_is_no_id_is_refused_with_what_was_expected(whole, path):
    answer = whole.client.get(f"/api/v1/explain/{path}")
    assert answer.status_code == 400
    assert "hexadecimal digits" in answer.json["error"]["message"]


def test_the_command_prints_the_same_for_programs_and_a_readable_account_for_people(whole):
    send(whole, one("a", CALL))
    whole.database.close()
    printed = whole.command("explain", TRACE.hex(), "--json")
    assert json.loads(printed) == explained(whole)
    account = whole.command("explain", f"{TRACE.hex()}:{span_of('a')}")
    for said in (
        "charged $0.0017",
        "gen_ai.usage.cache_read.input_tokens = 777",
        "contains the cached tokens: how this emitter is known to count (opentelemetry.instrumentation.genai)",
        "layer override: price list of May",
        "1704999.741",
        "1,705,000",
        "payments-tokens: 1,100 tokens in the month from 2026-11-01T00:00:00Z",
        "crossed",
    ):
        assert said in account, account


def test_the_command_refuses_what_is_no_id(whole):
    status, _ = whole.ended("explain", "nonsense")
    assert status == 2


def test_a_record_that_a_better_signal_outranks_names_that_signal_and_what_counts(database_url):
    books = Books(database_url)

    def told(trace, name, signal, *, bit, outranked_by=None, context=None):
        entry = call(trace, name, signal=signal)
        row = entry.usage
        row.source, row.signal, row.outranked_by, row.context = 77, bit, outranked_by, context
        return entry._replace(node=entry.node._replace(marks=entry.node.marks | (WAITS if outranked_by else 0)))

    span_said = told("t", "span", "span", bit=1, outranked_by=2)
    metric_said = told("series", "metric", "metric", bit=4, outranked_by=3)
    log_said = told("record", "log", "log", bit=2, context=(trace_id("t"), span_id("span")))
    books.book(span_said, log_said, metric_said)
    with books.database.read() as connection:
        of_span, of_log = explain(connection, Asked(trace_id("t")), books_by_age)["data"]
        (of_metric,) = explain(connection, Asked(trace_id("series")), books_by_age)["data"]
    assert (of_span["verdict"]["rule"], of_log["verdict"]["billing"]) == ("R6", "charged")
    assert of_span["verdict"]["better_signals"] == ["log"]
    assert of_metric["verdict"]["better_signals"] == ["span", "log"]
    for outranked in (of_span, of_metric):
        assert [one["id"] for one in outranked["verdict"]["counts_instead"] if one["billing"] == "charged"] == [
            of_log["usage"]["id"]
        ]
    books.database.close()
