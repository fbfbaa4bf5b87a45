"""The published schema and the intake judge alike: over a written corpus, generated messages and damaged ones."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.messages.form import ACTIONS, CATEGORIES, LAYERS, LEVELS, MOST_GATES, PRIORITIES, TYPES
from exporter.messages.reading import read_messages
from support.messages import element, message_xml

SCHEMA = xmlschema.XMLSchema10(
    files("exporter.messages").joinpath("data/agent-message.xsd").read_text(encoding="utf-8")
)
CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="￾￿")
BLANKS = st.sampled_from(["", " ", "\n\t", "  "])
texts = st.text(CHARACTERS, max_size=30)
names = st.text(CHARACTERS, min_size=1, max_size=126).map(lambda text: f"n{text}".strip(" "))
at_names = st.tuples(st.sampled_from(["", "@"]), names).map("".join)
tags = st.from_regex(r"[A-Za-z_][A-Za-z0-9._-]{0,10}", fullmatch=True)
GATES = (
    "✓ Passed", "✓Passed", "✅ passed", "✗ Failed", "❌ FAIL", "⚠️ Warning", "Skipped", "pending",
    "Triggered", "Not triggered", "not_triggered", "PASS", "failed",
)  # fmt: skip


def padded(strategy):
    """With white space around it, which is no part of the value."""
    return st.tuples(BLANKS, strategy.map(escape), BLANKS).map("".join)


def tagged(name, inside):
    return inside.map(lambda text: element(name, text))


def in_any_order(required, optional=()):
    """Each required element and some of the optional ones, in any order, with blanks between."""
    some = st.lists(st.sampled_from(optional), unique=True) if optional else st.just([])
    chosen = some.flatmap(lambda more: st.permutations([*required, *more]))
    return chosen.flatmap(lambda parts: st.tuples(*(st.tuples(part, BLANKS).map("".join) for part in parts))).map(
        "".join
    )


free = st.recursive(
    texts.map(escape),
    lambda inner: st.lists(st.tuples(tags, inner).map(lambda pair: element(*pair)), max_size=3).map("".join),
    max_leaves=6,
)
instants = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2259, 12, 31))
timestamps = st.tuples(instants, st.sampled_from(["Z", "+00:00", "-11:30", "+14:00"])).map(
    lambda pair: pair[0].isoformat() + pair[1]
)
errors = in_any_order(
    [tagged("level", st.sampled_from(LEVELS))],
    [tagged("category", st.sampled_from(CATEGORIES)), tagged("message", free), tagged("attempted-recovery", free)],
)
gates = st.one_of(
    st.tuples(st.sampled_from(LAYERS), st.sampled_from(GATES)).map(lambda pair: element(*pair)),
    st.tuples(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True), st.sampled_from(GATES)).map(
        lambda pair: element("gate", pair[1], name=pair[0])
    ),
)
contexts = in_any_order(
    [],
    [
        tagged("message-id", padded(names)),
        tagged("task-id", padded(names)),
        tagged("parent-task", padded(names)),
        tagged("project", padded(names)),
        tagged("timestamp", timestamps),
        tagged("data", free),
    ],
)
payloads = in_any_order(
    [tagged("action", padded(st.sampled_from(ACTIONS)))],
    [tagged("result", free), tagged("data", free), tagged("error-details", errors)],
)
messages = in_any_order(
    [
        tagged("sender", padded(at_names)),
        tagged("recipient", padded(at_names)),
        tagged("type", padded(st.sampled_from(TYPES))),
        tagged("priority", padded(st.sampled_from(PRIORITIES))),
        tagged("context", contexts),
        tagged("payload", payloads),
    ],
    [tagged("quality-gates", st.lists(gates, max_size=MOST_GATES).map("".join))],
).map(lambda inside: element("agent-message", inside))


def intake_accepts(xml: str) -> bool:
    return all(one.message is not None for one in read_messages(xml.encode()))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(messages)
def test_every_message_of_the_form_is_valid_by_the_schema_and_taken_by_the_intake(xml):
    assert SCHEMA.is_valid(ET.fromstring(xml))
    assert intake_accepts(xml)


def damaged(xml: str, choose) -> str:
    """The message with one element doubled, dropped, renamed, moved, emptied, or given a text or an attribute."""
    root = ET.fromstring(xml)
    parents = [one for one in root.iter() if len(one)]
    parent = parents[choose(len(parents))]
    at = choose(len(parent))
    child = parent[at]
    match choose(7):
        case 0:
            parent.append(child)
        case 1:
            parent.remove(child)
        case 2:
            child.tag = ("sender", "gate", "layer-1-input", "data", "other")[choose(5)]
        case 3:
            parent.remove(child)
            parents[choose(len(parents))].append(child)
        case 4:
            child.text = ("", " ", "passed", "1", "2026-13-01T00:00:00Z", "x" * 129, "@@", "completed ")[choose(8)]
        case 5:
            child.tail = "text"
        case _:
            child.set("name", "value")
    return ET.tostring(root, encoding="unicode")


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(messages, st.lists(st.integers(0, 10**6), min_size=8, max_size=8))
def test_of_damaged_messages_the_intake_takes_exactly_those_that_the_schema_takes(xml, numbers):
    remaining = iter(numbers)
    broken = damaged(xml, lambda count: next(remaining) % count)
    assert intake_accepts(broken) == SCHEMA.is_valid(ET.fromstring(broken)), broken


EDGES = [
    message_xml(gates=None),
    message_xml(gates="<quality-gates/>"),
    message_xml(context="<context/>"),
    message_xml(sender="<sender/>"),
    message_xml(sender="<sender>@</sender>"),
    message_xml(sender="<sender>@@a</sender>"),
    message_xml(sender="<sender>@ a</sender>"),
    message_xml(sender=f"<sender>{'a' * 128}</sender>"),
    message_xml(sender=f"<sender>  {'a' * 128}\n</sender>"),
    message_xml(sender=f"<sender>@{'a' * 128}</sender>"),
    message_xml(sender="<sender>a\u00a0b\u2028c\u0085d</sender>"),
    message_xml(context="<context><project> </project></context>"),
    message_xml(type="<type>Status</type>"),
    message_xml(gates="<quality-gates><layer-1-input>  ✓   Passed </layer-1-input></quality-gates>"),
    message_xml(gates="<quality-gates><layer-1-input>⚠\ufe0f Warning</layer-1-input></quality-gates>"),
    message_xml(gates="<quality-gates><layer-1-input>✓✓ Passed</layer-1-input></quality-gates>"),
    message_xml(gates="<quality-gates><layer-1-input name='x'>Passed</layer-1-input></quality-gates>"),
    message_xml(gates="<quality-gates><gate name=' a&#9;'>Passed</gate></quality-gates>"),
    *(
        message_xml(context=f"<context><timestamp>{text}</timestamp></context>")
        for text in (
            "2026-01-01T24:00:00Z", "2026-01-01T23:59:60Z", "2024-02-29T00:00:00Z", "2025-02-29T00:00:00Z",
            "2026-01-01t00:00:00z", "2026-01-01 00:00:00Z", "1969-12-31T00:00:00Z", "2260-01-01T00:00:00Z", "1970-01-01T00:00:00+14:00",
            "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00+14:01",
            "2026-01-01T00:00:00-14:00", "2026-01-01", " 2026-01-01T00:00:00Z\n", "-2026-01-01T00:00:00Z",
            "2026-00-10T00:00:00Z", "2026-04-31T00:00:00Z",
        )
    ),
    element("agent-messages", message_xml(), message_xml()),
    '<agent-message xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="x.xsd"'
    + message_xml().removeprefix("<agent-message"),
]  # fmt: skip


@pytest.mark.parametrize("xml", EDGES, ids=range(len(EDGES)))
def test_the_edges_of_the_form_are_judged_alike(xml):
    assert intake_accepts(xml) == SCHEMA.is_valid(ET.fromstring(xml), use_location_hints=False)


def test_both_judgements_occur_among_the_edges():
    assert {intake_accepts(xml) for xml in EDGES} == {True, False}
