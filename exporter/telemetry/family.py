"""What a metric family is: its names on both roads, its labels, its unit, and where its numbers come from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

COUNTER: Final = "counter"
GAUGE: Final = "gauge"
HISTOGRAM: Final = "histogram"

OLD: Final = "old"
"""The client histograms of the GenAI conventions 1.41, which today's dashboards query."""
CURRENT: Final = "current"
"""The usage counters of the conventions' present generation."""
GENERATIONS: Final = frozenset({OLD, CURRENT})
GENERATIONS_OF: Final = {
    "old": frozenset({OLD}),
    "current": frozenset({CURRENT}),
    "both": GENERATIONS,
    "off": frozenset[str](),
}
"""What each choice of the setting `gen_ai_client` publishes."""

NANO: Final = 10**9
_UNIT_WORDS: Final = {"s": "seconds", "By": "bytes", "1": "ratio"}
_SHOWN_UNITS: Final = {"usd": "{USD}", "tokens": "{token}", "seconds": "s", "bytes": "By", "ratio": ""}
"""Units as our names end with them, and in UCUM."""
_PREFIXES: Final = ("agent_exporter_", "agent_budget_", "agent_")
INFERENCE: Final = (
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.response.model",
    "error.type",
    "gen_ai.token.modality",
)
_INFERENCE: Final = "gen_ai.client.inference.usage."


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family.  `otel` and `unit` name it on the OTLP road, `name` in a scrape."""

    name: str
    """As a scrape shows it: with `_total` for a counter, without `_bucket` for a histogram."""
    otel: str
    kind: str
    unit: str = ""
    """UCUM; a word in braces counts things and leaves no trace in the Prometheus name."""
    labels: tuple[str, ...] = ()
    """Attribute names; a scrape shows their dots as underscores."""
    help: str
    feed: str = ""
    """Which points of the read side it shows; empty for what this process measures of itself."""
    divisor: int = 1
    """What a point's value is divided by: NANO for money in USD and time in seconds."""
    bounds: tuple[int, ...] = ()
    """Upper bounds of a histogram's buckets, before the division."""
    generation: str = ""
    """Of the GenAI conventions, each of which can be switched off; empty for what is always shown."""

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.replace(".", "_") for label in self.labels)

    @property
    def base(self) -> str:
        """The name of the family in OpenMetrics: without the suffix of a counter's samples."""
        return self.name.removesuffix("_total") if self.kind == COUNTER else self.name

    @property
    def shown_unit(self) -> str:
        """The unit that the name ends with, for OpenMetrics; else empty."""
        return next((unit for unit in _SHOWN_UNITS if self.base.endswith(f"_{unit}")), "")

    @property
    def edges(self) -> tuple[float, ...]:
        """The bounds in the unit that is shown."""
        return tuple(bound / self.divisor for bound in self.bounds)


def ours(
    kind: str,
    name: str,
    labels: tuple[str, ...],
    feed: str,
    text: str,
    *,
    unit: str = "",
    bounds: tuple[int, ...] = (),
) -> Family:
    """A family of our own, whose unit stands in its name."""
    shown = next((shown for shown in _SHOWN_UNITS if name.removesuffix("_total").endswith(f"_{shown}")), "")
    return Family(
        name=name,
        otel=_otel_name(name),
        kind=kind,
        unit=unit or _SHOWN_UNITS.get(shown, ""),
        labels=labels,
        help=text,
        feed=feed,
        divisor=NANO if shown in {"usd", "seconds"} else 1,
        bounds=bounds,
    )


def inference(name: str, feed: str, text: str) -> Family:
    """A usage counter of the conventions' present generation (open-telemetry/semantic-conventions-genai)."""
    return Family(
        name=prometheus_name(_INFERENCE + name, "{token}", COUNTER),
        otel=_INFERENCE + name,
        kind=COUNTER,
        unit="{token}",
        labels=INFERENCE,
        help=text,
        feed=feed,
        generation=CURRENT,
    )


def _otel_name(name: str) -> str:
    bare = name.removesuffix("_total").removesuffix("_seconds").removesuffix("_bytes")
    prefix = next(prefix for prefix in _PREFIXES if name.startswith(prefix))
    return prefix.replace("_", ".") + bare.removeprefix(prefix)


def prometheus_name(otel: str, unit: str, kind: str) -> str:
    """How Prometheus and the Collector spell a pushed family by default: underscores, and suffixes.

    A unit in braces is dropped, a unit word is added unless the name holds it, a counter ends in
    `_total` (the OpenTelemetry-Prometheus mapping).
    """
    words = [word for word in re.split(r"[^a-zA-Z0-9]+", otel) if word]
    suffix = _UNIT_WORDS.get(unit, "")
    if suffix and suffix not in words and not (unit == "1" and kind != GAUGE):
        words.append(suffix)
    if kind == COUNTER:
        words = [word for word in words if word != "total"] + ["total"]
    return "_".join(words)
