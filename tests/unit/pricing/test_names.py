import pytest

from exporter.pricing.names import NOBODY, convention_name, find_provider, row_key

NOV = "2026-11-10T12:00:00Z"


@pytest.mark.parametrize(
    ("spelling", "name", "book"),
    [
        ("openai", "openai", "openai"),
        ("OpenAI", "openai", "openai"),
        ("openai.responses", "openai", "openai"),
        ("openai.chat", "openai", "openai"),
        ("anthropic.messages", "anthropic", "anthropic"),
        ("gcp.gemini", "gcp.gemini", "google"),
        ("gemini", "gcp.gemini", "google"),
        ("google", "gcp.gemini", "google"),
        ("gcp.gen_ai", "gcp.gen_ai", "google"),
        ("gcp.vertex_ai", "gcp.vertex_ai", "google"),
        ("vertex_ai", "gcp.vertex_ai", "google"),
        ("gcp.vertex.agent", "gcp.vertex_ai", "google"),
        ("aws.bedrock", "aws.bedrock", "aws"),
        ("aws", "aws.bedrock", "aws"),
        ("azure.ai.openai", "azure.ai.openai", "azure"),
        ("azure.ai.inference", "azure.ai.inference", "azure"),
        ("x_ai", "x_ai", "x-ai"),
        ("x-ai", "x_ai", "x-ai"),
        ("xai", "x_ai", "x-ai"),
        ("mistral_ai", "mistral_ai", "mistral"),
        ("openrouter", "openrouter", "openrouter"),
        ("acme-cloud", "acme-cloud", "acme-cloud"),
    ],
)
def test_every_spelling_of_a_provider_leads_to_both_names(spelling, name, book):
    assert find_provider(spelling) == (name, book)


@pytest.mark.parametrize("word", ["", "strands-agents", "langgraph", "microsoft.agent_framework", "litellm", "unknown"])
def test_a_framework_or_placeholder_is_no_provider(word):
    assert find_provider(word) == NOBODY


def test_a_row_for_google_is_wider_than_one_for_vertex():
    assert row_key("google") == "google"
    assert row_key("gcp.vertex_ai") == "gcp.vertex_ai"
    assert row_key("xai") == "x_ai"


def test_the_library_s_providers_are_labelled_as_the_conventions_spell_them():
    spelled = [convention_name(book) for book in ("x-ai", "aws", "google", "azure", "groq")]
    assert spelled == ["x_ai", "aws.bedrock", "gcp.gemini", "azure.ai.openai", "groq"]


@pytest.mark.parametrize(
    ("provider", "model", "same_as"),
    [
        ("", "gpt-5", ("openai", "gpt-5")),
        ("", "claude-opus-5-5", ("anthropic", "claude-opus-5-5")),
        ("", "openai/gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("strands-agents", "us.anthropic.claude-opus-4-6-v1:0", ("aws", "us.anthropic.claude-opus-4-6-v1:0")),
        ("litellm", "azure/gpt-5", ("azure", "gpt-5")),
        ("openai", "openai/gpt-5", ("openai", "gpt-5")),
        ("openai", "gpt-5-2025-08-07", ("openai", "gpt-5")),
        ("openai", "gpt-5-20250807", ("openai", "gpt-5")),
        ("openai", "GPT-5", ("openai", "gpt-5")),
        ("anthropic", "claude-opus-5-5-20260928", ("anthropic", "claude-opus-5-5")),
        ("anthropic", "claude-sonnet-4-5@20250929", ("anthropic", "claude-sonnet-4-5")),
        ("anthropic", "claude-sonnet-4-5[1m]", ("anthropic", "claude-sonnet-4-5")),
        ("anthropic", "claude-opus-5.5", ("anthropic", "claude-opus-5-5")),
        ("gcp.vertex_ai", "publishers/anthropic/models/claude-opus-5-5@default", ("google", "claude-opus-5-5")),
        ("gcp.vertex_ai", "projects/p/locations/global/publishers/google/models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("gcp.gemini", "models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("gcp.gemini", "gemini-2.0-flash-001", ("google", "gemini-2.0-flash")),
        ("aws.bedrock", "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-6-v1:0", ("aws", "us.anthropic.claude-opus-4-6-v1:0")),
        ("aws.bedrock", "global.anthropic.claude-opus-4-6-v1", ("aws", "global.anthropic.claude-opus-4-6-v1:0")),
        ("openai", "ft:gpt-4o-2024-08-06:acme::abc123", ("openai", "ft:gpt-4o")),
        ("azure.ai.openai", "gpt-6-sol", ("openai", "gpt-6-sol")),
        ("openrouter", "anthropic/claude-sonnet-4.5", ("openrouter", "anthropic/claude-sonnet-4.5")),
    ],
)  # fmt: skip
def test_a_reference_is_priced_as_the_model_that_it_names(charge, provider, model, same_as):
    tokens = (1000, 200, 0, 0, 300, 0)
    ours, theirs = charge(provider, model, NOV, tokens), charge(*same_as, NOV, tokens)
    assert ours.cost_nano_usd is not None
    assert (ours.cost_nano_usd, ours.cost_status) == (theirs.cost_nano_usd, theirs.cost_status)


def test_a_bedrock_geography_is_part_of_the_price(charge):
    tokens = (10_000, 0, 0, 0, 0, 0)
    regional = charge("aws.bedrock", "us.anthropic.claude-opus-4-6-v1:0", NOV, tokens)
    everywhere = charge("aws.bedrock", "global.anthropic.claude-opus-4-6-v1:0", NOV, tokens)
    assert regional.cost_nano_usd * 10 == everywhere.cost_nano_usd * 11


def test_a_snapshot_with_its_own_price_is_not_priced_as_its_family(charge):
    tokens = (1_000_000, 0, 0, 0, 0, 0)
    assert charge("openai", "gpt-4o-2024-05-13", NOV, tokens).cost_nano_usd == 5_000_000_000
    assert charge("openai", "gpt-4o-2024-08-06", NOV, tokens).cost_nano_usd == 2_500_000_000


def test_the_first_model_with_a_price_is_taken_and_named(book):
    from exporter.pricing.row_json import instant_from_text
    from exporter.usage import Tokens

    at, tokens = instant_from_text(NOV), Tokens(1000, 0, 0, 0, 0, 0)
    model, priced = book.price_first("openai", ["my-alias", "gpt-5"], at, tokens, {})
    assert (model, priced.cost_nano_usd) == ("gpt-5", 1_250_000)
    model, missing = book.price_first("openai", ["my-alias", "other-alias"], at, tokens, {})
    assert (model, missing.reasons) == ("my-alias", ("unknown_model",))
    assert book.price_first("openai", [], at, tokens, {})[1].cost_nano_usd is None
