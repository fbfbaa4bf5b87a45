"""The board Exporter: how complete the telemetry is, and what to switch on where it is not."""

from __future__ import annotations

from typing import Final

from exporter.dialects.advice import ADVICE
from grafana.boards.exporter_queries import NOTHING, added, risen
from grafana.boards.layout import PanelBuilder, Tile
from grafana.boards.palette import BLUE, GREY, ORANGE, YELLOW
from grafana.boards.queries import CALLS, COST, Netted, latest, once, spent, spent_each_step
from grafana.boards.style import NO_CELL, About, Steps, bars_panel, stat_panel, state, table_panel, word
from grafana.boards.tables import CELL_COLORED_TEXT, column, hidden, largest, merged, sorted_by
from grafana.boards.targets import as_rows, at_end, over_time
from grafana.boards.units import CALLS as CALLS_UNIT
from grafana.boards.units import COUNT, RATIO, USD
from grafana.boards.units import TOKENS as TOKENS_UNIT

MISSING: Final = Netted("agent_usage_missing_calls_total", "agent_usage_missing_calls_adjustments_total")
ESTIMATED: Final = Netted("agent_usage_estimated_calls_total", "agent_usage_estimated_calls_adjustments_total")
ESTIMATED_COST: Final = Netted(
    "agent_usage_estimated_cost_usd_total", "agent_usage_estimated_cost_adjustments_usd_total"
)
SENDER_CALLS: Final = "agent_exporter_sender_calls"

SOME_ARE_BAD: Final[Steps] = ((None, BLUE), (1, YELLOW))
UNREPORTED: Final[Steps] = ((None, BLUE), (0.02, YELLOW), (0.10, ORANGE))
_SAYS_NOTHING: Final = 'reason=~"usage_missing|zero_usage"'
_ANSWERED: Final = 'usage!="failed"'
_ADVISED: Final = 'advice!=""'
_SENDER: Final = "dialect, scope, service"
_MOST_ROWS: Final = 50
_SAYS_USAGE: Final = 'usage=~"reported|estimated"'
_WORK: Final = f"sum by (scope, service, advice) ({risen('agent_exporter_work_spans_total', since=' offset 1h')})"
_TELLS: Final = f"sum by (service) ({latest(SENDER_CALLS, _SAYS_USAGE)}) > 0"
_SILENT: Final = f"({_WORK} > 0 unless on (service) ({_TELLS}))"
"""Work of services that report no usage, by scope and what to switch on."""
_SILENT_ADVICE: Final = f'label_replace({_SILENT}, "dialect", "no usage", "", "")'
_SILENT_WORK: Final = f"sum by ({_SENDER}) ({_SILENT_ADVICE})"
_NO_ADVICE: Final = f'label_replace(0 * sum by ({_SENDER}) ({latest(SENDER_CALLS)}), "advice", "{NO_CELL}", "", "")'
_FIRST: Final = 10**9
"""Rank of what stands before all others."""
_SILENT_SERVICES: Final = f"count(sum by (service) ({_SILENT})) or {NOTHING}"


def tiles() -> tuple[Tile, ...]:
    """Shares of calls and money, by reason over time, and each sender."""
    return (
        Tile(_unreported(), 6, 4),
        Tile(_estimated(), 6, 4),
        Tile(_signs(), 12, 4),
        Tile(_reasons(), 12, 8),
        Tile(_gaps(), 12, 8),
        Tile(_senders(), 24, 10),
    )


def _unreported() -> PanelBuilder:
    about = About(
        "Without usage",
        "Calls that were answered and say nothing of what they used: their cost is unknown and in no total. See the "
        "senders below (alert AgentUsageMissing).",
        RATIO,
        "No call in this range",
    )
    missing, every = spent(MISSING, _SAYS_NOTHING, variables=()), spent(CALLS, variables=())
    share = f"(({missing}) or 0 * ({every}))\n/ (({every}) > 0)"
    return stat_panel(about, at_end(share, "of all calls"), thresholds=UNREPORTED)


def _estimated() -> PanelBuilder:
    about = About(
        "Estimated",
        "Money in the totals that rests on token counts which the sender guessed. Ask it for real usage, see below.",
        USD,
        "No call in this range",
    )
    cost = f"({spent(ESTIMATED_COST, variables=())})\nor 0 * ({spent(COST, variables=())})"
    return stat_panel(about, at_end(cost, "in this range"))


def _signs() -> PanelBuilder:
    about = About(
        "Signs of telemetry that did not come",
        "Sampled away: switch the sampler off for agents. Missing events, sessions and services with tools or agents "
        "and no call: batches were lost, or the model SDK is not traced.",
        COUNT,
        "No replica was scraped in this range",
    )
    return stat_panel(
        about,
        at_end(added("agent_exporter_sampled_out_spans_total"), "spans sampled away"),
        at_end(_last_hour("agent_exporter_sequence_missing_events"), "events missing"),
        at_end(_last_hour("agent_exporter_silent_sessions"), "silent sessions"),
        at_end(_SILENT_SERVICES, "silent services"),
        thresholds=SOME_ARE_BAD,
    )


def _gaps() -> PanelBuilder:
    about = About(
        "Agents that say more than their calls",
        "Tokens of the last hour that an agent's own total holds beyond the calls below it. A sampler, a lost batch, "
        "or a call that nobody traces.",
        TOKENS_UNIT,
        "No agent said a total of its own in the last hour",
    )
    queries = {"A": "agent_exporter_aggregate_told_tokens", "B": "agent_exporter_aggregate_gap_tokens"}
    none = f'label_replace({NOTHING}, "gen_ai_agent_name", "none", "", "")'
    panel = table_panel(
        about,
        *(
            as_rows(
                f"sum by (service, gen_ai_agent_name) ({once(gauge)}) or on () sum by (gen_ai_agent_name) ({none})", ref
            )
            for ref, gauge in queries.items()
        ),
    )
    columns = {"gen_ai_agent_name": "Agent", "service": "Service", "Value #A": "Said", "Value #B": "Beyond its calls"}
    panel = panel.transformations([*merged(columns), sorted_by("Beyond its calls"), largest(_MOST_ROWS)])
    column(panel, "Said", unit=TOKENS_UNIT, width=110)
    return column(
        panel, "Beyond its calls", unit=TOKENS_UNIT, cell=CELL_COLORED_TEXT, thresholds=SOME_ARE_BAD, width=150
    )


def _reasons() -> PanelBuilder:
    about = About(
        "Missing and estimated, by reason",
        "usage_missing: nothing said; zero_usage: zeros; output_missing: a stream that was cut; call_failed: most "
        "likely nothing to say; the others are guesses of the sender.",
        CALLS_UNIT,
        "Every call of this range says what it used",
    )
    queries = (spent_each_step(counter, by=["reason"], variables=()) for counter in (MISSING, ESTIMATED))
    return bars_panel(about, over_time("\nor ".join(f"({query})" for query in queries), "{{reason}}"), legend="right")


def _senders() -> PanelBuilder:
    about = About(
        "Senders of the last hour",
        "Missing is unknown, not zero. Work: spans of agents and tools from a service that tells of no call at all. "
        "`agent-exporter completeness` says what to switch on, too.",
        COUNT,
        "No call in the last hour",
    )
    missing = _calls('usage="missing"')
    advised = f"max by ({_SENDER}, advice) ({latest(SENDER_CALLS, _ADVISED)})\nor {_SILENT_ADVICE}"
    panel = table_panel(
        about,
        as_rows(_calls(), "A"),
        as_rows(_or_zero(missing), "B"),
        as_rows(_or_zero(f"({missing})\n/ ({_calls(_ANSWERED)})"), "C"),
        as_rows(_or_zero(_calls('usage="estimated"')), "D"),
        as_rows(_or_zero(_calls('usage="failed"')), "E"),
        as_rows(f"{advised}\nor on ({_SENDER}) {_NO_ADVICE}", "F"),
        as_rows(_or_zero(_SILENT_WORK), "G"),
        as_rows(_or_zero(f"{_FIRST} + {_SILENT_WORK}\nor ({missing})"), "H"),
    )
    columns = {
        "service": "Service",
        "scope": "Scope",
        "dialect": "Dialect",
        "Value #A": "Calls",
        "Value #B": "Missing",
        "Value #C": "Share",
        "Value #D": "Estimated",
        "Value #E": "Failed",
        "Value #G": "Work",
        "advice": "Switch on",
        "Value #H": "rank",
    }
    panel = panel.transformations([*merged(columns), sorted_by("rank"), largest(_MOST_ROWS), hidden("rank")])
    column(panel, "Service", width=170)
    column(panel, "Scope", width=300)
    column(panel, "Dialect", width=95)
    for name in ("Calls", "Missing", "Estimated", "Failed", "Work"):
        column(panel, name, unit=COUNT, width=85 if name == "Estimated" else 72, mappings=[state(0, NO_CELL, GREY)])
    column(
        panel,
        "Share",
        unit=RATIO,
        cell=CELL_COLORED_TEXT,
        thresholds=UNREPORTED,
        mappings=[state(0, NO_CELL, GREY)],
        width=80,
    )
    texts = [word(one.code, one.text, BLUE) for one in ADVICE]
    return column(panel, "Switch on", mappings=texts)


def _or_zero(query: str) -> str:
    return f"{query}\nor 0 * ({_calls()})"


def _last_hour(gauge: str) -> str:
    return f"sum({latest(gauge)}) or {NOTHING}"


def _calls(*matchers: str) -> str:
    return f"sum by ({_SENDER}) ({latest(SENDER_CALLS, *matchers)})"
