"""`agent-exporter budgets`: what is left of every budget, and where it is going."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from exporter.budgets.definition import CRITICAL, INFO, WARNING
from exporter.budgets.limits import TOKENS
from exporter.cli.context import CommandContext
from exporter.cli.output import NOTHING, Cell, Column, bar, compact, print_json, say, show, working
from exporter.errors import NotFound
from exporter.money import format_usd
from exporter.views.breaches import BreachFilter, breach_page
from exporter.views.budgets import budget_list
from exporter.views.times import NS

_STYLES: Final = {"": "green", INFO: "cyan", WARNING: "yellow", CRITICAL: "bold red"}
_BAR_WIDTH: Final = 6
_WIDE_BAR_WIDTH: Final = 40
_EVENT_DAYS: Final = 30
_SHOWN_EVENTS: Final = 10
_LIST: Final = (
    Column("budget", fold=True),
    Column("period"),
    Column("spent", right=True),
    Column("limit", right=True),
    Column("used"),
    Column("projected", right=True),
    Column("exhausted"),
    Column("reached"),
)
_NO_BUDGETS: Final = """\
There are no budgets. Write some into the configuration file and reload it:

  budgets:
    - id: payments-month
      scope: {project: payments}
      limit: 1000 USD
      period: month

or make one with POST /api/v1/budgets."""

Answer = dict[str, Any]


@click.command()
@click.argument("budget_id", required=False, metavar="[ID]")
@click.option("--json", "as_json", is_flag=True, help="The answer of GET /api/v1/budgets, for programs.")
@click.pass_obj
def command(context: CommandContext, *, budget_id: str | None, as_json: bool) -> None:
    """The state of every budget in its present period; with ID, all about one.

    Projected is where the pace so far leads by the end of the period, and exhausted when that pace meets the limit,
    on the clock of the budget's zone.
    """
    now_ns = context.clock_ns()
    with working("Reading the budgets"), context.database.read() as connection:
        budgets = budget_list(connection, now_ns)
        one = None if budget_id is None else _find(budgets, budget_id)
        events = [] if one is None or as_json else _recent_events(connection, one, now_ns)
    if as_json:
        print_json({"data": budgets, "next_cursor": None} if one is None else one)
    elif one is not None:
        _print_one(context.console, one, events)
    elif budgets:
        rows = [_cells(context.console, budget, now_ns) for budget in budgets]
        show(context.console, _LIST, rows, last_is_total=False)
    else:
        click.echo(_NO_BUDGETS)


def _find(budgets: Sequence[Answer], budget_id: str) -> Answer:
    for budget in budgets:
        if budget["id"] == budget_id:
            return budget
    known = ", ".join(budget["id"] for budget in budgets)
    raise NotFound(f"there is no budget {budget_id!r}; there {f'are {known}' if known else 'is none at all'}")


def _recent_events(connection: Any, budget: Answer, now_ns: int) -> list[Answer]:
    wanted = BreachFilter(budget["id"], now_ns - _EVENT_DAYS * 86_400 * NS)
    page = breach_page(connection, wanted, cursor=None, limit=1000)
    found: list[Answer] = page["data"]
    return found


def _cells(console: Console, budget: Answer, now_ns: int) -> list[Cell]:
    highest, style = _highest(budget), _style(budget)
    over_pace = budget["on_track"] is False
    return [
        Cell(budget["id"]),
        Cell(budget["period"]["kind"]),
        Cell(_amount(budget["spent"], budget)),
        Cell(_limit(budget)),
        Cell(_used(console, budget), style),
        Cell(_amount(budget["projected"], budget), "yellow" if over_pace else ""),
        Cell(_exhausted(budget, now_ns), "yellow" if over_pace else ""),
        Cell(f"{highest['percent']}% {highest['severity']}" if highest else NOTHING, style if highest else ""),
    ]


def _highest(budget: Answer) -> Answer | None:
    return next((one for one in reversed(budget["thresholds"]) if one["reached"]), None)


def _style(budget: Answer) -> str:
    highest = _highest(budget)
    return _STYLES[highest["severity"] if highest else ""]


def _used(console: Console, budget: Answer, width: int = _BAR_WIDTH) -> str:
    """A bar and the percentage; a pipe gets the percentage alone."""
    percent = f"{_percent(budget['spent'], budget['limit']):>5}"
    return f"{bar(console, budget['percent_used'], width)} {percent}" if console.is_terminal else percent.strip()


def _percent(spent: int, limit: int) -> str:
    """Rounded down, so that a limit is not said to be reached before it is."""
    tenths = max(spent, 0) * 1000 // limit
    return f"{tenths // 10}.{tenths % 10}%" if tenths < 1000 else f"{tenths // 10:,}%"


def _amount(value: int | None, budget: Answer) -> str:
    if value is None:
        return NOTHING
    return compact(value) if budget["unit"] == TOKENS else format_usd(value)


def _limit(budget: Answer) -> str:
    """The limit of a budget or of an event, as short as it is exact."""
    return format_usd(budget["limit"]) if budget["unit"] != TOKENS else f"{_short(budget['limit'])} tokens"


def _short(count: int) -> str:
    for letter, size in (("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if count % size == 0:
            return f"{count // size:,}{letter}"
    return f"{count:,}"


def _exhausted(budget: Answer, now_ns: int | None = None) -> str:
    """When the limit is met: with `now_ns` as short as tells it from now, the time of today or the date."""
    if budget["spent"] >= budget["limit"]:
        return "now"
    if budget["exhausted_at"] is None or now_ns is None:
        return _clock(budget["exhausted_at"], budget)
    zone = ZoneInfo(budget["period"]["timezone"])
    at = datetime.fromisoformat(budget["exhausted_at"]).astimezone(zone)
    return f"{at:%H:%M}" if at.date() == datetime.fromtimestamp(now_ns // NS, zone).date() else f"{at:%b %d}"


def _clock(moment: str | None, budget: Answer) -> str:
    if moment is None:
        return NOTHING
    return f"{datetime.fromisoformat(moment).astimezone(ZoneInfo(budget['period']['timezone'])):%b %d %H:%M}"


def _print_one(console: Console, budget: Answer, events: Sequence[Answer]) -> None:
    say(console, budget["id"], "bold")
    facts = list(_facts(console, budget))
    width = max(len(name) for name, _ in facts)
    for name, cell in facts:
        say(console, f"  {name:<{width}}  {cell.text}", cell.style)
    thresholds = [Column("threshold", right=True), Column("severity"), Column("reached")]
    say(console, "")
    show(console, thresholds, [_threshold_cells(one, budget) for one in budget["thresholds"]], last_is_total=False)
    say(console, "")
    _print_events(console, budget, events)


def _facts(console: Console, budget: Answer) -> Iterator[tuple[str, Cell]]:
    period, style = budget["period"], _style(budget)
    scope = ", ".join(f"{field}={value}" for field, value in budget["scope"].items())
    yield "scope", Cell(scope or "everything")
    start, end = _clock(period["start"], budget), _clock(period["end"], budget)
    yield "period", Cell(f"{period['kind']}, {start} to {end} ({period['timezone']})")
    yield "limit", Cell(_limit(budget))
    yield "spent", Cell(_amount(budget["spent"], budget))
    left = budget["remaining"]
    yield ("remaining", Cell(_amount(left, budget))) if left >= 0 else ("overrun", Cell(_amount(-left, budget), style))
    yield "used", Cell(_used(console, budget, _WIDE_BAR_WIDTH), style)
    verdict = {True: " (within the limit)", False: " (over the limit)", None: ""}[budget["on_track"]]
    yield "projected", Cell(_amount(budget["projected"], budget) + verdict)
    yield "exhausted", Cell(_exhausted(budget))
    yield "owned by", Cell("the configuration file" if budget["origin"] == "file" else "the API")


def _threshold_cells(threshold: Answer, budget: Answer) -> list[Cell]:
    reached = threshold["reached"]
    style = _STYLES[threshold["severity"]] if reached else ""
    said = _clock(threshold["reached_at"], budget) if threshold["reached_at"] else "yes"
    return [Cell(f"{threshold['percent']}%"), Cell(threshold["severity"]), Cell(said if reached else "no", style)]


def _print_events(console: Console, budget: Answer, events: Sequence[Answer]) -> None:
    if not events:
        say(console, f"No threshold was crossed in the last {_EVENT_DAYS} days.")
        return
    latest = events[-_SHOWN_EVENTS:]
    say(console, f"{len(events)} crossings in the last {_EVENT_DAYS} days{', the latest' if latest != events else ''}:")
    columns = [
        Column("at"), Column("period from"), Column("crossed", right=True), Column("severity"),
        Column("spent", right=True), Column("limit", right=True), Column("trace", fold=True),
    ]  # fmt: skip
    show(console, columns, [_event_cells(event, budget) for event in reversed(latest)], last_is_total=False)


def _event_cells(event: Answer, budget: Answer) -> list[Cell]:
    return [
        Cell(_clock(event["at"], budget)),
        Cell(_clock(event["period_start"], budget)),
        Cell(f"{event['percent']}%"),
        Cell(event["severity"], _STYLES[event["severity"]]),
        Cell(_amount(event["spent"], event)),
        Cell(_limit(event)),
        Cell(event["trace_id"] or NOTHING),
    ]
