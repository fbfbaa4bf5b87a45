"""Limits as text: exact, and refused when they are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.budgets.limits import UNITS, Limit, format_limit, parse_limit
from exporter.money import MAX_NANO_USD


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("1000 USD", 1_000_000_000_000, "nano_usd"),
        ("0.50 USD", 500_000_000, "nano_usd"),
        ("0.000000001 USD", 1, "nano_usd"),
        ("1.5k USD", 1_500_000_000_000, "nano_usd"),
        ("2M tokens", 2_000_000, "tokens"),
        ("500k tokens", 500_000, "tokens"),
        ("1.25M tokens", 1_250_000, "tokens"),
        ("3B tokens", 3_000_000_000, "tokens"),
        ("1 token", 1, "tokens"),
        (" 7 tokens ", 7, "tokens"),
        ("0.1 USD", 100_000_000, "nano_usd"),
        ("9223372036.854775807 USD", MAX_NANO_USD, "nano_usd"),
        ("9223372036.8547758070 USD", MAX_NANO_USD, "nano_usd"),
    ],
)
def test_a_limit_is_read_exactly(text, amount, unit):
    assert parse_limit(text) == Limit(amount, unit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1000",
        "USD",
        "1000 EUR",
        "$1000",
        "-5 USD",
        "1e3 USD",
        "1,000 USD",
        "2m tokens",
        "NaN USD",
        "1000  USD",
        "٣ USD",
    ],
)
def test_a_text_that_is_no_limit_is_refused(text):
    with pytest.raises(ValueError) as refused:
        parse_limit(text)
    assert str(refused.value) == 'expected an amount above 0 as "1000 USD", "0.50 USD", "2M tokens" or "500k tokens"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9223372036.8547758001 USD", "expected whole nano-USD (nine decimals at most)"),
        ("0.0000000001 USD", "expected whole nano-USD (nine decimals at most)"),
        ("1.5 tokens", "expected whole tokens"),
        ("1.2345k tokens", "expected whole tokens"),
    ],
)
def test_a_limit_finer_than_its_unit_is_refused(text, message):
    with pytest.raises(ValueError) as refused:
        parse_limit(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    "text", ["0 USD", "0 tokens", "9223372036.854775808 USD", "10B USD", "9223372036854775808 tokens"]
)
def test_a_limit_of_nothing_or_beyond_64_bits_is_refused(text):
    with pytest.raises(ValueError, match="expected an amount above 0"):
        parse_limit(text)


@given(st.integers(min_value=1, max_value=MAX_NANO_USD), st.sampled_from(UNITS))
def test_a_limit_survives_being_written_and_read(amount, unit):
    assert parse_limit(format_limit(Limit(amount, unit))) == Limit(amount, unit)


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (Limit(1_000_000_000_000, "nano_usd"), "1000 USD"),
        (Limit(500_000_000, "nano_usd"), "0.5 USD"),
        (Limit(1, "nano_usd"), "0.000000001 USD"),
        (Limit(2_000_000, "tokens"), "2000000 tokens"),
    ],
)
def test_a_limit_is_written_as_short_as_it_is_exact(limit, text):
    assert format_limit(limit) == text
