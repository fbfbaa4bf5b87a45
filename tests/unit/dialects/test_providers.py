from __future__ import annotations

import pytest

from exporter.dialects.providers import bare_model, identify, normalise, provider_of_address, provider_of_model


@pytest.mark.parametrize(
    ("sent", "provider"),
    [
        ("openai", "openai"),
        ("OpenAI", "openai"),
        ("openai.responses", "openai"),
        ("anthropic.messages", "anthropic"),
        ("Azure", "azure.ai.openai"),
        ("az.ai.openai", "azure.ai.openai"),
        ("az.ai.inference", "azure.ai.inference"),
        ("AWS", "aws.bedrock"),
        ("aws_bedrock", "aws.bedrock"),
        ("gemini", "gcp.gemini"),
        ("google", "gcp.gemini"),
        ("vertex_ai", "gcp.vertex_ai"),
        ("gcp.gen_ai", "gcp.gen_ai"),
        ("xai", "x_ai"),
        ("mistralai", "mistral_ai"),
        ("aws.sagemaker", "aws.sagemaker"),
        ("azure.chat", "azure.ai.openai"),
        ("google.vertex.chat", "gcp.vertex_ai"),
        ("google.generative-ai", "gcp.gemini"),
        ("cohere.chat", "cohere"),
        ("ollama.chat", "ollama"),
        ("langgenius/openai/openai", "openai"),
        ("langgenius/bedrock/bedrock", "aws.bedrock"),
        ("Ollama", "Ollama"),
    ],
)
def test_a_provider_is_spelled_as_the_conventions_do_or_stays_as_sent(sent, provider):
    assert normalise(sent) == (provider, "")


@pytest.mark.parametrize("sent", ["langchain", "Langchain", "strands-agents", "gcp.vertex.agent", "crewai"])
def test_a_framework_is_no_provider(sent):
    assert normalise(sent) == ("", "")


@pytest.mark.parametrize("sent", ["github", "openrouter", "gateway", "litellm"])
def test_a_reseller_is_a_gateway(sent):
    assert normalise(sent) == ("", sent)


def test_a_name_that_a_program_gave_its_provider_is_of_a_proxy():
    assert normalise("mock.chat") == ("", "mock")
    assert normalise("openrouter.chat") == ("", "openrouter")
    assert identify(["mock.chat"], "", "gpt-4o-mini", "")[:2] == ("openai", "mock")
    assert identify(["mock.chat"], "", "our-own-model", "")[:2] == ("mock", "")


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("api.openai.com", "openai"),
        ("https://api.openai.com/v1/", "openai"),
        ("api.openai.com:443", "openai"),
        ("my-team.openai.azure.com", "azure.ai.openai"),
        ("api.anthropic.com", "anthropic"),
        ("generativelanguage.googleapis.com", "gcp.gemini"),
        ("us-central1-aiplatform.googleapis.com", "gcp.vertex_ai"),
        ("bedrock-runtime.us-east-1.amazonaws.com", "aws.bedrock"),
        ("openrouter.ai", "openrouter"),
        ("127.0.0.1", ""),
        ("evil-api.openai.com.example.org", ""),
        ("", ""),
    ],
)
def test_an_address_tells_who_answers_there(address, provider):
    assert provider_of_address(address) == provider


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("claude-opus-4-1", "anthropic"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws.bedrock"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "aws.bedrock"),
        ("global.anthropic.claude-haiku-4-5", "aws.bedrock"),
        ("amazon.nova-pro-v1:0", "aws.bedrock"),
        ("gpt-4o-mini", "openai"),
        ("o3-mini", "openai"),
        ("openai/gpt-4o-mini", "openai"),
        ("models/gemini-2.5-pro", "gcp.gemini"),
        ("grok-4", "x_ai"),
        ("llama3", ""),
        ("", ""),
    ],
)
def test_a_model_name_tells_whose_it_is(model, provider):
    assert provider_of_model(model) == provider


def test_the_newer_name_wins_and_a_framework_yields_to_the_older_one():
    assert identify(["openai", "anthropic"], "", "m", "").provider == "openai"
    assert identify(["langchain", "anthropic"], "", "m", "").provider == "anthropic"
    assert identify(["", "Anthropic"], "", "m", "").provider == "anthropic"


def test_the_address_is_asked_before_the_model():
    assert identify(["langchain"], "x.openai.azure.com", "gpt-4o", "").provider == "azure.ai.openai"


def test_a_gateway_is_kept_beside_the_maker_of_the_model():
    source = identify(["openrouter"], "", "anthropic/claude-sonnet-4.5", "")
    assert (source.provider, source.gateway) == ("anthropic", "openrouter")
    source = identify([], "https://openrouter.ai/api/v1", "x-ai/grok-4", "")
    assert (source.provider, source.gateway) == ("x_ai", "openrouter")


def test_nothing_known_is_empty():
    assert identify([], "", "", "") == ("", "", "", "")


@pytest.mark.parametrize(
    ("model", "provider", "bare"),
    [
        ("openai/gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("Bedrock/us.anthropic.claude-x", "aws.bedrock", "us.anthropic.claude-x"),
        ("vertex_ai/gemini-2.5-pro", "gcp.vertex_ai", "gemini-2.5-pro"),
        # Its own name, for who sells it is another.
        ("openai/gpt-oss-120b", "groq", "openai/gpt-oss-120b"),
        ("gpt-5", "openai", "gpt-5"),
        ("openai/", "openai", "openai/"),
        ("", "", ""),
    ],
)
def test_a_model_loses_the_name_of_its_own_provider(model, provider, bare):
    assert bare_model(model, provider) == bare
