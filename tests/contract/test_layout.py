"""What the import contracts of pyproject.toml cannot say: only the standard library, every package placed."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.dialects.registry import DIALECTS
from support.tools import ROOT

PACKAGE = ROOT / "exporter"
SHARED_WORDS = ("money", "signals", "usage", "work", "errors")
PURE_PACKAGES = (
    "dialects",
    "settle",
    "pricing",
    "budgets",
    "planning",
    "efficiency",
    "forecast",
    "messages",
    "imports",
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Import name of each distribution where the two differ.
IMPORTED_AS = {
    "opentelemetry-exporter-otlp": "opentelemetry",
    "opentelemetry-proto": "opentelemetry",
    "opentelemetry-sdk": "opentelemetry",
    "prometheus-client": "prometheus_client",
    "pyyaml": "yaml",
}
# What comes with a declared distribution and is part of its documented interface.
COMES_WITH = {"google": "opentelemetry-proto", "requests": "opentelemetry-exporter-otlp", "werkzeug": "flask"}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""


def _imported_names(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def _pure_files() -> list[Path]:
    shared = [PACKAGE / f"{name}.py" for name in SHARED_WORDS]
    return shared + [path for name in PURE_PACKAGES for path in sorted((PACKAGE / name).rglob("*.py"))]


@pytest.mark.parametrize("path", _pure_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_pure_module_imports_the_standard_library_the_shared_words_and_its_own_package(path):
    own = f"exporter.{path.relative_to(PACKAGE).parts[0].removesuffix('.py')}"
    for name in _imports(path):
        first = name.partition(".")[0]
        if first == "exporter":
            inner = name.split(".")[1] if "." in name else ""
            assert inner in SHARED_WORDS or name == own or name.startswith(f"{own}."), f"{path} imports {name}"
        else:
            assert first in sys.stdlib_module_names, f"{path} imports {name}"


def _dialects() -> dict[str, Path]:
    files = sorted((PACKAGE / "dialects").glob("*.py"))
    return {path.stem: path for path in files if re.search(r"^DIALECT\b.*=", path.read_text(), re.MULTILINE)}


def test_a_dialect_imports_no_other_and_what_they_share_imports_none():
    dialects = _dialects()
    names = {f"exporter.dialects.{name}" for name in dialects}
    for path in (PACKAGE / "dialects").glob("*.py"):
        if path.stem != "registry":
            imported = {f"{module}.{name}" for module, name in _imported_names(path)} | set(_imports(path))
            assert imported & (names - {f"exporter.dialects.{path.stem}"}) == set(), path


def test_every_dialect_is_registered():
    assert "genai" in _dialects()
    assert len(DIALECTS) == len(_dialects())


def test_every_package_and_module_has_its_place_among_the_layers():
    contract = next(c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["id"] == "layers")
    placed = {
        name.strip(" ()").removeprefix("exporter.")
        for layer in contract["layers"]
        for name in layer.replace("|", ":").split(":")
    }
    present = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    assert present - placed <= {"__init__", "__main__", "client"}


def test_what_the_package_imports_is_declared_as_a_dependency():
    declared = {_distribution(line) for line in PROJECT["project"]["dependencies"]} | {"psycopg"}
    importable = {IMPORTED_AS.get(name, name) for name in declared}
    importable |= {module for module, distribution in COMES_WITH.items() if distribution in declared}
    used = {name.partition(".")[0] for path in PACKAGE.rglob("*.py") for name in _imports(path)}
    assert used - importable - sys.stdlib_module_names - {"exporter", "__future__"} == set()


def test_every_file_of_the_package_that_is_no_source_is_declared_as_its_data():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]
    declared = {
        path
        for package, globs in patterns.items()
        for glob in globs
        for path in (ROOT / package.replace(".", "/")).glob(glob)
    }
    others = {p for p in PACKAGE.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")}
    assert others - declared == set()


def test_every_declared_dependency_is_pinned_with_hashes_and_without_an_address():
    text = (ROOT / "constraints.txt").read_text()
    entries = [entry for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]
    pinned = {_distribution(entry) for entry in entries if "==" in entry and "--hash=sha256:" in entry}
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *extras["postgres"], *extras["dev"]]
    assert {_distribution(line) for line in wanted} - pinned == set()
    assert len(pinned) == len(entries)
    assert "://" not in text


def _distribution(requirement: str) -> str:
    name = requirement.split(maxsplit=1)[0]
    for separator in ("[", "=", ">", "<", "~", ";"):
        name = name.partition(separator)[0]
    return name.lower().replace("_", "-")
