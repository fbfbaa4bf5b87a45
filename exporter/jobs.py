"""The scheduled jobs of a worker, and what each finds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from exporter.ledger import late, outranking
from exporter.ledger.aggregate_gap import find_aggregate_gaps, keep_aggregate_gaps
from exporter.ledger.audit import audit
from exporter.ledger.booking import Booking
from exporter.ledger.completeness import find_gaps
from exporter.ledger.engine import Database
from exporter.ledger.evaluation import evaluate_budgets, watch_windows
from exporter.ledger.gauges import replace_gauges
from exporter.ledger.jobs import last_value
from exporter.ledger.numbering import find_numbering_gaps, forget_sessions
from exporter.ledger.retention import prune_skeletons
from exporter.ledger.revising import BATCH
from exporter.ledger.work_spans import forget_work
from exporter.runtime import Runtime
from exporter.schedule import SECOND_NS, Job, Outcome

log = logging.getLogger(__name__)
PRUNE_EVERY_NS = 60 * SECOND_NS
PRICE_LATE_EVERY_NS = 5 * SECOND_NS
COMPLETENESS_EVERY_NS = 30 * SECOND_NS
SETTLE_BATCHES = 20
"""In one round; what is left waits a second, so that nothing else waits for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """What the jobs work on."""

    database: Database
    booking: Booking
    """A writer of the jobs' own: the one that requests use is for one thread at a time."""
    runtime: Callable[[], Runtime]
    run_alone: Callable[[Callable[[], None]], None]
    """Runs something while no request is worked on."""
    push: Callable[[], bool] | None


def make_jobs(
    duties: Duties, *, settle_horizon_ns: int, audit_interval_ns: int | None, push_interval_ns: int
) -> list[Job]:
    """All jobs, in the order in which a round runs them."""
    jobs = [
        Job("settle", 0, partial(_settle, duties)),
        Job("evaluate", 0, partial(_evaluate, duties)),
        Job("price_late", PRICE_LATE_EVERY_NS, partial(_price_late, duties)),
        Job("completeness", COMPLETENESS_EVERY_NS, partial(_find_gaps, duties)),
        Job("aggregate_gap", COMPLETENESS_EVERY_NS, partial(_find_aggregate_gaps, duties)),
        Job("prune", PRUNE_EVERY_NS, lambda now_ns: _prune(duties, now_ns - settle_horizon_ns)),
    ]
    if duties.push is not None:
        jobs.append(Job("push", push_interval_ns, partial(_push, duties.push)))
    if audit_interval_ns is not None:
        jobs.append(Job("audit", audit_interval_ns, partial(_audit, duties)))
    return jobs


def watch_budgets(duties: Duties, clock_ns: Callable[[], int]) -> None:
    """Keep what is committed about the current budget windows in this worker's memory."""
    watch_windows(duties.database, duties.runtime().budgets, clock_ns())


def _settle(duties: Duties, now_ns: int) -> Outcome | None:
    # What a better signal speaks for must not become due first.
    duties.run_alone(partial(outranking.settle_sources, duties.booking, now_ns))
    charged: list[int] = []
    for _ in range(SETTLE_BATCHES):
        duties.run_alone(lambda: charged.append(late.charge_due(duties.booking, now_ns)))
        if charged[-1] < BATCH:
            break
    return Outcome(value=sum(charged)) if charged[0] else None


def _evaluate(duties: Duties, now_ns: int) -> None:
    evaluate_budgets(duties.database, duties.runtime().budgets, now_ns)


def _price_late(duties: Duties, now_ns: int) -> Outcome | None:
    """After a change of configuration or prices: what had no price until then may have one now.

    It runs twice for each change, the second time for what slower workers booked by the prices before.
    """
    runtime = duties.runtime()
    first = 2 * (runtime.version * 1_000_000 + runtime.book_version)
    with duties.database.read() as connection:
        last = last_value(connection, "price_late")
    if last == first + 1:
        return None
    priced = late.price_late(duties.booking, runtime.book, now_ns)
    return Outcome(value=first + 1 if last == first else first, detail=f"{priced} rows")


def _prune(duties: Duties, before_ns: int) -> Outcome:
    return Outcome(value=prune_skeletons(duties.database, before_ns))


def _find_gaps(duties: Duties, now_ns: int) -> Outcome:
    with duties.database.read() as connection:
        found = find_gaps(connection, now_ns) | find_numbering_gaps(connection, now_ns)
    with duties.database.write() as connection:
        replace_gauges(connection, found)
        forget_sessions(connection, now_ns)
        forget_work(connection, now_ns)
    return Outcome(value=sum(map(len, found.values())))


def _find_aggregate_gaps(duties: Duties, now_ns: int) -> Outcome:
    with duties.database.read() as connection:
        last, found = find_aggregate_gaps(connection, last_value(connection, "aggregate_gap"), now_ns)
    with duties.database.write() as connection:
        keep_aggregate_gaps(connection, found, now_ns)
    return Outcome(value=last)


def _push(push: Callable[[], bool], _now_ns: int) -> Outcome:
    return Outcome(success=push())


def _audit(duties: Duties, _now_ns: int) -> Outcome:
    with duties.database.read() as connection:
        result = audit(connection)
    detail = "; ".join(str(finding) for finding in result.findings[:5])
    if not result.ok:
        log.error("the audit found %d differences: %s", len(result.findings), detail)
    return Outcome(success=result.ok, value=len(result.findings), detail=detail)
