"""What is wrong with the usage of a call: nobody reported it, or only a part, or somebody estimated it.

A call that counts and reports well has no doubt; one that does not has exactly one, the worst.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Final, NamedTuple

from exporter.dialects.counting import INPUT_MISSING, OUTPUT_MISSING
from exporter.dialects.reading import USAGE_MISSING, ZERO_USAGE
from exporter.usage import ESTIMATED, MISSING

CALL_FAILED: Final = "call_failed"
"""The call ended with an error, so that there is most likely nothing to report."""
_GAPS: Final = (ZERO_USAGE, USAGE_MISSING)
_HALVES: Final = (OUTPUT_MISSING, INPUT_MISSING)
GAPS: Final = (*_GAPS, *_HALVES, CALL_FAILED)
"""Reasons of missing usage."""
_ESTIMATES: Final = ("estimated_", "guessed_")
"""How a flag begins that says why the numbers of a record are an estimate."""


class Doubt(NamedTuple):
    """`status` is MISSING (all of the usage, or input or output of it) or ESTIMATED; `reason` says how."""

    status: str
    reason: str


@lru_cache(maxsize=1024)
def doubt_of(usage_status: str, error_type: str, flags: str | None) -> Doubt | None:
    """What is wrong with a row, given its `flags` as they are stored; None when it reports well."""
    raised: list[str] = json.loads(flags) if flags else []
    if usage_status == MISSING:
        reason = CALL_FAILED if error_type else next((flag for flag in _GAPS if flag in raised), USAGE_MISSING)
        return Doubt(MISSING, reason)
    if usage_status == ESTIMATED:
        return Doubt(ESTIMATED, next((flag for flag in raised if flag.startswith(_ESTIMATES)), ESTIMATED))
    half = next((flag for flag in _HALVES if flag in raised), "")
    return Doubt(MISSING, half) if half else None
