from __future__ import annotations

import pytest

from exporter.dialects.registry import read_span
from exporter.usage import AGENT, EMBEDDING, LLM, OTHER, RERANK, STEP, TOOL, WORKFLOW, Tokens
from support.spans import make_span

U, P = "gen_ai.usage.", "traceloop.association.properties."
VERTEX = {
    "gen_ai.system": "Google",
    "llm.request.type": "completion",
    "gen_ai.request.model": "gemini-2.5-flash",
    "llm.usage.total_tokens": 3490,
    U + "input_tokens": 3330,
    U + "output_tokens": 114,
    U + "cache_read.input_tokens": 2304,
}


def read(attributes, scope="opentelemetry.instrumentation.openai.v1", **more):
    return read_span(make_span(attributes, scope=scope, **more))


def test_thinking_that_the_output_leaves_out_is_found_by_the_total():
    kind, usage, _ = read(VERTEX, "opentelemetry.instrumentation.vertexai")
    assert (kind, usage.dialect, usage.provider) == (LLM, "openllmetry", "gcp.gemini")
    assert (usage.tokens, usage.flags) == (Tokens(1026, 2304, 0, 0, 114, 46), ("hidden_reasoning",))


def test_66_the_oldest_names_and_a_free_form_provider():
    sent = {"gen_ai.system": "Azure", "gen_ai.request.model": "gpt-4", U + "prompt_tokens": 10,
            U + "completion_tokens": 5, "llm.usage.total_tokens": 15, "llm.request.type": "chat"}  # fmt: skip
    kind, usage, _ = read(sent)
    assert (kind, usage.tokens, usage.provider) == (LLM, Tokens(10, 0, 0, 0, 5, 0), "azure.ai.openai")


@pytest.mark.parametrize("provider", ["aws.bedrock", "AWS"])
def test_10_on_bedrock_the_input_leaves_cached_tokens_out(provider):
    sent = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": "claude-x",
            U + "input_tokens": 3000, U + "cache_read.input_tokens": 2000, U + "output_tokens": 100,
            U + "total_tokens": 3100}  # fmt: skip
    usage = read(sent, "opentelemetry.instrumentation.bedrock").usage
    assert (usage.tokens, usage.flags) == (Tokens(3000, 2000, 0, 0, 100, 0), ())


@pytest.mark.parametrize(
    ("asked", "answered", "priced"),
    [
        ("claude-sonnet-4-5-20250929-v1:0", "", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("nova-pro-v1:0", "", "amazon.nova-pro-v1:0"),
        ("anthropic.claude-x", "", "anthropic.claude-x"),
        ("claude-x", "anthropic.claude-x-v1:0", "anthropic.claude-x-v1:0"),
    ],
)
def test_the_vendor_that_was_taken_from_a_model_of_bedrock_is_put_back(asked, answered, priced):
    sent = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "aws.bedrock", U + "input_tokens": 5}
    sent |= {"gen_ai.request.model": asked, "gen_ai.response.model": answered}
    usage = read(sent, "opentelemetry.instrumentation.bedrock").usage
    assert (usage.request_model, usage.price_model) == (asked, priced)
    assert read(sent).usage.price_model == (answered or asked)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"traceloop.span.kind": "workflow"}, WORKFLOW),
        ({"traceloop.span.kind": "task"}, STEP),
        ({"traceloop.span.kind": "agent"}, AGENT),
        ({"traceloop.span.kind": "tool"}, TOOL),
        ({"traceloop.span.kind": "unknown"}, OTHER),
        ({"llm.request.type": "chat"}, LLM),
        ({"llm.request.type": "completion"}, LLM),
        ({"llm.request.type": "embedding"}, EMBEDDING),
        ({"llm.request.type": "rerank"}, RERANK),
        ({"llm.request.type": "unknown"}, OTHER),
        ({"traceloop.span.kind": "workflow", "gen_ai.operation.name": "invoke_agent"}, AGENT),
        ({"traceloop.span.kind": "task", "gen_ai.operation.name": "mystery"}, STEP),
    ],
)
def test_its_kinds_are_asked_after_the_operation(sent, kind):
    assert read(sent).kind == kind


def test_the_running_sum_of_a_crew_is_an_aggregate():
    crew = {
        "traceloop.span.kind": "agent",
        "gen_ai.system": "crewai",
        U + "prompt_tokens": 5000,
        U + "completion_tokens": 500,
    }
    kind, usage, _ = read(crew, "opentelemetry.instrumentation.crewai")
    assert (kind, usage.tokens) == (AGENT, Tokens(5000, 0, 0, 0, 500, 0))


def test_associated_properties_say_who_asked():
    sent = VERTEX | {P + "session_id": "s1", P + "lc_agent_name": "weather"}
    usage = read(sent).usage
    assert (usage.conversation_id, usage.agent) == ("s1", "weather")
    usage = read(sent | {"gen_ai.agent.name": "own", "gen_ai.conversation.id": "c1"}).usage
    assert (usage.conversation_id, usage.agent) == ("c1", "own")
    assert read(VERTEX | {P + "thread_id": "t1"}).usage.conversation_id == "t1"


def test_an_agent_is_named_after_its_entity_and_a_task_is_not():
    counted = {U + "input_tokens": 5, "traceloop.entity.name": "writer"}
    assert read(counted | {"traceloop.span.kind": "agent"}).usage.agent == "writer"
    assert read(counted | {"traceloop.span.kind": "task"}).usage.agent == ""


@pytest.mark.parametrize(
    ("scope", "dialect"),
    [
        ("opentelemetry.instrumentation.openai.v1", "openllmetry"),
        ("opentelemetry.instrumentation.anthropic", "openllmetry"),
        ("traceloop.tracer", "openllmetry"),
        ("opentelemetry.instrumentation.openai_v2", "genai"),
        ("opentelemetry.instrumentation.genai.anthropic", "genai"),
        ("opentelemetry.instrumentation.google_genai", "genai"),
        ("", "genai"),
    ],
)
def test_without_attributes_of_its_own_its_scopes_tell_it(scope, dialect):
    sent = {"gen_ai.operation.name": "chat", U + "input_tokens": 5}
    assert read(sent, scope).usage.dialect == dialect
    assert read(sent | {"traceloop.workflow.name": "w"}, scope).usage.dialect == "openllmetry"


def test_spans_of_other_vocabularies_that_it_decorates_stay_theirs():
    sent = {"openinference.span.kind": "LLM", "llm.token_count.prompt": 5, "traceloop.workflow.name": "w"}
    assert read(sent).usage.dialect == "openinference"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"gen_ai.span.kind": "AGENT"}, AGENT),
        ({"gen_ai.span.kind": "TOOL"}, TOOL),
        ({"gen_ai.span.kind": "EMBEDDING"}, EMBEDDING),
        ({"gen_ai.span.kind": "LLM"}, LLM),
        ({"gen_ai.span.kind": "AGENT", "llm.request.type": "chat"}, LLM),
        ({"gen_ai.span.kind": "AGENT", "gen_ai.operation.name": "chat"}, LLM),
        ({"traceloop.span.kind": "task", "gen_ai.span.kind": "LLM"}, STEP),
    ],
)
def test_the_kind_in_the_conventions_word_tells_apart_what_others_send_from_scopes_of_the_same_name(said, kind):
    sent = {"gen_ai.request.model": "gpt-4o", U + "input_tokens": 200, U + "output_tokens": 20, **said}
    assert read(sent, "opentelemetry.instrumentation.agno").kind == kind
