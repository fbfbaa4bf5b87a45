"""Every metric, declared once: the scrape, the OTLP push, docs/metrics.md and the contract tests are made from this.

To add one: an entry here, and the read side of its feed (views/).  Names and labels are public; a
change of either is a breaking change.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from exporter.ledger.sums import DURATION_BOUNDS_NS
from exporter.telemetry.family import (
    COUNTER,
    GAUGE,
    HISTOGRAM,
    NANO,
    OLD,
    Family,
    inference,
    ours,
)
from exporter.telemetry.message_catalog import MESSAGES
from exporter.telemetry.quality_catalog import COMPLETENESS, HINTS, QUALITY

AGENT: Final = "gen_ai.agent.name"
PROVIDER: Final = "gen_ai.provider.name"
MODEL: Final = "gen_ai.response.model"
OPERATION: Final = "gen_ai.operation.name"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 - a label, no secret
WORK: Final = ("project", "team", "environment", AGENT, PROVIDER, MODEL)
TOKENS: Final = (*WORK, TOKEN_TYPE)
CALL: Final = (*WORK, OPERATION, "usage_status", "cost_status")
ERROR: Final = ("project", AGENT, PROVIDER, MODEL, "error.type")
UNPRICED: Final = (PROVIDER, MODEL, "reason")
CLIENT: Final = (OPERATION, PROVIDER, "gen_ai.request.model", MODEL)
BUDGET: Final = ("budget", "period")

TOKEN_BOUNDS: Final = tuple(4**n for n in range(14))
"""The conventions' boundaries of gen_ai.client.token.usage: how large are prompts and answers?"""
FAST_BOUNDS: Final = tuple(NANO // 1000 * ms for ms in (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000))
"""For our own requests and transactions: is the 100 ms of a slow intake, or the 10 s of a blocked one, in sight?"""
LAG_BOUNDS: Final = tuple(NANO * s for s in (1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 21_600, 86_400))
"""From the end of a call until it is booked: batching takes seconds, an outage hours."""

SPENDING: Final = (
    ours(
        COUNTER,
        "agent_cost_usd_total",
        WORK,
        "cost",
        "Cost of charged calls in USD; never falls, reversals are counted apart",
    ),
    ours(
        COUNTER,
        "agent_cost_adjustments_usd_total",
        WORK,
        "cost_adjustments",
        "Cost in USD that was reversed; net cost = agent_cost_usd_total - this",
    ),
    ours(
        COUNTER,
        "agent_cost_list_equivalent_usd_total",
        WORK,
        "list_equivalent",
        "What of agent_cost_usd_total sources on a flat plan would have cost at list prices; nobody is billed for it",
    ),
    ours(
        COUNTER,
        "agent_cost_list_equivalent_adjustments_usd_total",
        WORK,
        "list_equivalent_adjustments",
        "What of agent_cost_adjustments_usd_total was of such sources",
    ),
    ours(
        COUNTER,
        "agent_cost_component_usd_total",
        ("project", PROVIDER, MODEL, "component"),
        "component",
        "What the cost of charged calls is made of, in USD: token classes, and other for fees",
    ),
    ours(
        COUNTER,
        "agent_cost_reported_usd_total",
        (PROVIDER, MODEL, "source"),
        "reported",
        "Cost in USD as the telemetry itself stated it; compare with agent_cost_usd_total",
    ),
    ours(
        COUNTER,
        "agent_tokens_total",
        TOKENS,
        "tokens",
        "Tokens of charged calls by disjoint class; never falls, reversals are counted apart",
    ),
    ours(
        COUNTER,
        "agent_tokens_adjustments_total",
        TOKENS,
        "tokens_adjustments",
        "Tokens that were reversed; net tokens = agent_tokens_total - this",
        unit="{token}",
    ),
    ours(
        COUNTER,
        "agent_calls_total",
        CALL,
        "calls",
        "Model calls counted; never falls, reversals are counted apart",
        unit="{call}",
    ),
    ours(
        COUNTER,
        "agent_calls_adjustments_total",
        CALL,
        "calls_adjustments",
        "Model calls that were reversed; net calls = agent_calls_total - this",
        unit="{call}",
    ),
    ours(COUNTER, "agent_call_errors_total", ERROR, "errors", "Model calls that ended with an error", unit="{error}"),
    ours(
        COUNTER,
        "agent_unpriced_tokens_total",
        UNPRICED,
        "unpriced_tokens",
        "Tokens of charged calls for which no price was known when they were booked",
    ),
    ours(
        COUNTER,
        "agent_unpriced_calls_total",
        UNPRICED,
        "unpriced_calls",
        "Charged calls for which no price was known when they were booked",
        unit="{call}",
    ),
    ours(
        GAUGE,
        "agent_task_cost_usd",
        ("project", "task"),
        "task_cost",
        "Cost in USD of the 50 dearest tasks that were active in the last 24 hours",
    ),
)

CONVENTIONAL: Final = (
    Family(
        name="gen_ai_client_token_usage",
        otel="gen_ai.client.token.usage",
        kind=HISTOGRAM,
        unit="{token}",
        labels=(*CLIENT, TOKEN_TYPE),
        help="Input and output tokens of each charged call; never corrected",
        feed="token_usage",
        bounds=TOKEN_BOUNDS,
        generation=OLD,
    ),
    Family(
        name="gen_ai_client_operation_duration_seconds",
        otel="gen_ai.client.operation.duration",
        kind=HISTOGRAM,
        unit="s",
        labels=(*CLIENT, "error.type"),
        help="Duration of each counted model call in seconds; never corrected",
        feed="operation_duration",
        divisor=NANO,
        bounds=DURATION_BOUNDS_NS,
        generation=OLD,
    ),
    inference("input_tokens", "inference_input", "Input tokens of charged calls, cached ones included"),
    inference("output_tokens", "inference_output", "Output tokens of charged calls, reasoning included"),
    inference("cache_read.input_tokens", "inference_cache_read", "Input tokens read from a prompt cache"),
    inference("cache_write.input_tokens", "inference_cache_write", "Input tokens written to a prompt cache"),
    inference("reasoning.output_tokens", "inference_reasoning", "Output tokens spent on reasoning"),
)

_AMOUNTS: Final = (
    ("limit", "What a budget allows in its present period"),
    ("spent", "What a budget spent in its present period"),
    ("reserved", "What is reserved for running work in a budget's present period"),
    ("projected", "What a budget will have spent at the end of its present period at the pace so far"),
)

BUDGETS: Final = (
    ours(
        GAUGE,
        "agent_budget_info",
        (*BUDGET, "unit", "scope", "timezone"),
        "budget_info",
        "Always 1; what a budget covers and in whose calendar",
    ),
    *(
        ours(GAUGE, f"agent_budget_{what}_usd", BUDGET, f"budget_{what}_usd", f"{text}, in USD")
        for what, text in _AMOUNTS
    ),
    *(
        ours(GAUGE, f"agent_budget_{what}_tokens", BUDGET, f"budget_{what}_tokens", f"{text}, in tokens")
        for what, text in _AMOUNTS
    ),
    ours(
        GAUGE,
        "agent_budget_utilization_ratio",
        BUDGET,
        "budget_utilization",
        "Spent over limit in a budget's present period; 1 is the limit",
    ),
    ours(
        GAUGE,
        "agent_budget_period_start_timestamp_seconds",
        BUDGET,
        "budget_period_start",
        "Unix time at which a budget's present period began",
    ),
    ours(
        GAUGE,
        "agent_budget_period_end_timestamp_seconds",
        BUDGET,
        "budget_period_end",
        "Unix time at which a budget's present period ends",
    ),
    ours(
        GAUGE,
        "agent_budget_threshold_reached",
        (*BUDGET, "threshold", "severity"),
        "budget_threshold_reached",
        "1 while spending of the present period has reached the threshold (percent of the limit)",
    ),
    ours(
        COUNTER,
        "agent_budget_breaches_total",
        (*BUDGET, "threshold"),
        "budget_breaches",
        "Breach events: one for each period in which the threshold was crossed",
        unit="{breach}",
    ),
    ours(
        COUNTER,
        "agent_budget_cost_usd_total",
        BUDGET,
        "budget_cost",
        "Cost in USD within a budget's scope since the budget was made; never reset",
    ),
    ours(
        COUNTER,
        "agent_budget_cost_adjustments_usd_total",
        BUDGET,
        "budget_cost_adjustments",
        "Cost in USD within a budget's scope that was reversed",
    ),
    ours(
        COUNTER,
        "agent_budget_usage_tokens_total",
        BUDGET,
        "budget_usage",
        "Tokens within a budget's scope since the budget was made; never reset",
    ),
    ours(
        COUNTER,
        "agent_budget_usage_adjustments_tokens_total",
        BUDGET,
        "budget_usage_adjustments",
        "Tokens within a budget's scope that were reversed",
    ),
)

FACTS: Final = (
    ours(GAUGE, "agent_exporter_build_info", ("version",), "build_info", "Always 1; the version of this exporter"),
    ours(GAUGE, "agent_exporter_database_up", (), "database_up", "1 when the database answered this reading, else 0"),
    ours(
        GAUGE,
        "agent_exporter_config_reload_success",
        (),
        "config_reload_success",
        "1 when the last load of the configuration was applied, else 0",
    ),
    ours(
        GAUGE,
        "agent_exporter_config_reload_timestamp_seconds",
        (),
        "config_reload_timestamp",
        "Unix time at which a configuration was last applied",
    ),
    ours(
        GAUGE,
        "agent_exporter_price_book_info",
        ("version", "source"),
        "price_book_info",
        "Always 1; the price books in use",
    ),
    ours(
        GAUGE,
        "agent_exporter_audit_success",
        (),
        "audit_success",
        "1 when the last audit found the totals equal to the ledger, else 0",
    ),
    ours(GAUGE, "agent_exporter_audit_timestamp_seconds", (), "audit_timestamp", "Unix time of the last audit"),
    ours(
        GAUGE,
        "agent_exporter_pending_records",
        (),
        "pending_records",
        "Usage records that wait for their trace to settle",
    ),
    ours(GAUGE, "agent_exporter_series", ("family",), "series", "Series that a family shows"),
    ours(
        GAUGE,
        "agent_exporter_job_last_success_timestamp_seconds",
        ("job",),
        "job_last_success",
        "Unix time at which a scheduled job last succeeded",
    ),
    ours(
        COUNTER,
        "agent_exporter_series_rejected_total",
        ("family",),
        "series_rejected",
        "Label sets that a family shows as __other__, its series budget being full",
        unit="{series}",
    ),
)

RECEIVED: Final = ours(
    COUNTER,
    "agent_exporter_received_total",
    ("signal", "dialect", "outcome"),
    "",
    "Spans, log records and points received, by outcome (accepted, duplicate, ignored)",
    unit="{record}",
)
REJECTED: Final = ours(
    COUNTER,
    "agent_exporter_rejected_total",
    ("signal", "reason"),
    "",
    "Spans, log records, points and bodies that were refused",
    unit="{record}",
)
HTTP_REQUESTS: Final = ours(
    COUNTER, "agent_exporter_http_requests_total", ("route", "code"), "", "HTTP requests answered", unit="{request}"
)
HTTP_DURATION: Final = ours(
    HISTOGRAM,
    "agent_exporter_http_request_duration_seconds",
    ("route",),
    "",
    "Time to answer an HTTP request in seconds",
    bounds=FAST_BOUNDS,
)
TRANSACTION: Final = ours(
    HISTOGRAM,
    "agent_exporter_transaction_duration_seconds",
    (),
    "",
    "Time of one booking in seconds, waiting for its turn included",
    bounds=FAST_BOUNDS,
)
LAG: Final = ours(
    HISTOGRAM,
    "agent_exporter_ingest_lag_seconds",
    (),
    "",
    "Time from the end of a call until it was booked, in seconds",
    bounds=LAG_BOUNDS,
)
INFLIGHT: Final = ours(GAUGE, "agent_exporter_inflight_bytes", (), "", "Decompressed bytes of requests being worked on")
PROCESS: Final = (RECEIVED, REJECTED, HTTP_REQUESTS, HTTP_DURATION, TRANSACTION, LAG, INFLIGHT, *HINTS)
"""What each worker measures of itself (telemetry/selfmetrics.py); the rest is read from the database."""

CATALOG: Final = (*SPENDING, *QUALITY, *CONVENTIONAL, *BUDGETS, *MESSAGES, *FACTS, *COMPLETENESS, *PROCESS)


def shown_families(generations: Collection[str]) -> tuple[Family, ...]:
    """The families that are read from the database, with these generations of the conventions, in scrape order."""
    return tuple(one for one in CATALOG if one.feed and (not one.generation or one.generation in generations))
