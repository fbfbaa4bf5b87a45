"""GET /api/v1/usage, /costs and /completeness: parse, call, answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import Connection

from exporter.budgets.periods import is_time_zone
from exporter.errors import InvalidRequest
from exporter.ledger.cost_sums import DIMENSION_FIELDS, GROUP_FIELDS, TASK
from exporter.ledger.queries import UsageFilter
from exporter.usage import BILLING
from exporter.views.completeness import completeness
from exporter.views.costs import DEFAULT_DAYS, MAX_GROUPS, CostRange, cost_answer
from exporter.views.usage import DEFAULT_LIMIT, MAX_LIMIT, usage_page
from exporter.web.parameters import hexadecimal, instant, integer, known_only, text

Read = Callable[[], AbstractContextManager[Connection]]
DAY_NS: Final = 86_400 * 10**9
_USAGE: Final = (
    "start", "end", "trace_id", "conversation_id", "project", "task", "agent", "dialect", "billing", "limit", "cursor",
)  # fmt: skip
_FILTERS: Final = (*DIMENSION_FIELDS, TASK)
_COSTS: Final = ("group_by", "start", "end", "tz", "limit", *_FILTERS)


def ledger_blueprint(read: Read, *, timezone: Callable[[], str], clock_ns: Callable[[], int]) -> Blueprint:
    """The ledger as rows and as sums."""
    blueprint = Blueprint("ledger", __name__, url_prefix="/api/v1")

    @blueprint.get("/usage")
    def usage() -> Response:
        known_only(request.args, _USAGE)
        wanted = _usage_filter(request.args)
        limit = integer(request.args, "limit", default=DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
        with read() as connection:
            return jsonify(usage_page(connection, wanted, cursor=text(request.args, "cursor"), limit=limit))

    @blueprint.get("/costs")
    def costs() -> Response:
        known_only(request.args, _COSTS)
        fields = group_fields(text(request.args, "group_by") or "")
        within = _cost_range(request.args, timezone(), clock_ns())
        limit = integer(request.args, "limit", default=MAX_GROUPS, least=1, most=MAX_GROUPS)
        filters = {name: given for name in _FILTERS if (given := text(request.args, name)) is not None}
        with read() as connection:
            return jsonify(cost_answer(connection, fields, within, filters=filters, limit=limit))

    @blueprint.get("/completeness")
    def completeness_of_senders() -> Response:
        known_only(request.args, ("start", "end"))
        start, end = instant(request.args, "start"), instant(request.args, "end")
        with read() as connection:
            return jsonify(completeness(connection, start, end, clock_ns()))

    return blueprint


def group_fields(given: str) -> tuple[str, ...]:
    """The fields of a comma-separated list, in its order; InvalidRequest for others, and for one named twice."""
    fields = tuple(filter(None, given.split(",")))
    for name in fields:
        if name not in GROUP_FIELDS:
            expected = ", ".join(GROUP_FIELDS)
            raise InvalidRequest(f"group_by: found {name[:80]!r}, expected some of {expected}", parameter="group_by")
    if len(set(fields)) != len(fields):
        raise InvalidRequest(f"group_by: found {given[:80]!r}, expected each field once", parameter="group_by")
    return fields


def _usage_filter(args: Mapping[str, str]) -> UsageFilter:
    return UsageFilter(
        start_ns=instant(args, "start"),
        end_ns=instant(args, "end"),
        trace_id=_trace_id(args),
        conversation_id=text(args, "conversation_id"),
        project=text(args, "project"),
        task=text(args, "task"),
        agent=text(args, "agent"),
        dialect=text(args, "dialect"),
        billing=_billing(args),
    )


def _cost_range(args: Mapping[str, str], zone: str, now_ns: int) -> CostRange:
    end = instant(args, "end")
    end = now_ns if end is None else end
    start = instant(args, "start")
    start = end - DEFAULT_DAYS * DAY_NS if start is None else start
    if start >= end:
        raise InvalidRequest("start: expected a time before end", start=args.get("start"), end=args.get("end"))
    return CostRange(max(start, 0), end, _zone(args, zone))


def _zone(args: Mapping[str, str], default: str) -> str:
    given = text(args, "tz")
    if given is not None and not is_time_zone(given):
        raise InvalidRequest(f"tz: found {given[:80]!r}, expected an IANA time zone as Europe/Berlin", parameter="tz")
    return given or default


def _trace_id(args: Mapping[str, str]) -> bytes | None:
    given = text(args, "trace_id")
    return None if given is None else hexadecimal("trace_id", given, digits=32)


def _billing(args: Mapping[str, str]) -> int | None:
    given = text(args, "billing")
    if given is None:
        return None
    if given not in BILLING:
        raise InvalidRequest(f"billing: found {given[:80]!r}, expected one of {', '.join(BILLING)}")
    return BILLING.index(given)
