"""`agent-exporter dialects`: what is understood, and how known emitters count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click
from rich.console import Console

from exporter.cli.context import CommandContext
from exporter.cli.output import NOTHING, Cell, Column, print_json, say, show, show_facts
from exporter.dialects.describing import (
    Description,
    beyond_the_conventions,
    describe_dialects,
    emitters_by_scope,
    to_mapping,
    whom,
)
from exporter.errors import NotFound

_LIST: Final = (Column("dialect"), Column("signals"), Column("what it is", fold=True))
_EMITTERS: Final = (
    Column("scope"),
    Column("input leaves out cached tokens of", fold=True),
    Column("output leaves out reasoning of", fold=True),
)


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Everything, for programs.")
@click.pass_obj
def command(context: CommandContext, *, name: str | None, as_json: bool) -> None:
    """The dialects in which telemetry is understood; with NAME, by what one is recognised and which names it has.

    Every dialect understands the names of the GenAI conventions (`genai`) as well; here stand those of its own.
    """
    described = describe_dialects()
    chosen = described if name is None else [_find(described, name)]
    if as_json:
        everything = to_mapping()
        kept = [one for one in everything["dialects"] if name is None or one["name"] == name]
        print_json({**everything, "dialects": kept})
    elif name is None:
        _print_all(context.console, chosen)
    else:
        _print_one(context.console, chosen[0])


def _find(described: Sequence[Description], name: str) -> Description:
    for one in described:
        if one.name == name:
            return one
    raise NotFound(f"there is no dialect {name!r}; there are {', '.join(one.name for one in described)}")


def _print_all(console: Console, described: Sequence[Description]) -> None:
    rows = [[Cell(one.name, "bold"), Cell(", ".join(one.signals)), Cell(one.about)] for one in described]
    show(console, _LIST, rows, last_is_total=False)
    say(console, "")
    say(console, "How emitters count, by instrumentation scope; the longest that fits holds:")
    counting = [
        [
            Cell(one.scope),
            Cell(", ".join(whom(one.exclusive_for, everyone=one.is_exclusive)) or NOTHING),
            Cell(", ".join(whom(one.additive_for, everyone=one.is_additive)) or NOTHING),
        ]
        for one in emitters_by_scope()
    ]
    show(console, _EMITTERS, counting, last_is_total=False)


def _print_one(console: Console, one: Description) -> None:
    say(console, f"{one.name}: {one.about}", "bold")
    facts: list[tuple[str, str]] = []
    if one.spans is not None:
        facts += [("spans with", mark) for mark in one.spans.marks]
        facts += _names(one.name, one.spans.names)
        facts += [("taken from", key) for key in one.spans.content]
    for logs in one.logs:
        facts += [("log events", event) for event in logs.events]
        facts += _names(one.name, logs.names)
    for metrics in one.metrics:
        facts += [("instruments", instrument) for instrument in metrics.instruments]
        facts += [("by", kind) for kind in metrics.types]
    show_facts(console, facts)


def _names(dialect: str, names: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    shown = names if dialect == "genai" else beyond_the_conventions(names)
    return [(field.replace("_", " "), name) for field, given in shown.items() for name in given]
