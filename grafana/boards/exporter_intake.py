"""The board Exporter: what comes in, what is refused, and how long it takes."""

from __future__ import annotations

from grafana.boards.exporter_queries import added_by, quantile
from grafana.boards.layout import PanelBuilder, Tile
from grafana.boards.queries import once, per_second_of_all
from grafana.boards.style import About, bars_panel, graph_panel
from grafana.boards.targets import over_time
from grafana.boards.units import BYTES, SECONDS

NOT_SCRAPED = "No replica was scraped in this range"
_LEAST_BAR = "1m"
"""Four scrapes, which an increase needs."""


def tiles() -> tuple[Tile, ...]:
    """What comes in and what is refused."""
    return (
        Tile(_received(), 12, 8),
        Tile(_refused(), 12, 8),
        Tile(_answers(), 8, 8),
        Tile(_in_flight(), 8, 8),
        Tile(_pending(), 8, 8),
    )


def latency_tiles() -> tuple[Tile, ...]:
    """How long a request, a booking and a call's way take."""
    return (Tile(_requests(), 8, 9), Tile(_bookings(), 8, 9), Tile(_lag(), 8, 9))


def _received() -> PanelBuilder:
    about = About(
        "Received, by outcome",
        "Accepted carries usage; ignored is other telemetry, which is fine; duplicate is sent twice. Many duplicates? "
        "A sender does not see our answers, or two exporters send the same.",
        "count:rec/s",
        NOT_SCRAPED,
    )
    return graph_panel(
        about,
        over_time(per_second_of_all("agent_exporter_received_total", by=["outcome"]), "{{outcome}}"),
        legend="right",
        stacked=True,
    )


def _refused() -> PanelBuilder:
    about = About(
        "Refused, by reason",
        "undecodable, invalid_gzip, unsupported_content_type: a sender is broken or misconfigured. too_old: an import, "
        "see accept_age. invalid_trace_id: an instrumentation makes wrong ids.",
        "count:rec",
        NOT_SCRAPED,
    )
    none = added_by("reason", "agent_exporter_rejected_total", "none")
    return bars_panel(about, over_time(none, "{{reason}}", interval=_LEAST_BAR), legend="right")


def _answers() -> PanelBuilder:
    about = About(
        "Answers to requests",
        "503 is safe, senders try again: the database is slow or bodies are too many. 400, 401, 413 and 415 are not: "
        "what they carried is gone.",
        "reqps",
        NOT_SCRAPED,
    )
    return graph_panel(
        about,
        over_time(per_second_of_all("agent_exporter_http_requests_total", by=["code"]), "{{code}}"),
        stacked=True,
    )


def _in_flight() -> PanelBuilder:
    about = About(
        "Bodies being worked on",
        "Decompressed, of each replica. At max_inflight_bytes (96 MiB a worker by default) requests get 503: send "
        "smaller batches, or add workers.",
        BYTES,
        NOT_SCRAPED,
    )
    return graph_panel(about, over_time("agent_exporter_inflight_bytes", "{{instance}}"))


def _pending() -> PanelBuilder:
    about = About(
        "Waiting to settle",
        "Usage that waits for a twin before it is charged, settle_seconds at most. Rises without falling? The "
        "scheduler does not run: see its jobs above.",
        "count:rec",
        "No replica was scraped in this range",
    )
    return graph_panel(about, over_time(once("agent_exporter_pending_records"), "records"), legend="none")


def _requests() -> PanelBuilder:
    about = About(
        "Answering OTLP",
        "Time to answer requests to /v1/. Above a second? Compare with bookings: if those are slow it is the "
        "database, else the workers are too few.",
        SECONDS,
        "No OTLP request in this range",
    )
    return _quantiles(about, "agent_exporter_http_request_duration_seconds", 'route=~"/v1/.*"')


def _bookings() -> PanelBuilder:
    about = About(
        "Booking",
        "Time of one transaction, waiting for its turn included. Slow? The database or its disk is; SQLite wants a "
        "local one.",
        SECONDS,
        "Nothing was booked in this range",
    )
    return _quantiles(about, "agent_exporter_transaction_duration_seconds")


def _lag() -> PanelBuilder:
    about = About(
        "From call to booking",
        "Time from the end of a call until it is in every total. Rises when senders or the Collector hold calls back; "
        "cost alerts stand back at 10 minutes.",
        SECONDS,
        "Nothing was booked in this range",
    )
    return _quantiles(about, "agent_exporter_ingest_lag_seconds")


def _quantiles(about: About, histogram: str, *matchers: str) -> PanelBuilder:
    shares = {"half": 0.5, "95 of 100": 0.95, "99 of 100": 0.99}
    return graph_panel(
        about, *(over_time(quantile(share, histogram, *matchers), name) for name, share in shares.items())
    )
