"""Facts of the ledger as metric samples: the dearest tasks, what waits, and what scheduled jobs found."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Final

from sqlalchemy import Connection, func, select

from exporter.ledger.service_tables import job
from exporter.ledger.tables import task, task_rollup, usage
from exporter.views.points import Points
from exporter.views.samples import sums_of

AUDIT_JOB: Final = "audit"
RELOAD_JOB: Final = "config_reload"
"""Jobs whose last run has families of its own (ledger.jobs.record_run)."""

TASKS_SHOWN: Final = 50
_SLOW_SECONDS: Final = 0.02
_REST: Final = 100
"""A slow reading is repeated after a hundred times as long, so it never takes more than 1 % of a worker."""
_ACTIVE_QUARTERS: Final = 24 * 4
_QUARTER_NS: Final = 900 * 10**9


class TaskCosts:
    """The dearest tasks.  With a hundred thousand active ones this takes half a second, so it then rests."""

    def __init__(self, timer: Callable[[], float] = perf_counter) -> None:
        self._timer = timer
        self._points = Points([], [])
        self._rests_until = 0.0

    def read(self, connection: Connection, now_ns: int) -> dict[str, Points]:
        """All that each task cost so far, for the dearest of those active in the last 24 hours."""
        began = self._timer()
        if began >= self._rests_until:
            self._points = _read_task_costs(connection, now_ns)
            ended = self._timer()
            took = ended - began
            self._rests_until = ended + (took * _REST if took >= _SLOW_SECONDS else 0.0)
        return {"task_cost": self._points}


def _read_task_costs(connection: Connection, now_ns: int) -> Points:
    since = now_ns // _QUARTER_NS - _ACTIVE_QUARTERS
    active = select(task_rollup.c.task).where(task_rollup.c.quarter >= since)
    (cost,) = sums_of(task_rollup, ("cost_nano_usd",))
    dearest = (
        select(task_rollup.c.task, cost.label("cost"))
        .where(task_rollup.c.task.in_(active))
        .group_by(task_rollup.c.task)
        .order_by(cost.desc(), task_rollup.c.task)
        .limit(TASKS_SHOWN)
        .subquery()
    )
    query = select(task.c.project, task.c.name, dearest.c.cost).join(dearest, dearest.c.task == task.c.id)
    rows = sorted(((project, name), value) for project, name, value in connection.execute(query))
    return Points([labels for labels, _ in rows], [value for _, value in rows])


def read_facts(connection: Connection) -> dict[str, Points]:
    """Points of the facts that the database holds; a job that never ran has none."""
    waiting = connection.scalar(select(func.count()).select_from(usage).where(usage.c.due_at.is_not(None)))
    points = {"pending_records": _one(waiting or 0)}
    columns = (job.c.name, job.c.last_run_at, job.c.last_success_at)
    succeeded: list[tuple[tuple[str, ...], int]] = []
    for name, ran_at, succeeded_at in connection.execute(select(*columns).order_by(job.c.name)):
        if succeeded_at:
            succeeded.append(((name,), succeeded_at))
        if name == AUDIT_JOB and ran_at:
            points |= {"audit_success": _one(int(succeeded_at == ran_at)), "audit_timestamp": _one(ran_at)}
        if name == RELOAD_JOB and ran_at:
            points["config_reload_success"] = _one(int(succeeded_at == ran_at))
            points["config_reload_timestamp"] = _one(succeeded_at)
    points["job_last_success"] = Points([labels for labels, _ in succeeded], [at for _, at in succeeded])
    return points


def _one(value: int) -> Points:
    return Points([()], [value])
