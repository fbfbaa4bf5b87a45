"""Whatever stands in content: lifting ends, and only wanted counts and texts come out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.dialects.registry import LIFT, WANTED

KEYS = [
    *("usage", "usage_metadata", "replies", "meta", "model", "model_version", "id", "prompt_tokens", "output_tokens"),
    *("prompt_tokens_details", "cached_tokens", "cache_creation", "thoughts_token_count", "promptTokenCount"),
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
AROUND = {"openinference.span.kind": "LLM", "haystack.component.type": "OpenAIChatGenerator"}


@pytest.mark.parametrize("key", sorted(LIFT.content))
@given(content=ANYTHING)
def test_only_wanted_counts_and_texts_leave_any_json(key, content):
    taken = LIFT.take({**AROUND, key: json.dumps(content)})
    assert set(taken) <= WANTED
    assert {type(value) for value in taken.values()} <= {int, float, str}


@pytest.mark.parametrize("key", sorted(LIFT.content))
@pytest.mark.parametrize(
    "content",
    ["", "{", "null", "[" * 5000, '{"usage":' * 5000, '{"a": ' + "9" * 5000 + "}", "{'a': 1}", " {} ", "\ud800"],
)
def test_what_is_no_json_says_nothing(key, content):
    assert LIFT.take({**AROUND, key: content}) == {}


@pytest.mark.parametrize("value", [1, 2.5, True, ("a",), (("usage", 1),)])
@pytest.mark.parametrize("key", sorted(LIFT.content))
def test_content_of_another_type_says_nothing(key, value):
    assert LIFT.take({**AROUND, key: value}) == {}
