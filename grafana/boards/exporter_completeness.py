"""The board Exporter: how complete the telemetry is, and what to switch on where it is not."""

from __future__ import annotations

from typing import Final

from exporter.dialects.advice import ADVICE
from grafana.boards.layout import PanelBuilder, Tile
from grafana.boards.palette import BLUE, ORANGE, YELLOW
from grafana.boards.queries import CALLS, COST, Netted, latest, spent, spent_each_step
from grafana.boards.style import About, Steps, bars_panel, stat_panel, table_panel, word
from grafana.boards.tables import CELL_COLORED_TEXT, column, largest, merged, sorted_by
from grafana.boards.targets import as_rows, at_end, over_time
from grafana.boards.units import CALLS as CALLS_UNIT
from grafana.boards.units import COUNT, RATIO, USD

MISSING: Final = Netted("agent_usage_missing_calls_total", "agent_usage_missing_calls_adjustments_total")
ESTIMATED: Final = Netted("agent_usage_estimated_calls_total", "agent_usage_estimated_calls_adjustments_total")
ESTIMATED_COST: Final = Netted(
    "agent_usage_estimated_cost_usd_total", "agent_usage_estimated_cost_adjustments_usd_total"
)
SENDER_CALLS: Final = "agent_exporter_sender_calls"

UNREPORTED: Final[Steps] = ((None, BLUE), (0.02, YELLOW), (0.10, ORANGE))
_SAYS_NOTHING: Final = 'reason=~"usage_missing|zero_usage"'
_ANSWERED: Final = 'usage!="failed"'
_ADVISED: Final = 'advice!=""'
_SENDER: Final = "dialect, scope, service"
_MOST_ROWS: Final = 50


def tiles() -> tuple[Tile, ...]:
    """Shares of calls and money, by reason over time, and each sender."""
    return (
        Tile(_unreported(), 4, 4),
        Tile(_estimated(), 4, 4),
        Tile(_reasons(), 8, 8),
        Tile(_senders(), 24, 9),
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
        "Missing is unknown, not zero. What to switch on stands at the right; `agent-exporter completeness` says it "
        "as well.",
        COUNT,
        "No call in the last hour",
    )
    missing = _calls('usage="missing"')
    panel = table_panel(
        about,
        as_rows(_calls(), "A"),
        as_rows(missing, "B"),
        as_rows(f"({missing})\n/ ({_calls(_ANSWERED)})", "C"),
        as_rows(_calls('usage="estimated"'), "D"),
        as_rows(_calls('usage="failed"'), "E"),
        as_rows(f"max by ({_SENDER}, advice) ({latest(SENDER_CALLS, _ADVISED)})", "F"),
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
        "advice": "Switch on",
    }
    panel = panel.transformations([*merged(columns), sorted_by("Missing"), largest(_MOST_ROWS)])
    column(panel, "Service", width=150)
    column(panel, "Scope", width=300)
    column(panel, "Dialect", width=110)
    for name in ("Calls", "Missing", "Estimated", "Failed"):
        column(panel, name, unit=COUNT, width=90)
    column(panel, "Share", unit=RATIO, cell=CELL_COLORED_TEXT, thresholds=UNREPORTED, width=80)
    return column(panel, "Switch on", mappings=[word(one.code, one.text, BLUE) for one in ADVICE])


def _calls(*matchers: str) -> str:
    return f"sum by ({_SENDER}) ({latest(SENDER_CALLS, *matchers)})"
