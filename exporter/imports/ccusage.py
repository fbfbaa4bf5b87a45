"""Reports of ccusage: sums by day, week, month, session or block of five hours, and by model.

A report tells of calls that transcripts and telemetry tell one by one, so it counts only where those are
missing (the caller knows).  Its costs come from another price list and stand beside ours.
Source: ccusage 16 to 20, `--json`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from exporter.imports.fields import Unreadable, count_of, instant_of, mapping_of, nano_usd_of, text_from, text_of
from exporter.imports.record import (
    AGGREGATE,
    BETTER,
    CLAUDE_CODE,
    CLAUDE_SERVICE,
    Identify,
    Item,
    Sum,
    Tellers,
    session_source,
)
from exporter.usage import (
    OTHER,
    REPORTED,
    REPORTS,
    TTL_UNKNOWN,
    PriceContext,
    Tokens,
    UsageRecord,
)

NAME: Final = "ccusage"
DAILY, WEEKLY, MONTHLY, SESSION, BLOCKS = "daily", "weekly", "monthly", "session", "blocks"
_LISTS: Final = {
    "daily": DAILY, "weekly": WEEKLY, "monthly": MONTHLY, "sessions": SESSION, "session": SESSION, "blocks": BLOCKS,
}  # fmt: skip
_PERIODS: Final = ("period", "date", "week", "month")
_FAST: Final = "-fast"
_YEARS: Final = range(1971, 2262)
"""Whose every midnight, in whatever zone, is a time that a column can hold."""
_TELLERS: Final = {
    "claude": (CLAUDE_CODE, CLAUDE_SERVICE),
    "codex": ("codex", "codex_cli_rs"),
    "gemini": ("gemini_cli", "gemini-cli"),
    "qwen": ("qwen_code", "qwen-code"),
    "copilot": ("copilot", "github-copilot"),
    "goose": ("goose",),
}

Midnight = Callable[[date], int]
"""Unix nanoseconds at which a day begins in the zone of the report."""


class Row(NamedTuple):
    """What a report says of one model in one period."""

    kind: str
    period: str
    """As the report writes it, or the session's id."""
    agent: str
    project: str
    session: str
    start_ns: int
    end_ns: int
    is_open: bool
    """The period goes on."""
    model: str
    tokens: Tokens
    cost_nano_usd: int | None

    @property
    def scope(self) -> str:
        """Which report of which agent; two of one scope do not overlap."""
        return f"{self.agent} {self.kind}"


def read_report(document: object, midnight: Midnight) -> Iterator[Row | Unreadable]:
    """Every row of a report, one for each model; Unreadable in the place of what cannot be imported."""
    report = mapping_of(document)
    for kind, project, row in _rows(report):
        try:
            yield from _read_row(kind, project, mapping_of(row), midnight)
        except Unreadable as trouble:
            yield trouble


def tellers_of(scope: str) -> Tellers:
    """Whose telemetry tells of the same calls as a report."""
    agent = scope.partition(" ")[0]
    return Tellers(_TELLERS.get(agent, ()))


def is_report(document: object) -> bool:
    """Whether this is a report at all."""
    report = mapping_of(document)
    return isinstance(report.get("data"), list) or any(
        isinstance(report.get(name), list | dict) for name in (*_LISTS, "projects")
    )


def _rows(report: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    for name, kind in _LISTS.items():
        rows = report.get(name)
        for row in rows if isinstance(rows, list) else ():
            yield kind, "", row
    data = report.get("data")
    for row in data if isinstance(data, list) else ():
        yield _LISTS.get(text_of(report, "type"), ""), "", row
    for project, rows in mapping_of(report.get("projects")).items():
        for row in rows if isinstance(rows, list) else ():
            yield DAILY, project, row


def _read_row(kind: str, project: str, row: Mapping[str, Any], midnight: Midnight) -> Iterator[Row]:
    if not kind:
        raise Unreadable("the kind of report is not known")
    if row.get("isGap") is True:
        return
    period, start_ns, end_ns = _period(kind, row, midnight)
    session = period if kind == SESSION else ""
    agent = text_of(row, "agent") or "claude"
    named = project or text_of(row, "project")
    # Some names are a folder's whole path, with dashes for slashes.
    shown = "" if named.startswith("-") else named
    for model, counts in _by_model(row):
        tokens = _tokens(counts)
        cost = nano_usd_of(counts, "cost", "costUSD", "totalCost")
        if any(tokens) or cost:
            yield Row(
                kind, f"{period}\x1f{project}", agent, shown, session, start_ns, end_ns,
                row.get("isActive") is True, model, tokens, cost,
            )  # fmt: skip


def _by_model(row: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """What a row says of each model.  Unreadable when it says only what several used together."""
    parts = row.get("modelBreakdowns")
    if isinstance(parts, list) and parts:
        return [(text_of(mapping_of(part), "modelName"), mapping_of(part)) for part in parts]
    named = mapping_of(row.get("breakdown"))
    if named:
        return [(text_from(model), mapping_of(part)) for model, part in named.items()]
    stated = row.get("modelsUsed") or row.get("models")
    models = [text_from(model) for model in stated if isinstance(model, str)] if isinstance(stated, list) else []
    if len(set(models)) > 1:
        raise Unreadable("several models and no breakdown: run ccusage with --breakdown")
    counts = mapping_of(row.get("tokenCounts"))
    return [(models[0] if models else "", {**row, **counts})]


def _tokens(counts: Mapping[str, Any]) -> Tokens:
    return Tokens(
        count_of(counts, "inputTokens"),
        count_of(counts, "cacheReadTokens", "cacheReadInputTokens"),
        count_of(counts, "cacheCreationTokens", "cacheCreationInputTokens"),
        0,
        count_of(counts, "outputTokens"),
        0,
    )


def _period(kind: str, row: Mapping[str, Any], midnight: Midnight) -> tuple[str, int, int]:
    if kind == BLOCKS:
        start = row.get("startTime") or row.get("blockStart")
        end = row.get("actualEndTime") or row.get("endTime") or row.get("blockEnd")
        return str(start), instant_of(start), instant_of(end)
    if kind == SESSION:
        return _session(row, midnight)
    name = next(filter(None, (text_of(row, name) for name in _PERIODS)), "")
    first = _day(f"{name}-01" if kind == MONTHLY and len(name) == 7 else name)
    after = {DAILY: timedelta(1), WEEKLY: timedelta(7), MONTHLY: timedelta(32)}[kind]
    last = (first + after).replace(day=1) if kind == MONTHLY else first + after
    return name, midnight(first), midnight(last)


def _session(row: Mapping[str, Any], midnight: Midnight) -> tuple[str, int, int]:
    name = text_of(row, "sessionId") or text_of(row, "session") or text_of(row, "period")
    said = {**mapping_of(row.get("metadata")), **row}
    end = _moment(said.get("lastActivity"), midnight, is_end=True)
    start = _moment(said.get("firstActivity") or said.get("lastActivity"), midnight, is_end=False)
    if not name or start > end:
        raise Unreadable("the session has no name, or ends before it begins")
    return name, start, end


def _moment(text: object, midnight: Midnight, *, is_end: bool) -> int:
    if isinstance(text, str) and len(text) == 10:
        return midnight(_day(text) + timedelta(int(is_end)))
    return instant_of(text)


def _day(text: str) -> date:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day, whose zone the caller knows
    except ValueError as error:
        raise Unreadable("the period is no day, week or month") from error
    if day.year not in _YEARS:
        raise Unreadable("the time is out of range")
    return day


def sum_of(row: Row, identify: Identify) -> Sum:
    """The record of a row."""
    is_fast = row.model.startswith("claude") and row.model.endswith(_FAST)
    model = row.model.removesuffix(_FAST) if is_fast else row.model
    known = f"{row.agent}\x1f{row.kind}\x1f{row.period}"
    usage = UsageRecord(
        signal=REPORTS,
        dialect=NAME,
        scope=row.scope,
        kind=OTHER,
        operation="chat",
        trace_id=b"",
        span_id=b"",
        start_ns=row.start_ns,
        end_ns=row.end_ns,
        provider=identify(model),
        gateway="",
        request_model="",
        response_model=model,
        price_model=model,
        service=CLAUDE_SERVICE if row.agent == "claude" else row.agent,
        agent="",
        conversation_id=row.session,
        call_key="",
        tokens=row.tokens,
        usage_status=REPORTED,
        context=PriceContext(speed="fast" if is_fast else ""),
        cost_reported_nano_usd=row.cost_nano_usd,
        cost_source="estimate" if row.cost_nano_usd else "",
        flags=(AGGREGATE, TTL_UNKNOWN) if row.tokens.cache_write_5m else (AGGREGATE,),
        record_key=f"report:{NAME}:{known}\x1f{row.model}",
        source=session_source(row.session) if row.agent == "claude" and row.session else f"{NAME}\x1f{known}",
        outranked_by=BETTER,
    )
    return Sum(Item(usage, row.project), tellers_of(row.scope), row.is_open)
