"""What the options of `agent-exporter cost` mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import click

from exporter.budgets.periods import is_time_zone
from exporter.errors import InvalidRequest
from exporter.ledger.cost_sums import DIMENSION_FIELDS, GROUP_FIELDS, TASK
from exporter.views.costs import DEFAULT_DAYS, CostRange
from exporter.views.times import NS, parse_time

_DAY_NS: Final = 86_400 * NS
_FILTERS: Final = (*DIMENSION_FIELDS, TASK)

T = TypeVar("T")


class Interval(NamedTuple):
    """What the options say about time; None where they say nothing."""

    start: str | None
    end: str | None
    since: int | None
    zone: str


def as_option(read: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, str | None], T | None]:
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


def read_filters(_ctx: click.Context, parameter: click.Parameter, given: Sequence[str]) -> dict[str, str]:
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
    return f"one of {', '.join(known)}{f' (did you mean {near[0]}?)' if near else ''}"


def read_zone(given: str) -> str:
    """The zone itself; ValueError when there is none of that name."""
    if not is_time_zone(given):
        raise ValueError("an IANA time zone as Europe/Berlin")
    return given


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
        stated = given if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone)).isoformat()
        return parse_time(stated, name=option)
    except (ValueError, InvalidRequest) as error:
        expected = "a date or time from 1970 to 2262 as 2026-03-01, 2026-03-01T09:30 or 2026-03-01T09:30:00+01:00"
        raise click.UsageError(f"{option}: found {given!r}, expected {expected}.") from error
