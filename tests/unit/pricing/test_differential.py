"""The compiled book against the library that it was compiled from, on random calls, corrections off.

4,000 calls by default; AGENT_EXPORTER_DIFFERENTIAL_CASES sets another number (40,000 before a release).
"""

import json
import os
import random
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from importlib.resources import files

import pytest

from exporter.pricing.charge import FREE, PARTIAL, UNKNOWN
from exporter.usage import PriceContext, Tokens

genai_prices = pytest.importorskip("genai_prices", reason="genai-prices is not installed")

CASES = int(os.environ.get("AGENT_EXPORTER_DIFFERENTIAL_CASES", "4000"))
CONTEXTS = [{}, {}, {"processing": "batch"}, {"service_tier": "flex"}, {"service_tier": "priority"}, {"speed": "fast"}]
CONTEXTS += [{"service_tier": "fast"}, {"processing": "batch", "speed": "fast"}]
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)
EDGES = [0, 1, 100_000, 100_001, 128_000, 128_001, 199_999, 200_000, 200_001, 272_000, 272_001, 300_000, 1_000_000]


@pytest.fixture(scope="module")
def entries():
    """Models whose id leads the library to themselves, and whose rates fit the integers exactly."""
    head = json.loads(files("exporter.pricing").joinpath("data", "genai_prices.json").read_text())
    inexact = {where.split(" ")[0] for where in head["rounded"]}
    left_out = set(head["left_out"])
    from genai_prices.data import providers

    return [
        (provider, model)
        for provider in providers
        for model in provider.models
        if provider.find_model(model.id) is model and f"{provider.id}/{model.id}" not in inexact | left_out
    ]


def random_tokens(chance):
    prompt = chance.choice(EDGES) if chance.random() < 0.5 else chance.randrange(400_000)
    read = chance.randrange(prompt + 1) if chance.random() < 0.5 else 0
    write = chance.randrange(prompt - read + 1) if chance.random() < 0.3 else 0
    hour = chance.randrange(write + 1) if chance.random() < 0.5 else 0
    output = chance.randrange(20_000)
    reasoning = chance.randrange(output + 1) if chance.random() < 0.3 else 0
    return Tokens(prompt - read - write, read, write - hour, hour, output - reasoning, reasoning)


def library_price(provider, model, at, tokens, context):
    usage = genai_prices.Usage(
        input_tokens=tokens.input_total,
        cache_read_tokens=tokens.cache_read,
        cache_write_tokens=tokens.cache_write_5m + tokens.cache_write_1h,
        cache_write_1h_tokens=tokens.cache_write_1h,
        output_tokens=tokens.output_total,
        output_reasoning_tokens=tokens.reasoning,
    )
    calculated = model.calc_price(usage, provider, genai_request_timestamp=at, price_context=context or None)
    return int((Decimal(calculated.total_price) * 10**9).to_integral_value(ROUND_HALF_EVEN))


def test_random_calls_cost_what_the_library_says(entries, library_book):
    chance = random.Random(20261121)
    compared = 0
    for _ in range(CASES):
        provider, model = chance.choice(entries)
        at = FIRST + timedelta(seconds=chance.randrange(int((LAST - FIRST).total_seconds())))
        tokens, context = random_tokens(chance), chance.choice(CONTEXTS)
        ours = library_book.price(
            provider.id, model.id, int(at.timestamp()) * 10**9, tokens, {}, context=PriceContext(**context)
        )
        theirs = library_price(provider, model, at, tokens, context)
        if ours.cost_status in (UNKNOWN, FREE):
            assert theirs == 0, (provider.id, model.id, ours)
            continue
        compared += 1
        assert ours.cost_nano_usd == theirs, (provider.id, model.id, at, tokens, context, ours)
        assert sum(part.amount_nano_usd for part in ours.components) == ours.cost_nano_usd
    assert compared > CASES * 0.8


def test_a_price_that_covers_only_a_part_is_not_called_priced(entries, library_book):
    """An embedding model has no output rate: tokens that came out all the same are not silently free."""
    partial = library_book.price("openai", "text-embedding-3-small", 10**18 * 2, Tokens(1000, 0, 0, 0, 10, 0), {})
    assert partial.cost_status == PARTIAL
    assert partial.reasons == ("no_rate:output_visible",)
    assert partial.cost_nano_usd == 20_000


def test_every_start_instant_and_threshold_agrees_on_both_of_its_sides(entries, library_book):
    from genai_prices.types import ConditionalPrice, StartDateConstraint, TieredPrices

    checked = 0
    for provider, model in entries:
        conditions = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
        starts = [one.constraint.start_date for one in conditions if isinstance(one.constraint, StartDateConstraint)]
        variants = [v.constraint.start_date for v in model.price_variants or () if v.constraint is not None]
        sizes = {
            tier.start
            for one in conditions
            for rate in one.prices.__dict__.values()
            if isinstance(rate, TieredPrices)
            for tier in rate.tiers
        }
        midnights = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in {*starts, *variants}]
        instants = [moment + timedelta(seconds=s) for moment in midnights for s in (-1, 0, 1)] or [LAST]
        prompts = [size + s for size in sizes for s in (-1, 0, 1, 2)] or [1000]
        contexts = [{}] + [v.when for v in model.price_variants or () if set(v.when) <= set(PriceContext._fields)]
        for at in instants:
            for prompt in prompts:
                for context in contexts:
                    tokens = Tokens(prompt, 0, 0, 0, 10, 0)
                    ours = library_book.price(
                        provider.id, model.id, int(at.timestamp()) * 10**9, tokens, {}, context=PriceContext(**context)
                    )
                    if ours.cost_nano_usd:
                        checked += 1
                        assert ours.cost_nano_usd == library_price(provider, model, at, tokens, context)
    assert checked > 4000


def test_the_shipped_file_is_what_the_script_makes(tmp_path):
    import subprocess
    import sys

    target = tmp_path / "compiled.json"
    subprocess.run([sys.executable, "scripts/compile_prices.py", str(target)], check=True)
    shipped = files("exporter.pricing").joinpath("data", "genai_prices.json").read_bytes()
    assert target.read_bytes() == shipped
    assert len(shipped) < 3_000_000
