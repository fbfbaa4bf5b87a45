"""The vectors of the dialects' specification that are traces of frameworks: which of their spans is charged.

Numbers are the specification's.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from exporter.dialects.registry import read_span
from exporter.settle.tree import find_superseded
from support.entries import node
from support.spans import make_span

U = "gen_ai.usage."
STRANDS, PYDANTIC, LOGFIRE, ADK = (
    "strands.telemetry.tracer",
    "pydantic-ai",
    "logfire.claude_agent_sdk",
    "gcp.vertex.agent",
)
AG2, CREW, SMOL = (f"opentelemetry.instrumentation.{name}" for name in ("ag2", "crewai", "smolagents"))


class Sent(NamedTuple):
    """A span of a trace: its own and its parent's id, name, scope, attributes."""

    id: str
    parent: str | None
    name: str
    scope: str
    attributes: dict


def usage(tokens_in, tokens_out, prefix=U):
    return {f"{prefix}input_tokens": tokens_in, f"{prefix}output_tokens": tokens_out}


def span(id_, parent, operation, scope, **attributes):
    said = {"gen_ai.operation.name": operation, "gen_ai.request.model": "gpt-5"} if operation else {}
    return Sent(id_, parent, operation or "bare", scope, said | attributes)


def bare(id_, parent, name, scope):
    return Sent(id_, parent, name, scope, {})


def billed(trace):
    """Input and output of each span that is charged, by its id."""
    readings = {sent.id: read_span(make_span(sent.attributes, scope=sent.scope, name=sent.name)) for sent in trace}
    nodes = {}
    for sent in trace:
        kind, said, _ = readings[sent.id]
        tokens = said.tokens if said is not None else ()
        classes = sum(1 << bit for bit, count in enumerate(tokens) if count)
        free = bool(said is not None and said.never_billable)
        rollup = bool(said is not None and said.is_rollup)
        one = node(sent.id, kind, sent.parent, classes=classes, carries=bool(classes), free=free, rollup=rollup)
        nodes[one.span_id] = one
    superseded = find_superseded(nodes)
    return {
        sent.id: (readings[sent.id].usage.tokens.input_total, readings[sent.id].usage.tokens.output_total)
        for sent in trace
        if (one := node(sent.id)).span_id not in superseded
        and nodes[one.span_id].marks & 63
        and not readings[sent.id].usage.never_billable
    }


def strands_usage(tokens_in, tokens_out):
    both = {
        U + "prompt_tokens": tokens_in,
        U + "completion_tokens": tokens_out,
        U + "total_tokens": tokens_in + tokens_out,
    }
    return usage(tokens_in, tokens_out) | both


TRACES = {
    "15 an agent of Strands counts all its invocations so far": (
        [
            span("agent", None, "invoke_agent", STRANDS, **strands_usage(1800, 200)),
            span("cycle", "agent", "execute_event_loop_cycle", STRANDS),
            span("chat", "cycle", "chat", STRANDS, **strands_usage(900, 100)),
        ],
        {"chat": (900, 100)},
    ),
    "16 an aggregate under its own names": (
        [
            span("agent", None, "invoke_agent", PYDANTIC, **usage(100, 20, "gen_ai.aggregated_usage.")),
            span("chat", "agent", "chat", PYDANTIC, **usage(100, 20), **{"operation.cost": 0.001}),
        ],
        {"chat": (100, 20)},
    ),
    "17 an aggregate under the names of a call": (
        [
            span("agent", None, "invoke_agent", PYDANTIC, **usage(100, 20)),
            span("chat", "agent", "chat", PYDANTIC, **usage(100, 20)),
        ],
        {"chat": (100, 20)},
    ),
    "a sub-agent that counts on from the agent above it": (
        [
            span("agent", None, "invoke_agent", PYDANTIC, **usage(450, 65)),
            span("first", "agent", "chat", PYDANTIC, **usage(100, 20)),
            span("tool", "agent", "execute_tool", PYDANTIC),
            span("inner", "tool", "invoke_agent", PYDANTIC, **usage(250, 45)),
            span("second", "inner", "chat", PYDANTIC, **usage(150, 25)),
            span("third", "agent", "chat", PYDANTIC, **usage(200, 20)),
        ],
        {"first": (100, 20), "second": (150, 25), "third": (200, 20)},
    ),
    "19 an agent over calls that know a part of their usage": (
        [
            span("agent", None, "invoke_agent", LOGFIRE, **usage(3000, 500), **{"operation.cost": 0.05}),
            span("one", "agent", "chat", LOGFIRE, **usage(900, 1, f"{U}partial.")),
            span("two", "agent", "chat", LOGFIRE, **usage(1100, 1, f"{U}partial.")),
        ],
        {"agent": (3000, 500)},
    ),
    "30 tools and agents below the call that asked for them": (
        [
            Sent("outer", None, "call_llm", ADK, {"gen_ai.request.model": "gemini-2.5-pro", **usage(1000, 50)}),
            bare("tool", "outer", "execute_tool search", ADK),
            bare("agent", "tool", "agent_run [writer]", ADK),
            Sent("inner", "agent", "call_llm", ADK, {"gen_ai.request.model": "gemini-2.5-pro", **usage(400, 30)}),
        ],
        {"outer": (1000, 50), "inner": (400, 30)},
    ),
    "30 an agent that a call hands over to": (
        [
            Sent("outer", None, "call_llm", ADK, {"gen_ai.request.model": "gemini-2.5-pro", **usage(1000, 50)}),
            bare("agent", "outer", "agent_run [writer]", ADK),
            Sent("inner", "agent", "call_llm", ADK, {"gen_ai.request.model": "gemini-2.5-pro", **usage(400, 30)}),
        ],
        {"outer": (1000, 50), "inner": (400, 30)},
    ),
    "31 one call on two spans": (
        [
            Sent("outer", None, "call_llm", ADK, {"gen_ai.request.model": "gemini-2.5-pro", **usage(1000, 50)}),
            span("inner", "outer", "generate_content", ADK, **usage(1000, 50)),
        ],
        {"inner": (1000, 50)},
    ),
    "73 a crew whose agent counts on": (
        [
            span("crew", None, "invoke_workflow", CREW),
            span("agent", "crew", "invoke_agent", CREW, **usage(5000, 500)),
            span("one", "agent", "chat", CREW, **usage(1000, 100)),
            span("two", "agent", "chat", CREW, **usage(1000, 100)),
        ],
        {"one": (1000, 100), "two": (1000, 100)},
    ),
    "a conversation of AG2 repeats what is said in it": (
        [
            span("talk", None, "conversation", AG2, **{"ag2.span.type": "conversation"}, **usage(300, 30)),
            span("bob", "talk", "invoke_agent", AG2, **{"ag2.span.type": "agent"}),
            span("one", "bob", "chat", AG2, **{"ag2.span.type": "llm"}, **usage(100, 10)),
            span("alice", "talk", "invoke_agent", AG2, **{"ag2.span.type": "agent"}),
            span("two", "alice", "chat", AG2, **{"ag2.span.type": "llm"}, **usage(200, 20)),
        ],
        {"one": (100, 10), "two": (200, 20)},
    ),
    "a call of AG2 is recorded again beside it": (
        [
            span("agent", None, "invoke_agent", AG2, **{"ag2.span.type": "agent"}),
            span("chat", "agent", "chat", AG2, **{"ag2.span.type": "llm"}, **usage(100, 10)),
            span("again", "agent", None, AG2, **{"ag2.span.type": "usage", "ag2.usage.kind": "model_call"}, **usage(100, 10)),
        ],
        {"chat": (100, 10)},
    ),
    "what an agent of AG2 without spans used is told by a sum": (
        [
            span("agent", None, "invoke_agent", AG2, **{"ag2.span.type": "agent"}),
            span("chat", "agent", "chat", AG2, **{"ag2.span.type": "llm"}, **usage(100, 10)),
            span("tool", "agent", "execute_tool", AG2, **{"ag2.span.type": "tool"}),
            span("sum", "agent", None, AG2, **{"ag2.span.type": "usage", "ag2.usage.kind": "subtask"}, **usage(40, 4)),
        ],
        {"chat": (100, 10), "sum": (40, 4)},
    ),
    "what an agent of AG2 with spans used is told by them": (
        [
            span("agent", None, "invoke_agent", AG2, **{"ag2.span.type": "agent"}),
            span("chat", "agent", "chat", AG2, **{"ag2.span.type": "llm"}, **usage(100, 10)),
            span("tool", "agent", "execute_tool", AG2, **{"ag2.span.type": "tool"}),
            span("worker", "tool", "invoke_agent", AG2, **{"ag2.span.type": "agent"}),
            span("inner", "worker", "chat", AG2, **{"ag2.span.type": "llm"}, **usage(40, 4)),
            span("sum", "agent", None, AG2, **{"ag2.span.type": "usage", "ag2.usage.kind": "subtask"}, **usage(40, 4)),
        ],
        {"chat": (100, 10), "inner": (40, 4)},
    ),
    "an agent of Microsoft's framework repeats its calls": (
        [
            span("agent", None, "invoke_agent", "agent_framework", **usage(300, 30)),
            span("one", "agent", "chat", "agent_framework", **usage(100, 10)),
            span("tool", "agent", "execute_tool", "agent_framework"),
            span("two", "agent", "chat", "agent_framework", **usage(200, 20)),
        ],
        {"one": (100, 10), "two": (200, 20)},
    ),
    "an agent of smolagents repeats its steps": (
        [
            Sent("agent", None, "CodeAgent.run", SMOL, {
                "openinference.span.kind": "AGENT", "llm.token_count.prompt": 300, "llm.token_count.completion": 30}),
            Sent("step", "agent", "Step 1", SMOL, {"openinference.span.kind": "CHAIN"}),
            Sent("one", "step", "OpenAIServerModel.generate", SMOL, {
                "openinference.span.kind": "LLM", "llm.model_name": "gpt-5",
                "llm.token_count.prompt": 300, "llm.token_count.completion": 30}),
        ],
        {"one": (300, 30)},
    ),
    "a swarm of a framework that makes names of its own": (
        [
            span("swarm", None, "invoke_swarm", "some.framework", **usage(300, 30)),
            span("agent", "swarm", "invoke_agent", "some.framework"),
            span("one", "agent", "chat", "some.framework", **usage(300, 30)),
        ],
        {"one": (300, 30)},
    ),
    "a team of a framework that says what nobody knows": (
        [
            span("team", None, "kickoff", "some.framework", **usage(300, 30)),
            span("agent", "team", "invoke_agent", "some.framework"),
            span("one", "agent", "chat", "some.framework", **usage(100, 10)),
            span("two", "agent", "ask_oracle", "some.framework", **usage(200, 20)),
        ],
        {"one": (100, 10), "two": (200, 20)},
    ),
    "a loop of Semantic Kernel": (
        [
            Sent("loop", None, "AutoFunctionInvocationLoop", "semantic_kernel", {"gen_ai.agent.name": "a"}),
            span("one", "loop", "chat.completions", "semantic_kernel", **usage(100, 10)),
            span("two", "loop", "chat.completions", "semantic_kernel", **usage(200, 20)),
        ],
        {"one": (100, 10), "two": (200, 20)},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("trace", "expected"), TRACES.values(), ids=TRACES)
@pytest.mark.parametrize("is_reversed", [False, True], ids=["parents first", "children first"])
def test_each_call_of_a_trace_is_charged_once(trace, expected, is_reversed):
    assert billed(trace[::-1] if is_reversed else trace) == expected
