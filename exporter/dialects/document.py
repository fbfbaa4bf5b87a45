"""docs/dialects.md, made from what the dialects declare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporter.dialects.describing import (
    Description,
    OfSpans,
    beyond_the_conventions,
    describe_dialects,
    emitters_by_scope,
    whom,
)

_CONVENTIONS: Final = "genai"
_INTRODUCTION: Final = """\
# Dialects

<!-- Made from exporter/dialects/ by scripts/generate_docs.py; a test holds the two equal. -->

A dialect is one way in which emitters speak of model calls. A span is read by the first dialect of this list that
claims it, a log record by its event's name, a metric point by its instrument's name. `agent-exporter dialects`
prints the same.

- A field has several names, of which the first that says something counts; two names of one thing are never added up.
- Every dialect understands the names of the OpenTelemetry GenAI conventions (`genai`) as well, before its own.
- What is in no list leaves no trace: attributes that nobody reads are dropped while a request is decoded.
"""
_BASIS: Final = """\
## How emitters count

Does the input count contain cached tokens, and the output count reasoning? Where the numbers prove it (a part larger
than the whole, a total that only one reading predicts), they decide. Otherwise the row of the instrumentation scope
does, the longest that fits. Without a row, both are taken to be contained, as the conventions say, and the record is
flagged `basis_guess` where the provider's own interface counts otherwise. `agent-exporter explain` names the rule for
each record.
"""
_CLOSING: Final = """
An emitter that follows the conventions and counts in its own way needs a row in `exporter/dialects/basis.py`; one with
names of its own needs a file beside it and a line in `exporter/dialects/registry.py`.
"""


def dialects_page() -> str:
    """The whole page, in Markdown."""
    described = describe_dialects()
    sections = ["\n".join(_section(one)) for one in described]
    return "\n".join([_INTRODUCTION, _overview(described), *sections, _BASIS, _emitters(), _CLOSING.lstrip("\n")])


def _overview(described: list[Description]) -> str:
    lines = ["| dialect | signals | what it is |", "|---|---|---|"]
    lines += [f"| [`{one.name}`](#{one.name}) | {', '.join(one.signals)} | {one.about} |" for one in described]
    return "\n".join(lines) + "\n"


def _section(one: Description) -> Iterator[str]:
    yield f"## {one.name}\n\n{one.about}.\n"
    if one.spans is not None:
        yield from _spans(one.name, one.spans)
    for logs in one.logs:
        is_same = one.spans is not None and logs.names == one.spans.names
        yield f"Log records named {_quoted(logs.events)}{', with the same names' if is_same else ''}.\n"
        if not is_same:
            yield from _names(one.name, logs.names)
    for metrics in one.metrics:
        told = f", told apart by {_quoted(metrics.types)}" if metrics.types else ""
        yield f"Metric points of {_quoted(metrics.instruments)}{told}.\n"


def _spans(name: str, spans: OfSpans) -> Iterator[str]:
    if name == _CONVENTIONS:
        yield "Spans with any of the names below that says what was used or by which model.\n"
    else:
        claimed = ", where their scope or other attributes say so too" if spans.is_claimed else ""
        yield f"Spans with one of {_quoted(spans.marks)}{claimed}.\n"
    yield from _names(name, spans.names)
    if spans.content:
        yield f"Ids and counts are taken out of {_quoted(spans.content)}; the texts go no further.\n"


def _names(name: str, names: dict[str, tuple[str, ...]]) -> Iterator[str]:
    shown = names if name == _CONVENTIONS else beyond_the_conventions(names)
    if shown:
        rows = [f"| {field.replace('_', ' ')} | {_quoted(given)} |" for field, given in shown.items()]
        yield "\n".join(["| field | names, in order |", "|---|---|", *rows]) + "\n"


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _emitters() -> str:
    lines = ["| scope | input leaves out cached tokens of | output leaves out reasoning of |", "|---|---|---|"]
    for one in emitters_by_scope():
        cached = ", ".join(whom(one.exclusive_for, everyone=one.is_exclusive)) or "none"
        reasoning = ", ".join(whom(one.additive_for, everyone=one.is_additive)) or "none"
        lines.append(f"| `{one.scope}` | {cached} | {reasoning} |")
    return "\n".join(lines) + "\n"
