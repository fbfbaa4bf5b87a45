"""What makes an amount an estimate although there is a list price, through the whole of one worker."""

from __future__ import annotations

import pytest

from exporter.pricing.shipped import load_shipped_book
from exporter.usage import AGENT, LLM, METRICS, NO_CONTEXT, REPORTED, SPANS, TTL_UNKNOWN, Tokens, UsageRecord
from exporter.valuation import Moment, tell_lifetimes, value_usage

CUT = 1_773_360_000 * 10**9
"""2026-03-13T00:00:00Z: the long-context premium of claude-opus-4-6 ends."""
NOVEMBER = Moment(1_794_312_000 * 10**9, 1_794_312_001 * 10**9)


@pytest.fixture(scope="module")
def book():
    return load_shipped_book()


def usage(model="claude-opus-4-6", *, tokens=Tokens(1000, 0, 0, 0, 10, 0), **fields):  # noqa: B008 - a tuple
    values = dict.fromkeys(
        ("dialect", "scope", "operation", "gateway", "request_model", "response_model", "service", "agent"), ""
    )
    values |= {"signal": SPANS, "kind": LLM, "provider": "anthropic", "price_model": model, "usage_status": REPORTED}
    values |= {"trace_id": b"", "span_id": b"", "start_ns": 0, "end_ns": 0, "conversation_id": "", "call_key": ""}
    return UsageRecord(**{**values, "tokens": tokens, **fields})


def value(book, record, moment=NOVEMBER):
    return value_usage(record, book, NO_CONTEXT, moment)[1]


def test_a_call_that_ends_under_another_price_is_charged_by_its_start_and_says_so(book):
    long = usage(tokens=Tokens(300_000, 0, 0, 0, 1000, 0))
    charge = value(book, long, Moment(CUT - 10**9, CUT + 10**9))
    assert (charge.cost_nano_usd, charge.cost_status) == (3_037_500_000, "estimated")
    assert charge.reasons == ("boundary_straddle",)


def test_writes_of_unknown_lifetime_are_an_estimate_where_lifetimes_cost_differently(book):
    written = Tokens(0, 0, 1000, 0, 0, 0)
    assert value(book, usage(tokens=written, flags=(TTL_UNKNOWN,))).reasons == ("ttl_assumed",)
    assert value(book, usage(tokens=written)).reasons == ()


def test_a_guessed_basis_makes_an_estimate(book):
    assert value(book, usage(flags=("basis_guess",))).reasons == ("inclusive_assumed",)


def test_usage_that_the_emitter_guessed_makes_an_estimate(book):
    charge = value(book, usage(usage_status="estimated"))
    assert (charge.cost_status, charge.reasons) == ("estimated", ("usage_estimated",))


def test_a_cost_that_a_gateway_states_is_charged_only_without_a_list_price(book):
    stated = {"cost_reported_nano_usd": 5, "cost_source": "gateway"}
    assert value(book, usage("mystery-1", **stated)).cost_status == "reported"
    assert value(book, usage("mystery-1", **stated)).cost_nano_usd == 5
    assert value(book, usage(**stated)).cost_nano_usd == 5_250_000


def test_a_cost_that_a_client_estimated_is_never_charged(book):
    charge = value(book, usage("mystery-1", cost_reported_nano_usd=5, cost_source="estimate"))
    assert (charge.cost_nano_usd, charge.cost_status) == (None, "unknown")


def test_a_stated_cost_of_nothing_counted_is_not_free(book):
    none = Tokens()
    trusted = value(book, usage(tokens=none, cost_reported_nano_usd=9, cost_source="provider"))
    guessed = value(book, usage(tokens=none, cost_reported_nano_usd=9, cost_source="estimate"))
    assert (trusted.cost_nano_usd, guessed.cost_nano_usd) == (9, None)


# ----------------------------------------------------------------------- what the cost of a client tells of its usage
OPUS = "claude-opus-4-8"
WRITTEN = Tokens(2065, 4736, 425, 0, 235, 0)
"""With all writes at 5 minutes 0.02122425 USD; each that lives an hour costs 0.00000375 USD more."""


def told(book, model=OPUS, *, reported, **fields):
    fields = {"tokens": WRITTEN, "flags": (TTL_UNKNOWN,), "cost_source": "estimate", **fields}
    return tell_lifetimes(usage(model, cost_reported_nano_usd=reported, **fields), book, NO_CONTEXT, NOVEMBER)


@pytest.mark.parametrize(("reported", "long_lived"), [(22_818_000, 425), (21_224_250, 0), (21_599_250, 100)])
def test_lifetimes_of_cache_writes_follow_from_the_clients_cost(book, reported, long_lived):
    found = told(book, reported=reported)
    assert (found.tokens.cache_write_5m, found.tokens.cache_write_1h) == (425 - long_lived, long_lived)
    assert found.flags == ("ttl_by_cost",)
    charge = value(book, found)
    assert (charge.cost_nano_usd, charge.cost_status, charge.reasons) == (reported, "priced", ())


@pytest.mark.parametrize(
    "other",
    [
        {"reported": 21_226_000},
        {"reported": 19_000_000},
        {"reported": 40_000_000},
        {"reported": None},
        {"reported": 22_818_000, "cost_source": "gateway"},
        {"reported": 22_818_000, "flags": ()},
        {"reported": 22_818_000, "model": "mystery-1"},
    ],
)
def test_another_cost_tells_nothing_of_lifetimes(book, other):
    assert told(book, **other).tokens == WRITTEN


LONG = "claude-sonnet-4-5"
"""Had a dearer price above 200,000 tokens of input, which a sum of small calls must not reach."""


def test_a_sum_of_calls_is_no_large_call(book):
    tokens = Tokens(400_000, 0, 0, 0, 1000, 0)
    large = value(book, usage(LONG, tokens=tokens))
    assert any(component.tier for component in large.components)
    small = value(book, usage(LONG, tokens=tokens, signal=METRICS))
    assert (small.cost_nano_usd, small.reasons) == (1_215_000_000, ("tier_assumed",))
    assert value(book, usage(LONG, tokens=tokens, kind=AGENT)) == small
    stated = {"signal": METRICS, "cost_source": "estimate"}
    for known in (large, small):
        charge = value(book, usage(LONG, tokens=tokens, cost_reported_nano_usd=known.cost_nano_usd, **stated))
        assert (charge.cost_nano_usd, charge.reasons) == (known.cost_nano_usd, ())
