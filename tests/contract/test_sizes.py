"""The size limits of scripts/check-sizes.py, on made-up sources and on this repository."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from support.tools import ROOT


@pytest.fixture(scope="module")
def sizes():
    spec = importlib.util.spec_from_file_location("check_sizes", ROOT / "scripts" / "check-sizes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _function(lines: int, parameters: str = "") -> str:
    return f"def made({parameters}):\n" + "    x = 1\n" * (lines - 1)


def _findings(sizes, source: str) -> list[tuple[str, bool]]:
    return [(finding.what, finding.breach) for finding in sizes.measure_file(Path("made.py"), source).findings]


def test_a_file_of_400_lines_is_noted_and_one_of_401_is_a_breach(sizes):
    assert _findings(sizes, "x = 1\n" * 250) == []
    assert _findings(sizes, "x = 1\n" * 400) == [("400 lines, aim at 250", False)]
    assert _findings(sizes, "x = 1\n" * 401) == [("401 lines, at most 400", True)]


def test_a_function_of_60_lines_passes_and_one_of_61_is_a_breach(sizes):
    assert _findings(sizes, _function(60)) == []
    assert _findings(sizes, _function(61)) == [("61 lines, at most 60", True)]


def test_the_sixth_positional_parameter_is_a_breach_and_a_keyword_only_one_is_not(sizes):
    assert _findings(sizes, _function(2, "a, b, c, d, e, *, f, g")) == []
    assert _findings(sizes, _function(2, "a, b, c, d, e, f")) == [("6 positional parameters, at most 5", True)]


def test_the_receiver_of_a_method_is_no_parameter(sizes):
    method = "class A:\n    def made(self, a, b, c, d, e):\n        pass\n"
    assert _findings(sizes, method) == []


def test_a_test_gets_its_parameters_by_name_so_they_are_not_counted(sizes):
    assert _findings(sizes, "def test_made(a, b, c, d, e, f):\n    pass\n") == []


def test_no_file_and_no_function_of_this_repository_is_too_large(sizes):
    breaches = []
    for path in sizes._sources():
        breaches += [f for f in sizes.measure_file(path.relative_to(ROOT), path.read_text()).findings if f.breach]
    assert breaches == []
