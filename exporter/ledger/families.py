"""The capped metric families as data: which texts of a label set each one shows.

Admission (ledger/admission.py) and the read side (views/samples.py) use the same rows, so a label
set is counted against the family in which it appears.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from exporter.ledger.tables import COMPONENT_COLUMNS, SERIES_TEXTS, TOKEN_COLUMNS
from exporter.pricing.charge import COMPONENTS
from exporter.usage import LIST_EQUIVALENT

OTHER_LABEL: Final = "__other__"
"""What a label shows in the series that collects what a family did not admit."""

WORK_TEXTS: Final = ("project", "team", "environment", "agent", "provider", "model")

DISTRIBUTION_FAMILY: Final = "distribution"
DISTRIBUTION_SERIES: Final = 34
"""Series of one label set of the largest client histogram: two token types with 15 buckets, a sum and a count."""

QUALITY_FAMILY: Final = "quality"
_SENDER: Final = 3
"""How many texts of a doubtful call name its sender, who chooses them; the others are words of ours."""


def overflow_sender(texts: Sequence[str]) -> tuple[str, ...]:
    """The texts (quality_tables.QUALITY_TEXTS) that stand for those of senders that were not admitted."""
    return (*(OTHER_LABEL,) * _SENDER, *texts[_SENDER:])


@dataclass(frozen=True, slots=True)
class CappedFamily:
    """A family of label sets with one series budget; its adjustments family shares the admission."""

    bit: int
    """Bit of `series.overflow` for this family, 0 to 30; never used again for another."""
    name: str
    texts: tuple[str, ...]
    """Columns of tables.SERIES_TEXTS that the family shows, in label order."""
    multiplicity: int = 1
    """Series that one label set makes."""
    condition: str = ""
    """The family holds only label sets in which this text is not empty."""
    value: str = ""
    """Where given, only those in which that text is this one."""
    exclusion: str = ""
    """The family leaves out label sets in which this text is not empty."""
    overflow_bit: int = field(init=False)
    """Set in `series.overflow`: every text but the project is `__other__`."""
    project_bit: int = field(init=False)
    """Set in `series.overflow` beside the former: the project is `__other__` too."""
    positions: tuple[int, ...] = field(init=False)
    """Of the texts in tables.SERIES_TEXTS."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "overflow_bit", 1 << self.bit)
        object.__setattr__(self, "project_bit", 1 << (32 + self.bit))
        object.__setattr__(self, "positions", tuple(SERIES_TEXTS.index(text) for text in self.texts))

    def holds(self, labels: Sequence[str]) -> bool:
        """Whether a label set (tables.SERIES_TEXTS) belongs to the family."""
        if self.exclusion and labels[SERIES_TEXTS.index(self.exclusion)]:
            return False
        if not self.condition:
            return True
        text = labels[SERIES_TEXTS.index(self.condition)]
        return text == self.value if self.value else bool(text)

    def shown(self, labels: Sequence[str], overflow: int) -> tuple[str, ...]:
        """The label values of a label set, given its stored overflow bits."""
        values = tuple([labels[at] for at in self.positions])
        if not overflow & self.overflow_bit:
            return values
        keeps = "" if overflow & self.project_bit else "project"
        return tuple(v if text == keeps else OTHER_LABEL for text, v in zip(self.texts, values, strict=True))


# What has no price has no cost series either: 0 would say that it was free.
COST: Final = CappedFamily(0, "cost", WORK_TEXTS, exclusion="unpriced_reason")
COMPONENT: Final = CappedFamily(
    1, "component", ("project", "provider", "model"), multiplicity=len(COMPONENTS), exclusion="unpriced_reason"
)
REPORTED: Final = CappedFamily(2, "reported", ("provider", "model", "cost_source"), condition="cost_source")
TOKENS: Final = CappedFamily(3, "tokens", WORK_TEXTS, multiplicity=len(TOKEN_COLUMNS))
CALLS: Final = CappedFamily(4, "calls", (*WORK_TEXTS, "operation", "usage_status", "cost_status"))
ERRORS: Final = CappedFamily(
    5, "errors", ("project", "agent", "provider", "model", "error_type"), condition="error_type"
)
UNPRICED: Final = CappedFamily(6, "unpriced", ("provider", "model", "unpriced_reason"), condition="unpriced_reason")
LISTED: Final = CappedFamily(
    8, "list_equivalent", WORK_TEXTS, condition="cost_source", value=LIST_EQUIVALENT, exclusion="unpriced_reason"
)
INFERENCE: Final = CappedFamily(7, "inference", ("operation", "provider", "model", "error_type"))

CAPPED: Final = (COST, COMPONENT, REPORTED, TOKENS, CALLS, ERRORS, UNPRICED, INFERENCE, LISTED)


_CONDITIONS: Final = frozenset(family.condition for family in CAPPED)


def overflow_texts(labels: Sequence[str], *, keeps_project: bool) -> tuple[str, ...]:
    """The label set that stands for one that gets no row of its own.

    It belongs to the same families: an error stays an error of unknown kind, and what is none stays none.
    """
    project = labels[0] if keeps_project else OTHER_LABEL
    return (project, *(_overflow_text(*named) for named in zip(SERIES_TEXTS[1:], labels[1:], strict=True)))


def _overflow_text(name: str, value: str) -> str:
    if name == LISTED.condition and value == LISTED.value:
        return value
    return OTHER_LABEL if value or name not in _CONDITIONS else ""


class Part(NamedTuple):
    """One of the series into which a label set splits: the value of the extra label, and what is added up."""

    label: str
    columns: tuple[str, ...]


class Feed(NamedTuple):
    """Where a family's numbers come from: the columns of `total`, or of `adjustment`."""

    name: str
    family: CappedFamily
    parts: tuple[Part, ...]
    """One part without a label, or one part for each value of the family's last label."""
    is_adjustment: bool = False


def _whole(*columns: str) -> tuple[Part, ...]:
    return (Part("", columns),)


def _each(labels: tuple[str, ...], columns: tuple[str, ...]) -> tuple[Part, ...]:
    return tuple(Part(label, (column,)) for label, column in zip(labels, columns, strict=True))


def _modality(*columns: str) -> tuple[Part, ...]:
    # Usage as reported does not tell text from images; the conventions have this value for it.
    return (Part("unknown", columns),)


FEEDS: Final = (
    Feed("cost", COST, _whole("cost_nano_usd")),
    Feed("cost_adjustments", COST, _whole("cost_nano_usd"), is_adjustment=True),
    Feed("list_equivalent", LISTED, _whole("cost_nano_usd")),
    Feed("list_equivalent_adjustments", LISTED, _whole("cost_nano_usd"), is_adjustment=True),
    Feed("component", COMPONENT, _each(COMPONENTS, COMPONENT_COLUMNS)),
    Feed("reported", REPORTED, _whole("cost_reported_nano_usd")),
    Feed("tokens", TOKENS, _each(TOKEN_COLUMNS, TOKEN_COLUMNS)),
    Feed("tokens_adjustments", TOKENS, _each(TOKEN_COLUMNS, TOKEN_COLUMNS), is_adjustment=True),
    Feed("calls", CALLS, _whole("calls")),
    Feed("calls_adjustments", CALLS, _whole("calls"), is_adjustment=True),
    Feed("errors", ERRORS, _whole("calls")),
    Feed("unpriced_tokens", UNPRICED, _whole("unpriced_tokens")),
    Feed("unpriced_calls", UNPRICED, _whole("unpriced_calls")),
    Feed("inference_input", INFERENCE, _modality(*TOKEN_COLUMNS[:4])),
    Feed("inference_output", INFERENCE, _modality(*TOKEN_COLUMNS[4:])),
    Feed("inference_cache_read", INFERENCE, _modality("cache_read")),
    Feed("inference_cache_write", INFERENCE, _modality("cache_write_5m", "cache_write_1h")),
    Feed("inference_reasoning", INFERENCE, _modality("reasoning")),
)
