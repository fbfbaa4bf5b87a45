"""`agent-exporter import`: books what is already on disk, each call once, beside what telemetry told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from exporter.budgets.periods import is_time_zone
from exporter.cli.context import CommandContext
from exporter.cli.import_files import default_folders, find_transcripts
from exporter.cli.import_transcripts import FileTally, TranscriptImport
from exporter.cli.output import Cell, Column, print_json, say, show
from exporter.cli.writing import writer
from exporter.dialects.providers import provider_of_model
from exporter.errors import InvalidRequest
from exporter.importing import KNOWN, NEW, OPEN, OUTCOMES, OVERLAPPING, REPORTED, Importer, Tally
from exporter.imports.ccusage import Row, is_report, read_report, sum_of
from exporter.imports.fields import Unreadable
from exporter.imports.provider_usage import is_page, read_pages
from exporter.imports.record import Sum
from exporter.money import format_usd
from exporter.usage import TOKEN_CLASSES

LARGEST_REPORT: Final = 256 * 1024 * 1024
_SECOND_NS: Final = 10**9
_MEANING: Final = {
    NEW: "counted now",
    KNOWN: "imported before, or told by an earlier line",
    REPORTED: "told by telemetry or transcripts, and counted there",
    OPEN: "of a period that is not over: import it when it is",
    OVERLAPPING: "another kind of report of the same time counts already",
}


@click.group()
def command() -> None:
    """Book what is already on disk, however old, each call once.

    Calls that telemetry reported too are joined with it and not charged again, and a file that was imported is
    known by its place: only what was added to it is read. Nothing of what was said in a conversation is kept.
    """


_DRY_RUN: Final = click.option("--dry-run", is_flag=True, help="Say what would be imported, and change nothing.")
_JSON: Final = click.option("--json", "as_json", is_flag=True, help="The result for programs.")


@command.command("claude-code")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@_DRY_RUN
@_JSON
@click.pass_obj
def claude_code(context: CommandContext, paths: tuple[Path, ...], *, dry_run: bool, as_json: bool) -> None:
    """Import transcripts of Claude Code: files and folders of JSON lines.

    Without PATH those of this user: CLAUDE_CONFIG_DIR, else ~/.config/claude and ~/.claude. It may be stopped at any
    time and goes on where it ended.
    """
    files = find_transcripts(paths or default_folders())
    with _importer(context, dry_run=dry_run) as importer, _progress(files) as advance:
        work = TranscriptImport(importer, context.database, context.clock_ns, dry_run=dry_run, progress=advance)
        for path in files:
            work.take(path)
        work.result.tally.add(importer.retire())
    result = work.result
    if as_json:
        print_json({**_files_document(result), **_document(result.tally, dry_run=dry_run)})
        return
    _say_files(context.console, result)
    _print(context.console, result.tally, dry_run=dry_run)


@command.command()
@click.argument("file", type=click.File("rb"))
@click.option("--tz", help="Zone of the report's days.  [default: the configured one]")
@_DRY_RUN
@_JSON
@click.pass_obj
def ccusage(context: CommandContext, file: BinaryIO, *, tz: str | None, dry_run: bool, as_json: bool) -> None:
    """Import a report of `ccusage daily|weekly|monthly|session|blocks --json` (- for standard input).

    A report is a sum of calls, so a row of it counts only when neither telemetry nor transcripts told of the calls of
    its session or its time; when they do later, the next import takes the row back.
    """
    zone = tz or context.settings.timezone
    if not is_time_zone(zone):
        raise InvalidRequest(f"--tz: found {zone!r}, expected an IANA time zone such as Europe/Berlin")
    document = _read_json(file)
    if not is_report(document):
        raise InvalidRequest("this is no report of ccusage: expected the output of `ccusage daily --json` or its like")
    rows = read_report(document, _midnight_in(zone))
    found = [sum_of(one, provider_of_model) if isinstance(one, Row) else one for one in rows]
    _take_report(context, found, dry_run=dry_run, as_json=as_json)


@command.command("usage-api")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.File("rb"))
@_DRY_RUN
@_JSON
@click.pass_obj
def usage_api(context: CommandContext, files: tuple[BinaryIO, ...], *, dry_run: bool, as_json: bool) -> None:
    """Import pages of a provider's usage report (- for standard input).

    Of Anthropic /v1/organizations/usage_report/messages, of OpenAI /v1/organization/usage/completions and embeddings,
    grouped by model: a page, or a list of pages. A sum counts only where the ledger has no call of the model in its
    time.
    """
    found: list[Sum | Unreadable] = []
    for file in files:
        document = _read_json(file)
        if not is_page(document):
            raise InvalidRequest(f"{file.name} is no page of a usage report: expected an object with a list `data`")
        found += read_pages(document)
    _take_report(context, found, dry_run=dry_run, as_json=as_json)


def _take_report(context: CommandContext, found: Sequence[Sum | Unreadable], *, dry_run: bool, as_json: bool) -> None:
    sums = [one for one in found if isinstance(one, Sum)]
    unreadable = [str(one) for one in found if isinstance(one, Unreadable)]
    with _importer(context, dry_run=dry_run) as importer:
        tally = importer.take_report(sums)
        tally.add(importer.retire())
    if as_json:
        print_json({"unreadable": unreadable, **_document(tally, dry_run=dry_run)})
        return
    for reason in sorted(set(unreadable)):
        say(context.console, f"{unreadable.count(reason):,} rows could not be read: {reason}.", "yellow")
    _print(context.console, tally, dry_run=dry_run)


def _read_json(file: BinaryIO) -> object:
    body = file.read(LARGEST_REPORT + 1)
    if len(body) > LARGEST_REPORT:
        raise InvalidRequest(f"the report is larger than {LARGEST_REPORT} bytes")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"the report is no JSON: {error}") from error


def _midnight_in(zone: str) -> Callable[[date], int]:
    place = ZoneInfo(zone)
    return lambda day: round(datetime.combine(day, time(), place).timestamp()) * _SECOND_NS


@contextmanager
def _importer(context: CommandContext, *, dry_run: bool) -> Iterator[Importer]:
    with writer(context) as (booking, runtime):
        yield Importer(booking, runtime, context.clock_ns, dry_run=dry_run)


@contextmanager
def _progress(files: list[Path]) -> Iterator[Callable[[int], None]]:
    screen = Console(stderr=True)
    columns = (TextColumn("Transcripts"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as progress:
        bar = progress.add_task("import", total=sum(path.stat().st_size for path in files if path.is_file()))
        yield lambda size: progress.update(bar, advance=size)


def _document(tally: Tally, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        **{outcome: tally.outcomes[outcome] for outcome in OUTCOMES},
        "tokens": dict(zip(TOKEN_CLASSES, tally.tokens, strict=True)),
        "cost_nano_usd": tally.cost_nano_usd,
        "unpriced": tally.unpriced,
        "waiting": tally.waiting,
        "retired": tally.retired,
    }


def _files_document(result: FileTally) -> dict[str, Any]:
    return {
        "files": result.files,
        "unchanged_files": result.unchanged,
        "unreadable_files": result.unreadable_files,
        "unreadable_lines": result.unreadable_lines,
    }


def _say_files(console: Console, result: FileTally) -> None:
    if not result.files + result.unchanged + result.unreadable_files:
        say(console, "There are no transcripts.", "yellow")
    say(console, f"{result.files:,} files read, {result.unchanged:,} as they were at the last import.")
    if result.unreadable_files or result.unreadable_lines:
        told = f"{result.unreadable_files:,} files and {result.unreadable_lines:,} lines could not be read."
        say(console, told, "yellow")


def _print(console: Console, tally: Tally, *, dry_run: bool) -> None:
    rows = [
        [Cell(outcome), Cell(f"{tally.outcomes[outcome]:,}"), Cell(_MEANING[outcome])]
        for outcome in OUTCOMES
        if tally.outcomes[outcome] or outcome in (NEW, KNOWN, REPORTED)
    ]
    show(
        console, (Column("records"), Column("count", right=True), Column("what", fold=True)), rows, last_is_total=False
    )
    say(console, "")
    verb = "would be" if dry_run else "were"
    tokens = f"{sum(tally.tokens):,} tokens, {format_usd(tally.cost_nano_usd)}"
    say(console, f"{tally.outcomes[NEW]:,} records {verb} imported: {tokens}.", "green")
    if tally.unpriced:
        say(console, f"{tally.unpriced:,} of them have no price: `agent-exporter prices` says which.", "yellow")
    if tally.waiting:
        say(console, f"{tally.waiting:,} of them are charged by the service within its settle time.")
    if tally.retired:
        say(console, f"{tally.retired:,} rows that counted before {verb} taken back: their calls are told one by one.")
