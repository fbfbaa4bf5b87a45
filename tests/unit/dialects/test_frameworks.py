"""Emitters that follow the conventions and add a few names: Dify, Copilot, Mastra, Sentry; and units of all of them."""

from __future__ import annotations

import pytest

from exporter.dialects.basis import Counts, emitter_of, split
from exporter.dialects.registry import read_log, read_span
from exporter.usage import (
    AGENT,
    EMBEDDING,
    LLM,
    MEDIA,
    MISSING,
    REPORTED,
    RERANK,
    RETRIEVAL,
    STEP,
    TOOL,
    WORKFLOW,
    Tokens,
)
from support.spans import make_record, make_span

U = "gen_ai.usage."
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5", "gen_ai.provider.name": "openai"}
USED = {f"{U}input_tokens": 100, f"{U}output_tokens": 10}


# -------------------------------------------------------------------------------------------------------------- Dify
NODE = {"gen_ai.framework": "dify", "node.id": "1", "gen_ai.request.model": "gpt-5"}


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        (NODE | {"node.type": "llm", "gen_ai.span.kind": "LLM"}, LLM),
        (NODE | {"node.type": "question-classifier", "gen_ai.span.kind": "TASK"}, LLM),
        (NODE | {"node.type": "parameter-extractor", "gen_ai.span.kind": "TASK"}, LLM),
        (NODE | {"node.type": "knowledge-retrieval", "gen_ai.span.kind": "RETRIEVER"}, RETRIEVAL),
        (NODE | {"node.type": "tool", "gen_ai.span.kind": "TOOL"}, TOOL),
        (NODE | {"node.type": "agent", "gen_ai.span.kind": "TASK"}, AGENT),
        (NODE | {"node.type": "start", "gen_ai.span.kind": "TASK"}, STEP),
        ({"dify.node.type": "llm", "dify.app_id": "a"}, LLM),
        ({"dify.workflow_id": "w", "dify.app_id": "a"}, WORKFLOW),
        ({"dify.workflow.run_id": "r"}, WORKFLOW),
        (CHAT | {"dify.app_id": "a"}, LLM),
    ],
)
def test_dify_names_its_nodes(attributes, kind):
    reading = read_span(make_span(attributes | USED))
    assert (reading.kind, reading.usage.dialect) == (kind, "dify")


def test_dify_names_the_plugin_that_asks_a_provider():
    node = NODE | {"node.type": "llm", "gen_ai.provider.name": "langgenius/openai/openai"}
    usage = read_span(make_span(node | USED | {f"{U}total_tokens": 110, "dify.conversation.id": "c"})).usage
    assert (usage.provider, usage.tokens, usage.conversation_id) == ("openai", Tokens(100, 0, 0, 0, 10, 0), "c")


RUN = {"dify.node.type": "llm", "dify.app_id": "a", "dify.workflow.run_id": "r", "dify.conversation.id": "c"}
ASKED = {"gen_ai.request.model": "gpt-5", "gen_ai.provider.name": "langgenius/openai/openai", **USED}
IDS = (b"t" * 16, b"s" * 8)


def test_the_event_of_a_node_of_dify_is_the_richer_copy_of_its_span():
    slim = read_span(make_span(RUN)).usage
    usage = read_log(make_record("dify.node.execution", RUN | ASKED, ids=IDS)).usage
    assert (slim.kind, slim.usage_status) == (LLM, MISSING)
    assert (usage.kind, usage.tokens, usage.signal) == (LLM, Tokens(100, 0, 0, 0, 10, 0), "log")
    assert (usage.trace_id, usage.span_id, usage.record_key, usage.source) == (*IDS, "", "")


@pytest.mark.parametrize(
    ("currency", "nano", "flags"), [("USD", 2_500_000, ()), ("RMB", None, ("foreign_currency",)), ("", 2_500_000, ())]
)
def test_the_price_of_a_node_of_dify_counts_in_usd(currency, nano, flags):
    priced = RUN | ASKED | {"dify.node.total_price": 0.0025, "dify.node.currency": currency}
    usage = read_log(make_record("dify.node.execution", priced, ids=IDS)).usage
    assert (usage.cost_reported_nano_usd, usage.flags) == (nano, flags)


def test_a_node_of_dify_that_asks_no_model_has_no_usage():
    assert read_log(make_record("dify.node.execution", RUN | {"dify.node.type": "start"}, ids=IDS)).usage is None


@pytest.mark.parametrize("event", ["dify.message.run", "dify.prompt_generation.execution"])
def test_what_dify_asks_outside_a_workflow_has_an_event_of_its_own(event):
    first, again, other = (
        read_log(make_record(event, ASKED | {"dify.message.id": message}, ids=IDS)).usage for message in "aab"
    )
    assert (first.kind, first.tokens, first.provider) == (LLM, Tokens(100, 0, 0, 0, 10, 0), "openai")
    assert first.record_key == again.record_key != other.record_key
    assert read_log(make_record(event, {"gen_ai.request.model": "gpt-5"})).usage is None


def test_the_message_of_a_workflow_of_dify_is_of_its_nodes():
    assert read_log(make_record("dify.message.run", RUN | ASKED, ids=IDS)).usage is None


def test_a_framework_attribute_alone_is_not_of_dify():
    assert read_span(make_span(CHAT | USED | {"gen_ai.framework": "langchain"})).usage.dialect == "genai"


# ----------------------------------------------------------------------------------------------------------- Copilot
@pytest.mark.parametrize(("operation", "kind"), [("chat", LLM), ("invoke_agent", AGENT)])
def test_65_copilot_sells_what_others_make(operation, kind):
    attributes = CHAT | USED | {"gen_ai.operation.name": operation, "gen_ai.provider.name": "github"}
    reading = read_span(make_span(attributes, scope="github.copilot"))
    usage = reading.usage
    assert (reading.kind, usage.dialect, usage.provider, usage.gateway) == (kind, "copilot", "openai", "github")


def test_a_failed_call_of_copilot_has_no_usage():
    usage = read_span(make_span(CHAT | {"error.type": "ModelCallError"}, scope="github.copilot", status=2)).usage
    assert (usage.usage_status, usage.error_type) == (MISSING, "ModelCallError")


# ------------------------------------------------------------------------------------------------------------ Mastra
@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("agent.run", AGENT),
        ("workflow.run", WORKFLOW),
        ("tool.execute", TOOL),
        ("tool_selection", LLM),
        ("agent_step", STEP),
    ],
)
def test_mastra_has_words_of_its_own_for_operations(operation, kind):
    attributes = CHAT | USED | {"gen_ai.operation.name": operation}
    assert read_span(make_span(attributes, scope="@mastra/otel-exporter")).kind == kind


def test_mastra_counts_as_the_conventions_do():
    counts = {f"{U}input_tokens": 710, f"{U}output_tokens": 40, f"{U}reasoning_tokens": 30}
    cached = {f"{U}cache_read.input_tokens": 500, f"{U}cache_creation.input_tokens": 200}
    lifetimes = {f"{U}cache_creation.5m_input_tokens": 50, f"{U}cache_creation.1h_input_tokens": 150}
    claude = CHAT | {"gen_ai.provider.name": "anthropic.messages"} | counts | cached
    usage = read_span(make_span(claude | lifetimes, scope="@mastra/otel-exporter")).usage
    assert (usage.tokens, usage.flags) == (Tokens(10, 500, 50, 150, 10, 30), ())
    older = CHAT | counts | {f"{U}cached_input_tokens": 500}
    assert read_span(make_span(older)).usage.tokens == Tokens(210, 500, 0, 0, 10, 30)


# ------------------------------------------------------------------------------------------------------------ Sentry
@pytest.mark.parametrize(
    ("stated", "kind"), [("ai_client", LLM), ("agent", AGENT), ("tool", TOOL), ("handoff", STEP), ("something", LLM)]
)
def test_sentry_states_the_type_of_an_operation(stated, kind):
    attributes = {"gen_ai.operation.type": stated, "gen_ai.request.model": "gpt-5"} | USED
    assert read_span(make_span(attributes)).kind == kind


def test_a_known_operation_is_believed_before_its_type():
    attributes = {**CHAT, **USED, "gen_ai.operation.name": "embeddings", "gen_ai.operation.type": "ai_client"}
    assert read_span(make_span(attributes)).kind == EMBEDDING


def test_69_sentry_style_parts_and_cost():
    parts = {f"{U}input_tokens": 710, f"{U}input_tokens.cached": 500, f"{U}input_tokens.cache_write": 200}
    output = {f"{U}output_tokens": 40, f"{U}output_tokens.reasoning": 15, f"{U}total_tokens": 750}
    usage = read_span(make_span(CHAT | parts | output | {"gen_ai.cost.total_tokens": 0.25})).usage
    assert usage.tokens == Tokens(10, 500, 200, 0, 25, 15)
    assert (usage.cost_reported_nano_usd, usage.cost_source) == (250_000_000, "estimate")


# ---------------------------------------------------------------------------------------------- names made up by hand
@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({f"{U}cached_tokens": 60}, Tokens(40, 60, 0, 0, 10, 0)),
        ({f"{U}cache_read_tokens": 60, f"{U}cache_creation_tokens": 30}, Tokens(10, 60, 30, 0, 10, 0)),
        ({f"{U}cache_read_tokens": 60, f"{U}cache_write_tokens": 30}, Tokens(10, 60, 30, 0, 10, 0)),
        ({f"{U}input_tokens_details.cached_tokens": 60}, Tokens(40, 60, 0, 0, 10, 0)),
        ({f"{U}input_token_details.cached_tokens": 60}, Tokens(40, 60, 0, 0, 10, 0)),
        ({f"{U}input_tokens_details.cache_write_tokens": 30}, Tokens(70, 0, 30, 0, 10, 0)),
        ({f"{U}output_tokens_details.reasoning_tokens": 4}, Tokens(100, 0, 0, 0, 6, 4)),
        ({f"{U}output_reasoning_tokens": 4}, Tokens(100, 0, 0, 0, 6, 4)),
    ],
)
def test_details_are_read_under_the_names_that_providers_have_for_them(details, expected):
    assert read_span(make_span(CHAT | USED | details)).usage.tokens == expected


def test_two_names_of_one_detail_are_one_detail():
    twice = {f"{U}cache_read.input_tokens": 60, f"{U}cached_tokens": 60, f"{U}input_tokens_details.cached_tokens": 60}
    assert read_span(make_span(CHAT | USED | twice)).usage.tokens == Tokens(40, 60, 0, 0, 10, 0)


@pytest.mark.parametrize("name", ["cost_usd", "total_cost_usd", "total_cost", "cost"])
def test_a_cost_in_usd_has_many_names(name):
    assert read_span(make_span(CHAT | USED | {U + name: 0.25})).usage.cost_reported_nano_usd == 250_000_000


def test_the_names_before_the_conventions_are_read_too():
    attributes = {"llm.vendor": "OpenAI", "llm.request.model": "gpt-4o", "llm.response.model": "gpt-4o-2024-08-06"}
    used = {"llm.usage.prompt_tokens": 100, "llm.usage.completion_tokens": 10, "llm.usage.total_tokens": 110}
    usage = read_span(make_span(attributes | used, name="openai.chat")).usage
    assert (usage.kind, usage.provider, usage.price_model) == (LLM, "openai", "gpt-4o-2024-08-06")
    assert usage.tokens == Tokens(100, 0, 0, 0, 10, 0)


# ------------------------------------------------------------------------------------------------------------- units
@pytest.mark.parametrize(
    ("attributes", "units"),
    [
        ({f"{U}seconds": 42}, {"seconds": 42}),
        ({f"{U}characters": 1200.0}, {"characters": 1200}),
        ({f"{U}images": "3"}, {"images": 3}),
        ({f"{U}pages": 2, f"{U}search_units": 1}, {"pages": 2, "search_units": 1}),
    ],
)
def test_other_units_are_usage_without_tokens(attributes, units):
    media = {"gen_ai.operation.name": "speech", "gen_ai.request.model": "tts-1"}
    usage = read_span(make_span(media | attributes)).usage
    assert (usage.kind, usage.units, usage.tokens, usage.usage_status) == (MEDIA, units, Tokens(), REPORTED)


def test_a_fraction_of_a_unit_is_dropped_and_said_so():
    usage = read_span(make_span({"gen_ai.operation.name": "transcription", f"{U}seconds": 42.7})).usage
    assert (usage.units, usage.flags) == ({"seconds": 42}, ("coerced",))


@pytest.mark.parametrize("count", [0, -1, "many", float("nan")])
def test_no_unit_is_no_usage(count):
    usage = read_span(make_span({"gen_ai.operation.name": "transcription", f"{U}seconds": count})).usage
    assert (usage.units, usage.usage_status) == ({}, MISSING)


def test_a_search_of_a_reranker_is_its_unit():
    rerank = {"gen_ai.operation.name": "rerank", "gen_ai.request.model": "rerank-v3.5", f"{U}search_units": 1}
    usage = read_span(make_span(rerank)).usage
    assert (usage.kind, usage.units, usage.flags) == (RERANK, {"search_units": 1}, ())


def test_74_audio_tokens_are_part_of_the_input():
    usage = read_span(
        make_span(CHAT | {f"{U}input_tokens": 500, f"{U}audio.input_tokens": 300, f"{U}output_tokens": 1})
    ).usage
    assert (usage.tokens, usage.units) == (Tokens(500, 0, 0, 0, 1, 0), {"input_audio_tokens": 300})


def test_cached_audio_is_told_from_the_rest_of_the_audio():
    counts = {f"{U}input_tokens": 500, f"{U}cache_read.input_tokens": 200, f"{U}output_tokens": 1}
    audio = {f"{U}audio.input_tokens": 300, f"{U}audio.cache_read.input_tokens": 120}
    usage = read_span(make_span(CHAT | counts | audio)).usage
    assert usage.units == {"input_audio_tokens": 180, "cache_audio_read_tokens": 120}


def test_openinference_has_audio_tokens_too():
    attributes = {
        "openinference.span.kind": "LLM",
        "llm.token_count.prompt": 9,
        "llm.token_count.prompt_details.audio": 4,
    }
    assert read_span(make_span(attributes)).usage.units == {"input_audio_tokens": 4}


# ------------------------------------------------------------------------------------- what the parts prove of totals
PROOFS = {
    "the rest is the whole: cached is beside": (Counts(900, 10, 300, uncached=900), Tokens(900, 300, 0, 0, 10, 0)),
    "the rest lacks the cached: it is inside": (Counts(900, 10, 300, uncached=600), Tokens(600, 300, 0, 0, 10, 0)),
    "a rest that fits neither proves nothing": (Counts(900, 10, 300, uncached=1), Tokens(600, 300, 0, 0, 10, 0)),
    "the visible is the whole: reasoning is beside": (
        Counts(1, 50, reasoning=40, visible=50),
        Tokens(1, 0, 0, 0, 50, 40),
    ),
    "the visible lacks the reasoning: it is inside": (
        Counts(1, 50, reasoning=40, visible=10),
        Tokens(1, 0, 0, 0, 10, 40),
    ),
    "one side is proved, the other by its total": (
        Counts(900, 50, 300, reasoning=40, total=1290, uncached=900),
        Tokens(900, 300, 0, 0, 50, 40),
    ),
}


@pytest.mark.parametrize(("counts", "tokens"), PROOFS.values(), ids=PROOFS)
@pytest.mark.parametrize("scope", ["", "gen_ai"])
def test_a_part_that_is_stated_proves_how_its_whole_counts(counts, tokens, scope):
    assert split(counts, emitter_of(scope), provider="", model="", flags=[]) == tokens


def test_a_proof_is_believed_before_what_is_known_of_the_emitter():
    inside = Counts(900, 10, 300, uncached=600)
    row = emitter_of("openlit.instrumentation.anthropic")
    assert split(inside, row, provider="anthropic", model="", flags=[]) == Tokens(600, 300, 0, 0, 10, 0)


CALLED_AGENT = {"gen_ai.span.kind": "AGENT", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 200}


@pytest.mark.parametrize(
    ("own", "scope", "dialect"),
    [
        ({}, "openlit.otel.tracing", "openlit"),
        ({}, "github.copilot", "copilot"),
        ({"langfuse.observation.type": "unheard"}, "langfuse-sdk", "langfuse"),
        ({"mlflow.spanType": '"UNKNOWN"'}, "mlflow", "mlflow"),
        ({"litellm.call_id": "1"}, "litellm", "litellm"),
        ({"ai.operationId": "ai.unheard"}, "ai", "vercel"),
    ],
)
def test_a_span_that_states_its_kind_in_the_conventions_word_is_of_it_in_every_dialect(own, scope, dialect):
    kind, usage, _ = read_span(make_span(CALLED_AGENT | own, scope=scope))
    assert (kind, usage.dialect) == (AGENT, dialect)
