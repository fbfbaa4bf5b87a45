"""`agent-exporter cost`: what was spent, by whatever people ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import click

from exporter.budgets.periods import is_time_zone
from exporter.cli.context import CommandContext
from exporter.cli.output import NOTHING, Cell, Column, compact, print_json, say, share, show, working
from exporter.errors import InvalidRequest
from exporter.ledger.cost_sums import DIMENSION_FIELDS, GROUP_FIELDS, TASK
from exporter.money import format_usd
from exporter.settings.values import required_duration
from exporter.views.costs import DEFAULT_DAYS, MAX_GROUPS, CostRange, cost_answer
from exporter.views.times import NS, parse_time

_DAY_NS: Final = 86_400 * NS
_FILTERS: Final = (*DIMENSION_FIELDS, TASK)
_INPUT: Final = ("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h")
_OUTPUT: Final = ("output_visible", "reasoning")

Answer = dict[str, Any]
T = TypeVar("T")


class Interval(NamedTuple):
    """What the options say about time; None where they say nothing."""

    start: str | None
    end: str | None
    since: int | None
    zone: str


def _as_option(read: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, str | None], T | None]:
    """A callback of click that reads an option; a ValueError's text is what was expected."""

    def callback(_ctx: click.Context, parameter: click.Parameter, given: str | None) -> T | None:
        try:
            return None if given is None else read(given)
        except ValueError as error:
            raise click.BadParameter(f"found {given!r}, expected {error}", param=parameter) from error

    return callback


def read_fields(given: str) -> tuple[str, ...]:
    """Fields from a list with commas, in its order; ValueError for others, and for one named twice."""
    names = tuple(name for part in given.split(",") if (name := part.strip()))
    for name in names:
        if name not in GROUP_FIELDS:
            raise ValueError(_one_of(name, GROUP_FIELDS))
    if len(set(names)) < len(names):
        raise ValueError("each field once")
    return names


def read_filters(
    _ctx: click.Context, parameter: click.Parameter, given: Sequence[str]
) -> dict[str, str]:
    """Wanted text by field, from `FIELD=VALUE`; an empty value asks for calls that have none."""
    wanted: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise click.BadParameter(f"found {one!r}, expected FIELD=VALUE as project=payments", param=parameter)
        if name not in _FILTERS:
            raise click.BadParameter(f"found {name!r}, expected {_one_of(name, _FILTERS)}", param=parameter)
        if name in wanted:
            raise click.BadParameter(f"found {name!r} twice, expected each field once", param=parameter)
        wanted[name] = value
    return wanted


def _one_of(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"{near[0]!r}?" if near else f"some of {', '.join(known)}"


def _read_zone(given: str) -> str:
    if not is_time_zone(given):
        raise ValueError("an IANA time zone as Europe/Berlin")
    return given


@click.command()
@click.option(
    "--by", "--group-by", "fields", default="project", show_default=True, metavar="FIELD,...",
    callback=_as_option(read_fields), help=f"What to group by: {', '.join(GROUP_FIELDS)}. Empty for the total alone.",
)  # fmt: skip
@click.option(
    "--since", metavar="DURATION", callback=_as_option(required_duration("1s")),
    help=f"How far back from the end, as 24h or 7d; by default {DEFAULT_DAYS}d.",
)  # fmt: skip
@click.option("--start", metavar="TIME", help="From when: 2026-03-01, 2026-03-01T09:30, or RFC 3339 with a zone.")
@click.option("--end", metavar="TIME", help="Until when, not included; by default now.")
@click.option(
    "--tz", "zone", metavar="ZONE", callback=_as_option(_read_zone),
    help="Whose days and clock are meant, as Europe/Berlin; by default the configured zone.",
)  # fmt: skip
@click.option(
    "--filter", "-f", "filters", multiple=True, metavar="FIELD=VALUE", callback=read_filters,
    help="Only these calls; may be repeated. Any field but day.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(1, MAX_GROUPS), default=MAX_GROUPS, help="The dearest groups only.")
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


def interval(asked: Interval, now_ns: int) -> CostRange:
    """The interval that options mean; UsageError when they contradict each other."""
    if asked.start is not None and asked.since is not None:
        raise click.UsageError("--start and --since both say where to begin: give one of them.")
    end = now_ns if asked.end is None else read_time("--end", asked.end, asked.zone)
    if asked.start is None:
        start = end - (asked.since or DEFAULT_DAYS * _DAY_NS)
    else:
        start = read_time("--start", asked.start, asked.zone)
    if start >= end:
        raise click.UsageError(f"--start {asked.start} is not before {f'--end {asked.end}' if asked.end else 'now'}.")
    return CostRange(max(start, 0), end, asked.zone)


def read_time(option: str, given: str, zone: str) -> int:
    """Unix nanoseconds of a date or a time, on the zone's clock unless it names its own; UsageError."""
    try:
        local = datetime.fromisoformat(given)
        if local.tzinfo is None:
            given = local.replace(tzinfo=ZoneInfo(zone)).isoformat()
        return parse_time(given, name=option)
    except (ValueError, InvalidRequest) as error:
        expected = "a date or time from 1970 to 2262 as 2026-03-01, 2026-03-01T09:30 or 2026-03-01T09:30:00+01:00"
        raise click.UsageError(f"{option}: found {given!r}, expected {expected}.") from error


def _print(context: CommandContext, answer: Answer, filters: Mapping[str, str]) -> None:
    console, total = context.console, answer["total"]
    if not total["calls"]:
        for line in _nothing_found(context, answer, filters):
            say(console, line)
        return
    say(console, _heading(answer, filters), "bold")
    rows = [*_rows(answer)]
    priced = total["coverage"] == 1
    show(console, _columns(answer, priced=priced), [_cells(row, answer, priced=priced) for row in rows], last_is_total=True)
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
    by = f" by {', '.join(answer['group_by'])}" if answer["group_by"] else ""
    return f"Cost{by}{_where(filters)} {_when(answer)}"


def _where(filters: Mapping[str, str]) -> str:
    return "".join(f", {name} {value or '(none)'}" for name, value in filters.items()) + ("," if filters else "")


def _when(answer: Answer) -> str:
    zone = answer["tz"]
    start, end = (_clock(answer[name], zone) for name in ("start", "end"))
    return f"from {start} to {end} ({zone})"


def _clock(moment: str, zone: str) -> str:
    local = datetime.fromisoformat(moment).astimezone(UTC if zone == "UTC" else ZoneInfo(zone))
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

    def left(read: Callable[[Answer], int | None]) -> int:
        return (read(total) or 0) - sum(read(row) or 0 for row in data)

    tokens = {name: left(lambda row, name=name: row["tokens"][name]) for name in total["tokens"]}  # type: ignore[misc]
    unpriced, every = left(lambda row: row["unpriced_tokens"]), sum(tokens.values())
    return {
        "calls": left(lambda row: row["calls"]),
        "tokens": tokens,
        "cost_nano_usd": left(lambda row: row["cost_nano_usd"]),
        "unpriced_tokens": unpriced,
        "coverage": (every - unpriced) / every if every else None,
    }


def _columns(answer: Answer, *, priced: bool) -> list[Column]:
    sums = ("calls", "input", "cached", "output", "cost", "share", *(() if priced else ("priced",)))
    return [*(Column(name, fold=True) for name in answer["group_by"]), *(Column(name, right=True) for name in sums)]


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
        Cell(share((cost or 0) / whole) if whole else NOTHING),
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
    if total["adjustments_nano_usd"]:
        yield f"{format_usd(total['adjustments_nano_usd'])} that was charged and taken back is not in the cost."
