"""`agent-exporter reinterpret`: booked records read again by today's rules, as a preview or as corrections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import click
from rich.console import Console

from exporter.cli.context import CommandContext
from exporter.cli.cost_options import read_time
from exporter.cli.output import NOTHING, Cell, Column, print_json, say, show, working
from exporter.cli.price_change import actor, book_in_force
from exporter.cli.writing import writer
from exporter.dialects.describing import known_dialects
from exporter.money import format_usd
from exporter.reinterpretation import Chosen, Correcting
from exporter.settings.values import required_duration
from exporter.usage import TOKEN_CLASSES
from exporter.views.reinterpretation import survey

_EXAMPLES: Final = 10
_SUMS: Final = (
    Column("dialect"),
    Column("records", right=True),
    Column("charged", right=True),
    Column("input before", right=True),
    Column("after", right=True),
    Column("output before", right=True),
    Column("after", right=True),
    Column("cost before", right=True),
    Column("after", right=True),
)
_RECORDS: Final = (
    Column("record", right=True),
    Column("started"),
    Column("dialect"),
    Column("model", fold=True),
    Column("billing"),
    Column("tokens", fold=True),
    Column("cost before", right=True),
    Column("after", right=True),
)
Answer = Mapping[str, Any]


@click.command()
@click.option("--since", metavar="TIME", help="From this date or time, or so far back: 2026-03-01, 30d.")
@click.option("--until", metavar="TIME", help="Up to this date or time, not included.")
@click.option("--dialect", help="Only records of this dialect.")
@click.option("--scope", help="Only records of this instrumentation scope, or of those below it.")
@click.option("--provider", help="Only records of this provider, as it is booked.")
@click.option("--service", help="Only records of this service.")
@click.option("--show", "shown", type=click.IntRange(0, 1000), default=_EXAMPLES, metavar="N", help="Records to show.")
@click.option("--apply", "applies", is_flag=True, help="Book the corrections; without it nothing is changed.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def command(context: CommandContext, /, **options: Any) -> None:
    """Read booked records again by today's dialect rules, and show what would change.

    Records that are read differently are priced anew, at the time of their call.  With --apply each becomes a
    correction: its old numbers go to the adjustments, its new ones to the totals, and a revision keeps both.  Which
    of several records of a call counts stays as it was decided.
    """
    zone = context.settings.timezone
    chosen = Chosen(
        _since(context, options["since"], zone),
        None if options["until"] is None else read_time("--until", options["until"], zone),
        *(options[name] for name in ("dialect", "scope", "provider", "service")),
    )
    with working("Reading again"), context.database.read() as connection:
        answer = survey(connection, book_in_force(context), chosen, shown=options["shown"])
    _check_dialect(options["dialect"], answer["examined"])
    answer["corrected"] = _apply(context, chosen) if options["applies"] and answer["differing"] else 0
    if options["as_json"]:
        print_json(answer)
    else:
        _print(context.console, answer, applies=options["applies"])


def _since(context: CommandContext, given: str | None, zone: str) -> int | None:
    """A time, or a duration before now."""
    if given is None:
        return None
    try:
        return context.clock_ns() - required_duration("1s")(given)
    except ValueError:
        pass
    try:
        return read_time("--since", given, zone)
    except click.UsageError as error:
        raise click.UsageError(f"{error.message.removesuffix('.')}, or a duration as 30d.") from error


def _check_dialect(asked: str | None, examined: int) -> None:
    """UsageError for a name that neither a dialect nor any record has; sums and retired dialects have records only."""
    if asked and not examined and asked not in known_dialects():
        expected = ", ".join(sorted(known_dialects()))
        raise click.UsageError(f"--dialect: found {asked!r}, expected one of {expected}.")


def _apply(context: CommandContext, chosen: Chosen) -> int:
    """Book the corrections; their number."""
    with writer(context) as (booking, runtime), working("Booking corrections"):
        correcting = Correcting(booking, runtime.book, actor(), context.clock_ns())
        return sum(changed for _, changed in correcting.correct_all(chosen))


def _print(console: Console, answer: Answer, *, applies: bool) -> None:
    if answer["by_dialect"]:
        show(console, _SUMS, [_sums(one) for one in answer["by_dialect"]], last_is_total=False)
        if answer["examples"]:
            say(console, "")
            show(console, _RECORDS, [_record(one) for one in answer["examples"]], last_is_total=False)
        say(console, "")
    for line in _remarks(answer, applies=applies):
        say(console, line)


def _sums(one: Answer) -> list[Cell]:
    before, after = one["tokens_before"], one["tokens_after"]
    return [
        Cell(one["dialect"]),
        Cell(f"{one['records']:,}"),
        Cell(f"{one['charged']:,}"),
        *(Cell(f"{sum(tokens[name] for name in TOKEN_CLASSES[:4]):,}") for tokens in (before, after)),
        *(Cell(f"{sum(tokens[name] for name in TOKEN_CLASSES[4:]):,}") for tokens in (before, after)),
        Cell(format_usd(one["cost_before_nano_usd"])),
        Cell(format_usd(one["cost_after_nano_usd"]), "bold"),
    ]


def _record(one: Answer) -> list[Cell]:
    before, after = one["tokens_before"], one["tokens_after"]
    moved = [f"{name} {before[name]:,} to {after[name]:,}" for name in TOKEN_CLASSES if before[name] != after[name]]
    same = one["billing"] == one["billing_after"]
    costs = (one["cost_nano_usd"], one["cost_after_nano_usd"])
    return [
        Cell(str(one["id"])),
        Cell(one["started_at"]),
        Cell(one["dialect"]),
        Cell(one["model"] or NOTHING),
        Cell(one["billing"] if same else f"{one['billing']}, then {one['billing_after']}"),
        Cell(", ".join(moved) or NOTHING),
        *(Cell("no price" if cost is None else format_usd(cost)) for cost in costs),
    ]


def _remarks(answer: Answer, *, applies: bool) -> Iterator[str]:
    yield f"{answer['examined']:,} records were read again, {answer['differing']:,} of them differently."
    if answer["unreadable"]:
        yield f"{answer['unreadable']:,} stay as they are: points of metrics, or nothing was kept of what was sent."
    if answer["corrected"]:
        yield f"{answer['corrected']:,} corrections are booked."
    elif answer["differing"] and not applies:
        yield "Nothing was changed; --apply books the corrections."
