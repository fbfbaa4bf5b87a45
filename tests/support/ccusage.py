"""Reports as ccusage prints them with --json."""

from __future__ import annotations

MODEL = "claude-sonnet-4-5-20250929"
HAIKU = "claude-haiku-4-5-20251001"


def part(model: str = MODEL, *, scale: int = 1, cost: float = 0.5) -> dict:
    """What a row says of one model."""
    return {
        "modelName": model, "inputTokens": 1000 * scale, "outputTokens": 200 * scale, "cacheCreationTokens": 300 * scale,
        "cacheReadTokens": 4000 * scale, "cost": cost,
    }  # fmt: skip


def row(*parts: dict, **told) -> dict:
    """A row: the sums over its models, and what names its period."""
    parts = parts or (part(),)
    names = ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens")
    return {
        **{name: sum(one[name] for one in parts) for name in names},
        "totalTokens": sum(one[name] for one in parts for name in names),
        "totalCost": sum(one["cost"] for one in parts),
        "modelsUsed": [one["modelName"] for one in parts],
        "modelBreakdowns": list(parts),
        **told,
    }


def daily(*rows: dict) -> dict:
    return {"daily": list(rows), "totals": {}}
