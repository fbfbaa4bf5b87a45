"""The shape of an explanation, as OpenAPI 3.1 states it."""

from __future__ import annotations

from typing import Any, Final

from exporter.budgets.limits import UNITS
from exporter.budgets.periods import PERIODS
from exporter.dialects.basis import BY_DEFAULT, BY_EMITTER, BY_PARTS, BY_PROVIDER, BY_TOTAL, NUMBERS, Counts
from exporter.usage import BILLING, SIGNALS
from exporter.web.openapi_schemas import (
    COST_STATUSES,
    INTEGER,
    MAYBE_INTEGER,
    MAYBE_TEXT,
    MAYBE_TIME,
    TEXT,
    TIME,
    Schema,
    choice,
    exactly,
    hexadecimal,
    listed,
    ref,
)

_TEXTS: Final[Schema] = {"type": "object", "additionalProperties": TEXT}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _decided(*answers: str) -> Schema:
    rules = (NUMBERS, BY_PARTS, BY_TOTAL, BY_PROVIDER, BY_EMITTER, BY_DEFAULT)
    return _or_null(exactly({"basis": choice(answers), "rule": choice(rules), "because": TEXT}))


_READING: Final = exactly(
    {
        "operation": MAYBE_TEXT,
        "evidence": {"type": ["object", "null"], "description": "The attributes as they were sent."},
        "counts": _or_null(exactly(dict.fromkeys(Counts._fields, MAYBE_INTEGER))),
        "cached_input": _decided("inclusive", "exclusive"),
        "reasoning": _decided("subset", "additive"),
        "emitter": MAYBE_TEXT,
        "read_alike_today": {"type": ["boolean", "null"]},
    }
)
_NAMED: Final = exactly(
    {
        "id": INTEGER,
        "signal": choice(SIGNALS),
        "trace_id": hexadecimal(32),
        "span_id": hexadecimal(16),
        "operation": MAYBE_TEXT,
        "billing": choice(BILLING),
        "cost_nano_usd": MAYBE_INTEGER,
    }
)
_VERDICT: Final = exactly(
    {
        "billing": choice(BILLING),
        "reason": MAYBE_TEXT,
        "rule": {"type": ["string", "null"], "pattern": "^R[0-7]$"},
        "because": TEXT,
        "due_at": MAYBE_TIME,
        "better_signals": listed(choice(SIGNALS)),
        "counts_instead": listed(_NAMED),
    }
)
_EXACT: Final[Schema] = {"type": "string", "description": "Nano-USD before rounding: a decimal, or a ratio."}
_PRICE: Final = exactly(
    {
        "price_version": MAYBE_TEXT,
        "price_model": MAYBE_TEXT,
        "at": TIME,
        "context": _TEXTS,
        "cost_status": choice(COST_STATUSES),
        "cost_reported_nano_usd": MAYBE_INTEGER,
        "cost_source": MAYBE_TEXT,
        "book": {"type": ["string", "null"], "enum": ["in force", "earlier", None]},
        "rows": listed({"type": "object", "properties": {"layer": TEXT}, "required": ["layer"]}),
        "components": listed(
            exactly(
                {
                    "component": TEXT,
                    "tokens": INTEGER,
                    "rate_pico_usd": INTEGER,
                    "tier": TEXT,
                    "multiplier": TEXT,
                    "exact_nano_usd": _EXACT,
                    "amount_nano_usd": INTEGER,
                }
            )
        ),
        "exact_nano_usd": {**_EXACT, "type": ["string", "null"]},
        "cost_nano_usd": MAYBE_INTEGER,
    }
)
_CORRECTION: Final = exactly(
    {
        "revision": INTEGER,
        "at": TIME,
        "reason": TEXT,
        "billing_before": choice(BILLING),
        "billing_after": choice(BILLING),
        "cost_before_nano_usd": MAYBE_INTEGER,
        "cost_after_nano_usd": MAYBE_INTEGER,
        "tokens_before": _or_null(ref("Tokens")),
        "tokens_after": _or_null(ref("Tokens")),
    }
)
_MOVED: Final = exactly(
    {
        "budget": TEXT,
        "scope": _TEXTS,
        "unit": choice(UNITS),
        "period": exactly({"kind": choice(PERIODS), "start": TIME, "end": TIME, "timezone": TEXT}),
        "amount": INTEGER,
        "in_force": {"type": "boolean"},
    }
)

EXPLAIN_SCHEMAS: Final[dict[str, Any]] = {
    "ExplainedRecord": exactly(
        {
            "usage": ref("Usage"),
            "reading": _READING,
            "verdict": _VERDICT,
            "price": _PRICE,
            "corrections": listed(_CORRECTION),
            "budgets": listed(_MOVED),
            "breaches": listed(ref("Breach")),
        }
    ),
    "Explanation": exactly(
        {
            "trace_id": hexadecimal(32, nullable=False),
            "span_id": hexadecimal(16),
            "data": listed(ref("ExplainedRecord")),
            "complete": {"type": "boolean", "description": "False when a trace has more records than one answer."},
        }
    ),
}
