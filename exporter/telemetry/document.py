"""docs/metrics.md, made from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from exporter.telemetry import catalog
from exporter.telemetry.family import HISTOGRAM, Family
from exporter.telemetry.message_catalog import MESSAGES
from exporter.telemetry.quality_catalog import COMPLETENESS, QUALITY

_INTRODUCTION: Final = """\
# Metrics

<!-- Made from exporter/telemetry/catalog.py by scripts/generate_docs.py; a test holds the two equal. -->

`GET /metrics` answers in the Prometheus text format 0.0.4 or in OpenMetrics 1.0, whichever the scraper
asks for; OpenMetrics adds exemplars that lead from a cost or a duration to its trace. The same values
can be pushed over OTLP under the OpenTelemetry names below.

- Every number but the last table's is read from the ledger, so it is the same from every worker and
  replica and after every restart. Collapse replicas with `max without (instance) (...)`, after the rate.
- Counters never fall. What is reversed is counted in the adjustments family; net = counter - adjustments.
- A new series shows 0 for its first 60 seconds, so that `increase()` sees it being born.
- An absent label is the empty string, which Prometheus takes for no label; OTLP leaves it out.
- A family shows 10,000 series by default. What was shown first stays; every further label set is added up
  in a series in which the labels of the work, all but `project`, are `__other__` (`project` too, when even
  these are too many). So the sum is always whole. `agent_exporter_series_rejected_total` counts such label sets.
- When the database does not answer, `agent_exporter_database_up` is 0 and what it holds is absent, not 0.
"""

_CONVENTIONS_TEXT: Final = """\
The setting `gen_ai_client` chooses the generations: `old` are the histograms of release 1.41, `current` the
counters of today. Switch off what your applications publish themselves, else sums double. The values of
`gen_ai_token_modality` are `unknown`: usage as reported does not tell text from images.
"""
_MESSAGES_TEXT: Final = """\
What is counted, and how messages are sent: [messages.md](messages.md). In the series that collects what a full
family did not admit, `project`, `sender`, `recipient` and `gate` are `__other__`; every other label keeps its value.
"""
_QUALITY_TEXT: Final = """\
Usage that nobody reported is unknown, not zero: such calls are counted and have no cost. `reason` is `usage_missing`
(nothing said), `zero_usage` (the sender says zero for a call that was answered), `output_missing` and `input_missing`
(only the other half is known and charged), or `call_failed` (the call ended with an error, so there is most likely
nothing to report); of estimates it is how they were made, where the sender is known to make them.
`agent-exporter completeness` says what to switch on.
"""
_COMPLETENESS_TEXT: Final = """\
Found by a scheduled job in what the ledger holds; diagnostics, never money. `usage` is `failed` for calls that ended
with an error and reported nothing. `advice` is a code; `agent-exporter completeness` has the sentence. Beyond 500
senders the rest is `__other__`.
"""
_SECTIONS: Final = (
    ("Cost, tokens and calls", catalog.SPENDING, ""),
    ("Usage that is missing or estimated", QUALITY, _QUALITY_TEXT),
    ("Families of the OpenTelemetry GenAI conventions", catalog.CONVENTIONAL, _CONVENTIONS_TEXT),
    ("Budgets", catalog.BUDGETS, "A budget has one unit, so it has either the `_usd` or the `_tokens` families.\n"),
    ("Messages between agents", MESSAGES, _MESSAGES_TEXT),
    ("The exporter, as the database knows it", catalog.FACTS, ""),
    ("How complete the telemetry is", COMPLETENESS, _COMPLETENESS_TEXT),
    ("The exporter, as its workers measure it", catalog.PROCESS, "Summed over the workers of one instance.\n"),
)
_TABLE: Final = "| family | type | labels | meaning | OpenTelemetry name, unit |\n|---|---|---|---|---|\n"


def metrics_page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_INTRODUCTION, *(_section(*section) for section in _SECTIONS)])


def _section(title: str, families: Iterable[Family], text: str) -> str:
    lead = f"{text}\n" if text else ""
    return f"## {title}\n\n{lead}{_TABLE}{''.join(map(_row, families))}"


def _row(family: Family) -> str:
    labels = ", ".join(f"`{name}`" for name in family.label_names) or "none"
    unit = f", `{family.unit}`" if family.unit else ""
    cells = (f"`{family.name}`", family.kind, labels, family.help + _buckets(family), f"`{family.otel}`{unit}")
    return f"| {' | '.join(cells)} |\n"


def _buckets(family: Family) -> str:
    if family.kind != HISTOGRAM:
        return ""
    return f". Buckets: {', '.join(f'{edge:.10g}' for edge in family.edges)}"
