"""The 25 vectors of specs/pricing.md §5, exact to the nano-dollar, through the public quote.

Counts in the table are inclusive; `uncached` takes the cached parts out, as the normaliser of a dialect does.
"""

import pytest

from exporter.pricing.quote import quote
from exporter.pricing.row_json import row_from_mapping

NOV = "2026-11-10T12:00:00Z"
CONTRACT_ROW = {
    "layer": "contract",
    "org": "acme",
    "provider": "openai",
    "model": "gpt-6-sol",
    "from": "2026-11-01",
    "until": "2026-12-01",
    "usd_per_million": {"input": "1.70", "cache_read": "0.17", "output": "8.50"},
}

# name, provider, model, instant, (input, read, w5, w1h, output, reasoning), context, nano-USD, status
VECTORS = [
    ("P01", "anthropic", "claude-opus-5-5", NOV, (1000, 0, 0, 0, 500, 0), {}, 14_000_000, "priced"),
    ("P02", "anthropic", "claude-opus-5-5", NOV, (150000, 100000, 20000, 10000, 4000, 0), {}, 360_000_000, "priced"),
    ("P03", "anthropic", "claude-3-7-sonnet-20250219", "2025-04-08T12:00:00Z", (3 + 12304, 0, 12304, 0, 550, 0), {}, 54_399_000, "priced"),
    ("P04", "anthropic", "claude-3-7-sonnet-20250219", "2025-04-08T12:00:00Z", (12307, 0, 12304, 0, 550, 0), {}, 54_399_000, "priced"),
    ("P05", "anthropic", "claude-sonnet-5-5", "2026-10-06T12:00:00Z", (100000, 90000, 0, 0, 1000, 0), {}, 48_000_000, "priced"),
    ("P06", "anthropic", "claude-sonnet-5-5", "2026-10-07T00:00:00Z", (100000, 90000, 0, 0, 1000, 0), {}, 39_000_000, "priced"),
    ("P07", "anthropic", "claude-sonnet-5", "2026-09-02T12:00:00Z", (10000, 0, 0, 0, 1000, 0), {}, 30_000_000, "priced"),
    ("P08", "anthropic", "claude-haiku-5-5", NOV, (100000, 0, 0, 0, 1000, 0), {}, 10_500_000, "priced"),
    ("P09", "anthropic", "claude-haiku-5-5", NOV, (100002, 99000, 0, 0, 1000, 0), {}, 7_951_000, "priced"),
    ("P10", "anthropic", "claude-opus-4-6", "2026-03-12T23:59:59Z", (300000, 0, 0, 0, 1000, 0), {}, 3_037_500_000, "priced"),
    ("P11", "anthropic", "claude-opus-4-6", "2026-03-13T00:00:00Z", (300000, 0, 0, 0, 1000, 0), {}, 1_525_000_000, "priced"),
    ("P12", "openai", "gpt-6-sol", NOV, (272000, 0, 0, 0, 1000, 0), {}, 554_000_000, "priced"),
    ("P13", "openai", "gpt-6-sol", NOV, (272001, 0, 0, 0, 1000, 0), {}, 1_103_004_000, "priced"),
    ("P14", "openai", "gpt-5-2025-08-07", NOV, (10000, 0, 0, 0, 1000, 4000), {}, 62_500_000, "priced"),
    ("P15", "google", "gemini-2.5-pro", NOV, (200002, 0, 0, 0, 1000, 0), {}, 515_005_000, "priced"),
    ("P16", "google", "gemini-2.5-flash", NOV, (10000, 0, 0, 0, 500, 2500), {}, 10_500_000, "priced"),
    ("P17", "aws", "us.anthropic.claude-opus-4-6-v1:0", NOV, (10000, 5000, 0, 0, 1000, 0), {}, 57_750_000, "priced"),
    ("P17", "aws.bedrock", "us.anthropic.claude-opus-4-6-v1:0", NOV, (10000, 5000, 0, 0, 1000, 0), {}, 57_750_000, "priced"),
    ("P18", "anthropic", "claude-opus-5-5", NOV, (100000, 90000, 0, 0, 1000, 0), {"geo": "us"}, 85_800_000, "priced"),
    ("P19", "anthropic", "claude-opus-5-5", NOV, (100000, 90000, 0, 0, 1000, 0), {"speed": "fast"}, 156_000_000, "priced"),
    ("P20", "anthropic", "claude-sonnet-4-6", "2026-05-01T12:00:00Z", (10000, 0, 0, 0, 1000, 0), {"processing": "batch"}, 22_500_000, "priced"),
    ("P21", "deepseek", "deepseek-v4-pro", "2026-10-17T02:00:00Z", (10000, 0, 0, 0, 1000, 0), {}, 8_580_000, "priced"),
    ("P22", "openai", "gpt-6-sol", NOV, (10000, 0, 0, 0, 1000, 0), {"org": "acme"}, 25_500_000, "priced"),
    ("P22", "openai", "gpt-6-sol", NOV, (10000, 0, 0, 0, 1000, 0), {"org": "other"}, 30_000_000, "priced"),
    ("P23", None, "haiku", NOV, (1000, 0, 0, 0, 1000, 0), {}, 1_500_000, "estimated"),
    ("P24", "anthropic", "claude-opus-9", NOV, (10000, 0, 0, 0, 1000, 0), {}, None, "unknown"),
    ("P25", "openai", "gpt-5", NOV, (0, 0, 0, 0, 0, 0), {}, 0, "priced"),
]  # fmt: skip

# Judged against the providers' own pages in specs/pricing.md §2.2, where the library alone is wrong.
JUDGED = [
    ("anthropic", "claude-opus-5-5", NOV, (100000, 90000, 0, 0, 1000, 0), {"geo": "us", "speed": "fast"}, 171_600_000),
    ("anthropic", "claude-fable-5-2", NOV, (10000, 0, 0, 0, 1000, 0), {}, 120_000_000),
    ("anthropic", "claude-sonnet-4-20250514", "2025-10-10T00:00:00Z", (300000, 0, 0, 0, 1000, 0), {}, 1_822_500_000),
    ("anthropic", "claude-sonnet-4-5-20250929", "2026-01-10T00:00:00Z", (300000, 0, 0, 0, 1000, 0), {}, 1_822_500_000),
    ("anthropic", "claude-opus-4-6", "2026-03-20T00:00:00Z", (10000, 0, 0, 0, 1000, 0), {"speed": "fast"}, 450_000_000),
    ("anthropic", "claude-3-5-haiku-20241022", "2024-11-10T00:00:00Z", (10000, 0, 0, 0, 1000, 0), {}, 15_000_000),
    ("openai", "gpt-5.5", "2026-06-10T00:00:00Z", (10000, 0, 0, 0, 1000, 0), {"service_tier": "flex"}, 40_000_000),
    ("openai", "gpt-6-sol", NOV, (50000, 0, 0, 0, 1200, 0), {"geo": "eu"}, 123_200_000),
    ("openai", "o3", "2025-06-01T00:00:00Z", (20000, 16000, 0, 0, 0, 0), {}, 80_000_000),
    ("deepseek", "deepseek-chat", "2026-03-10T00:00:00Z", (10000, 5000, 0, 0, 1000, 0), {}, 1_960_000),
    ("deepseek", "deepseek-v4-pro", "2026-08-03T02:00:00Z", (10000, 0, 0, 0, 1000, 0), {}, 5_220_000),
    ("deepseek", "deepseek-v4-flash", "2026-08-16T20:00:00Z", (10000, 0, 0, 0, 1000, 0), {}, 2_860_000),
    ("deepseek", "deepseek-v4-pro", "2026-10-16T02:00:00Z", (10000, 0, 0, 0, 1000, 0), {}, 17_160_000),
    ("gcp.vertex_ai", "claude-opus-5-5", NOV, (10250, 0, 0, 0, 0, 0), {"region": "us-east5"}, 45_100_000),
    ("mistral_ai", "mistral-large-4", NOV, (10000, 0, 0, 0, 1000, 0), {}, 9_100_000),
    ("openai", "gpt-5.6-luna", "2026-07-29T12:00:00Z", (10000, 0, 0, 0, 1000, 0), {}, 16_000_000),
    ("openai", "gpt-5.6-sol", "2026-08-20T12:00:00Z", (10000, 0, 0, 0, 1000, 0), {}, 80_000_000),
]  # fmt: skip


def uncached(counts):
    total, read, w5, w1h, output, reasoning = counts
    return {
        "input_uncached": total - read - w5 - w1h,
        "cache_read": read,
        "cache_write_5m": w5,
        "cache_write_1h": w1h,
        "output_visible": output,
        "reasoning": reasoning,
    }


def ask(book, provider, model, at, counts, *, context):
    question = {"provider": provider, "model": model, "at": at, "tokens": uncached(counts), "context": context}
    return quote(book, question, now_ns=0)


@pytest.mark.parametrize(("name", "provider", "model", "at", "counts", "context", "nano", "status"), VECTORS)
def test_the_vectors_of_the_specification_are_exact(book, name, provider, model, at, counts, context, nano, status):
    answer = ask(book.with_rows([row_from_mapping(CONTRACT_ROW)]), provider, model, at, counts, context=context)
    assert (answer["cost_nano_usd"], answer["cost_status"]) == (nano, status)
    assert (answer["price_version"] == "") == (nano is None)


@pytest.mark.parametrize(("provider", "model", "at", "counts", "context", "nano"), JUDGED)
def test_what_the_library_alone_gets_wrong_is_right(book, provider, model, at, counts, context, nano):
    assert ask(book, provider, model, at, counts, context=context)["cost_nano_usd"] == nano


def test_a_bare_alias_says_why_it_is_an_estimate(book):
    answer = ask(book, None, "haiku", NOV, (1000, 0, 0, 0, 1000, 0), context={})
    assert answer["reasons"] == ["alias"]


def test_an_unknown_model_says_so(book):
    answer = ask(book, "anthropic", "claude-opus-9", NOV, (1, 0, 0, 0, 1, 0), context={})
    assert answer["reasons"] == ["unknown_model"]
    assert answer["components"] == []
