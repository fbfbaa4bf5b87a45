"""`agent-exporter backfill`: the ledger's past as samples that a new Prometheus can show."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from exporter.cli.backfill_storage import HEAD_NS, Stored, command_text, find_promtool, make_blocks, read_storage
from exporter.cli.context import CommandContext
from exporter.cli.cost_options import as_option, read_time
from exporter.cli.output import say, working
from exporter.ledger.engine import Database
from exporter.telemetry.catalog import shown_families
from exporter.telemetry.family import GENERATIONS_OF
from exporter.telemetry.openmetrics_history import write_window
from exporter.views.history import History, Window
from exporter.views.history_rows import BIRTH_NS, Grid, count_received_after, first_start, newest_birth
from exporter.views.times import format_time

_SECOND_NS: Final = 10**9
_MS_NS: Final = 10**6
_QUARTER_S: Final = 900
_LOOKBACK_S: Final = 300
_MAX_STEP_S: Final = 240
_UNITS: Final = {"": 1, "s": 1, "m": 60}


class Target(NamedTuple):
    """Where the samples go: text into a folder, or blocks into a storage."""

    folder: Path
    storage: Path | None
    promtool: str


class Written(NamedTuple):
    files: int
    samples: int


def read_step(given: str) -> int:
    """Seconds from `60s` or `1m`; ValueError for steps that would leave holes or straddle periods of budgets."""
    found = re.fullmatch(r"(\d{1,4})([sm]?)", given.strip())
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if seconds > _MAX_STEP_S:
        raise ValueError(
            f"at most {_MAX_STEP_S // 60}m: Prometheus forgets a sample after {_LOOKBACK_S // 60} minutes,"
            " so larger steps leave holes in every graph"
        )
    if not seconds or _QUARTER_S % seconds:
        raise ValueError("a time that divides a quarter of an hour, on which budgets' periods begin: 15s, 30s, 60s, 3m")
    return seconds


@click.command()
@click.option("--start", metavar="TIME", help="First sample.  [default: before the first call of the ledger]")
@click.option(
    "--end",
    metavar="TIME",
    help="Last sample, or `now`.  [default: now, or before what the storage holds: see above]",
)
@click.option(
    "--step",
    "step_s",
    default="60s",
    show_default=True,
    callback=as_option(read_step),
    help="From sample to sample: 15s, 30s, 60s, 3m.",
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Write OpenMetrics text into this folder."
)
@click.option(
    "--storage",
    type=click.Path(file_okay=False, path_type=Path),
    help="Make blocks in this data folder of a Prometheus.",
)
@click.option("--promtool", help="The program that makes the blocks.  [default: promtool on the PATH]")
@click.option(
    "--job", default="agent-exporter", show_default=True, help="Label `job` of the scraped series to continue."
)
@click.option(
    "--instance", default="exporter:9464", show_default=True, help="Label `instance` of the scraped series to continue."
)
@click.option(
    "--assume-budgets",
    is_flag=True,
    help="Budgets' counters also rise before the budget was made (they are below 0 there).",
)
@click.option("--among-blocks", is_flag=True, help="Although the storage has blocks of the same time, of other series.")
@click.pass_obj
def command(
    context: CommandContext,
    *,
    start: str | None,
    end: str | None,
    step_s: int,
    out: Path | None,
    storage: Path | None,
    promtool: str | None,
    job: str,
    instance: str,
    assume_budgets: bool,
    among_blocks: bool,
) -> None:
    """Write the past for a Prometheus that was not there.

    Every spending and budget family, with the names and labels of the scrape. A call counts from the time at which it
    started; a live series rises when a call is booked, which is seconds later, or much later for telemetry that was
    imported. At the end every number is what /metrics shows.

    A Prometheus that has not run yet takes everything up to now (--storage does so by default, --out with --end now);
    start it afterwards. One that runs, or ran, has its recent samples outside of blocks, and blocks must not reach
    into them: the default end is then 3 hours ago, or where its oldest block begins. It finds new blocks by itself
    within minutes. Set its --storage.tsdb.retention.time longer than the past.

    Parts of a cost (agent_cost_component_usd_total) are shared out over calls by their tokens.
    """
    if (out is None) == (storage is None):
        raise click.UsageError("give --out FOLDER for text, or --storage FOLDER for blocks.")
    target = Target(out or Path(), storage, find_promtool(promtool) if storage else "")
    stored = read_storage(storage)
    _let_series_ripen(context, is_wanted=end == "now" or (end is None and not stored.has_head and out is None))
    now_ns = context.clock_ns()
    end_ns = _end(end, stored, now_ns, is_text=out is not None, zone=context.settings.timezone, among=among_blocks)
    sorted_on_disk(context.database)
    with context.database.read() as connection:
        start_ns = _start(start, first_start(connection), zone=context.settings.timezone)
        grid = Grid(start_ns, end_ns, step_s * _SECOND_NS)
        _refuse_emptiness(grid)
        if not among_blocks:
            _refuse_overlap(stored, grid)
        missing = count_received_after(connection, end_ns)
        with working("Adding up the ledger"):
            history = History(connection, grid, assume_budgets=assume_budgets)
        families = shown_families(GENERATIONS_OF[context.settings.gen_ai_client])
        labels = {"job": job, "instance": instance}

        def write(path: Path, window: Window) -> int:
            with path.open("w", encoding="utf-8") as text:
                return write_window(text, families, window, grid, labels)

        written = _write_windows(history, grid, target, write)
    _report(context.console, grid, target, written, missing)


def _let_series_ripen(context: CommandContext, *, is_wanted: bool) -> None:
    """Wait until a scrape shows the youngest series, a minute at most; one that shows 0 has no past to tell."""
    with context.database.read() as connection:
        rest_ns = newest_birth(connection) + BIRTH_NS - context.clock_ns()
    if is_wanted and 0 < rest_ns <= BIRTH_NS:
        with working(f"Waiting {rest_ns // _SECOND_NS + 1} s: new series show 0 for their first minute"):
            time.sleep(rest_ns / _SECOND_NS)


def sorted_on_disk(database: Database) -> None:
    """Have SQLite sort on disk, not in memory: the connection used last is used next."""
    if database.is_sqlite:
        with database.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA temp_store=FILE")


def _start(given: str | None, first_ns: int | None, *, zone: str) -> int:
    """On a quarter of an hour, where calls of steps and periods of budgets both begin."""
    if given is None and first_ns is None:
        raise click.ClickException("The ledger is empty: there is no past to write.")
    wanted = (first_ns or 0) - _QUARTER_S * _SECOND_NS if given is None else read_time("--start", given, zone)
    return max(wanted - wanted % (_QUARTER_S * _SECOND_NS), 0)


def _end(given: str | None, stored: Stored, now_ns: int, *, is_text: bool, zone: str, among: bool) -> int:
    """To the millisecond; UsageError where a Prometheus has, or may have, its recent samples."""
    latest = now_ns - HEAD_NS if stored.has_head or (is_text and given is None) else now_ns
    if given is None:
        end_ns = min([latest, *(start for start, _ in stored.blocks if not among)])
    else:
        end_ns = now_ns if given == "now" else read_time("--end", given, zone)
    if end_ns > now_ns:
        raise click.UsageError("--end lies in the future.")
    if end_ns > latest:
        raise click.UsageError(
            f"the storage holds recent samples that are in no block yet; blocks must end before {format_time(latest)},"
            " 3 hours ago, else Prometheus drops those samples. Without --end that is where they end."
        )
    return end_ns - end_ns % _MS_NS


def _refuse_emptiness(grid: Grid) -> None:
    if grid.start_ns >= grid.end_ns:
        raise click.UsageError(
            f"the range is empty: it starts at {format_time(grid.start_ns)} and ends at {format_time(grid.end_ns)}."
        )


def _refuse_overlap(stored: Stored, grid: Grid) -> None:
    for start_ns, end_ns in stored.blocks:
        if start_ns < grid.end_ns and grid.start_ns < end_ns:
            raise click.UsageError(
                f"the storage has a block from {format_time(start_ns)} to {format_time(end_ns)}. Where it holds these"
                " series too, two truths would alternate and every increase would be wrong. End before it, or give"
                " --among-blocks when it holds other series only."
            )


def _write_windows(history: History, grid: Grid, target: Target, write: Callable[[Path, Window], int]) -> Written:
    files = samples = 0
    with _folder_of(target) as folder, _progress(grid) as reached:
        for window in history.windows():
            path = folder / f"{_stamp(grid.time_of(window.first))}.om"
            samples += write(path, window)
            files += 1
            if target.storage:
                make_blocks(target.promtool, path, target.storage)
                path.unlink()
            reached(grid.time_of(window.end - 1))
    return Written(files, samples)


@contextmanager
def _folder_of(target: Target) -> Iterator[Path]:
    """Where text is written; for blocks a folder that goes away, beside them, for /tmp may be small."""
    if target.storage is None:
        target.folder.mkdir(parents=True, exist_ok=True)
        yield target.folder
        return
    target.storage.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="agent-exporter-", dir=target.storage.parent) as name:
        yield Path(name)


@contextmanager
def _progress(grid: Grid) -> Iterator[Callable[[int], None]]:
    screen = Console(stderr=True)
    columns = (
        TextColumn("Past"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[day]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as progress:
        bar = progress.add_task("past", total=grid.end_ns - grid.start_ns, day="")

        def reached(at_ns: int) -> None:
            progress.update(bar, completed=at_ns - grid.start_ns, day=format_time(at_ns)[:10])

        yield reached


def _stamp(at_ns: int) -> str:
    """A time as the name of a file; names sort by time."""
    return format_time(at_ns).replace("-", "").replace(":", "")


def _report(console: Console, grid: Grid, target: Target, written: Written, missing: int) -> None:
    kind = "blocks were made" if target.storage else "files were written"
    say(
        console,
        f"{written.files:,} {kind} in {target.storage or target.folder}: {written.samples:,} samples"
        f" from {format_time(grid.start_ns)} to {format_time(grid.end_ns)}.",
    )
    if missing:
        say(
            console,
            f"Left out, for they were booked after the end: {missing:,} calls. A Prometheus that scraped since then has"
            " seen them come; for one that did not, end now: --end now.",
        )
    if target.storage is None:
        say(console, f"Make blocks of them: {command_text(target.folder)}")
