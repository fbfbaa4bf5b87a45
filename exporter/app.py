"""The composition root: the only place that knows every concrete class."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flask import Flask

from exporter import __version__
from exporter.configuration import build_runtime, reload_settings
from exporter.errors import Unavailable
from exporter.following import Follower
from exporter.intake.limits import InflightBudget, IntakeLimits
from exporter.ledger import late, schema
from exporter.ledger.audit import audit
from exporter.ledger.booking import Booking
from exporter.ledger.engine import Database, translated_errors
from exporter.ledger.evaluation import evaluate_budgets, remember_windows
from exporter.ledger.retention import prune_skeletons
from exporter.ledger.slots import Slot
from exporter.pipeline import Pipeline
from exporter.runtime import Runtime
from exporter.schedule import SECOND_NS, Job, Outcome, Scheduler
from exporter.settings.table import Settings
from exporter.telemetry.gather import Gatherer
from exporter.telemetry.scrape import Scrape
from exporter.telemetry.selfmetrics import SelfMetrics, shared_directory
from exporter.web.application import make_application
from exporter.web.auth import Grant
from exporter.web.health import health_blueprint
from exporter.web.ledger_reads import ledger_blueprint
from exporter.web.metrics import make_metrics_blueprint
from exporter.web.otlp import otlp_blueprint

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """What one process serves: the application, and the parts that end with it."""

    application: Flask
    database: Database
    pipeline: Pipeline
    follower: Follower
    scheduler: Scheduler
    booking: Booking
    slot: Slot

    def close(self) -> None:
        self.scheduler.stop()
        self.slot.release()
        self.database.close()


def open_database(settings: Settings) -> Database:
    """The ledger that the settings name."""
    return Database(settings.database_url.reveal(), lock_seconds=settings.lock_timeout_ns / SECOND_NS)


def make_booking(settings: Settings, database: Database, runtime: Callable[[], Runtime], slot: int = 0) -> Booking:
    """A writer of the ledger."""
    return Booking(
        database,
        lambda: runtime().budgets,
        settle_ns=settings.settle_ns,
        series_limit=settings.series_limit,
        slot=slot,
    )


def make_worker(settings: Settings, *, clock_ns: Callable[[], int] = time.time_ns) -> Worker:
    """Put one worker together.  SchemaError when the database is not at this version's schema."""
    database = open_database(settings)
    schema.require_current(database.engine)
    follower = Follower(database, partial(build_runtime, settings=settings))
    slot = Slot(database.engine)
    booking = make_booking(settings, database, follower.current, slot.number)
    selfmetrics = SelfMetrics(directory=shared_directory())
    pipeline = Pipeline(booking, follower.current, selfmetrics, clock_ns=clock_ns, accept_age_ns=settings.accept_age_ns)
    scheduler = make_scheduler(settings, database, booking, pipeline, follower, clock_ns)
    application = _assemble(settings, database, pipeline, follower, selfmetrics, clock_ns)
    return Worker(application, database, pipeline, follower, scheduler, booking, slot)


def make_scheduler(
    settings: Settings,
    database: Database,
    booking: Booking,
    pipeline: Pipeline,
    follower: Follower,
    clock_ns: Callable[[], int],
) -> Scheduler:
    """The jobs of a worker."""

    def settle(now_ns: int) -> Outcome | None:
        charged: list[int] = []
        pipeline.run_alone(lambda: charged.append(late.charge_due(booking, now_ns)))
        return Outcome(value=charged[0]) if charged[0] else None

    def evaluate(now_ns: int) -> None:
        evaluate_budgets(database, follower.current().budgets, now_ns)

    def prune(now_ns: int) -> Outcome:
        return Outcome(value=prune_skeletons(database, now_ns - settings.settle_horizon_ns))

    jobs = [Job("settle", 0, settle), Job("evaluate", 0, evaluate), Job("prune", 60 * SECOND_NS, prune)]
    if settings.audit_interval_ns is not None:
        jobs.append(Job("audit", settings.audit_interval_ns, partial(_audit, database)))
    return Scheduler(
        database,
        follow=(
            follower.refresh,
            lambda: remember_windows(database, follower.current().budgets, clock_ns()),
        ),
        jobs=jobs,
        clock_ns=clock_ns,
        tick_seconds=min(1.0, max(settings.settle_ns / SECOND_NS / 4, 0.05)),
    )


def _audit(database: Database, _now_ns: int) -> Outcome:
    with database.read() as connection:
        result = audit(connection)
    if not result.ok:
        log.error("the audit found differences: %s", "; ".join(map(str, result.findings[:5])))
    return Outcome(success=result.ok, value=len(result.findings), detail="; ".join(map(str, result.findings[:5])))


def _assemble(
    settings: Settings,
    database: Database,
    pipeline: Pipeline,
    follower: Follower,
    selfmetrics: SelfMetrics,
    clock_ns: Callable[[], int],
) -> Flask:
    limits = IntakeLimits(max_body_bytes=settings.max_body_bytes, max_inflight_bytes=settings.max_inflight_bytes)
    inflight = InflightBudget(limits.max_inflight_bytes)
    gatherer = Gatherer(
        database,
        version=__version__,
        price_books=lambda: [(follower.current().book.version, "shipped")],
        clock_ns=clock_ns,
    )
    grants = [Grant(token.name, token.roles, token.secret.reveal()) for token in settings.tokens]
    return make_application(
        [
            otlp_blueprint(pipeline, selfmetrics, limits=limits, budget=inflight, slots=settings.intake_slot_count),
            ledger_blueprint(database.read, timezone=lambda: follower.current().timezone, clock_ns=clock_ns),
            make_metrics_blueprint(Scrape(gatherer, selfmetrics)),
            health_blueprint(_probes(database, follower), version=__version__),
        ],
        selfmetrics,
        grants=lambda: grants,
        trusted_proxies=settings.trusted_proxies,
    )


def _probes(database: Database, follower: Follower) -> dict[str, Callable[[], None]]:
    def schema_is_current() -> None:
        with translated_errors():
            schema.require_current(database.engine)

    def prices_are_loaded() -> None:
        if not follower.current().book.version:
            raise Unavailable("no price book is loaded")

    return {"database": schema_is_current, "prices": prices_are_loaded}
