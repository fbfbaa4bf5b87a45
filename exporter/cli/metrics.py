"""`agent-exporter metrics`: what a scrape would show of the ledger, read from the database."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from exporter.app import make_gatherer as make_gatherer_of
from exporter.cli.context import CommandContext
from exporter.configuration import build_runtime
from exporter.following import Follower
from exporter.telemetry.family import COUNTER, HISTOGRAM, Family
from exporter.telemetry.gather import Gatherer
from exporter.telemetry.render import OPENMETRICS, TEXT, Renderer
from exporter.views.metrics import count_series
from exporter.views.points import Distribution, Points

_LONG_LABEL: Final = 40

Row = tuple[str, ...]


class Series(NamedTuple):
    """One series in the unit that a scrape shows; a histogram is its count and sum."""

    family: Family
    labels: dict[str, str]
    value: float | dict[str, float]


@click.command()
@click.argument("names", nargs=-1, metavar="[FAMILY]...")
@click.option("--json", "as_json", is_flag=True, help="Every series, for programs.")
@click.option("--raw", is_flag=True, help="The text of a scrape, without what workers measure of themselves.")
@click.option("--openmetrics", is_flag=True, help="With --raw: as OpenMetrics, with exemplars.")
@click.pass_obj
def command(context: CommandContext, names: tuple[str, ...], *, as_json: bool, raw: bool, openmetrics: bool) -> None:
    """The metrics as a scrape would show them.

    Without FAMILY: an overview of all families. FAMILY is a name or its beginning, as agent_budget, and shows
    every series of what it fits.
    """
    gatherer = make_gatherer(context)
    families = [family for family in gatherer.families if not names or family.name.startswith(names)]
    if not families:
        raise click.UsageError(f"no family is called {' or '.join(names)}; without FAMILY all of them are listed")
    samples = gatherer.gather(exemplars=openmetrics)
    shown = {family.feed: samples[family.feed] for family in families if family.feed in samples}
    if raw or openmetrics:
        _write_raw(families, shown, openmetrics=openmetrics)
    elif as_json:
        click.echo(json.dumps({"data": [_document(one) for one in _series(families, shown)]}, indent=2))
    elif not names:
        _print(context.console, ("family", "type", "series", "sum"), _overview(families, shown))
    else:
        _print(context.console, ("family", "labels", "value"), _listing(_series(families, shown)))


def make_gatherer(context: CommandContext) -> Gatherer:
    """Reads what the workers of this configuration would show."""
    follower = Follower(context.database, partial(build_runtime, settings=context.settings))
    return make_gatherer_of(context.settings, context.database, follower, time.time_ns)


def _write_raw(families: Sequence[Family], samples: dict[str, Points], *, openmetrics: bool) -> None:
    text = Renderer(families, OPENMETRICS if openmetrics else TEXT).render(samples)
    sys.stdout.write(text + ("# EOF\n" if openmetrics else ""))


def _series(families: Sequence[Family], samples: dict[str, Points]) -> Iterator[Series]:
    for family in families:
        points = samples.get(family.feed, Points([], []))
        for labels, value in zip(points.labels, points.values, strict=True):
            named = dict(zip(family.label_names, labels, strict=True))
            yield Series(family, named, _shown(value, family))


def _shown(value: Any, family: Family) -> float | dict[str, float]:
    if isinstance(value, Distribution):
        return {"count": sum(value.buckets), "sum": value.sum / family.divisor}
    number: float = value if family.divisor == 1 else value / family.divisor
    return number


def _document(one: Series) -> dict[str, Any]:
    return {"family": one.family.name, "type": one.family.kind, "labels": one.labels, "value": one.value}


def _overview(families: Sequence[Family], samples: dict[str, Points]) -> Iterator[Row]:
    for family in families:
        points = samples.get(family.feed, Points([], []))
        yield family.name, family.kind, f"{count_series(points):,}", _sum(family, points)


def _sum(family: Family, points: Points) -> str:
    """Only counters mean something when they are added up; one gauge stands for itself."""
    if family.kind == HISTOGRAM or not points.values or (family.kind != COUNTER and len(points.values) > 1):
        return ""
    return number(sum(points.values) / family.divisor, family)


def _listing(series: Iterator[Series]) -> Iterator[Row]:
    for one in series:
        labels = " ".join(f"{name}={value[:_LONG_LABEL]}" for name, value in one.labels.items() if value)
        yield one.family.name, labels, _value_text(one)


def _print(console: Console, header: Row, rows: Iterator[Row]) -> None:
    """A table in a terminal, lines with tabs elsewhere."""
    if not console.is_terminal:
        for row in (header, *rows):
            click.echo("\t".join(row))
        return
    table = Table(*header, box=SIMPLE_HEAD, pad_edge=False)
    table.columns[-1].justify = "right"
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _value_text(one: Series) -> str:
    if isinstance(one.value, dict):
        return f"{number(one.value['count'], one.family)} calls, {number(one.value['sum'], one.family)} in all"
    return number(one.value, one.family)


def number(value: float, family: Family) -> str:
    """A sample for people: times as times, amounts with at most nine decimals."""
    if family.name.endswith("_timestamp_seconds"):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    whole, _, fraction = f"{value:,.9f}".partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole
