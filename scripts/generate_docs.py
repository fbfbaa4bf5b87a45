#!/usr/bin/env python3
"""Writes the pages of docs/ and the tables of README.md that are made from the code.

With --check nothing is written, and the exit status is 1 when a page is not what the code would write.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

BEGIN = "<!-- generated: {} -->"
END = "<!-- end -->"


def expected_files() -> Iterator[tuple[Path, str]]:
    """Every page that is generated or holds a generated block, with the text that it must have."""
    from exporter.settings.document import settings_table
    from exporter.telemetry.document import metrics_page

    yield ROOT / "docs" / "metrics.md", metrics_page()
    configuration, readme = ROOT / "docs" / "configuration.md", ROOT / "README.md"
    yield configuration, replace_block(configuration.read_text(), "settings", settings_table())
    tables = replace_block(readme.read_text(), "settings", settings_table())
    yield readme, replace_block(tables, "metrics", money_metrics_table())


def money_metrics_table() -> str:
    """The families of money, tokens, calls and budgets, for the README."""
    from exporter.telemetry.catalog import BUDGETS, SPENDING

    rows = [f"| `{family.name}` | {family.kind} | {family.help} |" for family in (*SPENDING, *BUDGETS)]
    return "\n".join(["| family | type | meaning |", "|---|---|---|", *rows])


def replace_block(text: str, name: str, table: str) -> str:
    """`text` with what stands between the markers of `name` replaced; ValueError without those markers."""
    pattern = re.compile(f"({re.escape(BEGIN.format(name))}\n).*?({re.escape(END)})", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"no block {BEGIN.format(name)} is there")
    return pattern.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is out of step")
    check = parser.parse_args().check
    stale = [(path, text) for path, text in expected_files() if not path.exists() or path.read_text() != text]
    for path, text in stale:
        print(f"{path.relative_to(ROOT)}: {'out of step; run make docs' if check else 'written'}")
        if not check:
            path.write_text(text)
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
