"""What booking takes: spans that were interpreted and priced, but not yet settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from exporter.dialects.cumulative import Move
from exporter.settle.skeleton import Node
from exporter.usage import Tokens


@dataclass(slots=True)
class Priced:
    """A usage record with its price, in the form in which the ledger keeps it."""

    dimension: tuple[str, ...]
    """The texts of tables.DIMENSION_TEXTS, in that order."""
    project: str
    task: str
    started_at: int
    ended_at: int
    tokens: Tokens
    cost_nano_usd: int | None
    components: tuple[int, ...]
    """Nano-USD for each of tables.COMPONENT_COLUMNS; they add up to the cost."""
    cost_reported_nano_usd: int | None
    never_billable: str
    call_key: str | None
    conversation_id: str | None
    units: str | None
    flags: str | None
    call_ref: int | None = None
    """Where other reports of the same call are looked for (settle.call_identity); of model calls with an id only."""
    filled: str | None = None
    """What stood in the fields that other reports of the same call filled in (ledger.merging), as JSON."""
    source: int | None = None
    """Who sent it, where the same usage may come in another signal too (rule R6)."""
    speaks_for: tuple[int, ...] = ()
    """Wider sources that its signal speaks for as well."""
    signal: int = 0
    """As a bit of usage.SIGNALS."""
    outranked_by: int | None = None
    """Signals of the source that are believed instead, as bits; None when it is the best there is."""
    context: tuple[bytes, bytes] | None = None
    """Trace and span with which something was sent that is no span itself."""
    shape: str = ""
    evidence: str | None = None
    """JSON list of the numbers as sent, in the order of the names in `shape`."""
    is_stored: bool = False
    """Read from the ledger, where what says how it came stays as it is."""


class Advance(NamedTuple):
    """How a record of a cumulative series brings its streams forward."""

    series: int
    """64 bits of a hash of its identity."""
    moves: Sequence[Move]


class Entry(NamedTuple):
    """One span of a request, or what is booked like one; `usage` is None when it only shapes the trace."""

    trace_id: bytes
    node: Node
    usage: Priced | None
    records: int = 1
    """How many of those that were sent it stands for: a record made of several points."""
    agent: str = ""
    """Name of the agent whose work the span is."""
    advance: Advance | None = None
    """Of a record of a cumulative series."""


class Booked(NamedTuple):
    """How many spans of a request were new, were copies of known ones, and were new with nothing to account."""

    accepted: int
    duplicate: int
    ignored: int
    dialects: Mapping[str, int]
    """The accepted ones by dialect."""
