"""`agent-exporter cost`: what was spent, by whatever people ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from exporter.cli.context import CommandContext
from exporter.cli.cost_options import Interval, as_option, interval, read_fields, read_filters, read_zone
from exporter.cli.output import NOTHING, Cell, Column, compact, print_json, say, share, show, working
from exporter.ledger.cost_sums import GROUP_FIELDS
from exporter.money import format_usd
from exporter.settings.values import required_duration
from exporter.views.costs import DEFAULT_DAYS, MAX_GROUPS, cost_answer

_INPUT: Final = ("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h")
_OUTPUT: Final = ("output_visible", "reasoning")
_SPARE: Final = ("cached", "share")

Answer = dict[str, Any]


@click.command()
@click.option(
    "--by", "--group-by", "fields", default="project", show_default=True, metavar="FIELD,...",
    callback=as_option(read_fields), help=f"What to group by: {', '.join(GROUP_FIELDS)}. Empty for the total alone.",
)  # fmt: skip
@click.option(
    "--since", metavar="DURATION", callback=as_option(required_duration("1s")),
    help=f"How far back from the end, as 24h or 7d; by default {DEFAULT_DAYS}d.",
)  # fmt: skip
@click.option("--start", metavar="TIME", help="From when: 2026-03-01, 2026-03-01T09:30, or RFC 3339 with a zone.")
@click.option("--end", metavar="TIME", help="Until when, not included; by default now.")
@click.option(
    "--tz", "zone", metavar="ZONE", callback=as_option(read_zone),
    help="Whose days and clock are meant, as Europe/Berlin; by default the configured zone.",
)  # fmt: skip
@click.option(
    "--filter", "-f", "filters", multiple=True, metavar="FIELD=VALUE", callback=read_filters,
    help="Only these calls; may be repeated. Any field but day.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(1, MAX_GROUPS), default=MAX_GROUPS, metavar="N", help="The first N groups."
)
@click.option("--json", "as_json", is_flag=True, help="The answer of GET /api/v1/costs, for programs.")
@click.pass_obj
def command(
    context: CommandContext,
    *,
    fields: tuple[str, ...],
    since: int | None,
    start: str | None,
    end: str | None,
    zone: str | None,
    filters: dict[str, str],
    limit: int,
    as_json: bool,
) -> None:
    """What was spent, by project, model, day and more.

    Input counts all that was sent, and cached is how much of it was read from a cache; output has the reasoning in
    it; priced is how much of all tokens has a price.  Times are widened to whole quarter hours.
    """
    asked = Interval(start, end, since, zone or context.settings.timezone)
    within = interval(asked, context.clock_ns())
    with working("Adding up"), context.database.read() as connection:
        answer = cost_answer(connection, fields, within, filters=filters, limit=limit)
    if as_json:
        print_json(answer)
    else:
        _print(context, answer, filters)


def _print(context: CommandContext, answer: Answer, filters: Mapping[str, str]) -> None:
    console, total = context.console, answer["total"]
    if not total["calls"]:
        for line in _nothing_found(context, answer, filters):
            say(console, line)
        return
    say(console, _heading(answer, filters), "bold")
    rows = [*_rows(answer)]
    priced = total["coverage"] == 1
    show(
        console,
        _columns(answer, priced=priced),
        [_cells(row, answer, priced=priced) for row in rows],
        last_is_total=True,
    )
    for line in _remarks(total):
        say(console, line)


def _nothing_found(context: CommandContext, answer: Answer, filters: Mapping[str, str]) -> Iterator[str]:
    yield f"No calls{_where(filters)} {_when(answer)}."
    if filters:
        yield "A filter fits a whole value: `agent-exporter cost --by " + ",".join(filters) + "` shows which there are."
    else:
        yield (
            f"Ask for a longer time with --since 90d, or send telemetry: OTLP to http://{context.settings.listen},"
            " or `agent-exporter demo`."
        )


def _heading(answer: Answer, filters: Mapping[str, str]) -> str:
    *first, last = answer["group_by"] or [""]
    by = f"{', '.join(first)} and {last}" if first else last
    return f"Cost{' by ' if by else ''}{by}{_where(filters)} {_when(answer)}"


def _where(filters: Mapping[str, str]) -> str:
    return "".join(f", {name} {value or '(none)'}" for name, value in filters.items()) + ("," if filters else "")


def _when(answer: Answer) -> str:
    zone = answer["tz"]
    start, end = (_clock(answer[name], zone) for name in ("start", "end"))
    return f"from {start} to {end} ({zone})"


def _clock(moment: str, zone: str) -> str:
    local = datetime.fromisoformat(moment).astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d %H:%M}" if local.hour or local.minute else f"{local:%Y-%m-%d}"


def _rows(answer: Answer) -> Iterator[Answer]:
    """The groups, the rest of them as one when a limit left some out, and the total."""
    fields, data, total = answer["group_by"], answer["data"], answer["total"]
    if fields:
        yield from data
        rest = _rest(data, total)
        if rest["calls"]:
            yield {**rest, fields[0]: "(others)"}
    yield {**total, **({fields[0]: "total"} if fields else {})}


def _rest(data: Sequence[Answer], total: Answer) -> Answer:
    """What the total has and the rows shown have not."""
    names = ("calls", "cost_nano_usd", "unpriced_tokens")
    left = {name: (total[name] or 0) - sum(row[name] or 0 for row in data) for name in names}
    tokens = {name: count - sum(row["tokens"][name] for row in data) for name, count in total["tokens"].items()}
    every, unpriced = sum(tokens.values()), left["unpriced_tokens"]
    rest: Answer = {**left, "tokens": tokens, "coverage": (every - unpriced) / every if every else None}
    return {**rest, "cost_nano_usd": None} if every and unpriced == every else rest


def _columns(answer: Answer, *, priced: bool) -> list[Column]:
    names = ("calls", "input", "cached", "output", "cost", "share", *(() if priced else ("priced",)))
    sums = (Column(name, right=True, spare=name in _SPARE) for name in names)
    return [*(Column(name, fold=True) for name in answer["group_by"]), *sums]


def _cells(row: Answer, answer: Answer, *, priced: bool) -> list[Cell]:
    tokens, cost, whole = row["tokens"], row["cost_nano_usd"], answer["total"]["cost_nano_usd"]
    sent = sum(tokens[name] for name in _INPUT)
    cells = [
        *(Cell(row.get(name) or NOTHING) for name in answer["group_by"]),
        Cell(compact(row["calls"])),
        Cell(compact(sent)),
        Cell(share(tokens["cache_read"] / sent) if sent else NOTHING),
        Cell(compact(sum(tokens[name] for name in _OUTPUT))),
        Cell("no price", "yellow") if cost is None else Cell(format_usd(cost), "bold"),
        Cell(share(cost / whole) if whole and cost is not None else NOTHING),
    ]
    return cells if priced else [*cells, _coverage(row["coverage"])]


def _coverage(part: float | None) -> Cell:
    if part is None:
        return Cell(NOTHING)
    return Cell(share(part), "" if part == 1 else "yellow")


def _remarks(total: Answer) -> Iterator[str]:
    if total["unpriced_tokens"]:
        yield (
            f"{compact(total['unpriced_tokens'])} tokens have no price and are in no cost:"
            " `agent-exporter prices missing` lists their models."
        )
    if total["list_equivalent_nano_usd"]:
        yield (
            f"{format_usd(total['list_equivalent_nano_usd'])} of the cost is at list prices, of sources on a flat plan:"
            " nobody is billed for it."
        )
    if total["adjustments_nano_usd"]:
        yield f"{format_usd(total['adjustments_nano_usd'])} that was charged and taken back is not in the cost."
