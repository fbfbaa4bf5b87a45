import pytest

NOV = "2026-11-10T12:00:00Z"
TOKENS = (10_000, 0, 0, 0, 1_000, 0)


def test_a_call_that_says_nothing_of_its_context_is_priced(charge):
    assert charge("openai", "gpt-5", NOV, TOKENS).cost_status == "priced"


@pytest.mark.parametrize(
    "context",
    [
        {"service_tier": "default"},
        {"service_tier": "standard"},
        {"speed": "standard"},
        {"geo": "global"},
        {"geo": "not_available"},
        {"processing": "realtime"},
        {"region": "eu-central-1"},
    ],
)
def test_a_context_that_says_standard_is_the_plain_price(charge, context):
    plain, stated = (
        charge("anthropic", "claude-opus-5-5", NOV, TOKENS),
        charge("anthropic", "claude-opus-5-5", NOV, TOKENS, **context),
    )
    assert (stated.cost_nano_usd, stated.cost_status) == (plain.cost_nano_usd, "priced")


@pytest.mark.parametrize(
    "context", [{"service_tier": "ultrafast"}, {"geo": "mars"}, {"speed": "warp"}, {"processing": "bulk"}]
)
def test_a_context_that_nothing_answers_to_makes_an_estimate_at_the_standard_price(charge, context):
    plain, stated = (
        charge("anthropic", "claude-opus-5-5", NOV, TOKENS),
        charge("anthropic", "claude-opus-5-5", NOV, TOKENS, **context),
    )
    assert stated.cost_nano_usd == plain.cost_nano_usd
    assert (stated.cost_status, stated.reasons) == ("estimated", ("context_unmatched",))


def test_a_tier_that_the_provider_was_to_choose_is_assumed_to_be_the_standard_one(charge):
    stated = charge("openai", "gpt-5", NOV, TOKENS, service_tier="auto")
    assert (stated.cost_status, stated.reasons) == ("estimated", ("context_assumed",))


def test_batch_is_understood_where_the_service_tier_says_it(charge):
    by_tier = charge("anthropic", "claude-opus-5-5", NOV, TOKENS, service_tier="batch")
    assert (
        by_tier.cost_nano_usd == charge("anthropic", "claude-opus-5-5", NOV, TOKENS, processing="batch").cost_nano_usd
    )
    assert by_tier.cost_nano_usd * 2 == charge("anthropic", "claude-opus-5-5", NOV, TOKENS).cost_nano_usd
    assert by_tier.cost_status == "priced"


def test_residency_and_batch_multiply(charge):
    both = charge("openai", "gpt-6-sol", NOV, TOKENS, processing="batch", geo="eu")
    plain = charge("openai", "gpt-6-sol", NOV, TOKENS)
    assert both.cost_nano_usd * 20 == plain.cost_nano_usd * 11
    assert both.cost_status == "priced"


def test_residency_costs_more_only_from_the_models_on_that_say_so(charge):
    assert charge("anthropic", "claude-opus-4-5", NOV, TOKENS, geo="us").reasons == ("context_unmatched",)
    assert charge("openai", "gpt-5", NOV, TOKENS, geo="eu").reasons == ("context_unmatched",)
    plain, us = charge("x_ai", "grok-4.7", NOV, TOKENS), charge("x_ai", "grok-4.7", NOV, TOKENS, region="us-east-1")
    assert us.cost_nano_usd * 10 == plain.cost_nano_usd * 11


def test_early_batch_with_cached_input_is_an_estimate_where_the_cached_rate_is_not_known(charge):
    may, cached = "2026-05-01T12:00:00Z", (10_000, 5_000, 0, 0, 1_000, 0)
    assert charge("openai", "gpt-5.4", may, TOKENS, processing="batch").cost_status == "priced"
    assert charge("openai", "gpt-5.4", may, cached, processing="batch").reasons == ("context_assumed",)
    assert charge("anthropic", "claude-sonnet-4-6", may, cached, processing="batch").cost_status == "priced"


def test_a_lender_s_price_in_a_context_is_an_estimate(charge):
    stated = charge("azure.ai.openai", "gpt-6-sol", NOV, TOKENS, processing="batch")
    assert stated.cost_nano_usd * 2 == charge("azure.ai.openai", "gpt-6-sol", NOV, TOKENS).cost_nano_usd
    assert stated.reasons == ("context_assumed",)


def test_discounts_do_not_touch_the_fee_of_a_search(charge):
    plain = charge("anthropic", "claude-opus-5-5", NOV, TOKENS, units={"web_searches": 3})
    batch = charge("anthropic", "claude-opus-5-5", NOV, TOKENS, units={"web_searches": 3}, processing="batch")
    assert plain.cost_nano_usd == 60_000_000 + 30_000_000
    assert batch.cost_nano_usd == 30_000_000 + 30_000_000


@pytest.mark.parametrize(
    ("at", "peak"),
    [
        ("2026-10-16T00:59:59Z", False),
        ("2026-10-16T01:00:00Z", True),
        ("2026-10-16T03:59:59Z", True),
        ("2026-10-16T04:00:00Z", False),
        ("2026-10-16T05:59:59Z", False),
        ("2026-10-16T06:00:00Z", True),
        ("2026-10-16T09:59:59Z", True),
        ("2026-10-16T10:00:00Z", False),
        ("2026-10-17T02:00:00Z", False),
        ("2026-10-18T07:00:00Z", False),
        ("2026-10-19T02:00:00Z", True),
        ("2026-08-17T02:00:00Z", True),
        ("2026-08-22T02:00:00Z", True),
        ("2026-08-23T02:00:00Z", False),
    ],
)
def test_deepseek_s_peak_follows_the_beijing_week(charge, at, peak):
    nano = charge("deepseek", "deepseek-v4-pro", at, TOKENS).cost_nano_usd
    assert nano == (17_160_000 if peak else 8_580_000)
