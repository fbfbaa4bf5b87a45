from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.pricing.charge import FREE
from exporter.pricing.row_json import instant_from_text
from exporter.usage import PriceContext, Tokens

NOV = instant_from_text("2026-11-10T12:00:00Z")
MODELS = [
    ("anthropic", "claude-opus-5-5"),
    ("anthropic", "claude-haiku-5-5"),
    ("openai", "gpt-6-sol"),
    ("x_ai", "grok-4.7"),
    ("gcp.gemini", "gemini-2.5-pro"),
    ("deepseek", "deepseek-v4-pro"),
    ("openai", "gpt-4o-mini"),
]
CONTEXTS = [{}, {"processing": "batch"}, {"geo": "us"}, {"service_tier": "flex"}, {"speed": "fast"}]
counts = st.integers(min_value=0, max_value=300_000)
calls = st.builds(Tokens, counts, counts, counts, counts, counts, counts)
models = st.sampled_from(MODELS)
contexts = st.sampled_from(CONTEXTS).map(lambda stated: PriceContext(**stated))
instants = st.integers(min_value=instant_from_text("2026-01-01"), max_value=instant_from_text("2026-12-31"))


def exact_pico(sheet, tokens):
    """The cost in rational pico-USD, straight from the sheet's definition."""
    rates = sheet.base
    for tier in sheet.tiers:
        if sum(tokens[:4]) >= tier.from_tokens:
            rates = tier
    plain = sum(count * rate for count, rate in zip(tokens, rates.per_class, strict=True))
    return Fraction(plain * sheet.numerator, sheet.denominator)


@settings(max_examples=400, deadline=None)
@given(model=models, at=instants, tokens=calls, context=contexts)
def test_a_cost_is_the_rational_reference_rounded_once_half_even(book, model, at, tokens, context):
    sheet = book.sheet(*model, at, context)
    charge = book.price(*model, at, tokens, {}, context=context)
    assert charge.cost_nano_usd == round(exact_pico(sheet, tokens) / 1000)


@settings(max_examples=400, deadline=None)
@given(model=models, at=instants, tokens=calls, context=contexts)
def test_the_components_add_up_to_the_cost_and_none_is_negative(book, model, at, tokens, context):
    charge = book.price(*model, at, tokens, {}, context=context)
    assert sum(part.amount_nano_usd for part in charge.components) == charge.cost_nano_usd
    assert all(part.amount_nano_usd >= 0 for part in charge.components)
    assert [part.tokens for part in charge.components] == [count for count in tokens if count]


@settings(max_examples=300, deadline=None)
@given(model=models, one=calls, other=calls)
def test_splitting_a_call_inside_one_tier_changes_nothing_before_rounding(book, model, one, other):
    sheet = book.sheet(*model, NOV)
    whole = Tokens(*(a + b for a, b in zip(one, other, strict=True)))
    prompts = [sum(tokens[:4]) for tokens in (one, other, whole)]
    if len({sum(size >= tier.from_tokens for tier in sheet.tiers) for size in prompts}) == 1:
        assert exact_pico(sheet, one) + exact_pico(sheet, other) == exact_pico(sheet, whole)
        parts = sum(book.price(*model, NOV, tokens, {}).cost_nano_usd for tokens in (one, other))
        assert abs(parts - book.price(*model, NOV, whole, {}).cost_nano_usd) <= 1


@settings(max_examples=300, deadline=None)
@given(model=models, tokens=calls, extra=st.integers(1, 400_000), kind=st.sampled_from([0, 4, 5]))
def test_more_tokens_never_cost_less(book, model, tokens, extra, kind):
    more = tokens._replace(**{Tokens._fields[kind]: tokens[kind] + extra})
    assert book.price(*model, NOV, more, {}).cost_nano_usd >= book.price(*model, NOV, tokens, {}).cost_nano_usd


@settings(max_examples=300, deadline=None)
@given(model=models, tokens=calls, share=st.floats(0, 1))
def test_reading_input_from_the_cache_never_costs_more(book, model, tokens, share):
    moved = int(tokens.input_uncached * share)
    cached = tokens._replace(input_uncached=tokens.input_uncached - moved, cache_read=tokens.cache_read + moved)
    assert book.price(*model, NOV, cached, {}).cost_nano_usd <= book.price(*model, NOV, tokens, {}).cost_nano_usd


@settings(max_examples=300, deadline=None)
@given(
    provider=st.sampled_from(["", "anthropic", "openai", "aws.bedrock", "gcp.gemini", "nobody"]),
    model=st.text(max_size=80),
)
def test_any_text_as_a_model_is_unknown_and_never_zero(book, provider, model):
    charge = book.price(provider, model, NOV, Tokens(1000, 0, 0, 0, 10, 0), {})
    assert charge.cost_nano_usd != 0 or charge.cost_status == FREE
    assert (charge.cost_nano_usd is None) == (charge.cost_status == "unknown")


@pytest.mark.parametrize("tokens", [(-1, 0, 0, 0, 0, 0), (10**15 + 1, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, -5)])
def test_impossible_counts_are_invalid_usage_without_a_cost(book, tokens):
    charge = book.price("openai", "gpt-5", NOV, Tokens(*tokens), {})
    assert (charge.cost_nano_usd, charge.cost_status, charge.reasons) == (None, "unknown", ("invalid_usage",))


def test_an_amount_that_no_column_holds_is_invalid_usage(book):
    charge = book.price("anthropic", "claude-opus-5-5", NOV, Tokens(10**15, 0, 0, 0, 10**15, 0), {})
    assert charge.reasons == ("invalid_usage",)
