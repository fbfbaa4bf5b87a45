"""A name that nobody lists has no price: 10,000 look-alikes, and the ones that cost others money."""

import random

import pytest

from exporter.pricing.row_json import instant_from_text
from exporter.usage import Tokens

NOV = instant_from_text("2026-11-10T12:00:00Z")
TOKENS = Tokens(10_000, 0, 0, 0, 1_000, 0)
KNOWN = [
    ("anthropic", "claude-opus-5-5"),
    ("anthropic", "claude-sonnet-4-6"),
    ("anthropic", "claude-haiku-5-5"),
    ("openai", "gpt-6-sol"),
    ("openai", "gpt-5-mini"),
    ("openai", "o3"),
    ("gcp.gemini", "gemini-3.8-flash"),
    ("gcp.vertex_ai", "claude-opus-4-6"),
    ("aws.bedrock", "us.anthropic.claude-opus-4-6-v1:0"),
    ("aws.bedrock", "amazon.nova-lite-v1:0"),
    ("mistral_ai", "mistral-large-4"),
    ("x_ai", "grok-4.7"),
    ("azure.ai.openai", "gpt-5"),
    ("deepseek", "deepseek-v4-pro"),
]
LOOKALIKES = [
    ("anthropic", "claude-opus-9"),
    ("anthropic", "claude-opus-4-60"),
    ("anthropic", "claude-opus-5-5-turbo"),
    ("anthropic", "claude-opus-5-5-20269999"),
    ("openai", "gpt-7-sol"),
    ("openai", "gpt-99"),
    ("openai", "gpt-4o-mini-2024-07-18-mine"),
    ("gcp.gemini", "gemini-9-pro"),
    ("gcp.gemini", "gemini-3.8-flash-max"),
    ("gcp.gemini", "gemma-3"),
    ("gcp.gemini", "gemma-3-27b-it"),
    ("cerebras", "qwen-3-coder-480b"),
    ("github-copilot", "gpt-4o"),
    ("mistral_ai", "mistral-large-latest"),
    ("gcp.gemini", "gemini-flash-latest"),
    ("azure.ai.openai", "my-deployment"),
    ("aws.bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"),
    ("openai", ""),
    ("openai", "x" * 300),
    ("", "a-model-of-my-own"),
    ("vllm", "deepseek-v4-pro"),
    ("openrouter", "claude-opus-5-5-but-not-really"),
]


def mutate(chance, model):
    place = chance.randrange(len(model) + 1)
    alphabet = "abcdefghijklmnopqrstuvwxyzäß中\u0430\u200b\x00é-._:/@ 0123456789"
    insert = "".join(chance.choice(alphabet) for _ in range(chance.randrange(1, 5)))
    kind = chance.randrange(5)
    if kind == 0:
        return model[:place] + insert + model[place:]
    if kind == 1:
        return model + chance.choice(
            ["-", "x", "-pro", "-max", "0", "-preview-99", "-2", ":paid", "/v2", "@v9", "-latest-x"]
        )
    if kind == 2:
        return model[: max(1, place - 2)] + model[place:] + insert
    if kind == 3:
        return model.replace("e", "\u0435").replace("o", "\u043e")
    return f"arn:aws:bedrock:eu-west-1:1:provisioned-model/{insert}{model}"


def listed_names(book):
    names = set()
    for provider in book.library.providers():
        for known in book.library._names_of(provider):
            names.add(known)
    return names


def test_ten_thousand_look_alikes_have_no_price(book):
    chance = random.Random(7)
    listed = listed_names(book) | {model for _, model in KNOWN}
    asked = 0
    while asked < 10_000:
        provider, model = chance.choice(KNOWN)
        reference = mutate(chance, model)
        cleaned = reference.strip().lower()
        if cleaned in listed or cleaned.rpartition("/")[2] in listed:
            continue
        asked += 1
        charge = book.price(provider, reference, NOV, TOKENS, {})
        assert charge.cost_nano_usd is None, reference
        assert charge.cost_status == "unknown"
        assert set(charge.reasons) <= {"unknown_model", "unknown_provider"}


@pytest.mark.parametrize(("provider", "model"), LOOKALIKES)
def test_a_plausible_name_without_a_price_is_unknown(book, provider, model):
    charge = book.price(provider, model, NOV, TOKENS, {})
    assert (charge.cost_nano_usd, charge.cost_status) == (None, "unknown")
    assert charge.components == ()


@pytest.mark.parametrize(("provider", "model"), KNOWN)
def test_the_models_that_the_look_alikes_imitate_have_one(book, provider, model):
    assert book.price(provider, model, NOV, TOKENS, {}).cost_nano_usd > 0


def test_a_provider_that_nobody_knows_is_named_as_the_reason(book):
    assert book.price("acme-cloud", "gpt-5", NOV, TOKENS, {}).reasons == ("unknown_provider",)
    assert book.price("openai", "gpt-99", NOV, TOKENS, {}).reasons == ("unknown_model",)


def test_the_cache_of_a_book_stays_bounded_under_hostile_names(book):
    from exporter.pricing.book import REMEMBERED

    fresh = book.with_rows([])
    for number in range(REMEMBERED * 2):
        fresh.price("openai", f"model-{number}", NOV, TOKENS, {})
    assert len(fresh._recent) + len(fresh._older) <= REMEMBERED
    assert fresh.price("openai", "gpt-5", NOV, TOKENS, {}).cost_nano_usd == 22_500_000
