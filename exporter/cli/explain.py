"""`agent-exporter explain`: why a trace costs what it costs, record by record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import click
from rich.console import Console

from exporter.budgets.limits import TOKENS
from exporter.cli.context import CommandContext
from exporter.cli.output import NOTHING, Cell, Column, print_json, say, show, show_facts, working
from exporter.configuration import books_by_age
from exporter.errors import InvalidRequest
from exporter.money import format_usd
from exporter.pricing.row_json import usd_text
from exporter.views.explain import Asked, explain

_STYLES: Final = {"charged": "bold green", "pending": "yellow", "not_billable": "cyan"}
_DONE: Final = "dim"
_PRODUCTS: Final = (
    Column("class"),
    Column("tokens", right=True),
    Column("USD per million", right=True),
    Column("prompt", spare=True),
    Column("times", right=True),
    Column("exact nano-USD", right=True, spare=True),
    Column("cost nano-USD", right=True),
)
_MILLION: Final = 10**6

Answer = Mapping[str, Any]


@click.command()
@click.argument("ids", metavar="TRACE[:SPAN]")
@click.option("--json", "as_json", is_flag=True, help="The answer of GET /api/v1/explain, for programs.")
@click.pass_obj
def command(context: CommandContext, *, ids: str, as_json: bool) -> None:
    """Everything that was decided about the records of TRACE, or of one SPAN of it.

    For each: what was sent and how it was understood, whether it is charged and what counts in its place, the price and
    each product, corrections, and the budgets that it moved.
    """
    asked = read_ids(ids)
    with working("Looking it up"), context.database.read() as connection:
        answer = explain(connection, asked, books_by_age)
    if as_json:
        print_json(answer)
        return
    for number, record in enumerate(answer["data"]):
        if number:
            say(context.console, "")
        _print(context.console, record)
    if not answer["complete"]:
        say(context.console, "There are more records; name a span to see one of them.", "yellow")


def read_ids(text: str) -> Asked:
    """A trace in 32 hexadecimal digits, and behind a colon a span in 16."""
    trace_id, _, span_id = text.partition(":")
    try:
        asked = Asked(bytes.fromhex(trace_id), bytes.fromhex(span_id) if span_id else None)
    except ValueError:
        asked = Asked(b"")
    if len(asked.trace_id) != 16 or (asked.span_id is not None and len(asked.span_id) != 8):
        raise InvalidRequest(f"{text[:80]!r} is no TRACE[:SPAN]: 32 hexadecimal digits, and 16 for a span")
    return asked


def _print(console: Console, record: Answer) -> None:
    usage, verdict = record["usage"], record["verdict"]
    say(console, _heading(usage, record["reading"]), _STYLES.get(verdict["billing"], _DONE))
    show_facts(
        console,
        [*_origin(record), *_sent(record["reading"]), *_judged(verdict), *_priced(record["price"])],
    )
    _print_products(console, record)
    show_facts(
        console,
        [*_corrected(record["corrections"]), *_moved(record["budgets"]), *_crossed(record["breaches"])],
    )


def _heading(usage: Answer, reading: Answer) -> str:
    what = reading["operation"] or usage["kind"]
    model = usage["response_model"] or usage["request_model"] or "no model"
    where = f"span {usage['span_id']}" if usage["span_id"] else usage["signal"]
    return f"{what} {model}, {where}, {usage['started_at']}: {usage['billing']} {_cost(usage['cost_nano_usd'])}"


def _origin(record: Answer) -> Iterator[tuple[str, str]]:
    usage, reading = record["usage"], record["reading"]
    scope = f", scope {usage['scope']}" if usage["scope"] else ""
    article = "an" if usage["signal"].startswith("i") else "a"
    yield "read by", f"{usage['dialect']} from {article} {usage['signal']}{scope}; usage {usage['usage_status']}"
    who = [f"{name} {usage[name]}" for name in ("project", "agent", "task", "service") if usage[name]]
    if who:
        yield "for", ", ".join(who)
    if usage["flags"]:
        yield "flags", ", ".join(usage["flags"])
    if reading["read_alike_today"] is False:
        yield "today", "would be read differently: `agent-exporter reinterpret` shows how"


def _sent(reading: Answer) -> Iterator[tuple[str, str]]:
    for name, value in (reading["evidence"] or {}).items():
        yield "sent", f"{name} = {value}"
    if reading["cached_input"]:
        yield "input", _decided(reading["cached_input"], reading, inclusive="contains", exclusive="leaves out")
    if reading["reasoning"]:
        yield "output", _decided(reading["reasoning"], reading, subset="contains", additive="leaves out")


def _decided(decided: Answer, reading: Answer, **words: str) -> str:
    part = "reasoning" if "subset" in words else "cached tokens"
    emitter = f" ({reading['emitter']})" if decided["rule"] == "emitter" and reading["emitter"] else ""
    return f"{words[decided['basis']]} the {part}: {decided['because']}{emitter}"


def _judged(verdict: Answer) -> Iterator[tuple[str, str]]:
    rule = f"rule {verdict['rule']}: " if verdict["rule"] else ""
    yield verdict["billing"].replace("_", " "), f"{rule}{verdict['because']}"
    if verdict["due_at"]:
        yield "due", f"charged at {verdict['due_at']} if nothing better comes"
    if verdict["better_signals"]:
        yield "better", f"its source sent the same as {', '.join(verdict['better_signals'])}"
    for one in verdict["counts_instead"]:
        where = f"span {one['span_id']} of trace {one['trace_id']}" if one["span_id"] else f"record {one['id']}"
        yield "instead", f"{one['signal']}, {where}: {one['billing']} {_cost(one['cost_nano_usd'])}"


def _priced(price: Answer) -> Iterator[tuple[str, str]]:
    if price["price_version"]:
        yield "price", f"{price['cost_status']} as {price['price_model']} by {price['price_version']}"
    else:
        yield "price", price["cost_status"]
    for row in price["rows"]:
        source = row.get("listing") or row.get("source", "")
        yield "row", f"layer {row['layer']}{f': {source}' if source else ''}"
    if price["book"] == "earlier":
        yield "book", "by prices that were in force before; today's are others"
    if price["context"]:
        yield "context", ", ".join(f"{name} {value}" for name, value in price["context"].items())
    if price["cost_reported_nano_usd"] is not None:
        yield "reported", f"{_cost(price['cost_reported_nano_usd'])} says the {price['cost_source'] or 'emitter'}"


def _print_products(console: Console, record: Answer) -> None:
    price = record["price"]
    if price["components"]:
        rows = [_product(part) for part in price["components"]]
        total = [
            Cell("total"),
            *[Cell(NOTHING)] * 4,
            Cell(price["exact_nano_usd"]),
            Cell(f"{price['cost_nano_usd']:,}"),
        ]
        show(console, _PRODUCTS, [*rows, total], last_is_total=True)
        return
    tokens = [(name, count) for name, count in record["usage"]["tokens"].items() if count]
    if tokens:
        cells = [[Cell(name), Cell(f"{count:,}")] for name, count in tokens]
        show(console, _PRODUCTS[:2], cells, last_is_total=False)


def _product(part: Answer) -> list[Cell]:
    return [
        Cell(part["component"]),
        Cell(f"{part['tokens']:,}"),
        Cell(usd_text(part["rate_pico_usd"] * _MILLION)),
        Cell(part["tier"] or NOTHING),
        Cell(part["multiplier"].removesuffix("/1")),
        Cell(part["exact_nano_usd"]),
        Cell(f"{part['amount_nano_usd']:,}"),
    ]


def _corrected(corrections: list[Answer]) -> Iterator[tuple[str, str]]:
    for one in corrections:
        before = f"{one['billing_before']} {_cost(one['cost_before_nano_usd'])}"
        after = f"{one['billing_after']} {_cost(one['cost_after_nano_usd'])}"
        yield "corrected", f"{one['at']} {one['reason']}: {before}, then {after}"


def _moved(budgets: list[Answer]) -> Iterator[tuple[str, str]]:
    for one in budgets:
        amount = f"{one['amount']:,} tokens" if one["unit"] == TOKENS else _cost(one["amount"])
        ended = "" if one["in_force"] else ", ended since"
        yield "budget", f"{one['budget']}: {amount} in the {one['period']['kind']} from {one['period']['start']}{ended}"


def _crossed(breaches: list[Answer]) -> Iterator[tuple[str, str]]:
    for one in breaches:
        yield "crossed", f"{one['percent']} % of {one['budget']} at {one['at']} ({one['severity']})"


def _cost(nano: int | None) -> str:
    return "at unknown cost" if nano is None else format_usd(nano)
