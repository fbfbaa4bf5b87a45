"""The reference of the settings, and the page that holds it."""

import re
from pathlib import Path

from exporter.settings.document import as_written, settings_table
from exporter.settings.table import SETTINGS

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_page_holds_the_table_that_the_code_writes():
    found = re.search(r"<!-- generated: settings -->\n(.*?)\n<!-- end -->", PAGE.read_text(), re.DOTALL)
    assert found is not None, "run make docs"
    assert found[1] == settings_table()


def test_every_setting_has_a_row_with_its_variable_and_default():
    rows = settings_table().splitlines()[3:]
    assert [row.split(" | ")[0] for row in rows] == [f"| `{setting.key}`" for setting in SETTINGS]
    assert "| `settle_seconds` | `AGENT_EXPORTER_SETTLE_SECONDS` | `60` |" in settings_table()
    assert "| `push.endpoint` | `AGENT_EXPORTER_PUSH_ENDPOINT` |  |" in settings_table()


def test_every_setting_is_explained_in_a_sentence():
    assert [setting.key for setting in SETTINGS if not setting.help.endswith(".") or "|" in setting.help] == []


def test_a_value_is_shown_as_it_is_written():
    assert [as_written(value) for value in ("64MiB", 4, True, ["a"], {"a": "b"}, "", [], None)] == [
        "64MiB",
        "4",
        "true",
        '["a"]',
        '{"a": "b"}',
        "",
        "",
        "",
    ]
