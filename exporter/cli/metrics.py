"""`agent-exporter metrics`: what a scrape would show of the ledger, read from the database."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import click

from exporter.app import make_gatherer
from exporter.cli.context import CommandContext
from exporter.cli.output import NOTHING, Cell, Column, print_json, show, working
from exporter.configuration import build_runtime
from exporter.errors import Unavailable
from exporter.following import Follower
from exporter.telemetry.family import COUNTER, HISTOGRAM, NANO, Family
from exporter.telemetry.render import OPENMETRICS, TEXT, Renderer
from exporter.views.metrics import count_series
from exporter.views.points import Distribution, Points
from exporter.views.times import format_time

_OVERVIEW: Final = (Column("family"), Column("type"), Column("series", right=True), Column("sum", right=True))
_LISTING: Final = (Column("family"), Column("labels", fold=True), Column("value", right=True))


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
    follower = Follower(context.database, partial(build_runtime, settings=context.settings))
    gatherer = make_gatherer(context.settings, context.database, follower, time.time_ns)
    families = [family for family in gatherer.families if not names or family.name.startswith(names)]
    if not families:
        raise click.UsageError(f"no family is called {' or '.join(names)}; without FAMILY all of them are listed")
    with working("Reading the ledger"):
        samples = gatherer.gather(exemplars=openmetrics)
    if not samples["database_up"].values[0]:
        raise Unavailable("the database does not answer")
    if raw or openmetrics:
        click.echo(_raw(families, samples, openmetrics=openmetrics), nl=False)
    elif as_json:
        print_json({"data": [_document(one) for one in _series(families, samples)]})
    elif names:
        show(context.console, _LISTING, [_line(one) for one in _series(families, samples)], last_is_total=False)
    else:
        show(context.console, _OVERVIEW, [_summary(family, samples) for family in families], last_is_total=False)


def _raw(families: Sequence[Family], samples: dict[str, Points], *, openmetrics: bool) -> str:
    text = Renderer(families, OPENMETRICS if openmetrics else TEXT).render(samples)
    return text + ("# EOF\n" if openmetrics else "")


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


def _summary(family: Family, samples: dict[str, Points]) -> list[Cell]:
    points = samples.get(family.feed, Points([], []))
    return [Cell(family.name), Cell(family.kind), Cell(f"{count_series(points):,}"), Cell(_sum(family, points))]


def _sum(family: Family, points: Points) -> str:
    """Only counters mean something when they are added up; one gauge stands for itself."""
    if family.kind == HISTOGRAM or not points.values or (family.kind != COUNTER and len(points.values) > 1):
        return NOTHING
    return number_text(sum(points.values) / family.divisor, family)


def _line(one: Series) -> list[Cell]:
    labels = " ".join(f"{name}={value}" for name, value in one.labels.items() if value)
    return [Cell(one.family.name), Cell(labels or NOTHING), Cell(_value_text(one))]


def _value_text(one: Series) -> str:
    if isinstance(one.value, dict):
        return f"{one.value['count']:,} observed, {number_text(one.value['sum'], one.family)} in all"
    return number_text(one.value, one.family)


def number_text(value: float, family: Family) -> str:
    """A sample for people: times as times, amounts with at most nine decimals."""
    if family.name.endswith("_timestamp_seconds"):
        return format_time(round(value) * NANO)
    whole, _, fraction = f"{value:,.9f}".partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole
