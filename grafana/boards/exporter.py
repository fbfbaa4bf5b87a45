"""Exporter: whether the exporter works right now, and where it does not."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models.dashboard import ValueMapping

from grafana.boards import exporter_collector as collector
from grafana.boards import exporter_completeness as completeness
from grafana.boards import exporter_intake as intake
from grafana.boards import exporter_ledger as ledger
from grafana.boards import links
from grafana.boards.board import Board
from grafana.boards.exporter_queries import EXPORTER_JOB, added, collector_losses, quantile
from grafana.boards.layout import PanelBuilder, Section, Tile
from grafana.boards.overrides import stepped
from grafana.boards.palette import BLUE, ORANGE, RED, YELLOW
from grafana.boards.style import ANY_IS_BAD, ONE_IS_GOOD, About, Steps, stat_panel, state
from grafana.boards.targets import at_end
from grafana.boards.units import COUNT, SECONDS

LAG_STEPS: Final[Steps] = ((None, BLUE), (120, YELLOW), (600, ORANGE))
"""The cost alerts stand back when calls arrive 10 minutes late."""
SOME_ARE_BAD: Final[Steps] = ((None, BLUE), (1, YELLOW))
NOT_SCRAPED: Final = "No replica was scraped"


def _sections() -> list[Section]:
    return [
        Section("", tuple(Tile(panel, 6, 4) for panel in (*_working(), *_flowing()))),
        Section("Intake", intake.tiles()),
        Section("Completeness", completeness.tiles()),
        Section("How long it takes", intake.latency_tiles(), collapsed=True),
        Section("Ledger and jobs", ledger.tiles()),
        Section("Replicas and alerts", ledger.replica_tiles()),
        Section("Collector in front", collector.tiles(), collapsed=True),
    ]


def _working() -> list[PanelBuilder]:
    return [_replicas(), _database(), _audit(), _configuration()]


def _flowing() -> list[PanelBuilder]:
    return [_received(), _refused(), _lag(), _lost()]


def _replicas() -> PanelBuilder:
    about = About(
        "Replicas up",
        "Down? Nothing is booked there, senders keep what they hold: see the table Replicas, then its log "
        "(alert AgentExporterDown).",
        COUNT,
        NOT_SCRAPED,
    )
    panel = stat_panel(
        about,
        at_end(f"sum(up{{{EXPORTER_JOB}}}) or vector(0)", "up"),
        at_end(f"count(up{{{EXPORTER_JOB}}} == 0) or vector(0)", "down"),
        thresholds=ANY_IS_BAD,
    )
    return panel.override_by_name("up", [stepped(ONE_IS_GOOD)])


def _database() -> PanelBuilder:
    about = About(
        "Database",
        "Does not answer? Every request is refused with 503 and comes again; see the log for the reason "
        "(alert AgentExporterDatabaseDown).",
        COUNT,
        NOT_SCRAPED,
    )
    return _words(about, "min(agent_exporter_database_up)", "answers", "does not answer")


def _audit() -> PanelBuilder:
    about = About(
        "Audit",
        "Whether the last audit found the totals equal to the ledger. Failed? Trust no number before "
        "`agent-exporter audit` has said what differs "
        "(alert AgentExporterAuditFailed).",
        COUNT,
        "No audit has run yet",
    )
    return _words(about, "min(agent_exporter_audit_success)", "passed", "failed")


def _configuration() -> PanelBuilder:
    about = About(
        "Configuration",
        "Refused? The one before still holds; `agent-exporter check-config` says what is wrong with the file "
        "(alert AgentConfigReloadFailed).",
        COUNT,
        NOT_SCRAPED,
    )
    return _words(about, "min(agent_exporter_config_reload_success)", "applied", "refused")


def _received() -> PanelBuilder:
    about = About(
        "Accepted",
        "Records with usage, and how many a second just now. 0 while agents work? Look at what they send to, and at "
        "the Collector below (alert AgentIntakeStalled).",
        "count:records",
        NOT_SCRAPED,
    )
    accepted = "agent_exporter_received_total"
    return stat_panel(about, at_end(added(accepted, 'outcome="accepted"'), "in this range"), sparkline=False)


def _refused() -> PanelBuilder:
    about = About(
        "Refused",
        "For good: senders do not send these again. Any? 'Refused, by reason' below says why "
        "(alert AgentIntakeRejected).",
        "count:records",
        NOT_SCRAPED,
    )
    return stat_panel(about, at_end(added("agent_exporter_rejected_total"), "in this range"), thresholds=SOME_ARE_BAD)


def _lag() -> PanelBuilder:
    about = About(
        "Booked after",
        "From the end of a call until it is in every total: half of the calls, and 95 of 100. Minutes? Senders or "
        "the Collector hold calls back; budgets notice as late.",
        SECONDS,
        "No call was booked in this range",
    )
    lag = "agent_exporter_ingest_lag_seconds"
    return stat_panel(
        about,
        at_end(quantile(0.5, lag, window="$__range"), "half"),
        at_end(quantile(0.95, lag, window="$__range"), "95 %"),
        thresholds=LAG_STEPS,
    )


def _lost() -> PanelBuilder:
    about = About(
        "Lost",
        "Records that the Collector dropped, which is money that no total shows. Any? See 'Collector in front' "
        "(alerts AgentCollectorSendFailed and AgentCollectorEnqueueFailed).",
        "count:records",
        "No Collector is scraped",
    )
    return stat_panel(about, at_end(collector_losses(), "in this range"), thresholds=ANY_IS_BAD)


def _words(about: About, expression: str, good: str, bad: str) -> PanelBuilder:
    words: list[ValueMapping] = [state(1, good, BLUE), state(0, bad, RED)]
    return stat_panel(about, at_end(expression, about.title), thresholds=ONE_IS_GOOD).mappings(words)


BOARD: Final = Board(
    uid=links.EXPORTER,
    title="Exporter",
    question="Does the exporter work right now, and if not, where does it not?",
    sections=_sections,
    start="now-6h",
)
