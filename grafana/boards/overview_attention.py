"""Overview: what needs a person."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import stat, table
from grafana_foundation_sdk.models.common import BigValueTextMode, VizOrientation

from grafana.boards import links
from grafana.boards.alerts import RANK, SEVERITY_COLORS, ranked
from grafana.boards.links import cell, to_board
from grafana.boards.overrides import stepped
from grafana.boards.palette import BLUE, ORANGE
from grafana.boards.queries import spent
from grafana.boards.style import ANY_IS_BAD, About, rows_text, stat_panel, state, table_panel, word
from grafana.boards.tables import CELL_COLORED_TEXT, column, merged, sorted_by
from grafana.boards.targets import as_rows, at_end
from grafana.boards.units import COUNT, FROM_NOW
from grafana.boards.variables import MODEL, PROVIDER

FIRING: Final = 'ALERTS{alertstate="firing", severity!="none"}'
"""Severity none is the dead man's switch, which always fires."""
TOKENS_SEEN: Final = "last_over_time(agent_tokens_total[1h])"
"""Whether there is anything that could lack a price."""
UNPRICED: Final = spent("agent_unpriced_tokens_total", by=["gen_ai_response_model"], variables=(PROVIDER, MODEL))


def needs_a_person() -> stat.Panel:
    about = About(
        "Needs a person",
        "Alerts and models without a price: see the tables below. A failed audit: trust no number until it is clear.",
        COUNT,
        "No data: is the exporter scraped, are rules loaded?",
    )
    failed_audits = "1 - min(agent_exporter_audit_success)"
    panel = stat_panel(
        about,
        at_end(_count_of("critical"), "critical alerts"),
        at_end(_count_of("warning|info"), "other alerts"),
        at_end(f"count(({UNPRICED}) > 0) or 0 * count({TOKENS_SEEN})", "models unpriced"),
        at_end(failed_audits, "failed audits"),
        thresholds=ANY_IS_BAD,
    )
    return (
        panel.override_by_name("other alerts", [stepped(((None, BLUE), (1, ORANGE)))])
        .orientation(VizOrientation.HORIZONTAL)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .text(rows_text())
        .mappings([state(0, "none", BLUE)])
        .data_links([to_board("Exporter: audit, prices, intake", links.EXPORTER)])
    )


def alerts_firing() -> table.Panel:
    about = About(
        "Alerts firing",
        "Critical ones first; the exporter's page /runbook says under the alert's name where to look and what to do.",
        COUNT,
        "No alert is firing",
    )
    since = ranked(f"1000 * (ALERTS_FOR_STATE and ignoring (alertstate) {FIRING})")
    columns = {
        "severity": "Severity",
        "alertname": "Alert",
        "budget": "Budget",
        "threshold": "At %",
        "project": "Project",
        "gen_ai_agent_name": "Agent",
        "Value": "Since",
    }
    panel = table_panel(about, as_rows(since, "Since"))
    panel = panel.transformations([sorted_by(RANK, descending=False), *merged(columns)])
    severities = [word(name, name, color) for name, color in SEVERITY_COLORS.items()]
    panel = column(panel, "Severity", mappings=severities, cell=CELL_COLORED_TEXT, width=80)
    panel = column(panel, "Budget", link=to_board("This budget", links.BUDGETS, budget=cell("Budget")), width=150)
    panel = column(panel, "At %", width=60)
    return column(panel, "Since", unit=FROM_NOW, width=130)


def _count_of(severities: str) -> str:
    firing = f'count(ALERTS{{alertstate="firing", severity=~"{severities}"}})'
    # Without the dead man's switch no rule is evaluated, and then no alert means nothing.
    return f'{firing} or 0 * count(ALERTS{{alertname="Watchdog"}})'
