"""The families of usage that is missing or estimated; part of the catalogue."""

from __future__ import annotations

from typing import Final

from exporter.telemetry.family import COUNTER, GAUGE, ours

AGENT: Final = "gen_ai.agent.name"
SENDER: Final = ("dialect", "scope", "service")
DOUBT: Final = (*SENDER, "reason")

QUALITY: Final = (
    ours(
        COUNTER,
        "agent_usage_missing_calls_total",
        DOUBT,
        "missing_calls",
        "Calls of which no usage, or only input or output, was reported; never falls, reversals are counted apart",
        unit="{call}",
    ),
    ours(
        COUNTER,
        "agent_usage_missing_calls_adjustments_total",
        DOUBT,
        "missing_calls_adjustments",
        "Calls without usage that were reversed, because another report of them had it",
        unit="{call}",
    ),
    ours(
        COUNTER,
        "agent_usage_estimated_calls_total",
        DOUBT,
        "estimated_calls",
        "Charged calls whose usage somebody estimated; never falls, reversals are counted apart",
        unit="{call}",
    ),
    ours(
        COUNTER,
        "agent_usage_estimated_calls_adjustments_total",
        DOUBT,
        "estimated_calls_adjustments",
        "Charged calls with estimated usage that were reversed",
        unit="{call}",
    ),
    ours(
        COUNTER,
        "agent_usage_estimated_tokens_total",
        DOUBT,
        "estimated_tokens",
        "The part of agent_tokens_total that somebody estimated",
    ),
    ours(
        COUNTER,
        "agent_usage_estimated_tokens_adjustments_total",
        DOUBT,
        "estimated_tokens_adjustments",
        "Estimated tokens that were reversed",
        unit="{token}",
    ),
    ours(
        COUNTER,
        "agent_usage_estimated_cost_usd_total",
        DOUBT,
        "estimated_cost",
        "The part of agent_cost_usd_total that rests on estimated usage, in USD",
    ),
    ours(
        COUNTER,
        "agent_usage_estimated_cost_adjustments_usd_total",
        DOUBT,
        "estimated_cost_adjustments",
        "Cost in USD of estimated usage that was reversed",
    ),
)

COMPLETENESS: Final = (
    ours(
        GAUGE,
        "agent_exporter_sender_calls",
        (*SENDER, "usage", "advice"),
        "sender_calls",
        "Calls of the last hour by sender and what is known of their usage (reported, estimated, missing, failed)",
    ),
    ours(
        GAUGE,
        "agent_exporter_aggregate_gap_tokens",
        ("service", AGENT),
        "aggregate_gap",
        "Tokens that agents said in the last hour beyond what the calls below them add up to: calls that never arrived",
    ),
    ours(
        GAUGE,
        "agent_exporter_aggregate_told_tokens",
        ("service", AGENT),
        "aggregate_told",
        "Tokens that agents said in the last hour for themselves and the calls below them, which alone are charged",
    ),
    ours(
        GAUGE,
        "agent_exporter_sequence_missing_events",
        ("service",),
        "sequence_missing",
        "Events that did not come, of sessions of the last hour whose sender numbers its events",
    ),
    ours(
        GAUGE,
        "agent_exporter_numbered_sessions",
        ("service",),
        "numbered_sessions",
        "Sessions of the last hour whose sender numbers its events",
    ),
    ours(
        GAUGE,
        "agent_exporter_silent_sessions",
        ("service",),
        "silent_sessions",
        "Those of agent_exporter_numbered_sessions that used tools and told of no model call",
    ),
)

SAMPLED: Final = ours(
    COUNTER,
    "agent_exporter_sampled_spans_total",
    ("service",),
    "",
    "Spans received that say by their tracestate that they were sampled",
    unit="{span}",
)
SAMPLED_OUT: Final = ours(
    COUNTER,
    "agent_exporter_sampled_out_spans_total",
    ("service",),
    "",
    "Spans that sampling left out, as those received say",
    unit="{span}",
)
WORKED: Final = ours(
    COUNTER,
    "agent_exporter_work_spans_total",
    ("scope", "service", "kind", "advice"),
    "",
    "Spans of agents and tools that carry no usage themselves; a service with these and no calls reports no usage",
    unit="{span}",
)
HINTS: Final = (SAMPLED, SAMPLED_OUT, WORKED)
"""Counted by each worker."""
