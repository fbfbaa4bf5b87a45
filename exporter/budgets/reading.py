"""Budgets as people write them, in a file or by API (vocabulary: budget file), read and judged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from exporter.budgets.definition import DEFAULT_THRESHOLDS, SEVERITIES, Budget, Threshold, default_severity
from exporter.budgets.limits import EXPECTED_LIMIT, Limit, parse_limit
from exporter.budgets.periods import PERIODS, WEEKDAYS, is_time_zone
from exporter.budgets.scope import SCOPE_FIELDS
from exporter.errors import InvalidRequest, Problem, show_name, unexpected, unknown_key

BUDGET_KEYS: Final = (
    "id", "scope", "limit", "period", "timezone", "week_start", "month_day", "thresholds", "include_list_equivalent",
)  # fmt: skip
MAX_ID_LENGTH: Final = 63
MAX_VALUE_LENGTH: Final = 128
MAX_PERCENT: Final = 1_000_000

_ID: Final = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{MAX_ID_LENGTH - 1}}}", re.ASCII)
_EXPECTED_ID: Final = f"1 to {MAX_ID_LENGTH} of a-z, 0-9 and -, as payments-month"
_EXPECTED_ZONE: Final = "an IANA time zone as Europe/Berlin"
_EXPECTED_THRESHOLD: Final = "a percentage as 85, or {percent: 85, severity: warning}"
_NO_LIMIT: Final = Limit(0, "")


def budget_from_mapping(source: Mapping[str, Any]) -> Budget:
    """The budget that a mapping states.  InvalidRequest with all `problems` in its details."""
    budget, problems = read_budget(source, "")
    if budget is None:
        message = "; ".join(str(problem) for problem in problems)
        raise InvalidRequest(message, problems=[problem._asdict() for problem in problems])
    return budget


def read_budget(source: object, key: str) -> tuple[Budget | None, list[Problem]]:
    """The budget, or None and what is wrong with it; `key` is where it stands, as `budgets[0]`."""
    if not isinstance(source, Mapping):
        return None, [unexpected(key, source, "a budget with id, limit and period")]
    reader = _Reader(source, f"{key}." if key else "")
    limit = reader.limit()
    budget = Budget(
        id=reader.id(),
        scope=reader.scope(),
        limit=limit.amount,
        unit=limit.unit,
        period=reader.choice("period", PERIODS, default=None),
        timezone=reader.timezone(),
        week_start=reader.choice("week_start", WEEKDAYS, default="monday"),
        month_day=reader.month_day(),
        thresholds=reader.thresholds(),
        include_list_equivalent=reader.boolean("include_list_equivalent"),
    )
    return (None, reader.problems) if reader.problems else (budget, [])


class _Reader:
    """Reads one key after the other and notes each problem; what could not be read has a value that means nothing."""

    def __init__(self, source: Mapping[str, Any], prefix: str) -> None:
        self._source = source
        self._prefix = prefix
        self.problems: list[Problem] = []
        self._refuse_unknown("", source, BUDGET_KEYS)

    def id(self) -> str:
        value = self._required("id", _EXPECTED_ID)
        if value is not None and not (isinstance(value, str) and _ID.fullmatch(value)):
            self._refuse("id", value, _EXPECTED_ID)
        return str(value)

    def limit(self) -> Limit:
        value = self._required("limit", EXPECTED_LIMIT)
        if value is None:
            return _NO_LIMIT
        if not isinstance(value, str):
            self._refuse("limit", value, EXPECTED_LIMIT)
            return _NO_LIMIT
        try:
            return parse_limit(value)
        except ValueError as error:
            self._refuse("limit", value, str(error).removeprefix("expected "))
            return _NO_LIMIT

    def choice(self, name: str, choices: tuple[str, ...], default: str | None) -> str:
        expected = f"one of {', '.join(choices)}"
        value = self._source.get(name, default) if default else self._required(name, expected)
        if value is not None and value not in choices:
            self._refuse(name, value, expected)
        return str(value)

    def boolean(self, name: str) -> bool:
        value = self._source.get(name, False)
        if type(value) is not bool:
            self._refuse(name, value, "true or false")
        return value is True

    def timezone(self) -> str:
        value = self._source.get("timezone", "UTC")
        if not is_time_zone(value):
            self._refuse("timezone", value, _EXPECTED_ZONE)
        return str(value)

    def month_day(self) -> int:
        value = self._source.get("month_day", 1)
        if type(value) is not int or not 1 <= value <= 31:
            self._refuse("month_day", value, "a day of the month, 1 to 31")
            return 1
        return value

    def scope(self) -> dict[str, str]:
        value = self._source.get("scope", {})
        if not isinstance(value, Mapping):
            self._refuse("scope", value, f"names by {', '.join(SCOPE_FIELDS)}, or {{}} for everything")
            return {}
        self._refuse_unknown("scope.", value, SCOPE_FIELDS)
        for name in SCOPE_FIELDS:
            if name in value and not _is_scope_value(value[name]):
                self._refuse(f"scope.{name}", value[name], f"a text of 1 to {MAX_VALUE_LENGTH} characters")
        return {name: value[name].strip() for name in SCOPE_FIELDS if isinstance(value.get(name), str)}

    def thresholds(self) -> tuple[Threshold, ...]:
        value = self._source.get("thresholds")
        if value is None:
            return DEFAULT_THRESHOLDS
        if not isinstance(value, list | tuple):
            self._refuse("thresholds", value, "a list as [70, 85, 100]")
            return ()
        read = [self._threshold(f"thresholds[{position}]", item) for position, item in enumerate(value)]
        found = sorted(threshold for threshold in read if threshold)
        for one, following in pairwise(found):
            if one.percent == following.percent:
                self._refuse("thresholds", one.percent, "each percentage once")
        return tuple(found)

    def _threshold(self, name: str, item: object) -> Threshold | None:
        fields = item if isinstance(item, Mapping) else {"percent": item}
        percent = fields.get("percent")
        if type(percent) is not int or not 1 <= percent <= MAX_PERCENT or not fields.keys() <= {"percent", "severity"}:
            self._refuse(name, item, _EXPECTED_THRESHOLD)
            return None
        severity = fields.get("severity", default_severity(percent))
        if severity not in SEVERITIES:
            self._refuse(f"{name}.severity", severity, f"one of {', '.join(SEVERITIES)}")
            return None
        return Threshold(percent, severity)

    def _required(self, name: str, expected: str) -> Any:
        value = self._source.get(name)
        if value is None:
            self.problems.append(Problem(f"{self._prefix}{name}", f"missing, expected {expected}"))
        return value

    def _refuse_unknown(self, group: str, source: Mapping[str, Any], known: Sequence[str]) -> None:
        names = [show_name(str(name)) for name in source if name not in known]
        self.problems += [Problem(f"{self._prefix}{group}{name}", unknown_key(name, known)) for name in names]

    def _refuse(self, name: str, found: object, expected: str) -> None:
        self.problems.append(unexpected(f"{self._prefix}{name}", found, expected))


def _is_scope_value(value: object) -> bool:
    # What cannot be printed is dropped from attributes, so it could match nothing.
    return isinstance(value, str) and 0 < len(value.strip()) <= MAX_VALUE_LENGTH and value.isprintable()
