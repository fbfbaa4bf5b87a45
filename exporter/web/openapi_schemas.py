"""The shapes of requests and answers, as OpenAPI 3.1 states them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from exporter.budgets.definition import SEVERITIES
from exporter.budgets.limits import UNITS
from exporter.budgets.periods import PERIODS, WEEKDAYS
from exporter.budgets.reading import MAX_PERCENT
from exporter.budgets.scope import SCOPE_FIELDS
from exporter.ledger.cost_sums import GROUP_FIELDS
from exporter.ledger.senders import USAGE
from exporter.messages.message import REASONS
from exporter.pricing.charge import COMPONENTS
from exporter.usage import BILLING, ESTIMATED, MISSING, REPORTED, SIGNALS, TOKEN_CLASSES, PriceContext

Schema = dict[str, Any]
COST_STATUSES: Final = ("priced", "estimated", "partial", "free", "reported", "unknown")
TEXT: Final[Schema] = {"type": "string"}
MAYBE_TEXT: Final[Schema] = {"type": ["string", "null"]}
INTEGER: Final[Schema] = {"type": "integer"}
MAYBE_INTEGER: Final[Schema] = {"type": ["integer", "null"]}
AT_LEAST_1: Final[Schema] = {"type": "integer", "minimum": 1}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
MAYBE_TIME: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
ZONE: Final[Schema] = {"type": "string", "description": "An IANA time zone.", "examples": ["UTC", "Europe/Berlin"]}
NO_NUL: Final = "^[^\\u0000]*$"


def choice(values: Sequence[str]) -> Schema:
    """One of a fixed list of words."""
    return {"type": "string", "enum": list(values)}


def hexadecimal(digits: int, *, nullable: bool = True) -> Schema:
    """An id in hexadecimal."""
    return {"type": ["string", "null"] if nullable else "string", "pattern": f"^[0-9a-fA-F]{{{digits}}}$"}


def ref(name: str) -> Schema:
    """A named schema of this document."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(item: Schema) -> Schema:
    """A JSON array."""
    return {"type": "array", "items": item}


def exactly(properties: dict[str, Schema], *, optional: Sequence[str] = ()) -> Schema:
    """An object with these keys and no others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def page_of(name: str) -> Schema:
    """One page of a list."""
    return exactly({"data": listed(ref(name)), "next_cursor": MAYBE_TEXT})


_KNOWN_OR_NULL: Final = (
    "provider", "request_model", "response_model", "price_model", "service", "agent", "conversation_id", "project",
    "task", "phase",
)  # fmt: skip
_TOKENS: Final = exactly(dict.fromkeys(TOKEN_CLASSES, COUNT))
_USAGE: Final = exactly(
    {
        "id": INTEGER,
        "signal": choice(SIGNALS),
        **dict.fromkeys(("dialect", "scope", "kind"), TEXT),
        "trace_id": {**hexadecimal(32), "description": "As sent: of what is no span, the ids of its context, if any."},
        "span_id": hexadecimal(16),
        "call_key": MAYBE_TEXT,
        "started_at": TIME,
        "ended_at": MAYBE_TIME,
        **dict.fromkeys(_KNOWN_OR_NULL, MAYBE_TEXT),
        "tokens": ref("Tokens"),
        "usage_status": choice((REPORTED, ESTIMATED, MISSING)),
        "billing": choice(BILLING),
        "billing_reason": MAYBE_TEXT,
        "units": {"type": "object", "additionalProperties": INTEGER},
        "cost_nano_usd": MAYBE_INTEGER,
        "cost_status": choice(COST_STATUSES),
        "cost_reasons": listed(TEXT),
        "cost_reported_nano_usd": MAYBE_INTEGER,
        "price_version": MAYBE_TEXT,
        "error_type": MAYBE_TEXT,
        "flags": listed(TEXT),
    }
)
_SUMS: Final[dict[str, Schema]] = {
    "calls": COUNT,
    "tokens": ref("Tokens"),
    "cost_nano_usd": MAYBE_INTEGER,
    "adjustments_nano_usd": MAYBE_INTEGER,
    "unpriced_tokens": COUNT,
    "coverage": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "list_equivalent_nano_usd": {
        **INTEGER,
        "description": "Of the cost: what sources on a flat plan would have cost at list prices.",
    },
}
_COSTS: Final = exactly(
    {
        "group_by": listed(choice(GROUP_FIELDS)),
        "start": TIME,
        "end": TIME,
        "tz": TEXT,
        "data": listed(exactly({**dict.fromkeys(GROUP_FIELDS, MAYBE_TEXT), **_SUMS}, optional=GROUP_FIELDS)),
        "total": exactly(_SUMS),
    }
)
_COMPLETENESS: Final = exactly(
    {
        "start": TIME,
        "end": TIME,
        "data": listed(
            exactly(
                {
                    "dialect": TEXT,
                    "scope": TEXT,
                    "service": MAYBE_TEXT,
                    "calls": COUNT,
                    **dict.fromkeys(USAGE, COUNT),
                    "work_spans": COUNT,
                    "reasons": {
                        "type": "object",
                        "additionalProperties": INTEGER,
                        "description": "Calls since the beginning, by what is wrong with their usage.",
                    },
                    "advice": {"oneOf": [exactly({"code": TEXT, "text": TEXT}), {"type": "null"}]},
                }
            )
        ),
        "agents": listed(
            exactly({"service": MAYBE_TEXT, "agent": MAYBE_TEXT, "gap_tokens": COUNT, "told_tokens": COUNT})
        ),
        "sessions": listed(
            exactly({"service": MAYBE_TEXT, **dict.fromkeys(("sessions", "missing_events", "silent_sessions"), COUNT)})
        ),
    }
)
_BUDGET: Final = exactly(
    {
        "id": TEXT,
        "origin": choice(("file", "api")),
        "scope": exactly(dict.fromkeys(SCOPE_FIELDS, TEXT), optional=SCOPE_FIELDS),
        "unit": choice(UNITS),
        "period": exactly({"kind": choice(PERIODS), "start": TIME, "end": TIME, "timezone": TEXT}),
        "limit": {"type": "integer", "minimum": 1},
        "spent": INTEGER,
        "reserved": COUNT,
        "remaining": INTEGER,
        "percent_used": {"type": "number"},
        "projected": MAYBE_INTEGER,
        "on_track": {"type": ["boolean", "null"]},
        "exhausted_at": MAYBE_TIME,
        "thresholds": listed(
            exactly(
                {
                    "percent": INTEGER,
                    "severity": choice(SEVERITIES),
                    "reached": {"type": "boolean"},
                    "reached_at": MAYBE_TIME,
                }
            )
        ),
        "include_list_equivalent": {"type": "boolean"},
    }
)
_PERCENT: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": MAX_PERCENT}
_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": NO_NUL}
_CHANGEABLE: Final[dict[str, Schema]] = {
    "scope": exactly(dict.fromkeys(SCOPE_FIELDS, _NAME), optional=SCOPE_FIELDS),
    "limit": {
        "type": "string",
        "pattern": r"^[0-9]{1,18}(\.[0-9]{1,18})?[kKMB]? (USD|tokens?)$",
        "examples": ["1000 USD", "0.50 USD", "2M tokens"],
    },
    "period": choice(PERIODS),
    "timezone": ZONE,
    "week_start": choice(WEEKDAYS),
    "month_day": {"type": "integer", "minimum": 1, "maximum": 31},
    "include_list_equivalent": {"type": "boolean"},
    "thresholds": listed(
        {"anyOf": [_PERCENT, exactly({"percent": _PERCENT, "severity": choice(SEVERITIES)}, optional=["severity"])]}
    ),
}
_NEW_BUDGET: Final = exactly(
    {"id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"}, **_CHANGEABLE},
    optional=["scope", "timezone", "week_start", "month_day", "include_list_equivalent", "thresholds"],
)
_BREACH: Final = exactly(
    {
        "id": INTEGER,
        "budget": TEXT,
        "period_start": TIME,
        "period_end": TIME,
        "percent": INTEGER,
        "severity": choice(SEVERITIES),
        "at": TIME,
        "spent": INTEGER,
        "limit": INTEGER,
        "unit": choice(UNITS),
        "trace_id": hexadecimal(32),
        "span_id": hexadecimal(16),
    }
)
_SHORT: Final[Schema] = {"type": ["string", "null"], "maxLength": 1000}
_QUESTION: Final = exactly(
    {
        "provider": _SHORT,
        "model": {"type": "string", "minLength": 1, "maxLength": 1000},
        "at": {**MAYBE_TIME, "description": "Now when absent."},
        "tokens": exactly(dict.fromkeys(TOKEN_CLASSES, INTEGER), optional=TOKEN_CLASSES),
        "units": {"type": "object", "additionalProperties": INTEGER},
        "context": exactly(dict.fromkeys(PriceContext._fields, _SHORT), optional=PriceContext._fields),
    },
    optional=["provider", "at", "tokens", "units", "context"],
)
_QUOTE: Final = exactly(
    {
        "cost_nano_usd": MAYBE_INTEGER,
        "cost_status": choice(COST_STATUSES),
        "reasons": listed(TEXT),
        "components": listed(
            exactly({"component": choice(COMPONENTS), "tokens": INTEGER, "rate_pico_usd": INTEGER, "tier": TEXT})
        ),
        "price_version": TEXT,
    }
)
_RATES: Final[dict[str, Schema]] = {
    "usd_per_million": {"type": "object", "additionalProperties": TEXT},
    "tiers": listed(exactly({"prompt": TEXT, "usd_per_million": {"type": "object", "additionalProperties": TEXT}})),
    "usd_per_unit": {"type": "object", "additionalProperties": TEXT},
    "multiplier": {"type": "string", "description": "Ratio that all token rates are multiplied by."},
}
_SPAN_OF_RATES: Final = exactly(
    {"from": MAYBE_TEXT, "until": MAYBE_TEXT, "by_time_of_day": {"type": "boolean"}, **_RATES}
)
_PRICE: Final = exactly(
    {
        **dict.fromkeys(("provider", "model"), TEXT),
        "at": TIME,
        "context": {"type": "object", "additionalProperties": TEXT},
        "price_version": {"type": "string", "description": "Empty when there is no price."},
        "reasons": listed(TEXT),
        "similar": listed(TEXT),
        **_RATES,
        "history": listed(_SPAN_OF_RATES),
    },
    optional=("similar", *_RATES, "history"),
)
_MESSAGES: Final[Schema] = {
    "description": "An agent-message, or agent-messages with up to 1,000: /schemas/agent-message.xsd says their form.",
    "type": "object",
    "xml": {"name": "agent-messages"},
}
_RECEIPT: Final = exactly(
    {
        **dict.fromkeys(("accepted", "duplicate", "rejected"), COUNT),
        "problems": listed(
            exactly(
                {
                    "message": AT_LEAST_1,
                    "line": AT_LEAST_1,
                    "reason": choice(REASONS),
                    **dict.fromkeys(("path", "text"), TEXT),
                }
            )
        ),
    }
)
_ERROR: Final = exactly(
    {
        "error": exactly(
            {
                "code": TEXT,
                "message": TEXT,
                "details": {"type": "object"},
                "request_id": TEXT,
                "timestamp": TIME,
            }
        )
    }
)

SCHEMAS: Final[dict[str, Schema]] = {
    "Tokens": _TOKENS,
    "Usage": _USAGE,
    "UsagePage": page_of("Usage"),
    "Costs": _COSTS,
    "Completeness": _COMPLETENESS,
    "Budget": _BUDGET,
    "BudgetPage": page_of("Budget"),
    "NewBudget": _NEW_BUDGET,
    "BudgetChange": exactly(_CHANGEABLE, optional=tuple(_CHANGEABLE)),
    "Breach": _BREACH,
    "BreachPage": page_of("Breach"),
    "Price": _PRICE,
    "PriceQuestion": _QUESTION,
    "PriceQuote": _QUOTE,
    "AgentMessages": _MESSAGES,
    "MessageReceipt": _RECEIPT,
    "Error": _ERROR,
}
