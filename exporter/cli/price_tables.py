"""Prices for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
from rich.console import Console

from exporter.cli.output import NOTHING, Cell, Column, compact, say, show
from exporter.money import format_usd
from exporter.pricing.row_json import WEEKDAYS
from exporter.pricing.rows import TOKEN_RATES

Answer = Mapping[str, Any]


def print_price(console: Console, price: Answer) -> None:
    """The rates of a model with their tiers, and the dates at which they change."""
    if not price["price_version"]:
        say(console, f"no price for {price['model']}: {', '.join(price['reasons'])}")
        if price["similar"]:
            say(console, f"models with a similar name: {', '.join(price['similar'])}")
        return
    tiers = [("base", price["usd_per_million"]), *((one["prompt"], one["usd_per_million"]) for one in price["tiers"])]
    columns = [Column("USD per million tokens"), *(Column(prompt, right=True) for prompt, _ in tiers)]
    rows = [_cells(name, *(rates.get(name) for _, rates in tiers)) for name in TOKEN_RATES if name in tiers[0][1]]
    show(console, columns, rows, last_is_total=False)
    for line in _remarks(price):
        say(console, line)
    if len(price["history"]) > 1 or price["history"][0]["at_hours"]:
        _print_history(console, price["history"])


def _remarks(price: Answer) -> Iterator[str]:
    for unit, usd in price["usd_per_unit"].items():
        yield f"{unit}: {usd} USD each"
    if price["multiplier"] != "1/1":
        yield f"in this context all token rates times {price['multiplier']}"
    yield f"at {price['at']} by {price['price_version']}"
    if price["reasons"]:
        yield f"an estimate: {', '.join(price['reasons'])}"


def _print_history(console: Console, history: Sequence[Answer]) -> None:
    columns = [
        Column("from"),
        Column("until"),
        Column("at hours", fold=True),
        Column("input", right=True),
        Column("output", right=True),
    ]
    rows = []
    for one in history:
        rows.append(_dated(one["from"], one["until"], None, one["usd_per_million"]))
        rows += [_dated(None, None, _hours(part), part["usd_per_million"]) for part in one["at_hours"]]
    say(console, "")
    show(console, columns, rows, last_is_total=False)


def _dated(start: str | None, until: str | None, hours: str | None, rates: Mapping[str, str]) -> list[Cell]:
    return _cells(_short(start), _short(until), hours, rates.get("input"), rates.get("output"))


def _short(moment: str | None) -> str | None:
    return moment and moment.replace("T00:00:00Z", "").replace(":00Z", "Z")


def _hours(part: Answer) -> str:
    days = part["weekdays"]
    week = (
        ""
        if len(days) == 7
        else f" {days[0]}-{days[-1]}"
        if tuple(days) == WEEKDAYS[: len(days)]
        else f" {','.join(days)}"
    )
    return f"{', '.join(part['windows'])}{week} UTC{part['utc_offset']}"


def print_missing(console: Console, missing: Sequence[Answer]) -> None:
    """What has no price, then the commands, which are too long for a table."""
    if not missing:
        say(console, "every charged call has a price")
        return
    columns = [Column("provider"), Column("model", fold=True), Column("reason", fold=True)]
    columns += [Column(name, right=True) for name in ("calls", "input", "output")]
    columns += [Column("first seen")]
    show(console, columns, [_missing_cells(one) for one in missing], last_is_total=False)
    say(console, "")
    say(console, "To price them, put USD per million tokens in place of each USD:")
    for one in missing:
        # Never wrapped: it is there to be copied.
        click.echo(one["command"] or "(calls without a model's name cannot be priced)")


def _missing_cells(one: Answer) -> list[Cell]:
    counts = list(one["tokens"].values())
    sizes = (compact(one["calls"]), compact(sum(counts[:4])), compact(sum(counts[4:])))
    return _cells(one["provider"], one["model"], ", ".join(one["reasons"]), *sizes, one["first_seen"])


def print_changes(console: Console, changes: Mapping[str, Sequence[Answer]]) -> None:
    """Rows that a change adds and takes away."""
    rows = [_described(sign, row) for key, sign in (("withdrawn", "-"), ("added", "+")) for row in changes[key]]
    if not rows:
        say(console, "no difference")
        return
    columns = [Column(""), Column("layer"), Column("provider"), Column("model", fold=True), Column("price", fold=True)]
    show(console, [*columns, Column("from"), Column("until")], rows, last_is_total=False)


def _described(sign: str, row: Answer) -> list[Cell]:
    stated = [f"{name} {usd}" for name, usd in row.get("usd_per_million", {}).items()]
    stated += [f"{name} {usd} each" for name, usd in row.get("usd_per_unit", {}).items()]
    stated += [f"{row['percent_of_list']} % of the list"] if "percent_of_list" in row else []
    stated += [f"as {row['alias_of']}"] if "alias_of" in row else []
    stated += [f"with {key}={value}" for key, value in row.get("context", {}).items()]
    stated += [f"for {row['org']}"] if "org" in row else []
    words = (row.get("provider"), row["model"], ", ".join(stated), row.get("from"), row.get("until"))
    return _cells(sign, row["layer"], *words)


def print_effect(console: Console, effect: Answer) -> None:
    """What a change would mean for calls that are booked."""
    say(
        console,
        f"{effect['calls_examined']:,} booked calls of these models were priced again: "
        f"{effect['calls_that_would_differ']:,} would cost something else, "
        f"{format_usd(effect['difference_nano_usd'])} in all; {effect['calls_priced_late']:,} are waiting for a price",
    )
    if not effect["complete"]:
        say(console, "only the latest calls were looked at")


def _cells(*texts: str | None) -> list[Cell]:
    return [Cell(text or NOTHING) for text in texts]
