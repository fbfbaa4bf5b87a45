"""Cursors: opaque, and only ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import InvalidRequest
from exporter.views.cursors import cursor_of, position_of


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_leads_back_to_its_position_and_needs_no_escaping(position):
    cursor = cursor_of(position)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert position_of(cursor) == position


@given(st.text().filter(lambda text: len(text) != 11))
def test_any_other_text_is_refused(text):
    with pytest.raises(InvalidRequest) as refusal:
        position_of(text)
    assert refusal.value.details == {"parameter": "cursor"}


@pytest.mark.parametrize("cursor", ["", "1", "AAAAAAAAAAE=", "AAAAAAAAAAF", "__________8", "AAAA AAAAAE"])
def test_a_cursor_that_was_touched_is_refused(cursor):
    with pytest.raises(InvalidRequest):
        position_of(cursor)
