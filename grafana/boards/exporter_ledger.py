"""The board Exporter: the ledger, the scheduled jobs, the series, and the replicas."""

from __future__ import annotations

from grafana.boards.alerts import RANK, SEVERITY_COLORS, ranked
from grafana.boards.exporter_queries import EXPORTER_JOB
from grafana.boards.layout import PanelBuilder, Tile
from grafana.boards.overrides import text_sizes, words_colored
from grafana.boards.palette import BLUE, RED, YELLOW
from grafana.boards.queries import latest
from grafana.boards.style import (
    ANY_IS_BAD,
    About,
    Steps,
    bar_gauge_panel,
    graph_panel,
    legend_of,
    state,
    state_panel,
    table_panel,
)
from grafana.boards.tables import CELL_COLORED_TEXT, CELL_GAUGE, column, joined, merged, sorted_by
from grafana.boards.targets import as_rows, at_end, over_time
from grafana.boards.units import COUNT, SECONDS

SERIES_LIMIT = 10_000
"""Default of the setting series_limit."""
SERIES_STEPS: Steps = ((None, BLUE), (0.8 * SERIES_LIMIT, YELLOW), (SERIES_LIMIT, RED))

_PRICE_BOOKS = (
    'max by (instance, prices) (label_replace(agent_exporter_price_book_info{source="shipped"}, '
    '"prices", "$1", "version", "(.*)"))'
)


def tiles() -> tuple[Tile, ...]:
    """What the database knows about the exporter."""
    return (Tile(_health(), 15, 7), Tile(_jobs(), 9, 7), Tile(_series(), 24, 11))


def replica_tiles() -> tuple[Tile, ...]:
    """Each replica by itself, and what fires."""
    return (Tile(_replicas(), 24, 6), Tile(_alerts(), 15, 9), Tile(_scrapes(), 9, 9))


def _health() -> PanelBuilder:
    about = About(
        "Health over time",
        "Red says since when. Totals that differ from the ledger: `agent-exporter audit` says which. Configuration: "
        "`agent-exporter check-config`. Database: the log.",
        COUNT,
        "No replica was scraped in this range",
    )
    queries = {
        "Database answers": "min(agent_exporter_database_up)",
        "Totals equal the ledger": "min(agent_exporter_audit_success)",
        "Configuration applied": "min(agent_exporter_config_reload_success)",
        "All replicas up": f"min(up{{{EXPORTER_JOB}}})",
    }
    states = [state(1, "yes", BLUE), state(0, "no", RED)]
    return state_panel(about, *(over_time(query, name) for name, query in queries.items()), states=states).legend(
        legend_of("none")
    )


def _jobs() -> PanelBuilder:
    about = About(
        "Since last success",
        "audit runs every audit_interval (1 h by default), prune every few minutes, the others when there is something "
        "to do. Much longer? The log says why (alert AgentExporterJobStalled).",
        SECONDS,
        "No job has run yet",
    )
    age = f"sort_desc(time() - {latest('agent_exporter_job_last_success_timestamp_seconds')})"
    return bar_gauge_panel(about, at_end(age, "{{exported_job}}")).text(text_sizes())


def _series() -> PanelBuilder:
    about = About(
        "Series by family",
        "At series_limit (10,000 by default) further label sets are added up in __other__: sums stay whole, names are "
        "lost. Near it? Find the label that grows, or raise the limit (alert AgentSeriesCapReached).",
        COUNT,
        "No replica was scraped",
    )
    rejected = "max by (family) (last_over_time(agent_exporter_series_rejected_total[1h]))"
    panel = table_panel(
        about,
        as_rows(f"max by (family) (agent_exporter_series) and on (family) {rejected}", "A"),
        as_rows(rejected, "B"),
    )
    columns = {"family": "Family", "Value #A": "Series", "Value #B": "In __other__"}
    panel = panel.transformations([*joined("family", columns), sorted_by("Series")])
    column(
        panel,
        "Series",
        width=250,
        unit=COUNT,
        cell=CELL_GAUGE,
        thresholds=SERIES_STEPS,
        at_least=0,
        at_most=SERIES_LIMIT,
    )
    return column(panel, "In __other__", unit=COUNT, cell=CELL_COLORED_TEXT, thresholds=ANY_IS_BAD, width=120)


def _replicas() -> PanelBuilder:
    about = About(
        "Replicas",
        "One row for each. Different versions or price books? An upgrade is half done.",
        COUNT,
        "No replica was scraped",
    )
    panel = table_panel(
        about,
        as_rows(f"up{{{EXPORTER_JOB}}}", "A"),
        as_rows("max by (instance, version) (agent_exporter_build_info)", "B"),
        as_rows(_PRICE_BOOKS, "C"),
        as_rows(f"scrape_samples_scraped{{{EXPORTER_JOB}}}", "D"),
        as_rows(f"scrape_duration_seconds{{{EXPORTER_JOB}}}", "E"),
    )
    columns = {
        "instance": "Replica",
        "Value #A": "State",
        "version": "Version",
        "prices": "Price book",
        "Value #D": "Samples",
        "Value #E": "Scrape",
    }
    panel = panel.transformations(joined("instance", columns))
    column(panel, "State", cell=CELL_COLORED_TEXT, mappings=[state(1, "up", BLUE), state(0, "down", RED)], width=80)
    column(panel, "Version", width=90)
    column(panel, "Samples", unit=COUNT, width=90)
    return column(panel, "Scrape", unit=SECONDS, width=90)


def _scrapes() -> PanelBuilder:
    about = About(
        "Time of a scrape",
        "Of each replica. Near the scrape interval samples are lost: fewer series, or a longer interval.",
        SECONDS,
        "No replica was scraped in this range",
    )
    return graph_panel(about, over_time(f"scrape_duration_seconds{{{EXPORTER_JOB}}}", "{{instance}}"))


def _alerts() -> PanelBuilder:
    about = About(
        "Alerts that fire",
        "Watchdog always fires: without it the rules are not evaluated, and no other alert can come. Each alert has a "
        "heading in the exporter's /runbook.",
        COUNT,
        "Not even Watchdog fires: Prometheus has not loaded the rules",
    )
    found = ranked('count by (alertname, severity, budget) (ALERTS{alertstate="firing"})')
    columns = {"alertname": "Alert", "severity": "Severity", "budget": "Budget", "Value": "Firing"}
    panel = table_panel(about, as_rows(found, "A"))
    panel = panel.transformations([sorted_by(RANK, descending=False), *merged(columns)])
    column(panel, "Severity", cell=CELL_COLORED_TEXT, mappings=[words_colored(SEVERITY_COLORS)])
    return column(panel, "Firing", unit=COUNT, width=90)
