"""What a budget covers: calls whose fields have the named values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SCOPE_FIELDS: Final = ("project", "team", "agent", "model", "task", "environment")


def matches(scope: Mapping[str, str], call: Mapping[str, str]) -> bool:
    """Whether a call counts: every field of the scope has exactly its value.  The empty scope covers everything."""
    return all(call.get(field, "") == value for field, value in scope.items())


def format_scope(scope: Mapping[str, str]) -> str:
    """The scope as a label: `project=payments,agent=reviewer`, in the order of SCOPE_FIELDS; empty for everything."""
    return ",".join(f"{field}={scope[field]}" for field in SCOPE_FIELDS if field in scope)
