"""What a model call consumed: the normalised usage record that every dialect makes.

The six token classes are disjoint, so the cost of a call is a plain dot product with six rates.
Both totals of the OpenTelemetry conventions follow from them: input tokens are the sum of the
first four, output tokens the sum of the last two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from exporter.signals import Value


class Tokens(NamedTuple):
    """Counts of the six disjoint token classes."""

    input_uncached: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    """Writes with the default lifetime, and writes whose lifetime is unknown."""
    cache_write_1h: int = 0
    output_visible: int = 0
    reasoning: int = 0

    @property
    def input_total(self) -> int:
        return self[0] + self[1] + self[2] + self[3]

    @property
    def output_total(self) -> int:
        return self[4] + self[5]


TOKEN_CLASSES: Final = Tokens._fields
NO_TOKENS: Final = Tokens()

# Kinds of a span, as the settle rules need them.
LLM: Final = "llm"
EMBEDDING: Final = "embedding"
RERANK: Final = "rerank"
MEDIA: Final = "media"
AGENT: Final = "agent"
WORKFLOW: Final = "workflow"
STEP: Final = "step"
TOOL: Final = "tool"
RETRIEVAL: Final = "retrieval"
TOKEN_COUNT: Final = "token_count"  # noqa: S105 - a kind of span, no secret
EVAL: Final = "eval"
OTHER: Final = "other"

KINDS: Final = (OTHER, LLM, EMBEDDING, RERANK, MEDIA, AGENT, WORKFLOW, STEP, TOOL, RETRIEVAL, TOKEN_COUNT, EVAL)
"""The position of a kind is its code in stored span skeletons: append only."""
KIND_CODES: Final = {kind: code for code, kind in enumerate(KINDS)}
LEAF_KINDS: Final = frozenset({LLM, EMBEDDING, RERANK, MEDIA})
AGGREGATE_KINDS: Final = frozenset({AGENT, WORKFLOW, STEP})
BARRIER_KINDS: Final = frozenset({TOOL, AGENT})

# How far the counts can be trusted.
REPORTED: Final = "reported"
ESTIMATED: Final = "estimated"
MISSING: Final = "missing"

# What the ledger does with a row.
CHARGED: Final = "charged"
PENDING: Final = "pending"
SUPERSEDED: Final = "superseded"
DUPLICATE: Final = "duplicate"
NOT_BILLABLE: Final = "not_billable"
BILLING: Final = (CHARGED, PENDING, SUPERSEDED, DUPLICATE, NOT_BILLABLE)
"""The position of a state is its code in the ledger: append only."""

LIST_EQUIVALENT: Final = "list_equivalent"
"""In place of who stated a cost, where nobody is sent a bill for it: the source has a flat plan, and list prices only
show what its use would be worth.  Also the reason for which such a cost is an estimate."""

TTL_UNKNOWN: Final = "ttl_unknown"
"""Flag of a record whose cache writes came without their lifetime."""

SPANS: Final = "span"
LOGS: Final = "log"
METRICS: Final = "metric"
IMPORTS: Final = "import"
REPORTS: Final = "report"
"""Sums that a program made of calls which others may report one by one."""
SIGNALS: Final = (SPANS, LOGS, METRICS, IMPORTS, REPORTS)
"""The position of a signal is its bit in stored masks: append only."""
SIGNAL_BITS: Final = {signal: 1 << position for position, signal in enumerate(SIGNALS)}


# What makes an id of a call strong.
_ALWAYS_RANDOM: Final = ("msg_", "resp_")
_LEAST_DIFFERENT: Final = 6
_RANDOM: Final = re.compile(
    r"(?:[A-Za-z]+[-_.:])*+(?:(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])|(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z]))(.{16})",
    re.DOTALL,
)


def is_strong(key: str) -> bool:
    """Whether an id is too random to be drawn twice.

    That of Anthropic messages and OpenAI responses is.  Of any other, words in front (`chatcmpl-`) are left out; what
    remains must mix letters and digits, or both cases, and be at least 16 characters long, the first 16 of at least
    6 different ones.  So counters, times, names and padded numbers are weak; UUIDs and random texts are strong.
    """
    if key.startswith(_ALWAYS_RANDOM):
        return True
    random = _RANDOM.match(key)
    return random is not None and len(set(random[1])) >= _LEAST_DIFFERENT


class PriceContext(NamedTuple):
    """What besides model, tokens and time decides a price.  An empty text means unknown."""

    geo: str = ""
    speed: str = ""
    processing: str = ""
    service_tier: str = ""
    region: str = ""
    org: str = ""


NO_CONTEXT: Final = PriceContext()


class Evidence(NamedTuple):
    """The attributes that a record was read from, so that a corrected dialect can read them again."""

    shape: str
    """JSON object: `names` of the numbers, and the texts that were `said`, by attribute."""
    numbers: tuple[Value, ...]
    """What was sent under these names."""


NO_EVIDENCE: Final = Evidence("", ())


@dataclass(slots=True)
class UsageRecord:
    """One model call, or one span that carried usage, before it is settled and priced.

    Texts are empty when unknown; `None` marks an unknown number.  Times are Unix nanoseconds as the
    emitter sent them.
    """

    signal: str
    dialect: str
    scope: str
    kind: str
    operation: str
    trace_id: bytes
    span_id: bytes
    start_ns: int
    end_ns: int
    provider: str
    """As the OpenTelemetry conventions spell it; as sent when they do not know it."""
    gateway: str
    """A reseller or proxy that answered in the provider's place."""
    request_model: str
    response_model: str
    price_model: str
    """The model that pricing looks up first."""
    service: str
    agent: str
    conversation_id: str
    call_key: str
    """The provider's response or request id."""
    tokens: Tokens
    usage_status: str
    """REPORTED, ESTIMATED or MISSING; with MISSING the tokens are all zero and mean nothing."""
    error_type: str = ""
    context: PriceContext = NO_CONTEXT
    cost_reported_nano_usd: int | None = None
    cost_source: str = ""
    """Who stated the reported cost: provider, gateway, or estimate (made by the client); or LIST_EQUIVALENT."""
    units: Mapping[str, int] = field(default_factory=dict)
    """Other quantities than tokens: requests, seconds, images."""
    flags: tuple[str, ...] = ()
    record_key: str = ""
    """Identity of what is no span (rule R0): the request's id where it is strong, a hash of what was said, or a series
    and its times.  Spans are known by their ids."""
    source: str = ""
    """Who sent it, where one emitter reports the same usage in several signals (rule R6): dialect, service, session."""
    speaks_for: tuple[str, ...] = ()
    """Wider sources that this signal speaks for as well: what its emitter says elsewhere without naming the session."""
    outranked_by: frozenset[str] = frozenset()
    """Signals of the same source that are believed instead of this one."""
    is_rollup: bool = False
    """Whether it sums up what happened below its parent, beside the spans of it (rule R4)."""
    evidence: Evidence = NO_EVIDENCE
    never_billable: str = ""
    """Why rule R1 never bills this record (fetch_response, token_count, cache_hit, ...), or empty."""


class Reading(NamedTuple):
    """What a dialect made of one span: its kind, and a usage record when there is something to account."""

    kind: str
    usage: UsageRecord | None
    agent: str = ""
    """Name of the agent whose work the span is, if any; what is below and names no agent is its work too."""
