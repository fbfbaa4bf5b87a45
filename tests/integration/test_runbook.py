"""/runbook: every alert's link opens its heading, for whoever has the link, in a browser that runs nothing."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import shutil
import sys
from html.parser import HTMLParser
from urllib.parse import urlsplit

import click
import pytest
import yaml

from exporter.cli.main import cli
from scripts import generate_docs
from support.server import Server
from support.tools import ROOT

BASE = "{{ $externalLabels.exporter_url }}"
ALERTS = {
    rule["alert"]: rule["annotations"]["runbook_url"]
    for path in sorted((ROOT / "prometheus" / "rules").glob("*.alerts.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
COMMANDS = set(re.findall(r"`(agent-exporter [a-z][^`>]*)[^`]*`", (ROOT / "prometheus" / "RUNBOOK.md").read_text()))
"""Up to where a shell would write a file."""


class Headings(HTMLParser):
    """Text of each heading of the second level, by its id, and the names of all elements."""

    def __init__(self, page):
        super().__init__()
        self.found, self.elements, self.links, self._open = {}, set(), [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)
        if tag == "h2":
            self._open = dict(attributes)["id"]
            self.found[self._open] = ""
        if tag == "a":
            self.links.append(dict(attributes)["href"])

    def handle_endtag(self, tag):
        self._open = "" if tag == "h2" else self._open

    def handle_data(self, data):
        if self._open:
            self.found[self._open] += data


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A server that asks for tokens."""
    folder = tmp_path_factory.mktemp("runbook")
    (folder / "token").write_text("a-token-that-nobody-shows")
    tokens = f"[{{name: people, roles: [read, operate], file: {folder / 'token'}}}]"
    env = {"AGENT_EXPORTER_TOKENS": tokens, "AGENT_EXPORTER_WORKERS": "1"}
    server = Server(f"sqlite:///{folder / 'ledger.db'}", folder / "serve.log", env)
    yield server.start()
    server.stop()


@pytest.fixture(scope="module")
def page(closed):
    return Headings(closed.get("/runbook").body.decode())


def test_there_are_alerts():
    assert len(ALERTS) > 10


@pytest.mark.parametrize("alert", ALERTS)
def test_the_link_of_an_alert_opens_its_heading(closed, page, alert):
    assert ALERTS[alert].startswith(BASE)
    link = urlsplit(ALERTS[alert].replace(BASE, closed.url))
    assert closed.get(link.path).status == 200
    assert page.found[link.fragment] == alert


def test_every_heading_is_an_alert_and_every_link_of_the_page_leads_to_one(page):
    assert set(page.found) == set(ALERTS)
    inner = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert inner == set(ALERTS)


def test_the_page_needs_no_token_and_reveals_nothing_else(closed):
    assert closed.get("/runbook").status == 200
    assert closed.get("/runbook/").status == 401
    assert closed.get("/metrics").status == 401


def test_the_page_runs_nothing_and_its_own_style_is_allowed(closed, page):
    answer = closed.get("/runbook")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert page.elements.isdisjoint({"script", "img", "iframe", "link", "form"})
    (style,) = re.findall(rb"<style>(.*?)</style>", answer.body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert answer.headers["content-security-policy"].split("; ")[:2] == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
    ]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_browser_that_has_the_page_is_told_that_it_is_still_true(closed):
    first = closed.get("/runbook")
    assert first.headers["cache-control"] == "public, max-age=300"
    again = closed.get("/runbook", **{"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert closed.get("/runbook", **{"If-None-Match": '"another"'}).body == first.body


@pytest.mark.parametrize("line", sorted(COMMANDS), ids=str)
def test_a_command_of_the_runbook_is_one_that_can_be_typed(line):
    command, options = cli, shlex.split(line)[1:]
    context = click.Context(cli)
    while isinstance(command, click.Group):
        command = command.get_command(context, options.pop(0))
    # BUDGET, MODEL and USD stand for what the reader has.
    assert command.make_context(line, ["0.5" if word == "USD" else word for word in options])


def test_markup_in_the_runbook_is_shown_and_not_obeyed():
    made = generate_docs.runbook_page("# Runbook\n\n## Watchdog\n\n<script>alert(1)</script> `a < b`\n")
    assert "script" not in Headings(made).elements
    assert "&lt;script&gt;" in made
    assert "<code>a &lt; b</code>" in made


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """What make docs reads and writes, in a folder of its own."""
    files = [
        "README.md",
        "docs",
        "prometheus/RUNBOOK.md",
        "docker/exporter",
        "exporter/demo/demo.yml",
        "exporter/web/data",
        "exporter/messages/data",
    ]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(generate_docs, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate_docs.py"])
    generate_docs.main()
    monkeypatch.setattr(sys, "argv", ["generate_docs.py", "--check"])
    return tmp_path


@pytest.mark.parametrize("made", ["exporter/web/data/runbook.html", "docker/exporter/demo.yml"])
def test_a_page_that_is_out_of_step_is_noticed(copied, made, capsys):
    assert generate_docs.main() == 0
    with (copied / made).open("a") as file:
        file.write("\n")
    assert generate_docs.main() == 1
    assert f"{made}: out of step" in capsys.readouterr().out
