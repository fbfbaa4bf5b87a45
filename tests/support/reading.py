"""Spans of tests, read as decode hands them on: what is content is lifted out first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.dialects.registry import LIFT, WANTED, read_span
from exporter.intake.values import Allowance, lift_content
from exporter.signals import Value
from exporter.usage import Reading, UsageRecord
from support.spans import make_span

ALLOWANCE = Allowance(wanted=WANTED | LIFT.content, lift=LIFT)


def decoded(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """What of these attributes leaves decode."""
    kept = {key: value for key, value in attributes.items() if key in ALLOWANCE.wanted}
    if not LIFT.content.isdisjoint(kept):
        lift_content(kept, ALLOWANCE)
    return kept


def read_sent(attributes: Mapping[str, Value], **more: Any) -> Reading:
    return read_span(make_span(decoded(attributes), **more))


def usage_sent(attributes: Mapping[str, Value], **more: Any) -> UsageRecord:
    usage = read_sent(attributes, **more).usage
    assert usage is not None
    return usage
