"""Entries for the ledger, made by hand: short names in, priced records out."""

from __future__ import annotations

from dataclasses import replace

from exporter.ledger.entry import Entry, Priced
from exporter.ledger.tables import DIMENSION_TEXTS
from exporter.settle.agents import name_ref
from exporter.settle.call_identity import call_of, call_ref
from exporter.settle.skeleton import CARRIER, NEVER_BILLED, NO_PARENT, PRICED_BY_EMITTER, QUIET, ROLLUP, WAITS, Node
from exporter.usage import KIND_CODES, LEAF_KINDS, SIGNAL_BITS, Tokens

SECOND = 10**9
NOON = 1_795_262_400 * SECOND
"""2026-11-21T12:00:00Z."""


def span_id(name: str) -> bytes:
    return name.encode().rjust(8, b"\1")[:8]


def trace_id(name: str) -> bytes:
    return name.encode().rjust(16, b"\1")[:16]


def node(
    name: str,
    kind: str = "llm",
    parent: str | None = None,
    *,
    classes: int = 0b010001,
    carries: bool = True,
    start: int = NOON,
    end: int = NOON + SECOND,
    digest: int = 0,
    call: int = 0,
    free: bool = False,
    stated_cost: bool = False,
    quiet: bool = False,
    rollup: bool = False,
) -> Node:
    marks = classes | CARRIER if carries and not quiet else 0
    marks |= (QUIET if quiet else 0) | (ROLLUP if rollup else 0)
    marks |= (NEVER_BILLED if free else 0) | (PRICED_BY_EMITTER if stated_cost else 0)
    return Node(
        span_id(name), span_id(parent) if parent else NO_PARENT, KIND_CODES[kind], marks, start, end, digest, call
    )


def priced(
    *,
    project: str = "payments",
    agent: str = "planner",
    model: str = "gpt-6-sol",
    task: str = "",
    kind: str = "llm",
    tokens: Tokens = Tokens(100, 0, 0, 0, 20, 0),  # noqa: B008 - a tuple
    cost: int | None = 1_000,
    start: int = NOON,
    end: int = NOON + SECOND,
    never: str = "",
    key: str = "",
    reported: int | None = None,
    conversation: str = "",
    **texts: str,
) -> Priced:
    values = dict.fromkeys(DIMENSION_TEXTS, "") | {
        "signal": "span",
        "dialect": "genai",
        "kind": kind,
        "operation": "chat",
        "provider": "openai",
        "request_model": model,
        "response_model": model,
        "price_model": model,
        "service": "fleet",
        "agent": agent,
        "project": project,
        "usage_status": "reported" if any(tokens) else "missing",
        "cost_status": "unknown" if cost is None else "priced",
        "cost_reasons": '["unknown_model"]' if cost is None else "",
        **texts,
    }
    return Priced(
        tuple(values[name] for name in DIMENSION_TEXTS),
        project,
        task,
        start,
        end,
        tokens,
        cost,
        (cost or 0, 0, 0, 0, 0, 0, 0),
        reported,
        never,
        key or None,
        conversation or None,
        None,
        None,
        call_ref(call_of(key, tokens.output_total), start) if key and any(tokens) else None,
    )


def call(trace: str, name: str, parent: str | None = None, *, kind: str = "llm", **usage) -> Entry:
    """A span with usage."""
    usage.setdefault("tokens", Tokens(100, 0, 0, 0, 20, 0))
    start, end = usage.get("start", NOON), usage.get("end", NOON + SECOND)
    classes = sum(1 << bit for bit, count in enumerate(usage["tokens"]) if count)
    key, reported = usage.get("key", ""), usage.get("reported")
    identity = call_of(key, usage["tokens"].output_total) if classes and kind in LEAF_KINDS else 0
    shape = node(
        name,
        kind,
        parent,
        classes=classes,
        carries=bool(classes),
        start=start,
        end=end,
        digest=1,
        call=identity,
        free=bool(usage.get("never")),
        stated_cost=bool(reported),
    )
    return Entry(trace_id(trace), shape, priced(kind=kind, **usage))


SIGNAL_ORDER = ("log", "span", "metric")
"""How signals are believed in these tests, the best first."""


def sent_as(signal: str, source: int, entry: Entry) -> Entry:
    """The same from a source that speaks in several signals."""
    assert entry.usage is not None
    better = SIGNAL_ORDER[: SIGNAL_ORDER.index(signal)]
    ranked = replace(
        entry.usage,
        source=source,
        signal=SIGNAL_BITS[signal] if entry.node.marks & CARRIER else 0,
        outranked_by=sum(SIGNAL_BITS[one] for one in better) or None,
    )
    return entry._replace(usage=ranked, node=entry.node._replace(marks=entry.node.marks | (WAITS if better else 0)))


def bare(trace: str, name: str, kind: str, parent: str | None = None, *, named: str = "") -> Entry:
    """A span that only shapes its trace; `named` is the agent whose work it is."""
    shape = node(name, kind, parent, carries=False, classes=0, call=name_ref(named) if named else 0)
    return Entry(trace_id(trace), shape, None, agent=named)
