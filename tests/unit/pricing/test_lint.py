import pytest

from exporter.pricing.lint import doubts_about
from exporter.pricing.row_json import instant_from_text, row_from_mapping

NOW = instant_from_text("2026-11-21")


def doubts(book, rates, **stated):
    row = {"layer": "override", "provider": "acme", "model": "house-1", "usd_per_million": rates, **stated}
    return [doubt.text for doubt in doubts_about([row_from_mapping(row)], book, NOW)]


def test_a_plain_new_price_raises_no_doubt(book):
    assert doubts(book, {"input": "1", "cache_read": "0.1", "output": "5"}) == []


@pytest.mark.parametrize(
    ("rates", "doubt"),
    [
        ({"input": "1", "cache_read": "2", "output": "5"}, "cache_read costs more than input"),
        ({"input": "6", "output": "5"}, "input costs more than output"),
    ],
)
def test_rates_in_an_unusual_order_are_doubted(book, rates, doubt):
    assert doubts(book, rates) == [doubt]


def test_longer_prompts_that_cost_less_are_doubted(book):
    tiers = [{"above": 200000, "usd_per_million": {"input": "0.5", "output": "5"}}]
    assert doubts(book, {"input": "1", "output": "5"}, tiers=tiers) == ["longer prompts cost less at prompts >200000"]


@pytest.mark.parametrize(("output", "said"), [("31", ["output changes from 10 to 31 USD per million"]), ("30", [])])
def test_a_change_beyond_three_times_is_doubted(book, output, said):
    assert doubts(book, {"input": "2", "output": output}, provider="openai", model="gpt-6-sol") == said


def test_a_price_that_becomes_free_is_doubted_and_a_self_hosted_one_is_not(book):
    free = {"input": "0", "output": "0"}
    said = doubts(book, free, provider="openai", model="gpt-6-sol")
    assert said == ["input becomes free, from 2 USD per million", "output becomes free, from 10 USD per million"]
    assert doubts(book, free, provider="openai", model="gpt-6-sol", layer="self_hosted") == []


def test_anthropic_s_cache_writes_are_checked_against_their_ratio(book):
    rates = {"input": "4", "cache_read": "0.2", "cache_write_5m": "4", "cache_write_1h": "8", "output": "20"}
    said = doubts(book, rates, provider="anthropic", model="claude-opus-5-5")
    assert said == ["cache_write_5m is not 1.25 times input"]


def test_a_change_is_judged_against_the_price_at_its_own_start(book):
    """Gemini 4 Argon doubles when its introductory price ends."""
    rates = {"input": "8", "output": "42"}
    model = {"provider": "google", "model": "gemini-4-argon"}
    before = doubts(book, rates, **model, **{"from": "2026-11-20"})
    after = doubts(book, rates, **model, **{"from": "2026-12-02"})
    assert before
    assert len(after) < len(before)
