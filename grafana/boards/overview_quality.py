"""Overview: tokens, errors, and how much of it has a price."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import stat, table, timeseries

from grafana.boards.palette import BLUE, GREY, ORANGE, RED, YELLOW
from grafana.boards.queries import CALLS, TOKENS, spent, spent_each_step
from grafana.boards.style import About, Steps, bars_panel, stat_panel, table_panel
from grafana.boards.tables import by_size, column, merged
from grafana.boards.targets import as_rows, at_end, over_time
from grafana.boards.units import CALLS as CALLS_UNIT
from grafana.boards.units import RATIO
from grafana.boards.units import TOKENS as TOKENS_UNIT
from grafana.boards.variables import AGENT, MODEL, PROJECT, PROVIDER

ERRORS: Final = "agent_call_errors_total"
ERROR_SCOPE: Final = (PROJECT, AGENT, PROVIDER, MODEL)
"""What errors can be narrowed by; calls are narrowed alike, so that their ratio holds."""
PRICE_SCOPE: Final = (PROVIDER, MODEL)

FEW_ERRORS: Final[Steps] = ((None, BLUE), (0.02, YELLOW), (0.05, ORANGE), (0.10, RED))
COVERED: Final[Steps] = ((None, GREY), (0, RED), (0.90, ORANGE), (0.99, BLUE))


def tokens() -> timeseries.Panel:
    about = About(
        "Tokens by class",
        "Much uncached input where cache reads used to be: an agent's prompt changed, and the cache no longer hits.",
        TOKENS_UNIT,
        "No tokens in this range: check the filters above",
    )
    return bars_panel(
        about, over_time(spent_each_step(TOKENS, by=["gen_ai_token_type"]), "{{gen_ai_token_type}}"), legend="right"
    )


def errors() -> timeseries.Panel:
    about = About(
        "Failed calls by type of error",
        "Rate limits: spread the load. Timeouts: ask the provider. Each retry that got an answer costs again.",
        CALLS_UNIT,
        "No failed call in this range",
    )
    query = spent_each_step(ERRORS, by=["error_type"], variables=ERROR_SCOPE)
    return bars_panel(about, over_time(query, "{{error_type}}"), legend="right")


def error_share() -> stat.Panel:
    about = About(
        "Calls that failed",
        "Above 5 %, see above which type of error it is, and narrow by provider and model.",
        RATIO,
        "No call in this range",
    )
    failed, all_calls = spent(ERRORS, variables=ERROR_SCOPE), spent(CALLS, variables=ERROR_SCOPE)
    share = f"(({failed}) or 0 * ({all_calls}))\n/ (({all_calls}) > 0)"
    return stat_panel(about, at_end(share, "failed"), thresholds=FEW_ERRORS)


def price_coverage() -> stat.Panel:
    about = About(
        "Price coverage",
        "Tokens that have a price: below 99 % the cost shown is too low, and the table at the right says why.",
        RATIO,
        "No tokens in this range",
    )
    unpriced = spent("agent_unpriced_tokens_total", variables=PRICE_SCOPE)
    everything = spent(TOKENS, variables=PRICE_SCOPE)
    covered = f"1 - (({unpriced}) or 0 * ({everything}))\n/ (({everything}) > 0)"
    return stat_panel(about, at_end(covered, "priced"), thresholds=COVERED)


def unpriced_models() -> table.Panel:
    about = About(
        "Models without a price",
        "Add a price under `prices:` in the configuration (for new calls); `prices missing` lists what lacks one.",
        TOKENS_UNIT,
        "No model without a price in this range",
    )
    labels = ("gen_ai_provider_name", "gen_ai_response_model", "reason")
    query = f"({spent('agent_unpriced_tokens_total', by=labels, variables=PRICE_SCOPE)}) > 0"
    columns = {
        "gen_ai_response_model": "Model",
        "Value": "Tokens",
        "reason": "Why",
        "gen_ai_provider_name": "Provider",
    }
    panel = table_panel(about, as_rows(query, "Tokens")).transformations([*merged(columns), *by_size("Tokens")])
    return column(column(panel, "Model", width=140), "Tokens", width=90)
