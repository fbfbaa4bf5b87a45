from __future__ import annotations

from conformance.document import PAGE, conformance_page


def test_the_page_says_what_the_tests_hold_true():
    assert PAGE.read_text() == conformance_page()
