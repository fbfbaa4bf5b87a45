"""docs/architecture.md and README.md stay true to the code."""

from __future__ import annotations

import re

import pytest

from support.tools import ROOT

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
NAMED = re.compile(r"`((?:exporter|tests|scripts|bench|docs|prometheus|grafana)/[\w./-]+)`")


@pytest.mark.parametrize("page", ["docs/architecture.md", "README.md", "CONTRIBUTING.md"])
def test_every_file_that_a_page_names_exists(page):
    named = set(NAMED.findall((ROOT / page).read_text()))
    assert {name for name in named if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_every_link_within_the_repository_leads_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (ROOT / page).read_text())
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / page).parent.joinpath(target).exists()] == []


def test_every_package_and_top_level_module_has_its_place_in_the_architecture():
    names = {path.stem for path in (ROOT / "exporter").glob("*.py")}
    names |= {path.parent.name for path in (ROOT / "exporter").glob("*/__init__.py")}
    assert {name for name in names - {"__init__", "__main__"} if not re.search(rf"\b{name}\b", ARCHITECTURE)} == set()


def test_every_make_target_that_a_page_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", (ROOT / page).read_text())) <= targets
