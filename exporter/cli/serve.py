"""`agent-exporter serve`: receive, book, and answer."""

from __future__ import annotations

import logging
import logging.config
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import click

from exporter.cli.context import CommandContext
from exporter.errors import Unavailable
from exporter.logs import logging_configuration
from exporter.server import Server, make_metrics_folder, options_for, remove_folder

log = logging.getLogger(__name__)


@click.command()
@click.pass_obj
def command(context: CommandContext) -> None:
    """Serve OTLP, the API and /metrics until stopped; SIGHUP applies the configuration file again."""
    # The self-metrics find their shared folder when prometheus_client is imported, so this comes first.
    folder, master = make_metrics_folder(), os.getpid()
    try:
        _serve(context, folder)
    finally:
        # A forked worker ends through here too, and the others still need the folder.
        if os.getpid() == master:
            remove_folder(folder)


def _serve(context: CommandContext, folder: str) -> None:
    from exporter.app import make_worker, open_database
    from exporter.configuration import apply_settings, reload_settings
    from exporter.intake.allocator import give_back_large_blocks
    from exporter.ledger import schema
    from exporter.settings.load import require_tokens_beyond_loopback
    from exporter.telemetry.selfmetrics import SelfMetrics

    give_back_large_blocks()
    settings = context.settings
    lines = logging_configuration(settings.log_level, settings.log_format)
    logging.config.dictConfig(lines)
    require_tokens_beyond_loopback(settings)
    database = open_database(settings)
    if database.is_sqlite:
        schema.upgrade(database.engine)
    else:
        schema.require_current(database.engine)
    apply_settings(database, settings, time.time_ns())
    database.close()

    def make_app() -> Any:
        worker = _await_database(lambda: make_worker(settings))
        worker.scheduler.start()
        return worker.application

    def reload() -> None:
        # Runs in the master, which keeps no connection that a worker could inherit.
        fresh = open_database(settings)
        try:
            reload_settings(fresh, settings.config or None, os.environ, time.time_ns)
        except Exception as error:  # noqa: BLE001 - the service goes on with the configuration it has
            log.warning("reload refused: %s", error)
        finally:
            fresh.close()

    options = options_for(
        str(settings.listen), workers=settings.worker_count(os.cpu_count() or 1), threads=settings.threads
    )
    options["logconfig_dict"] = lines
    mourner = SelfMetrics(directory=folder)
    log.info("listening on http://%s, ledger %s", settings.listen, settings.database_url)
    Server(make_app, options, reload=reload, child_exit=mourner.forget_worker).run()


def _await_database(make: Callable[[], Any]) -> Any:
    """A worker that starts while the database is away waits for it: gunicorn ends the service when one cannot start."""
    told_to_end = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: told_to_end.set())
    try:
        while not told_to_end.is_set():
            try:
                return make()
            except Unavailable as error:
                log.warning("a worker waits to start: %s", error.message)
                told_to_end.wait(1)
        sys.exit(0)
    finally:
        signal.signal(signal.SIGTERM, before)
        if told_to_end.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
