from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.settle.call_identity import MOST_APART_NS, call_of, call_ref, is_strong, reach_of, refs_around

SECOND = 10**9


@pytest.mark.parametrize(
    "key",
    [
        "msg_01XFDUDYJgAACzvnptvVoYEL",
        "msg_mock0001",
        "resp_67ccd2bed1ec8190b14f964abc054267",
        "chatcmpl-B3kXz81mQpLr0TyVuW9sDf2gHj4",
        "chatcmpl-8f14e45fceea467fa0e61c2d3e4f5a6b",
        "8f14e45f-ceea-467f-a0e6-1c2d3e4f5a6b",
        "L1ZNaNqNG4jYz7IPu4-T8Ak",
        "req_011CSHoEeqs5C35K2UUqR7Fy",
        "gen-1731234567-AbCdEfGhIjKlMnOpQrSt",
    ],
)
def test_an_id_that_nobody_draws_twice_joins_reports_whatever_their_numbers(key):
    assert is_strong(key)
    assert call_of(key, 10) == call_of(key, 11) != 0


@pytest.mark.parametrize(
    "key",
    [
        "chatcmpl-42",
        "chatcmpl-mock0001",
        "chatcmpl-1731234567890123456",
        "chat-completion-000000000000000042",
        "00000000-0000-0000-0000-000000000001",
        "my-recorded-response-fixture",
        "42",
    ],
)
def test_an_id_that_may_come_again_joins_reports_of_equal_output_only(key):
    assert not is_strong(key)
    assert call_of(key, 10) == call_of(key, 10) != call_of(key, 11)


def test_an_empty_id_names_no_call():
    assert call_of("", 10) == 0


times = st.tuples(st.integers(0, 2**62), st.integers(0, 2 * MOST_APART_NS))


@given(times, st.integers(-2 * MOST_APART_NS, 2 * MOST_APART_NS), st.integers(0, 2 * MOST_APART_NS))
def test_either_of_two_reports_that_meet_is_found_by_the_other(first, apart, duration):
    call, (start, length) = call_of("msg_1", 0), first
    other = max(start + apart, 0)
    reach, reach_of_other = reach_of(start, start + length), reach_of(other, other + duration)
    if other <= reach and start <= reach_of_other:
        assert call_ref(call, other) in refs_around(call, start, reach)
        assert call_ref(call, start) in refs_around(call, other, reach_of_other)


def test_a_report_is_looked_for_in_few_places_however_long_it_says_that_it_lasted():
    assert len(refs_around(1, SECOND, reach_of(SECOND, 2**63 - 1))) <= 3
    assert len(refs_around(1, 2**63 - 1, reach_of(2**63 - 1, 2**63 - 1))) <= 3
    assert all(-(2**63) <= ref < 2**63 for ref in refs_around(-1, 2**63 - 1, reach_of(2**63 - 1, 0)))
