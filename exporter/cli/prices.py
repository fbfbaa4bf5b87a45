"""`agent-exporter prices`: look prices up, set them, and find what has none."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from exporter.cli import price_tables
from exporter.cli.context import CommandContext
from exporter.cli.output import print_json, say
from exporter.cli.price_change import (
    Outcome,
    Wish,
    actor,
    book_in_force,
    book_with,
    change_prices,
    models_of,
    policy_now,
)
from exporter.errors import ExporterError, InvalidRequest, NotFound
from exporter.ledger import price_store
from exporter.pricing.book import PriceBook
from exporter.pricing.bundle import read_bundle
from exporter.pricing.quote import quote as quote_call
from exporter.pricing.row_json import instant_from_text, row_from_mapping
from exporter.pricing.rows import CONTRACT, OVERRIDE, SELF_HOSTED, TOKEN_RATES, PriceRow
from exporter.usage import PriceContext
from exporter.views.prices import changed_rows, effect_on_usage, price_of_model, unpriced_usage

_PER_MILLION: Final = "USD per million tokens."
_json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")
_replace_option = click.option("--replace", is_flag=True, help="End earlier rows that hold at the same time.")
_force_option = click.option("--force", is_flag=True, help="Although something about the rates looks wrong.")
_dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")


@click.group()
def command() -> None:
    """Look prices up, set them, and find what has none."""


@command.command()
@click.argument("model")
@click.option("--provider", default="", help="As the conventions or the book spell it; else the model's maker.")
@click.option("--at", help="RFC 3339 time or date; else now.")
@click.option("--context", "stated", multiple=True, metavar="KEY=VALUE", help="processing=batch, geo=us, org=acme ...")
@_json_option
@click.pass_obj
def show(
    context: CommandContext, /, model: str, *, provider: str, at: str | None, stated: tuple[str, ...], as_json: bool
) -> None:
    """The price of MODEL, and when it changes.  Exit status 1 when it has none."""
    asked = PriceContext(**_pairs(stated, allowed=PriceContext._fields))
    at_ns = context.clock_ns() if at is None else _instant(at)
    price = price_of_model(book_in_force(context), provider, model, at_ns, asked)
    if as_json:
        print_json(price)
    else:
        price_tables.print_price(context.console, price)
    if not price["price_version"]:
        raise click.exceptions.Exit(1)


@command.command()
@click.pass_obj
def quote(context: CommandContext, /) -> None:
    """Price calls: one JSON object a line from standard input, one answer a line.

    A line that cannot be read is answered with its error, and the exit status is then 1.
    """
    book, failed = book_in_force(context), False
    for line in sys.stdin:
        if line.strip():
            answer = _answer(book, line, context.clock_ns())
            failed = failed or "error" in answer
            click.echo(json.dumps(answer))
    if failed:
        raise click.exceptions.Exit(1)


@command.command()
@_json_option
@click.pass_obj
def missing(context: CommandContext, /, *, as_json: bool) -> None:
    """Charged calls without a price, and the commands that price them."""
    with context.database.read() as connection:
        found = unpriced_usage(connection)
    if as_json:
        print_json({"data": found})
    else:
        price_tables.print_missing(context.console, found)


@command.command("set")
@click.argument("model")
@click.option("--provider", default="", help="Whose model; else the price holds for every provider.")
@click.option("--input", "input_", metavar="USD", help=_PER_MILLION)
@click.option("--cache-read", metavar="USD", help=f"{_PER_MILLION} Else as input.")
@click.option("--cache-write-5m", metavar="USD", help=f"{_PER_MILLION} Else as input.")
@click.option("--cache-write-1h", metavar="USD", help=f"{_PER_MILLION} Else as the write of 5 minutes.")
@click.option("--output", metavar="USD", help=_PER_MILLION)
@click.option("--reasoning", metavar="USD", help=f"{_PER_MILLION} Else as output.")
@click.option("--unit", "units", multiple=True, metavar="NAME=USD", help="USD for one unit, as web_searches=0.01.")
@click.option("--percent-of-list", metavar="PERCENT", help="In place of rates: a share of the price below.")
@click.option("--alias-of", metavar="MODEL", help="In place of rates: the model that is meant.")
@click.option("--from", "from_", help="RFC 3339 time or date at which it starts; else it always held.")
@click.option("--until", help="RFC 3339 time or date before which it ends.")
@click.option("--org", help="A contract price, for calls whose price context names this customer.")
@click.option("--self-hosted", is_flag=True, help="A model of your own, priced the same in every context.")
@click.option("--context", "stated", multiple=True, metavar="KEY=VALUE", help="Only for such calls: processing=batch.")
@click.option("--source", default="", help="Where the price comes from, for whoever asks later.")
@_replace_option
@_force_option
@_dry_run_option
@_json_option
@click.pass_obj
def set_price(context: CommandContext, /, model: str, **options: Any) -> None:
    """Set the price of MODEL, and price the calls that waited for it."""
    wish = Wish(options["replace"], options["force"], options["dry_run"], f"set {model}")
    outcome = change_prices(context, [row_from_options(model, options)], wish)
    _report(context, outcome, as_json=options["as_json"], dry_run=wish.dry_run)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_replace_option
@_force_option
@_dry_run_option
@_json_option
@click.pass_obj
def import_prices(
    context: CommandContext, /, file: Path, *, replace: bool, force: bool, dry_run: bool, as_json: bool
) -> None:
    """Add the price rows of FILE, all or none: hash, schema, doubts, difference, one transaction.

    FILE is {"schema": 1, "sha256": ..., "rows": [...]}; an error names the hash that it should have.
    """
    rows = read_bundle(_read(file))
    outcome = change_prices(context, rows, Wish(replace, force, dry_run, f"import of {file.name}"))
    _report(context, outcome, as_json=as_json, dry_run=dry_run)


@command.command()
@click.argument("version", type=int, required=False)
@_json_option
@click.pass_obj
def rollback(context: CommandContext, /, version: int | None, *, as_json: bool) -> None:
    """Go back to VERSION of the prices, else to the one before the present one; 0 is none at all.

    What was charged meanwhile stays charged.
    """
    now_ns = context.clock_ns()
    with context.database.write() as connection:
        before, after = price_store.roll_back(connection, to_book=version, actor=actor(), now_ns=now_ns)
        rows = [price_store.rows_of_book(connection, book) for book in (before, after)]
    changes = changed_rows(*rows)
    if as_json:
        print_json({"before": before, "after": after, **changes})
        return
    price_tables.print_changes(context.console, changes)
    say(context.console, f"version {after} of the prices is in force again, in place of {before}")


@command.command()
@click.argument("before", type=int, required=False)
@click.argument("after", type=int, required=False)
@_json_option
@click.pass_obj
def diff(context: CommandContext, /, before: int | None, after: int | None, *, as_json: bool) -> None:
    """What version AFTER of the prices has that BEFORE has not; else the present one and its parent.

    Shows also what booked calls would cost by AFTER.  Nothing booked is changed.
    """
    with context.database.read() as connection:
        parents = {one.book: one.parent for one in price_store.read_books(connection)}
        newer = price_store.active_book(connection) if after is None else after
        older = parents.get(newer, price_store.NONE) if before is None else before
        for book in (older, newer):
            if book not in (*parents, price_store.NONE):
                raise NotFound(f"there is no version {book} of the prices", versions=sorted(parents))
        rows = [price_store.rows_of_book(connection, book) for book in (older, newer)]
        books = [book_with(policy_now(context, connection), stored) for stored in rows]
        effect = effect_on_usage(connection, books[0], books[1], models_of(*rows))
    changes = changed_rows(*rows)
    if as_json:
        print_json({"before": older, "after": newer, **changes, "effect": effect})
        return
    say(context.console, f"from version {older} to version {newer} of the prices")
    price_tables.print_changes(context.console, changes)
    price_tables.print_effect(context.console, effect)


def row_from_options(model: str, options: Mapping[str, Any]) -> PriceRow:
    """The row that the options of `prices set` state; InvalidRequest when they make none."""
    rates = {name: options["input_" if name == "input" else name] for name in TOKEN_RATES}
    return row_from_mapping(
        {
            "layer": CONTRACT if options["org"] else SELF_HOSTED if options["self_hosted"] else OVERRIDE,
            "model": model,
            "provider": options["provider"],
            "org": options["org"] or "",
            "from": options["from_"],
            "until": options["until"],
            "context": _pairs(options["stated"]),
            "usd_per_million": {name: usd for name, usd in rates.items() if usd is not None},
            "usd_per_unit": _pairs(options["units"]),
            "percent_of_list": options["percent_of_list"],
            "alias_of": options["alias_of"] or "",
            "source": options["source"] or f"set by {actor()}",
        }
    )


def _report(context: CommandContext, outcome: Outcome, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        document = {"version": outcome.book, "dry_run": dry_run, "priced_late": outcome.priced_late}
        print_json({**document, "doubts": list(outcome.doubts), **outcome.changes, "effect": outcome.effect})
        return
    console = context.console
    for doubt in outcome.doubts:
        say(console, f"set although {doubt}", "yellow")
    price_tables.print_changes(console, outcome.changes)
    if dry_run:
        price_tables.print_effect(console, outcome.effect)
        say(console, "nothing was changed")
    else:
        say(console, f"version {outcome.book} of the prices is in force; {outcome.priced_late:,} waiting calls priced")


def _answer(book: PriceBook, line: str, now_ns: int) -> dict[str, Any]:
    try:
        return quote_call(book, json.loads(line), now_ns=now_ns)
    except ValueError as error:
        return {"error": {"code": InvalidRequest.code, "message": f"the line is no JSON: {error}", "details": {}}}
    except ExporterError as error:
        return {"error": {"code": error.code, "message": error.message, "details": error.details}}


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{file} cannot be read: {error}") from error


def _pairs(stated: Sequence[str], *, allowed: Sequence[str] = ()) -> dict[str, str]:
    pairs = {}
    for item in stated:
        key, equals, value = item.partition("=")
        if not equals or not key or (allowed and key not in allowed):
            expected = f"one of {', '.join(allowed)}" if allowed else "a name"
            raise InvalidRequest(f"{item!r} is not KEY=VALUE with {expected} as its key")
        pairs[key] = value
    return pairs


def _instant(text: str) -> int:
    try:
        return instant_from_text(text)
    except ValueError as error:
        raise InvalidRequest(f"--at must be a date or an RFC 3339 time with zone, not {text!r}") from error
