"""`agent-exporter completeness`: who sends calls, what they say of their usage, and what to switch on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import click
from rich.console import Console

from exporter.cli.context import CommandContext
from exporter.cli.cost_options import as_option
from exporter.cli.output import NOTHING, Cell, Column, compact, print_json, say, share, show, working
from exporter.settings.values import required_duration
from exporter.usage import ESTIMATED, MISSING
from exporter.views.completeness import DEFAULT_HOURS, completeness

_COLUMNS: Final = (
    Column("service", fold=True),
    Column("scope", fold=True),
    Column("dialect", spare=True),
    Column("calls", right=True),
    Column("missing", right=True),
    Column("estimated", right=True),
    Column("failed", right=True),
    Column("why", fold=True),
)
_LITTLE: Final = 0.01

Row = dict[str, Any]


@click.command()
@click.option(
    "--since", metavar="DURATION", callback=as_option(required_duration("1s")),
    help=f"How far back, as 24h or 7d; by default {DEFAULT_HOURS}h.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The answer of GET /api/v1/completeness, for programs.")
@click.pass_obj
def command(context: CommandContext, *, since: int | None, as_json: bool) -> None:
    """Who sends calls, and whether they say what the calls used.

    Usage that nobody reported is unknown: such calls have no cost and are in no budget. Below the table stands what to
    switch on at each sender. Why is counted since the beginning.
    """
    now_ns = context.clock_ns()
    with working("Reading the ledger"), context.database.read() as connection:
        answer = completeness(connection, None if since is None else now_ns - since, now_ns, now_ns)
    if as_json:
        print_json(answer)
        return
    if answer["data"]:
        _print(context.console, answer["data"])
    else:
        say(context.console, f"No call since {answer['start']}.")
    for line in _signs(answer):
        say(context.console, line, "yellow")


def _print(console: Console, rows: Sequence[Row]) -> None:
    show(console, _COLUMNS, [tuple(_cells(row)) for row in rows], last_is_total=False)
    say(console, "")
    advised = {row["advice"]["code"]: row["advice"]["text"] for row in rows if row["advice"]}
    if not advised:
        say(console, "Every call says what it used.", "green")
    else:
        say(console, "To switch on:", "bold")
    for code, text in advised.items():
        senders = ", ".join(
            dict.fromkeys(_name(row) for row in rows if row["advice"] and row["advice"]["code"] == code)
        )
        say(console, f"{senders}: {text}")


def _signs(answer: Row) -> Iterator[str]:
    """What the last hour shows of telemetry that did not come."""
    for one in answer["agents"]:
        if one["gap_tokens"]:
            agent, gap = f"Agent {one['agent'] or NOTHING} of {one['service'] or NOTHING}", compact(one["gap_tokens"])
            yield f"{agent} said {gap} tokens more in the last hour than the calls below it: some of them did not come."
    for one in answer["sessions"]:
        service, missing, silent = one["service"] or NOTHING, one["missing_events"], one["silent_sessions"]
        if missing:
            yield f"{service}: {compact(missing)} events of the last hour's sessions did not come."
        if silent:
            yield f"{service}: {compact(silent)} sessions used tools and told of no call."


def _cells(row: Row) -> Iterator[Cell]:
    yield Cell(row["service"] or NOTHING)
    yield Cell(row["scope"] or NOTHING)
    yield Cell(row["dialect"] or NOTHING)
    yield Cell(compact(row["calls"]))
    for usage in (MISSING, ESTIMATED):
        part = row[usage] / row["calls"] if row["calls"] else 0
        yield Cell(f"{compact(row[usage])} {share(part)}" if row[usage] else "0", "yellow" if part > _LITTLE else "")
    yield Cell(compact(row["failed"]))
    yield Cell(", ".join(_why(row)) or NOTHING)


def _why(row: Row) -> Iterator[str]:
    if row["work_spans"]:
        yield f"{compact(row['work_spans'])} spans of agents and tools, and no usage"
    yield from (f"{reason} {compact(count)}" for reason, count in row["reasons"].items())


def _name(row: Row) -> str:
    return " / ".join(filter(None, (row["service"], row["scope"]))) or row["dialect"]
