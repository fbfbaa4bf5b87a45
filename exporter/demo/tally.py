"""What the fleet has pushed, to be compared with what the ledger holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from exporter.demo.calls import read_usage
from exporter.demo.roster import UNPRICED
from exporter.usage import NO_TOKENS, TOKEN_CLASSES, Tokens

_MODEL_CALLS: Final = frozenset({"chat", "embeddings"})


def add_tokens(one: Tokens, other: Tokens) -> Tokens:
    return Tokens(*(a + b for a, b in zip(one, other, strict=True)))


@dataclass
class Tally:
    """Exact sums over spans.  A call without usage is one that was refused, or streamed without a count."""

    spans: int = 0
    calls: int = 0
    calls_without_usage: int = 0
    errors: int = 0
    tokens: Tokens = NO_TOKENS
    unpriced_calls: int = 0
    """Calls of the model that no price book knows, as far as they carried usage."""
    tokens_by_project: dict[str, int] = field(default_factory=dict)

    def add(self, attributes: Mapping[str, object]) -> None:
        """Count one span by what it carries."""
        self.spans += 1
        if attributes.get("gen_ai.operation.name") not in _MODEL_CALLS:
            return
        self.calls += 1
        self.errors += "error.type" in attributes
        tokens = read_usage(attributes)
        if tokens is None:
            self.calls_without_usage += 1
            return
        self.tokens = add_tokens(self.tokens, tokens)
        self.unpriced_calls += attributes["gen_ai.request.model"] == UNPRICED.name
        project = str(attributes["agent.project"])
        self.tokens_by_project[project] = self.tokens_by_project.get(project, 0) + sum(tokens)

    def as_document(self) -> dict[str, object]:
        return {
            "spans": self.spans,
            "calls": self.calls,
            "calls_with_usage": self.calls - self.calls_without_usage,
            "calls_without_usage": self.calls_without_usage,
            "errors": self.errors,
            "unpriced_calls": self.unpriced_calls,
            "tokens": dict(zip(TOKEN_CLASSES, self.tokens, strict=True)),
            "tokens_by_project": dict(sorted(self.tokens_by_project.items())),
        }
