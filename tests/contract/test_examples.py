"""Every example of README.md and docs/ is one that works."""

from __future__ import annotations

import re

import pytest

from exporter.settings.load import load_settings
from support.tools import ROOT

PAGES = ("README.md", "docs/configuration.md")


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)


CONFIGURATIONS = [(page, block) for page in PAGES for block in _blocks(page, "yaml")]


@pytest.mark.parametrize(
    ("page", "text"), CONFIGURATIONS, ids=[f"{page}-{n}" for n, (page, _) in enumerate(CONFIGURATIONS)]
)
def test_a_configuration_that_is_shown_is_accepted(page, text, tmp_path):
    file = tmp_path / "agent-exporter.yml"
    for name in re.findall(r"/run/secrets/(\w+)", text):
        (tmp_path / name).write_text(f"a-long-enough-secret-of-{name}")
    file.write_text(text.replace("/run/secrets/", ""))
    load_settings(str(file), {})


def test_the_span_of_the_readme_becomes_a_priced_call(server, monkeypatch):
    (source,) = _blocks("README.md", "python")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
    exec(compile(source, "README.md", "exec"), {})
    (row,) = server.get("/api/v1/usage").json()["data"]
    assert (row["project"], row["agent"], row["billing"], row["cost_status"]) == (
        "payments",
        "reviewer",
        "charged",
        "priced",
    )
    assert row["tokens"]["input_uncached"] == 12_000
    # 12,000 x 1 USD + 800 x 5 USD per million tokens
    assert row["cost_nano_usd"] == 16_000_000
