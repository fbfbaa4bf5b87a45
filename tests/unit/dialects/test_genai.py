from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.dialects import genai
from exporter.dialects.registry import DIALECTS, NOTHING, WANTED, read_span
from exporter.usage import (
    AGENT,
    KINDS,
    LLM,
    MISSING,
    OTHER,
    REPORTED,
    RETRIEVAL,
    STEP,
    TOOL,
    WORKFLOW,
    PriceContext,
    Tokens,
)
from support.spans import make_span

U = "gen_ai.usage."
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5",
    U + "input_tokens": 100,
    U + "output_tokens": 20,
}


def usage_of(attributes, **options):
    return read_span(make_span(attributes, **options)).usage


def test_every_field_of_a_full_span_is_read():
    attributes = {
        **CALL,
        "gen_ai.response.model": "gpt-5-2025-08-07",
        "gen_ai.response.id": "resp_1",
        "gen_ai.conversation.id": "conv-1",
        "gen_ai.agent.name": "coder",
        "openai.response.service_tier": "flex",
    }
    usage = usage_of(attributes, scope="my.scope", resource={"service.name": "svc"})
    assert (usage.signal, usage.dialect, usage.scope, usage.kind, usage.operation) == (
        "span", "genai", "my.scope", "llm", "chat",
    )  # fmt: skip
    assert (usage.trace_id, usage.span_id, usage.start_ns, usage.end_ns) == (b"t" * 16, b"s" * 8, 1_000, 2_000)
    assert (usage.provider, usage.gateway) == ("openai", "")
    assert (usage.request_model, usage.response_model, usage.price_model) == (
        "gpt-5", "gpt-5-2025-08-07", "gpt-5-2025-08-07",
    )  # fmt: skip
    assert (usage.service, usage.agent, usage.conversation_id, usage.call_key) == ("svc", "coder", "conv-1", "resp_1")
    assert (usage.tokens, usage.usage_status) == (Tokens(100, 0, 0, 0, 20, 0), REPORTED)
    assert (usage.error_type, usage.context) == ("", PriceContext(service_tier="flex"))
    assert (usage.cost_reported_nano_usd, usage.cost_source, dict(usage.units)) == (None, "", {})
    assert (usage.flags, usage.never_billable) == ((), "")


def test_a_span_of_another_kind_is_nothing():
    assert read_span(make_span({"server.address": "db", "error.type": "500", "session.id": "s"})) is NOTHING


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("invoke_agent", AGENT),
        ("invoke_workflow", WORKFLOW),
        ("agent_step", STEP),
        ("execute_tool", TOOL),
        ("retrieval", RETRIEVAL),
        ("create_agent", OTHER),
        ("fetch_response", OTHER),
        ("something_else", OTHER),
    ],
)
def test_a_span_without_usage_only_shapes_its_trace(operation, kind):
    assert read_span(make_span({"gen_ai.operation.name": operation}))[:2] == (kind, None)


@pytest.mark.parametrize("operation", ["chat", "text_completion", "generate_content", "embeddings", "rerank", " Chat "])
def test_a_model_call_without_usage_is_a_row(operation):
    usage = usage_of({"gen_ai.operation.name": operation, "gen_ai.request.model": "m"})
    assert (usage.usage_status, usage.flags) == (MISSING, ("usage_missing",))


def test_zeros_are_missing_and_not_free():
    usage = usage_of({**CALL, U + "input_tokens": 0, U + "output_tokens": 0})
    assert (usage.usage_status, usage.flags) == (MISSING, ("zero_usage",))


def test_zeros_of_an_agent_are_nothing():
    attributes = {**CALL, "gen_ai.operation.name": "invoke_agent", U + "input_tokens": 0, U + "output_tokens": 0}
    assert read_span(make_span(attributes))[:2] == (AGENT, None)


def test_zeros_beside_a_cost_are_what_they_say():
    usage = usage_of({**CALL, U + "input_tokens": 0, U + "output_tokens": 0, "operation.cost": 0.5})
    assert (usage.usage_status, usage.cost_reported_nano_usd, usage.flags) == (REPORTED, 500_000_000, ())


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ("execute_tool", "tool"),
        ("retrieval", "retrieval"),
        ("create_agent", "create_agent"),
        ("evaluate", "evaluation"),
    ],
)
def test_usage_on_what_is_no_call_is_kept_and_never_billed(operation, reason):
    usage = usage_of({**CALL, "gen_ai.operation.name": operation})
    assert (usage.never_billable, usage.tokens.input_total) == (reason, 100)


def test_an_unknown_operation_with_a_model_is_a_call():
    call = {**CALL, "gen_ai.operation.name": "ask_oracle"}
    kind, usage, _ = read_span(make_span({**call, "gen_ai.response.id": "resp_1"}))
    assert (kind, usage.kind, usage.operation, usage.tokens.input_uncached) == (LLM, LLM, "ask_oracle", 100)


def test_an_unknown_operation_whose_answer_has_no_id_is_a_call_unless_there_are_calls_below_it():
    kind, usage, _ = read_span(make_span({**CALL, "gen_ai.operation.name": "ask_oracle"}))
    assert (kind, usage.kind, usage.operation, usage.tokens.input_uncached) == (OTHER, LLM, "ask_oracle", 100)


def test_usage_without_operation_and_model_is_a_sum():
    kind, usage, _ = read_span(make_span({U + "input_tokens": 100, U + "output_tokens": 20}))
    assert (kind, usage.kind) == (STEP, STEP)


def test_the_name_of_a_span_tells_a_missing_operation():
    attributes = {"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o"}
    assert read_span(make_span(attributes, name="chat gpt-4o")).kind == LLM
    assert read_span(make_span(attributes, name="chat")).kind == OTHER
    assert read_span(make_span(attributes, name="invoke_agent coder")).kind == AGENT


def test_a_cut_stream_says_that_its_output_is_missing():
    usage = usage_of({"gen_ai.operation.name": "chat", U + "input_tokens": 7})
    assert (usage.tokens, usage.flags) == (Tokens(7), ("output_missing",))


def test_output_alone_is_a_lower_bound_too():
    usage = usage_of({"gen_ai.operation.name": "chat", U + "output_tokens": 7})
    assert (usage.tokens.output_visible, usage.flags) == (7, ("input_missing",))


def test_a_total_alone_is_the_input_of_an_embedding_and_no_usage_of_a_chat():
    assert usage_of({"gen_ai.operation.name": "embeddings", U + "total_tokens": 9}).tokens == Tokens(9)
    assert usage_of({"gen_ai.operation.name": "chat", U + "total_tokens": 9}).usage_status == MISSING


@pytest.mark.parametrize(
    ("writes", "expected"),
    [
        ({"sum": 516, "5m": 306, "1h": 210}, (306, 210)),
        ({"sum": 0, "5m": 306, "1h": 210}, (306, 210)),
        ({"5m": 306, "1h": 210}, (306, 210)),
        ({"sum": 516, "1h": 210}, (306, 210)),
        ({"sum": 516, "5m": 306}, (516, 0)),
        ({"sum": 516, "5m": 0, "1h": 0}, (516, 0)),
        ({"sum": 516}, (516, 0)),
        ({"1h": 210}, (0, 210)),
        ({}, (0, 0)),
    ],
)
def test_a_stated_split_of_cache_writes_replaces_their_sum(writes, expected):
    names = {
        "sum": U + "cache_write.input_tokens",
        "5m": "anthropic.usage.cache_creation.ephemeral_5m_input_tokens",
        "1h": "anthropic.usage.cache_creation.ephemeral_1h_input_tokens",
    }
    tokens = usage_of(
        {**CALL, U + "input_tokens": 9999, **{names[part]: count for part, count in writes.items()}}
    ).tokens
    assert (tokens.cache_write_5m, tokens.cache_write_1h) == expected
    assert tokens.input_total == 9999


@pytest.mark.parametrize(
    ("attributes", "context"),
    [
        ({"openai.response.service_tier": "Priority"}, PriceContext(service_tier="priority")),
        ({"gen_ai.openai.response.service_tier": "flex"}, PriceContext(service_tier="flex")),
        ({"openai.request.service_tier": "flex"}, PriceContext(service_tier="flex")),
        (
            {"openai.request.service_tier": "flex", "openai.response.service_tier": "default"},
            PriceContext(service_tier="default"),
        ),
        (
            {"agent.pricing.service_tier": "flex", "openai.response.service_tier": "default"},
            PriceContext(service_tier="default"),
        ),
        (
            {"agent.pricing.geo": "US", "agent.pricing.speed": "fast", "agent.pricing.processing": "batch"},
            PriceContext(geo="us", speed="fast", processing="batch"),
        ),
        ({"agent.pricing.region": "eu-west-1", "agent.org": "Acme"}, PriceContext(region="eu-west-1", org="Acme")),
    ],
)
def test_the_price_context_is_as_answered_then_as_stated_then_as_asked(attributes, context):
    assert usage_of({**CALL, **attributes}).context == context


def test_the_resource_states_what_the_span_leaves_open():
    resource = {
        "agent.pricing.geo": "us",
        "agent.pricing.speed": "fast",
        "agent.name": "fleet",
        "session.id": "s1",
        "service.name": "svc",
    }
    usage = usage_of({**CALL, "agent.pricing.speed": "normal", "gen_ai.agent.name": " "}, resource=resource)
    assert usage.context == PriceContext(geo="us", speed="normal")
    assert (usage.agent, usage.conversation_id, usage.service) == ("fleet", "s1", "svc")


def test_facts_of_one_resource_do_not_leak_into_the_next():
    for name in ("one", "two", "one"):
        assert usage_of(CALL, resource={"service.name": name, "agent.name": name}).service == name


def test_an_agent_that_nobody_named_is_empty():
    assert usage_of(CALL).agent == ""


@pytest.mark.parametrize(
    ("attributes", "nano", "source"),
    [
        ({U + "cost.amount": 0.25, U + "cost.currency": "USD", U + "cost.source": "provider"}, 250_000_000, "provider"),
        ({U + "cost.amount": 0.25, U + "cost.source": "local"}, 250_000_000, "estimate"),
        ({U + "cost": 0.5}, 500_000_000, "estimate"),
        ({"operation.cost": 0.001}, 1_000_000, "estimate"),
        ({"gen_ai.cost.total_cost": "0.002"}, 2_000_000, "estimate"),
        ({U + "cost": 0.5, "operation.cost": 0.001}, 500_000_000, "estimate"),
        ({U + "cost": 0.5, "gen_ai.provider.name": "openrouter"}, 500_000_000, "gateway"),
        ({U + "cost": 0}, None, ""),
    ],
)
def test_a_reported_cost_is_kept_with_who_stated_it(attributes, nano, source):
    usage = usage_of({**CALL, **attributes})
    assert (usage.cost_reported_nano_usd, usage.cost_source) == (nano, source)


def test_a_cost_in_another_currency_is_left_out_and_flagged():
    usage = usage_of({**CALL, U + "cost.amount": 0.25, U + "cost.currency": "EUR"})
    assert (usage.cost_reported_nano_usd, usage.flags) == (None, ("foreign_currency",))


@pytest.mark.parametrize(
    ("attributes", "status", "expected"),
    [
        ({"error.type": "RateLimitError"}, 2, "RateLimitError"),
        ({"exception.type": "ValueError"}, 2, "ValueError"),
        ({}, 2, "_OTHER"),
        ({}, 1, ""),
        ({"exception.type": "ValueError"}, 0, ""),
    ],
)
def test_an_error_has_a_type(attributes, status, expected):
    assert usage_of({**CALL, **attributes}, status=status).error_type == expected


def test_hostile_texts_are_cut_and_cleaned():
    usage = usage_of(
        {**CALL, "gen_ai.request.model": "m\n" * 500, "gen_ai.response.id": "\x07" + "i" * 900}, scope="s" * 900
    )
    assert usage.request_model == "m" * 256
    assert usage.call_key == "i" * 256
    assert len(usage.scope) == 256


values = (
    st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=True)
    | st.text(max_size=30)
    | st.booleans()
    | st.tuples(st.text(max_size=3))
)


@given(
    st.dictionaries(st.sampled_from(sorted(WANTED)), values), st.dictionaries(st.sampled_from(sorted(WANTED)), values)
)
def test_no_attributes_whatever_make_it_fail_or_count_below_zero(attributes, resource):
    kind, usage, _ = read_span(make_span(attributes, resource=resource, status=2))
    assert kind in KINDS
    if usage is not None:
        assert min(usage.tokens) >= 0
        assert usage.kind == kind
        assert usage.usage_status == REPORTED or not any(usage.tokens)


SCOPES = {
    "claude_code": "com.anthropic.claude_code.tracing",
    "copilot": "github.copilot",
    "gemini_cli": "gemini-cli",
    "goose": "goose",
    "qwen_code": "qwen-code",
}
"""Of dialects that have no key of their own."""


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_no_dialect_reads_what_decode_drops(dialect):
    asked = set()

    class Spy(dict):
        def get(self, key, default=None):
            asked.add(key)
            return super().get(key, default)

        def __getitem__(self, key):
            asked.add(key)
            return super().__getitem__(key)

    everything = Spy(dict.fromkeys(dialect.wanted, "1"))
    span = make_span(everything, scope=SCOPES.get(dialect.name, ""), resource=everything, status=2)
    present = dialect.spellings.present_in(everything)
    asked.clear()
    assert dialect.read(span, present).usage.dialect == dialect.name
    assert asked
    assert asked <= dialect.wanted


def test_names_of_dialects_are_unique_and_their_marks_wanted():
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)
    assert all(dialect.marks <= dialect.wanted for dialect in DIALECTS)
    assert DIALECTS[-1] is genai.DIALECT


def test_the_model_that_is_priced_goes_without_the_name_of_its_provider():
    call = {**CALL, "gen_ai.request.model": "openai/gpt-5"}
    assert usage_of(call).price_model == "gpt-5"
    through = usage_of({**call, "gen_ai.provider.name": "openrouter"})
    assert (through.gateway, through.price_model) == ("openrouter", "openai/gpt-5")


def test_a_cost_in_a_name_that_anybody_could_give_is_no_step():
    assert read_span(make_span({"operation.cost": 12.5, "db.system": "postgresql"}))[:2] == (OTHER, None)
