"""The 25 vectors of specs/pricing.md §5 as telemetry carries them and as a quote asks for them.

Counts of the specification are inclusive unless it says raw; USD are exact in nano-USD.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from exporter.pricing.row_json import instant_from_text
from support.otlp import span

NOVEMBER = "2026-11-10T12:00:00Z"
SCOPE = "opentelemetry.util.genai"
"""An instrumentation that is known to count as the conventions say."""
CONTRACT_ROW: Mapping[str, Any] = {
    "layer": "contract",
    "org": "acme",
    "provider": "openai",
    "model": "gpt-6-sol",
    "from": "2026-11-01",
    "until": "2026-12-01",
    "usd_per_million": {"input": "1.70", "cache_read": "0.17", "output": "8.50"},
}
"""Of vector P22."""

_USAGE = "gen_ai.usage."
_CREATION = "anthropic.usage.cache_creation.ephemeral_"
_COUNTS = {
    "input": f"{_USAGE}input_tokens",
    "read": f"{_USAGE}cache_read.input_tokens",
    "w5": f"{_CREATION}5m_input_tokens",
    "w1h": f"{_CREATION}1h_input_tokens",
    "output": f"{_USAGE}output_tokens",
    "reasoning": f"{_USAGE}reasoning.output_tokens",
    "total": f"{_USAGE}total_tokens",
}


class Vector(NamedTuple):
    """One line of the specification's table."""

    name: str
    provider: str | None
    """As the conventions spell it."""
    model: str
    at: str
    said: Mapping[str, int]
    """The counts that a span carries."""
    classes: tuple[int, int, int, int, int, int]
    """The same call in the six disjoint classes."""
    context: Mapping[str, str]
    nano_usd: int | None
    status: str = "priced"
    reasons: tuple[str, ...] = ()

    @property
    def trace_id(self) -> bytes:
        return self.name.encode().rjust(16, b"\1")[-16:]

    def span(self) -> Any:
        """The span of the call; context and organisation come as attributes."""
        started = instant_from_text(self.at)
        attributes: dict[str, Any] = {"gen_ai.operation.name": "chat", "gen_ai.request.model": self.model}
        if self.provider:
            attributes["gen_ai.provider.name"] = self.provider
        attributes |= {_COUNTS[name]: count for name, count in self.said.items()}
        attributes |= {f"agent.pricing.{name}": value for name, value in self.context.items()}
        return span(
            attributes,
            name=f"chat {self.model}",
            trace_id=self.trace_id,
            start_time_unix_nano=started,
            end_time_unix_nano=started + 10**8,
        )

    def question(self) -> dict[str, Any]:
        """What `prices quote` and POST /api/v1/prices/quote are asked."""
        names = ("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "output_visible", "reasoning")
        return {
            "provider": self.provider,
            "model": self.model,
            "at": self.at,
            "tokens": dict(zip(names, self.classes, strict=True)),
            "units": {},
            "context": dict(self.context),
        }


def _inclusive(name, provider, model, at, counts, *outcome):
    """`counts` are input, cache read, write 5 m, write 1 h, output, reasoning; each whole contains its parts.

    `outcome` is the amount, and then context, status and reasons as far as they differ from the usual.
    """
    nano, context, status, reasons = (*outcome, *(None, "priced", ())[len(outcome) - 1 :])
    whole, read, w5, w1h, output, reasoning = counts
    keys = ("input", "read", "w5", "w1h", "output", "reasoning")
    said = {key: count for key, count in zip(keys, counts, strict=True) if count or key in ("input", "output")}
    classes = (whole - read - w5 - w1h, read, w5, w1h, output - reasoning, reasoning)
    return Vector(name, provider, model, at, said, classes, context or {}, nano, status, reasons)


_OPUS, _SONNET_37 = "claude-opus-5-5", "claude-3-7-sonnet-20250219"
VECTORS = (
    _inclusive("P01", "anthropic", _OPUS, NOVEMBER, (1000, 0, 0, 0, 500, 0), 14_000_000),
    _inclusive("P02", "anthropic", _OPUS, NOVEMBER, (150000, 100000, 20000, 10000, 4000, 0), 360_000_000),
    # Raw: the input leaves the writes out, which the numbers prove.
    Vector("P03", "anthropic", _SONNET_37, "2025-04-08T12:00:00Z", {"input": 3, "w5": 12304, "output": 550},
           (3, 0, 12304, 0, 550, 0), {}, 54_399_000),
    _inclusive("P04", "anthropic", _SONNET_37, "2025-04-08T12:00:00Z", (12307, 0, 12304, 0, 550, 0), 54_399_000),
    _inclusive("P05", "anthropic", "claude-sonnet-5-5", "2026-10-06T12:00:00Z", (100000, 90000, 0, 0, 1000, 0), 48_000_000),
    _inclusive("P06", "anthropic", "claude-sonnet-5-5", "2026-10-07T00:00:00Z", (100000, 90000, 0, 0, 1000, 0), 39_000_000),
    _inclusive("P07", "anthropic", "claude-sonnet-5", "2026-09-02T12:00:00Z", (10000, 0, 0, 0, 1000, 0), 30_000_000),
    _inclusive("P08", "anthropic", "claude-haiku-5-5", NOVEMBER, (100000, 0, 0, 0, 1000, 0), 10_500_000),
    _inclusive("P09", "anthropic", "claude-haiku-5-5", NOVEMBER, (100002, 99000, 0, 0, 1000, 0), 7_951_000),
    _inclusive("P10", "anthropic", "claude-opus-4-6", "2026-03-12T23:59:59Z", (300000, 0, 0, 0, 1000, 0), 3_037_500_000),
    _inclusive("P11", "anthropic", "claude-opus-4-6", "2026-03-13T00:00:00Z", (300000, 0, 0, 0, 1000, 0), 1_525_000_000),
    _inclusive("P12", "openai", "gpt-6-sol", NOVEMBER, (272000, 0, 0, 0, 1000, 0), 554_000_000),
    _inclusive("P13", "openai", "gpt-6-sol", NOVEMBER, (272001, 0, 0, 0, 1000, 0), 1_103_004_000),
    _inclusive("P14", "openai", "gpt-5-2025-08-07", NOVEMBER, (10000, 0, 0, 0, 5000, 4000), 62_500_000),
    _inclusive("P15", "gcp.gemini", "gemini-2.5-pro", NOVEMBER, (200002, 0, 0, 0, 1000, 0), 515_005_000),
    # Raw: the output leaves the thoughts out, which the total proves.
    Vector("P16", "gcp.gemini", "gemini-2.5-flash", NOVEMBER,
           {"input": 10000, "output": 500, "reasoning": 2500, "total": 13000},
           (10000, 0, 0, 0, 500, 2500), {}, 10_500_000),
    _inclusive("P17", "aws.bedrock", "us.anthropic.claude-opus-4-6-v1:0", NOVEMBER, (10000, 5000, 0, 0, 1000, 0), 57_750_000),
    _inclusive("P18", "anthropic", _OPUS, NOVEMBER, (100000, 90000, 0, 0, 1000, 0), 85_800_000, {"geo": "us"}),
    _inclusive("P19", "anthropic", _OPUS, NOVEMBER, (100000, 90000, 0, 0, 1000, 0), 156_000_000, {"speed": "fast"}),
    _inclusive("P20", "anthropic", "claude-sonnet-4-6", "2026-05-01T12:00:00Z", (10000, 0, 0, 0, 1000, 0), 22_500_000, {"processing": "batch"}),
    _inclusive("P21", "deepseek", "deepseek-v4-pro", "2026-10-17T02:00:00Z", (10000, 0, 0, 0, 1000, 0), 8_580_000),
    _inclusive("P22", "openai", "gpt-6-sol", NOVEMBER, (10000, 0, 0, 0, 1000, 0), 25_500_000, {"org": "acme"}),
    _inclusive("P22-other", "openai", "gpt-6-sol", NOVEMBER, (10000, 0, 0, 0, 1000, 0), 30_000_000, {"org": "other"}),
    _inclusive("P23", None, "haiku", NOVEMBER, (1000, 0, 0, 0, 1000, 0), 1_500_000, None, "estimated", ("alias",)),
    _inclusive("P24", "anthropic", "claude-opus-9", NOVEMBER, (10000, 0, 0, 0, 1000, 0), None, None, "unknown", ("unknown_model",)),
    _inclusive("P25", "openai", "gpt-5", NOVEMBER, (0, 0, 0, 0, 0, 0), 0),
)  # fmt: skip
