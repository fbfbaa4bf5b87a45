"""How complete the telemetry is: who sent calls, what they said of their usage, and what to switch on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection

from exporter.budgets.periods import QUARTER_NS
from exporter.dialects.advice import advice_for
from exporter.errors import InvalidRequest
from exporter.ledger import aggregate_gap, numbering
from exporter.ledger.gauges import read_gauges
from exporter.ledger.quality_rows import net_quality
from exporter.ledger.senders import USAGE, Sender, calls_by_sender
from exporter.ledger.work_spans import KEPT_QUARTERS, work_by_sender
from exporter.usage import ESTIMATED, MISSING, REPORTED
from exporter.views.times import format_time

DEFAULT_HOURS: Final = 24
_HOUR_NS: Final = 3600 * 10**9


def completeness(connection: Connection, start_ns: int | None, end_ns: int | None, now_ns: int) -> dict[str, Any]:
    """Senders with calls in the interval, those with most calls without usage first.

    By default it is the last 24 hours.  It is widened to whole quarter hours, and the answer says to which.  `agents`
    and `sessions` are of the last hour whatever was asked.  `work_spans` are spans of agents and tools of a service
    that told of no usage at all; they are kept for a week.
    """
    end = now_ns if end_ns is None else end_ns
    start = end - DEFAULT_HOURS * _HOUR_NS if start_ns is None else start_ns
    if start >= end:
        raise InvalidRequest("start: expected a time before end", start=format_time(start), end=format_time(end))
    first, last = max(start, 0) // QUARTER_NS, -(-end // QUARTER_NS)
    calls = calls_by_sender(connection, first, last)
    reasons = _reasons(connection)
    rows = [_row(sender, by_usage, reasons.get(sender, {})) for sender, by_usage in calls.items()]
    rows += _silent_rows(connection, calls, range(max(first, last - KEPT_QUARTERS), last))
    rows.sort(key=lambda row: (-row["work_spans"], -row[MISSING], -row[ESTIMATED], -row["calls"]))
    return {
        "start": format_time(first * QUARTER_NS),
        "end": format_time(last * QUARTER_NS),
        "data": rows,
        **_last_hour(connection),
    }


def _last_hour(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """What the scheduled jobs found last: agents that say more than their calls, and sessions with holes."""
    found = read_gauges(connection, (*aggregate_gap.GAUGES, *numbering.GAUGES))
    gaps, told = (found.get(name, {}) for name in aggregate_gap.GAUGES)
    missing, sessions, silent = (found.get(name, {}) for name in numbering.GAUGES)
    agents = [
        {"service": service or None, "agent": agent or None, "gap_tokens": gap, "told_tokens": told[(service, agent)]}
        for (service, agent), gap in sorted(gaps.items(), key=lambda one: -one[1])
    ]
    numbered = [
        {"service": one[0] or None, "sessions": count, "missing_events": missing[one], "silent_sessions": silent[one]}
        for one, count in sessions.items()
    ]
    return {"agents": agents, "sessions": numbered}


def _row(sender: Sender, by_usage: dict[str, int], reasons: dict[str, int]) -> dict[str, Any]:
    counts = {usage: max(by_usage.get(usage, 0), 0) for usage in USAGE}
    needs_advice = counts[MISSING] or counts[ESTIMATED]
    return {
        "dialect": sender.dialect,
        "scope": sender.scope,
        "service": sender.service or None,
        "calls": sum(counts.values()),
        **counts,
        "work_spans": 0,
        "reasons": reasons,
        "advice": advice_for(sender.scope)._asdict() if needs_advice else None,
    }


def _silent_rows(
    connection: Connection, calls: Mapping[Sender, Mapping[str, int]], quarters: range
) -> Iterator[dict[str, Any]]:
    """Senders of agents' and tools' spans whose service told of no usage at all."""
    telling = {sender.service for sender, by_usage in calls.items() if by_usage.keys() & {REPORTED, ESTIMATED}}
    for (scope, service), spans in work_by_sender(connection, quarters).items():
        if service not in telling:
            row = _row(Sender("", scope, service), {}, {})
            yield row | {"work_spans": spans, "advice": advice_for(scope)._asdict()}


def _reasons(connection: Connection) -> dict[Sender, dict[str, int]]:
    """Calls by reason since the beginning, less what was taken back."""
    found: dict[Sender, dict[str, int]] = {}
    for (dialect, scope, service, _status, reason), (calls, _tokens, _cost) in net_quality(connection).items():
        if calls:
            found.setdefault(Sender(dialect, scope, service), {})[reason] = calls
    return found
