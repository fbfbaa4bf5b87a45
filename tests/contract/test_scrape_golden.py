"""The scrape as users see it: names, labels, help and order are a contract."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from exporter.telemetry.gather import Gatherer
from exporter.telemetry.scrape import Scrape
from exporter.telemetry.selfmetrics import SelfMetrics
from support.fleet_rows import make_fleet
from support.golden import assert_golden
from support.metric_rows import NOW
from support.tools import require_tool

GOLDEN = Path(__file__).parent / "golden"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"


@pytest.fixture
def scrape(sqlite_url):
    database = make_fleet(sqlite_url)
    gatherer = Gatherer(
        database,
        version="1.2.3",
        price_books=lambda: [("2026-11-01", "shipped"), ("4", "command")],
        clock_ns=lambda: NOW,
    )
    measured = SelfMetrics()
    measured.received("span", "genai", "accepted", 12)
    measured.rejected("span", "bad_trace_id", 2)
    measured.http("/v1/traces", 200, 0.004)
    measured.transaction(0.003)
    measured.lag(7.5)
    measured.inflight(4096)
    yield Scrape(gatherer, measured)
    database.close()


@pytest.mark.parametrize(("accept", "name"), [("", "scrape.txt"), (OPENMETRICS, "scrape.openmetrics.txt")])
def test_the_scrape_is_the_golden_one(scrape, accept, name):
    assert_golden(GOLDEN / name, scrape.answer(accept).body.decode())


def test_promtool_finds_nothing_to_say_about_the_scrape(scrape):
    promtool = require_tool("promtool")
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=scrape.answer().body, capture_output=True, check=False, timeout=30
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
