"""What the reports of one call know between them (rule R2): the charged one gets what it leaves empty from the others.

A client knows agent and task, a gateway what it charged, the provider's SDK the exact tokens.  The
row keeps the texts that were there before, so that another report may be charged later as if nothing
had been filled in; the outcome depends on the set of reports alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, select, tuple_

from exporter.ledger.changes import unpack_components
from exporter.ledger.entry import Priced
from exporter.ledger.sums import NO_COMPONENTS
from exporter.ledger.tables import DIMENSION_TEXTS, TOKEN_COLUMNS, dimension, task, trace, usage
from exporter.ledger.traces import Change, Known, Settled, Settlement
from exporter.settle.same_call import Report
from exporter.usage import BILLING, LIST_EQUIVALENT, NOT_BILLABLE, Tokens

_AT: Final = {name: position for position, name in enumerate(DIMENSION_TEXTS)}
_IDENTITY: Final = (
    "agent", "project", "team", "environment", "role", "tier", "task_type", "phase", "complexity", "importance",
    "impact", "experiment", "variant",
)  # fmt: skip
_TRUSTED: Final = frozenset({"provider", "gateway"})
_BATCH: Final = 200

Names = Callable[[Connection, Collection[int]], Mapping[int, str]]
"""Finds names of agents by what skeletons refer to."""


def fill_in(own: Priced, others: Sequence[Priced], agents: Iterable[str] = ()) -> Priced:
    """A report with what it leaves empty, taken from the first other one that says it.

    Who: agent, project, team and the like, task and conversation; where nobody names the agent, it is the first of
    `agents`, those above the reports.  How much: what a provider or gateway says that it
    charged; that is the cost when there is no list price.
    """
    texts, before = list(own.dimension), {}
    for name in _IDENTITY if others else ():
        text = "" if _said(own, name) else next(filter(None, (_said(other, name) for other in others)), "")
        if text:
            before[name] = texts[_AT[name]]
            texts[_AT[name]] = text
    above = "" if "agent" in before or _said(own, "agent") else next(filter(None, agents), "")
    if above:
        before["agent"] = texts[_AT["agent"]]
        texts[_AT["agent"]] = above
    values: dict[str, Any] = {"project": texts[_AT["project"]]}
    for name in ("task", "conversation_id") if others else ():
        found = None if getattr(own, name) else next(filter(None, (getattr(other, name) for other in others)), None)
        if found:
            before[name] = getattr(own, name)
            values[name] = found
    values |= _stated_cost(own, others, texts, before)
    if not before:
        return own
    return replace(own, dimension=tuple(texts), filled=orjson.dumps(before).decode(), **values)


def _said(report: Priced, name: str) -> str:
    text = report.dimension[_AT[name]]
    return "" if name == "agent" and text == report.dimension[_AT["service"]] else text


def _stated_cost(own: Priced, others: Sequence[Priced], texts: list[str], before: dict[str, Any]) -> dict[str, Any]:
    source_of_own = texts[_AT["cost_source"]]
    if source_of_own == LIST_EQUIVALENT or (own.cost_reported_nano_usd and source_of_own in _TRUSTED):
        return {}
    for other in others:
        source, amount = other.dimension[_AT["cost_source"]], other.cost_reported_nano_usd
        if amount and source in _TRUSTED:
            break
    else:
        return {}
    changed = {"cost_source": source}
    values: dict[str, Any] = {"cost_reported_nano_usd": amount}
    if own.cost_nano_usd is None:
        changed |= {"cost_status": "reported", "cost_reasons": "", "price_version": f"reported:{source}"}
        values |= {"cost_nano_usd": amount, "components": (*NO_COMPONENTS[:-1], amount)}
        before["cost_nano_usd"] = None
    before["cost_reported_nano_usd"] = own.cost_reported_nano_usd
    for name, text in changed.items():
        before[name] = texts[_AT[name]]
        texts[_AT[name]] = text
    return values


def without_filling(filled: Priced) -> Priced:
    """A report as it was before anything was filled in."""
    if filled.filled is None:
        return filled
    before = orjson.loads(filled.filled)
    texts = tuple(before.get(name, text) for name, text in zip(DIMENSION_TEXTS, filled.dimension, strict=True))
    values = {name: before[name] for name in _COLUMNS if name in before}
    if "cost_nano_usd" in values:
        values["components"] = NO_COMPONENTS
    return replace(filled, dimension=texts, project=texts[_AT["project"]], filled=None, **values)


_COLUMNS: Final = ("task", "conversation_id", "cost_nano_usd", "cost_reported_nano_usd")


class Calls(NamedTuple):
    """The calls to be looked at in a booking: the charged report, if any, and all reports."""

    charged: Report | None
    reports: tuple[Report, ...]


def merge_reports(
    connection: Connection, settlement: Settlement, known: Mapping[bytes, Known], names: Names
) -> list[Priced]:
    """Fill in what the reports lack, in the outcomes of a booking; the records that came of it."""
    wanted = [*_to_be_merged(settlement), *_below_agents(settlement)]
    if not wanted:
        return []
    reports = [report for one in wanted for report in one.reports]
    touched = {trace_id for trace_id, _ in reports}
    outcomes = {outcome.trace_id: outcome for outcome in settlement.outcomes if outcome.trace_id in touched}
    came = _came(outcomes.values())
    stored = _stored(connection, known, [report for report in reports if came.get(report) is None])
    now = {report: found for report in reports if (found := came.get(report) or stored.get(report))}
    refs = {report: outcomes[report[0]].agents.above(report[1]) for report in reports}
    agents = names(connection, set(refs.values()))
    above = {report: agents.get(ref, "") for report, ref in refs.items()}
    made: list[Priced] = []
    at = {key: _positions(outcome) for key, outcome in outcomes.items()}
    for report, target in _filled(wanted, now, above):
        # Of a report whose shape is forgotten, what was decided and filled in stands.
        if target != now[report] and outcomes[report[0]].agents.knows(report[1]):
            _place(outcomes[report[0]], at[report[0]], report[1], target)
            made.append(target)
    return made


def _filled(
    wanted: Iterable[Calls], now: Mapping[Report, Priced], above: Mapping[Report, str]
) -> Iterator[tuple[Report, Priced]]:
    for charged, reports in wanted:
        plain = {report: without_filling(now[report]) for report in reports if report in now}
        for report, own in plain.items():
            # In order, so that the outcome is the same whoever came first.
            others = [other for other in plain if other != report] if report == charged else []
            said = [plain[other] for other in others if not plain[other].never_billable]
            yield report, fill_in(own, said, [above[one] for one in (report, *others)])


def _below_agents(settlement: Settlement) -> Iterator[Calls]:
    """Calls with one report that came or changed, and may be the work of an agent above."""
    joined = {report for component in settlement.calls.components for report in component.reports}
    for outcome in settlement.outcomes:
        agents = outcome.agents
        lacking = [one.span_id for one in outcome.fresh if not _said(one.priced, "agent") and agents.above(one.span_id)]
        for span_id in (*lacking, *(change.span_id for change in outcome.changes)):
            report = (outcome.trace_id, span_id)
            if report not in joined:
                yield Calls(report, (report,))


def _came(outcomes: Iterable[Settled]) -> dict[Report, Priced | None]:
    """Reports that came or change, with what they say now where that is another thing than before."""
    came: dict[Report, Priced | None] = {}
    for outcome in outcomes:
        came |= {(outcome.trace_id, fresh.span_id): fresh.priced for fresh in outcome.fresh}
        came |= {(outcome.trace_id, change.span_id): change.copy for change in outcome.changes}
    return came


def _to_be_merged(settlement: Settlement) -> Iterator[Calls]:
    """Calls with several reports of which something changed, and reports that were one of several before."""
    before, after = settlement.calls_before.components, settlement.calls.components
    if not before and not after:
        return
    stood, fresh = set(before), _came(settlement.outcomes).keys()
    joined = {report for component in after for report in component.reports}
    for component in after:
        if component not in stood or not fresh.isdisjoint(component.reports):
            yield Calls(component.charged, component.reports)
    for component in before:
        for report in component.reports:
            if report not in joined:
                yield Calls(None, (report,))


def _positions(outcome: Settled) -> dict[bytes, int]:
    """Where the row of a span stands: in `fresh`, or, counted from the end of it, in `changes`."""
    spans = [*(fresh.span_id for fresh in outcome.fresh), *(change.span_id for change in outcome.changes)]
    return {span_id: position for position, span_id in enumerate(spans)}


def _place(outcome: Settled, at: dict[bytes, int], span_id: bytes, target: Priced) -> None:
    fresh, position = len(outcome.fresh), at.get(span_id)
    if position is not None and position < fresh:
        outcome.fresh[position] = outcome.fresh[position]._replace(priced=target)
        return
    if position is not None:
        outcome.changes[position - fresh] = outcome.changes[position - fresh]._replace(copy=target)
        return
    outcome.changes.append(Change(span_id, None, target))


def _stored(connection: Connection, known: Mapping[bytes, Known], reports: list[Report]) -> dict[Report, Priced]:
    keys = [(known[trace_id].number, span_id) for trace_id, span_id in dict.fromkeys(reports) if trace_id in known]
    found: dict[Report, Priced] = {}
    for start in range(0, len(keys), _BATCH):
        query = (
            select(
                usage,
                trace.c.trace_id,
                task.c.name.label("task_name"),
                *(dimension.c[name].label(f"d_{name}") for name in DIMENSION_TEXTS),
            )
            .join(trace, trace.c.id == usage.c.trace)
            .join(dimension, dimension.c.id == usage.c.dimension)
            .outerjoin(task, task.c.id == usage.c.task)
            .where(tuple_(usage.c.trace, usage.c.span_id).in_(keys[start : start + _BATCH]))
        )
        for row in connection.execute(query).mappings():
            found[(bytes(row["trace_id"]), bytes(row["span_id"]))] = priced_of(row)
    return found


def priced_of(row: Mapping[Any, Any]) -> Priced:
    """A booked row as a report, with what others filled in; the columns are those of ledger.records."""
    is_never_billed = BILLING[row["billing"]] == NOT_BILLABLE
    return Priced(
        tuple(row[f"d_{name}"] for name in DIMENSION_TEXTS),
        row["d_project"],
        row["task_name"] or "",
        row["started_at"],
        row["ended_at"],
        Tokens(*(row[name] for name in TOKEN_COLUMNS)),
        row["cost_nano_usd"],
        unpack_components(row["components"], row["cost_nano_usd"]),
        row["cost_reported_nano_usd"],
        row["billing_reason"] if is_never_billed else "",
        row["call_key"],
        row["conversation_id"],
        row["units"],
        row["flags"],
        row["call_ref"],
        row["filled"],
        is_stored=True,
    )
