"""The configuration in force: applied from a file into the database, and built from there by every worker."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sqlalchemy import Connection

from exporter.dialects.registry import WANTED, WANTED_OF_LOGS, WANTED_OF_METRICS
from exporter.errors import ConfigError, ExporterError
from exporter.following import Stamp
from exporter.ledger import budget_store, price_store
from exporter.ledger.budget_booking import BudgetBooks
from exporter.ledger.config_store import apply_config, earlier_configs, latest_versions, read_config
from exporter.ledger.engine import Database
from exporter.ledger.jobs import record_run
from exporter.pricing.book import PriceBook
from exporter.pricing.shipped import load_shipped_book
from exporter.runtime import ContextRule, FlatPlan, Runtime
from exporter.settings.load import load_settings
from exporter.settings.policy import EMPTY_POLICY, Policy
from exporter.settings.sections import policy_from_document
from exporter.settings.table import Settings
from exporter.usage import PriceContext
from exporter.work import ValueRule, WorkReader

log = logging.getLogger(__name__)
RELOAD_JOB: Final = "config_reload"
FROM_DEFAULTS: Final = "defaults"
_REMEMBERED_CONFIGS: Final = 20


def apply_settings(database: Database, settings: Settings, now_ns: int) -> int:
    """Make the policy of a configuration the one in force; its version.

    A process that was started without a file takes what the database has, so that a replica without
    one does not undo the configuration of the others.
    """
    with database.write() as connection:
        present, _ = latest_versions(connection)
        if present and not settings.config:
            return present
        version = apply_config(connection, settings.policy.to_document(), settings.config or FROM_DEFAULTS, now_ns)
        budget_store.sync_file_budgets(connection, settings.policy.budgets, now_ns)
        record_run(connection, RELOAD_JOB, now_ns, success=True, value=version, detail=settings.config)
    log.info("configuration %d is in force, from %s", version, settings.config or "the defaults")
    return version


def reload_settings(
    database: Database, path: str | None, environ: Mapping[str, str], clock_ns: Callable[[], int]
) -> int:
    """Read the file again and apply it; the version.  A bad file changes nothing but the metric that says so."""
    try:
        return apply_settings(database, load_settings(path, environ), clock_ns())
    except ExporterError as error:
        log.error("the configuration was not reloaded, the one before stays in force: %s", error.message)  # noqa: TRY400
        with database.write() as connection:
            record_run(connection, RELOAD_JOB, clock_ns(), success=False, detail=error.message)
        raise


def policy_in_force(connection: Connection, version: int) -> Policy:
    """The policy of a configuration version; the empty one when none was applied yet."""
    stored = read_config(connection, version)
    return EMPTY_POLICY if stored is None else policy_from_document(stored.document)


def build_runtime(connection: Connection, stamp: Stamp, settings: Settings) -> Runtime:
    """Everything that a booking needs, from what the database holds at `stamp`."""
    policy = policy_in_force(connection, stamp.config)
    of_context = PriceContext._fields
    work = WorkReader(
        {field: names for field, names in policy.attributes.items() if field not in of_context},
        [ValueRule(rule.when, rule.set) for rule in policy.rules],
        policy.agent_tiers,
        policy.model_tiers,
    )
    context_rules = tuple(ContextRule(rule.when, PriceContext(**rule.set)) for rule in policy.price_context)
    context_names = {field: names for field, names in policy.attributes.items() if field in of_context}
    flat_plans = tuple(FlatPlan(plan.when, plan.dialect) for plan in policy.list_equivalent)
    conditions = {key for rule in context_rules for key in rule.when}
    conditions |= {key for plan in flat_plans for key in plan.when}
    conditions |= {name for names in context_names.values() for name in names}
    always = work.wanted | conditions
    book = build_book(connection, policy)
    return Runtime(
        version=stamp.config,
        book_version=stamp.book,
        book=book,
        work=work,
        wanted=WANTED | always,
        wanted_of_logs=WANTED_OF_LOGS | always,
        wanted_of_points=WANTED_OF_METRICS | always,
        budgets=BudgetBooks(budget_store.budgets_in_force(connection)),
        context_rules=context_rules,
        flat_plans=flat_plans,
        context_names=context_names,
        timezone=settings.timezone,
        price_books=_price_books(stamp, policy, book),
    )


def _price_books(stamp: Stamp, policy: Policy, book: PriceBook) -> list[tuple[str, str]]:
    books = [(book.version, "shipped")]
    if policy.prices:
        books.append((str(stamp.config), "configuration"))
    if stamp.book:
        books.append((str(stamp.book), "command"))
    return books


def build_book(connection: Connection, policy: Policy) -> PriceBook:
    """The shipped prices under the rows of the configuration and those set by command."""
    beside = price_store.rows_in_force(connection, beside=policy.prices)
    return load_shipped_book().with_rows([*policy.prices, *beside])


def books_by_age(connection: Connection) -> Iterator[PriceBook]:
    """The book in force, then those that earlier configurations and price commands made, newest first."""
    shipped = load_shipped_book()
    active = price_store.active_book(connection)
    books = [active, *(one.book for one in reversed(price_store.read_books(connection))), price_store.NONE]
    for policy in _policies_by_age(connection):
        for book in dict.fromkeys(books):
            beside = price_store.rows_in_force(connection, beside=policy.prices, book=book)
            yield shipped.with_rows([*policy.prices, *beside])


def _policies_by_age(connection: Connection) -> Iterator[Policy]:
    """Those that differ in their prices; what this version cannot use is left out."""
    seen = []
    for stored in earlier_configs(connection, limit=_REMEMBERED_CONFIGS):
        try:
            policy = policy_from_document(stored.document)
        except ConfigError:
            continue
        if policy.prices not in seen:
            seen.append(policy.prices)
            yield policy
    if () not in seen:
        yield EMPTY_POLICY
