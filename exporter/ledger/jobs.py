"""Leases of scheduled jobs, and the facts that jobs found, kept where every replica can show them."""

from __future__ import annotations

from sqlalchemy import Connection, or_, select, update

from exporter.ledger.dimensions import insert_missing
from exporter.ledger.service_tables import job


def take_lease(connection: Connection, name: str, holder: str, now_ns: int, until_ns: int) -> bool:
    """Take or renew the lease of a job; False while somebody else holds it."""
    insert_missing(connection, job, [{"name": name}])
    free = or_(job.c.holder == holder, job.c.lease_until <= now_ns)
    taken = connection.execute(update(job).where(job.c.name == name, free).values(holder=holder, lease_until=until_ns))
    return taken.rowcount == 1


def is_held(connection: Connection, name: str, holder: str, now_ns: int) -> bool:
    """Whether somebody else holds the lease of a job now."""
    query = select(job.c.name).where(job.c.name == name, job.c.holder != holder, job.c.lease_until > now_ns)
    return connection.scalar(query) is not None


def last_runs(connection: Connection) -> dict[str, int]:
    """When each job ran last; of those that never did, nothing."""
    return {name: at for name, at in connection.execute(select(job.c.name, job.c.last_run_at)) if at is not None}


def last_value(connection: Connection, name: str) -> int | None:
    """What the last run of a job found; None before the first."""
    found = connection.scalar(select(job.c.value).where(job.c.name == name, job.c.last_run_at > 0))
    return None if found is None else int(found)


def record_run(
    connection: Connection, name: str, now_ns: int, *, success: bool, value: int = 0, detail: str = ""
) -> None:
    """Keep what a run of a job found."""
    insert_missing(connection, job, [{"name": name}])
    values: dict[str, object] = {"last_run_at": now_ns, "value": value, "detail": detail[:2000]}
    if success:
        values["last_success_at"] = now_ns
    connection.execute(update(job).where(job.c.name == name).values(values))
