"""What is known of how complete the telemetry is: diagnostics, never money.

A scheduled job finds them in what the ledger holds of the last hours, and every replica shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection

from exporter.budgets.periods import QUARTER_NS
from exporter.dialects.advice import advice_for
from exporter.ledger.families import OTHER_LABEL
from exporter.ledger.gauges import Labels
from exporter.ledger.senders import USAGE, Sender, calls_by_sender
from exporter.usage import ESTIMATED, MISSING

SENDER_CALLS: Final = "sender_calls"
"""Labels: dialect, scope, service, usage (ledger.senders.USAGE), advice."""
GAUGES: Final = (SENDER_CALLS,)
MOST_SENDERS: Final = 500
"""Shown each by itself; the rest is added up."""
_QUARTERS: Final = 4
_OTHERS: Final = Sender(OTHER_LABEL, OTHER_LABEL, OTHER_LABEL)
_NEEDS_ADVICE: Final = frozenset({MISSING, ESTIMATED})


def find_gaps(connection: Connection, now_ns: int) -> dict[str, dict[Labels, int]]:
    """The values of GAUGES, by their labels."""
    present = now_ns // QUARTER_NS
    calls = calls_by_sender(connection, present - _QUARTERS, present + 1)
    return {SENDER_CALLS: _labelled(_bounded(calls))}


def _labelled(senders: Mapping[Sender, Mapping[str, int]]) -> dict[Labels, int]:
    return {
        (*sender, usage, advice_for(sender.scope).code if usage in _NEEDS_ADVICE else ""): calls
        for sender, by_usage in senders.items()
        for usage, calls in by_usage.items()
        if calls
    }


def _bounded(senders: Mapping[Sender, Mapping[str, int]]) -> dict[Sender, dict[str, int]]:
    """Those with most calls without usage first, then those with most calls."""
    order = sorted(senders, key=lambda one: (-senders[one].get(MISSING, 0), -sum(senders[one].values()), one))
    found = {sender: dict(senders[sender]) for sender in order[:MOST_SENDERS]}
    if order[MOST_SENDERS:]:
        found[_OTHERS] = _added(senders[sender] for sender in order[MOST_SENDERS:])
    return found


def _added(calls: Iterable[Mapping[str, int]]) -> dict[str, int]:
    sums = dict.fromkeys(USAGE, 0)
    for by_usage in calls:
        for usage, count in by_usage.items():
            sums[usage] = sums.get(usage, 0) + count
    return sums
