"""`agent-exporter demo`: a simulated fleet of agents that pushes real OTLP."""

from __future__ import annotations

import json
import logging
import math
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from exporter.demo.delivery import Delivery
from exporter.demo.fleet import History, live, push_history
from exporter.demo.roster import recruit
from exporter.demo.tasks import Crew

_DEFAULT_ENDPOINT: Final = "http://127.0.0.1:4318"
_DAY_NS: Final = 86_400 * 10**9
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def parse_duration(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Seconds from `90`, `90s`, `5m`, `2h` or `1d`."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", value.strip())
    if not found:
        raise click.BadParameter(
            f"{value!r} is no duration; expected a number with s, m, h or d, as 90s or 5m", ctx=ctx, param=param
        )
    return float(found[1]) * _UNITS[found[2] or "s"]


def parse_instant(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Unix nanoseconds from an RFC 3339 time with a zone."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise click.BadParameter(
            f"{value!r} is no time; expected RFC 3339 with a zone, as 2026-11-01T00:00:00Z", ctx=ctx, param=param
        )
    return (int(moment.timestamp()) * 1_000_000 + moment.microsecond) * 1_000


@click.command("demo")
@click.option(
    "--endpoint",
    default=None,
    help="OTLP/HTTP base URL.  [default: OTEL_EXPORTER_OTLP_ENDPOINT, else http://127.0.0.1:4318]",
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File that holds the bearer token.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same fleet and the same history.")
@click.option("--agents", default=12, show_default=True, type=click.IntRange(1, 1_000), help="Size of the fleet.")
@click.option("--days", type=click.FloatRange(min=0, min_open=True), help="Push this many days of history.")
@click.option("--until", callback=parse_instant, help="Where the history ends.  [default: now]")
@click.option(
    "--tasks-per-day",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Density of the history.",
)
@click.option(
    "--live",
    "go_on",
    is_flag=True,
    help="After the history, go on in the present.  Without --days this is the default.",
)
@click.option(
    "--rate",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Model calls a second in the present.",
)
@click.option(
    "--for",
    "duration",
    callback=parse_duration,
    help="How long to live in the present, as 30s or 5m.  [default: until Ctrl-C]",
)
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def demo(
    *,
    endpoint: str | None,
    token_file: Path | None,
    seed: int,
    agents: int,
    days: float | None,
    until: int | None,
    tasks_per_day: float,
    go_on: bool,
    rate: float,
    duration: float | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Simulate a fleet of agents that pushes real OTLP, and say exactly what it pushed.

    Compare the summary with the ledger: `agent-exporter cost`, `agent-exporter audit`.
    """
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    crew = Crew(seed, recruit(agents))
    target = endpoint or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or _DEFAULT_ENDPOINT
    delivery = Delivery(target, token=token_file.read_text().strip() if token_file else None)
    screen = Console(stderr=True, quiet=quiet or as_json)
    if days is not None:
        end_ns = time.time_ns() if until is None else until
        _show_history(screen, crew, History(end_ns - int(days * _DAY_NS), end_ns, tasks_per_day), delivery)
    if not delivery.trouble and (days is None or go_on):
        screen.print(f"The fleet pushes {rate:g} model calls a second to {target}; Ctrl-C ends it.")
        with _until(duration) as ended:
            live(crew, delivery, calls_per_second=rate, until=ended, now_ns=time.time_ns)
    delivery.shutdown()
    _report(delivery, seed=seed, quiet=quiet, as_json=as_json)


def _show_history(screen: Console, crew: Crew, history: History, delivery: Delivery) -> None:
    columns = (
        TextColumn("History"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[day]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen) as progress:
        bar = progress.add_task("history", total=history.end_ns - history.start_ns, day="")

        def reached(at_ns: int) -> None:
            day = datetime.fromtimestamp(at_ns // 10**9, UTC).date().isoformat()
            progress.update(bar, completed=at_ns - history.start_ns, day=day)

        push_history(crew, history, delivery, reached=reached)


@contextmanager
def _until(duration: float | None) -> Iterator[Callable[[], bool]]:
    """True once the time is up, or the user or the system has asked to end."""
    ended = Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    deadline = math.inf if duration is None else time.monotonic() + duration
    try:
        yield lambda: ended.is_set() or time.monotonic() >= deadline
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _report(delivery: Delivery, *, seed: int, quiet: bool, as_json: bool) -> None:
    summary = {"seed": seed, **delivery.delivered.as_document(), "lost_spans": delivery.lost_spans}
    if as_json:
        click.echo(json.dumps(summary))
    elif not quiet:
        Console().print(_table(delivery))
    if delivery.trouble:
        raise click.ClickException(f"{delivery.trouble}; {delivery.lost_spans} spans were not delivered")


def _table(delivery: Delivery) -> Table:
    tally = delivery.delivered
    table = Table("pushed", "count", title="What the ledger must show", title_justify="left")
    table.columns[1].justify = "right"
    rows = {
        "spans": tally.spans,
        "model calls": tally.calls,
        "  without usage": tally.calls_without_usage,
        "  failed": tally.errors,
        "  of a model without a price": tally.unpriced_calls,
        **{f"tokens {name}": count for name, count in tally.tokens._asdict().items()},
        **{f"tokens of {name}": count for name, count in sorted(tally.tokens_by_project.items())},
        "spans not delivered": delivery.lost_spans,
    }
    for name, count in rows.items():
        table.add_row(name, f"{count:,}")
    return table
