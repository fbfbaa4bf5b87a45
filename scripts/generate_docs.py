#!/usr/bin/env python3
"""Writes the pages of docs/ and the tables of README.md that are made from the code, and the runbook as a page.

With --check nothing is written, and the exit status is 1 when a page is not what the code would write.
"""

from __future__ import annotations

import argparse
import html
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]

BEGIN = "<!-- generated: {} -->"
END = "<!-- end -->"

RUNBOOK_PAGE = """<!DOCTYPE html>
<!-- made from prometheus/RUNBOOK.md by make docs -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #8886; --mark: #fd83; }}
body {{ max-width: 48rem; margin: 0 auto; padding: 1rem; font: 1rem/1.55 system-ui, sans-serif; }}
h2 {{ margin: 2.5rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); overflow-wrap: anywhere; }}
h2:target {{ background: var(--mark); }}
h2 a {{ color: inherit; text-decoration: none; }}
nav ul {{ columns: 18rem; padding: 0; list-style: none; }}
code {{ font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }}
pre {{ padding: .6rem; border: 1px solid var(--line); }}
pre code {{ white-space: pre-wrap; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: .2rem .6rem; border: 1px solid var(--line); text-align: left; vertical-align: top; }}
</style>
</head>
<body>
{body}</body>
</html>
"""


def expected_files() -> Iterator[tuple[Path, str]]:
    """Every page that is generated or holds a generated block, with the text that it must have."""
    from exporter.dialects.document import dialects_page
    from exporter.settings.document import settings_table
    from exporter.telemetry.document import metrics_page

    yield ROOT / "docs" / "metrics.md", metrics_page()
    yield ROOT / "docs" / "dialects.md", dialects_page()
    configuration, readme = ROOT / "docs" / "configuration.md", ROOT / "README.md"
    yield configuration, replace_block(configuration.read_text(), "settings", settings_table())
    tables = replace_block(readme.read_text(), "settings", settings_table())
    yield readme, replace_block(tables, "metrics", money_metrics_table())
    messages = ROOT / "docs" / "messages.md"
    yield messages, replace_block(messages.read_text(), "schema", message_schema())
    runbook = (ROOT / "prometheus" / "RUNBOOK.md").read_text()
    yield ROOT / "exporter" / "web" / "data" / "runbook.html", runbook_page(runbook)
    compose = ROOT / "docker" / "exporter"
    fleet = (ROOT / "exporter" / "demo" / "demo.yml").read_text()
    yield compose / "demo.yml", demo_in_compose((compose / "agent-exporter.yml").read_text(), fleet)


def message_schema() -> str:
    """The XML schema of messages between agents, for docs/messages.md."""
    return f"```xml\n{(ROOT / 'exporter' / 'messages' / 'data' / 'agent-message.xsd').read_text()}```"


def money_metrics_table() -> str:
    """The families of money, tokens, calls and budgets, for the README."""
    from exporter.telemetry.catalog import BUDGETS, SPENDING

    rows = [f"| `{family.name}` | {family.kind} | {family.help} |" for family in (*SPENDING, *BUDGETS)]
    return "\n".join(["| family | type | meaning |", "|---|---|---|", *rows])


def demo_in_compose(own: str, fleet: str) -> str:
    """The configuration of compose up to what is its user's, then that of the demo fleet."""
    head, mark, _ = own.partition("# -----")
    if not mark:
        raise ValueError("no line of dashes parts what is the user's from the rest")
    settings = head[head.index("\n\n") + 2 :]
    origin = "# Made by make docs from agent-exporter.yml beside this file and exporter/demo/demo.yml."
    return f"{origin}\n\n{settings}{fleet}"


def runbook_page(source: str) -> str:
    """The runbook for a browser: each heading of the second level has itself as its id, and a list leads to them.

    HTML in `source` is shown, not kept.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(source)
    names = [
        name_heading(tokens, place) for place, token in enumerate(tokens) if token.tag == "h2" and token.nesting > 0
    ]
    first = next((place for place, token in enumerate(tokens) if token.tag == "h2"), len(tokens))
    render = markdown.renderer.render
    parts = (
        render(tokens[:first], markdown.options, {}),
        contents_list(names),
        render(tokens[first:], markdown.options, {}),
    )
    return RUNBOOK_PAGE.format(title=html.escape(title_of(tokens)), body="".join(parts))


def name_heading(tokens: Sequence[Token], place: int) -> str:
    """The heading that opens at `place`, which gets its text as id and as a link to itself."""
    name = tokens[place + 1].content.strip()
    identity = name.replace(" ", "-")
    tokens[place].attrSet("id", identity)
    children = tokens[place + 1].children or []
    opening, closing = Token("link_open", "a", 1), Token("link_close", "a", -1)
    opening.attrSet("href", f"#{identity}")
    tokens[place + 1].children = [opening, *children, closing]
    return name


def title_of(tokens: Sequence[Token]) -> str:
    """The text of the first heading of the first level."""
    places = (place for place, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h1")
    return next((tokens[place + 1].content for place in places), "Runbook")


def contents_list(names: Sequence[str]) -> str:
    items = (f'<li><a href="#{html.escape(name.replace(" ", "-"))}">{html.escape(name)}</a></li>' for name in names)
    return "<nav>\n<ul>\n" + "\n".join(items) + "\n</ul>\n</nav>\n"


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
