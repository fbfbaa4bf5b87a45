"""The composition root: the only place that knows every concrete class."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, Flask

from exporter import __version__
from exporter.configuration import books_by_age, build_runtime, reload_settings
from exporter.dialects.registry import DIALECTS
from exporter.errors import Unavailable
from exporter.following import Follower
from exporter.intake.answer import LOG, METRIC, SIGNALS, SPAN
from exporter.intake.limits import InflightBudget, IntakeLimits
from exporter.intake.reasons import OF_BODIES, OF_LOGS, OF_POINTS, OF_SPANS
from exporter.jobs import Duties, make_jobs, watch_budgets
from exporter.ledger import schema
from exporter.ledger.booking import Booking
from exporter.ledger.engine import Database, translated_errors
from exporter.ledger.message_booking import MessageBooking
from exporter.ledger.slots import Slot
from exporter.message_intake import MessageIntake
from exporter.pipeline import Pipeline
from exporter.runtime import Runtime
from exporter.schedule import SECOND_NS, Scheduler
from exporter.settings.table import Settings
from exporter.telemetry.family import GENERATIONS_OF
from exporter.telemetry.gather import Gatherer
from exporter.telemetry.push import Push
from exporter.telemetry.scrape import Scrape
from exporter.telemetry.selfmetrics import SelfMetrics, shared_directory
from exporter.tokens import TokenFiles
from exporter.web.application import make_application
from exporter.web.budgets import Ledger, budgets_blueprint
from exporter.web.explain import explain_blueprint
from exporter.web.health import health_blueprint
from exporter.web.ledger_reads import ledger_blueprint
from exporter.web.messages import messages_blueprint
from exporter.web.metrics import make_metrics_blueprint
from exporter.web.openapi import openapi_blueprint
from exporter.web.operate import operate_blueprint
from exporter.web.otlp import IntakeSlots, otlp_blueprint
from exporter.web.prices import prices_blueprint
from exporter.web.runbook import runbook_blueprint

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Worker:
    """What one process serves, and the parts that end with it."""

    application: Flask
    database: Database
    scheduler: Scheduler
    slot: Slot

    def close(self) -> None:
        self.scheduler.stop()
        self.slot.release()
        self.database.close()


@dataclass(frozen=True, slots=True)
class Parts:
    """What several parts of a worker share."""

    settings: Settings
    database: Database
    follower: Follower
    selfmetrics: SelfMetrics
    gatherer: Gatherer
    inflight: InflightBudget
    clock_ns: Clock
    slot: int


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


def make_worker(settings: Settings, *, clock_ns: Clock = time.time_ns) -> Worker:
    """Put one worker together.  SchemaError when the database is not at this version's schema."""
    database = open_database(settings)
    with translated_errors():
        schema.require_current(database.engine)
    slot = Slot(database.engine)
    follower = Follower(database, partial(build_runtime, settings=settings))
    gatherer = make_gatherer(settings, database, follower, clock_ns)
    selfmetrics = SelfMetrics(directory=shared_directory())
    selfmetrics.expect(received=_expected_outcomes(), rejected=_expected_refusals())
    inflight = InflightBudget(settings.max_inflight_bytes)
    parts = Parts(settings, database, follower, selfmetrics, gatherer, inflight, clock_ns, slot.number)
    booking = make_booking(settings, database, follower.current, slot.number)
    pipeline = Pipeline(
        booking,
        follower.current,
        parts.selfmetrics,
        clock_ns=clock_ns,
        accept_age_ns=settings.accept_age_ns,
        charged_metrics=settings.charge_metrics_of,
    )
    jobs_booking = make_booking(settings, database, follower.current, slot.number)
    scheduler = _make_scheduler(parts, jobs_booking, pipeline)
    return Worker(_make_application(parts, pipeline), database, scheduler, slot)


def make_gatherer(settings: Settings, database: Database, follower: Follower, clock_ns: Clock) -> Gatherer:
    """What reads the metrics of the ledger."""
    return Gatherer(
        database,
        version=__version__,
        price_books=lambda: follower.current().price_books,
        generations=GENERATIONS_OF[settings.gen_ai_client],
        clock_ns=clock_ns,
    )


def _make_scheduler(parts: Parts, booking: Booking, pipeline: Pipeline) -> Scheduler:
    settings = parts.settings
    duties = Duties(
        database=parts.database,
        booking=booking,
        runtime=parts.follower.current,
        run_alone=pipeline.run_alone,
        push=make_push(parts).push if settings.push_endpoint else None,
    )
    return Scheduler(
        parts.database,
        follow=(
            parts.follower.refresh,
            partial(watch_budgets, duties, parts.clock_ns),
            lambda: parts.selfmetrics.inflight(parts.inflight.held),
        ),
        jobs=make_jobs(
            duties,
            settle_horizon_ns=settings.settle_horizon_ns,
            audit_interval_ns=settings.audit_interval_ns,
            push_interval_ns=settings.push_interval_ns,
        ),
        clock_ns=parts.clock_ns,
        # Waiting aggregates are charged within a quarter of their settle time, and within a second.
        tick_seconds=min(1.0, max(settings.settle_ns / SECOND_NS / 4, 0.05)),
    )


def make_push(parts: Parts) -> Push:
    """The OTLP push of the same metrics."""
    settings = parts.settings
    return Push(
        parts.gatherer,
        parts.selfmetrics,
        endpoint=settings.push_endpoint.rstrip("/") + "/v1/metrics",
        headers={header.name: header.secret.reveal() for header in settings.push_headers},
        clock_ns=parts.clock_ns,
    )


def _make_application(parts: Parts, pipeline: Pipeline) -> Flask:
    return make_application(
        _blueprints(parts, pipeline),
        parts.selfmetrics,
        grants=TokenFiles(parts.settings).current,
        trusted_proxies=parts.settings.trusted_proxies,
    )


def _expected_outcomes() -> Iterable[tuple[str, str, str]]:
    """Signal, dialect and outcome of all that can be received."""
    for dialect in DIALECTS:
        yield SPAN.name, dialect.name, "accepted"
    yield SPAN.name, "", "duplicate"
    for signal in SIGNALS:
        yield signal.name, "", "ignored"


def _expected_refusals() -> Iterable[tuple[str, str]]:
    """Signal and reason of all that can be refused for good."""
    for signal, reasons in ((SPAN, OF_SPANS), (LOG, OF_LOGS), (METRIC, OF_POINTS)):
        for reason in reasons:
            yield signal.name, reason
    for signal in SIGNALS:
        for reason in OF_BODIES:
            yield signal.name, reason


def _blueprints(parts: Parts, pipeline: Pipeline) -> list[Blueprint]:
    settings, database, follower, clock_ns = parts.settings, parts.database, parts.follower, parts.clock_ns
    limits = IntakeLimits(max_body_bytes=settings.max_body_bytes, max_inflight_bytes=settings.max_inflight_bytes)
    slots = IntakeSlots(settings.intake_slot_count)
    return [
        otlp_blueprint(pipeline, parts.selfmetrics, limits=limits, budget=parts.inflight, slots=slots),
        messages_blueprint(_make_message_intake(parts), budget=parts.inflight, slots=slots),
        make_metrics_blueprint(Scrape(parts.gatherer, parts.selfmetrics, exemplars=settings.exemplars)),
        health_blueprint(_probes(database, follower), version=__version__),
        ledger_blueprint(database.read, timezone=lambda: follower.current().timezone, clock_ns=clock_ns),
        budgets_blueprint(Ledger(database.read, database.write, follower.refresh, clock_ns)),
        prices_blueprint(lambda: follower.current().book, clock_ns=clock_ns),
        explain_blueprint(database.read, books_by_age),
        operate_blueprint(partial(_reload, parts)),
        openapi_blueprint(__version__),
        runbook_blueprint(),
    ]


def _make_message_intake(parts: Parts) -> MessageIntake:
    settings = parts.settings
    booking = MessageBooking(parts.database, series_limit=settings.series_limit, slot=parts.slot)
    return MessageIntake(booking, clock_ns=parts.clock_ns, accept_age_ns=settings.accept_age_ns)


def _reload(parts: Parts) -> int:
    version = reload_settings(parts.database, parts.settings.config or None, os.environ, parts.clock_ns)
    parts.follower.refresh()
    return version


def _probes(database: Database, follower: Follower) -> dict[str, Callable[[], None]]:
    def schema_is_current() -> None:
        with translated_errors():
            schema.require_current(database.engine)

    def prices_are_loaded() -> None:
        if not follower.current().book.version:
            raise Unavailable("no price book is loaded")

    return {"database": schema_is_current, "prices": prices_are_loaded}
