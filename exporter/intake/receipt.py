"""What became of the records of one request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

NOTHING: Final[Mapping[str, int]] = MappingProxyType({})
NO_DIALECTS: Final[Mapping[tuple[str, str], int]] = MappingProxyType({})


class Receipt(NamedTuple):
    """Counts of spans, log records or data points; their sum, with `rejected`, is what was sent."""

    accepted: int = 0
    duplicate: int = 0
    """Already in the ledger: a resend."""
    ignored: int = 0
    """Valid, and nothing to account."""
    rejected: Mapping[str, int] = NOTHING
    """By reason; only what can never be accepted."""
    by_dialect: Mapping[tuple[str, str], int] = NO_DIALECTS
    """The same counts by (dialect, outcome), when the reader knows the dialects."""
