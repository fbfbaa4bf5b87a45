"""One session of an agent as a trace: turns of model calls and tools, retries, a delegated part."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final

from exporter.demo.calls import (
    Outcome,
    describe_request,
    describe_response,
    describe_usage,
    draw_outcome,
    embedding_outcome,
    prompt_tokens,
)
from exporter.demo.planned import CLIENT, INTERNAL, Attribute, PlannedSpan, PlannedTrace, draw_id
from exporter.demo.rhythm import SECOND_NS
from exporter.demo.roster import EMBEDDING, Agent, Model

_TOOLS: Final = ("read_file", "search_code", "run_tests", "edit_file", "query_database")
_INVOCATION: Final = {"gen_ai.operation.name": "invoke_agent"}
"""An in-process agent span says no usage, so that nothing is told twice."""
_BACKOFF_NS: Final = 2 * SECOND_NS


def _describe_tool(name: str) -> dict[str, Attribute]:
    return {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, "gen_ai.tool.type": "function"}


class Session:
    """Lays spans one after another on a clock of its own, under the root span of an agent."""

    def __init__(self, rng: random.Random, agent: Agent, start_ns: int, work: Mapping[str, Attribute]) -> None:
        self._rng = rng
        self._agent = agent
        self._work = {**work, "gen_ai.conversation.id": f"conv-{rng.getrandbits(64):016x}"}
        self._trace_id = draw_id(rng, 128)
        self._root_id = draw_id(rng, 64)
        self._start_ns = start_ns
        self._spans: list[PlannedSpan] = []
        self.now_ns = start_ns + 5 * SECOND_NS // 1_000

    def converse(
        self, parent: int | None = None, *, turns: int, opening: int, growth: tuple[int, int], reuse: bool = True
    ) -> None:
        """`turns` model calls on a prompt that grows from `opening` tokens, with tools in between.

        Without `reuse` nothing of the prompt is found in the provider's cache.
        """
        context, cached = opening, 0
        for turn in range(turns):
            if turn:
                self._use_tool(parent)
            self._ask(parent, context=context, cached=cached if reuse else 0)
            cached, context = context, context + self._rng.randrange(*growth)

    def embed(self, *, calls: int) -> None:
        for _ in range(calls):
            self._add_call(EMBEDDING, "embeddings", embedding_outcome(self._rng), parent=None)

    def delegate(self, helper: Agent, *, turns: int) -> None:
        """Another agent of the project does a part: a tool call that invokes it."""
        tool_id, agent_id, started = draw_id(self._rng, 64), draw_id(self._rng, 64), self.now_ns
        lead, self._agent = self._agent, helper
        self.converse(agent_id, turns=turns, opening=6_000, growth=(500, 4_000))
        self._add(f"invoke_agent {helper.name}", _INVOCATION, started, span_id=agent_id, parent=tool_id)
        self._agent = lead
        self._add("execute_tool delegate", _describe_tool("delegate"), started, span_id=tool_id)

    def finish(self) -> PlannedTrace:
        """The trace, its root span closed at the time that the last step took it to."""
        self._add(f"invoke_agent {self._agent.name}", _INVOCATION, self._start_ns, span_id=self._root_id)
        spans = sorted(self._spans, key=lambda span: (span.start_ns, -span.end_ns, span.span_id != self._root_id))
        return PlannedTrace(self._trace_id, self._agent, tuple(spans))

    def _ask(self, parent: int | None, *, context: int, cached: int) -> None:
        prompt = prompt_tokens(self._agent.model, context=context, cached=cached)
        model = self._agent.model
        outcome = draw_outcome(self._rng, model, prompt, retried=False)
        self._add_call(model, "chat", outcome, parent=parent)
        if outcome.error:
            self.now_ns += _BACKOFF_NS
            self._add_call(model, "chat", draw_outcome(self._rng, model, prompt, retried=True), parent=parent)

    def _add_call(self, model: Model, operation: str, outcome: Outcome, *, parent: int | None) -> None:
        attributes = {
            **describe_request(model, operation, outcome),
            **describe_response(self._rng, model, operation, outcome),
            **describe_usage(outcome.tokens),
        }
        started, self.now_ns = self.now_ns, self.now_ns + outcome.duration_ns
        self._add(f"{operation} {model.name}", attributes, started, parent=parent, outcome=outcome)

    def _use_tool(self, parent: int | None) -> None:
        tool = self._rng.choice(_TOOLS)
        started, self.now_ns = self.now_ns, self.now_ns + self._rng.randrange(20, 4_000) * SECOND_NS // 1_000
        self._add(f"execute_tool {tool}", _describe_tool(tool), started, parent=parent)

    def _add(
        self,
        name: str,
        attributes: Mapping[str, Attribute],
        start_ns: int,
        *,
        span_id: int | None = None,
        parent: int | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        identity = span_id or draw_id(self._rng, 64)
        agent: dict[str, Attribute] = {
            "gen_ai.agent.name": self._agent.name,
            "agent.role": self._agent.role,
            "agent.tier": self._agent.tier,
        }
        self._spans.append(
            PlannedSpan(
                span_id=identity,
                parent_id=None if identity == self._root_id else parent or self._root_id,
                name=name,
                kind=CLIENT if outcome else INTERNAL,
                start_ns=start_ns,
                end_ns=self.now_ns,
                error=outcome.error if outcome else "",
                attributes={**self._work, **agent, **attributes},
                tokens=outcome.tokens if outcome else None,
            )
        )
