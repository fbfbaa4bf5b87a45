from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.dialects.literals import LONGEST_OBJECT, read_object, unquote

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
# Python escapes a quote only where a text has both.
TEXTS = st.text("aZ09 _-.,:'{}[]()äß日") | st.text('aZ09 _-.,:"{}[]()äß日')
OBJECTS = st.dictionaries(
    TEXTS, st.recursive(SCALARS | TEXTS, lambda some: st.lists(some) | st.dictionaries(TEXTS, some), max_leaves=6)
)


@given(OBJECTS)
def test_json_and_what_python_prints_are_read_alike(written):
    assert read_object(json.dumps(written)) == read_object(repr(written)) == written


def test_a_tuple_is_a_list_and_an_escape_stays():
    assert read_object("{'a': (1, 2), 'b': 'it\\'s'}") == {"a": [1, 2], "b": "it\\'s"}


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "text",
        "[1]",
        "{",
        "{'a': 1",
        "{'a': Usage(prompt_tokens=1)}",
        "{'a': __import__('os').getpid()}",
        "{'a': 1 + 1}",
        "{'a': <object at 0x7f>}",
        "{'a': 'b",
        "{" + " " * 60_000 + "x",
        "{" + "'a" * 30_000,
        "{'" + "\\" * 60_000,
        "{" + "[" * 60_000,
        "{" + '{"a":' * 12_000,
        "{'a': '" + "b" * LONGEST_OBJECT + "'}",
    ],
    ids=lambda text: str(text)[:24],
)
def test_what_is_no_literal_is_no_object(text):
    assert read_object(text) == {}


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ('"gpt-5"', "gpt-5"),
        ('"a\\"b"', 'a"b'),
        ("gpt-5", "gpt-5"),
        ('"', '"'),
        ('"a" and "b"', '"a" and "b"'),
        ("", ""),
        (None, None),
        (5, 5),
        ('"a\\ud800b\\u0000"', "a\ufffdb\ufffd"),
    ],
)
def test_a_text_that_is_encoded_as_json_is_decoded(sent, meant):
    assert unquote(sent) == meant
