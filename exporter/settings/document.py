"""The reference of all settings, as Markdown, and a value as it is written."""

from __future__ import annotations

import json
from decimal import Decimal

from exporter.settings.table import CONFIG_VARIABLE, DEFAULT_CONFIG, SETTINGS, Setting


def settings_table() -> str:
    """One row for each setting: key, environment variable, default, meaning."""
    lines = ["| key | environment variable | default | meaning |", "|---|---|---|---|"]
    lines.append(f"| | `{CONFIG_VARIABLE}` | `{DEFAULT_CONFIG}`, if it is there | The configuration file. |")
    lines += [_line(row) for row in SETTINGS]
    return "\n".join(lines)


def _line(row: Setting) -> str:
    default = as_written(row.default)
    return f"| `{row.key}` | `{row.variable}` | {f'`{default}`' if default else ''} | {row.help} |"


def as_written(value: object) -> str:
    """A value as a configuration file would state it on one line; empty for nothing."""
    if value in ("", None, [], {}, ()):
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, default=_number, ensure_ascii=False)


def _number(value: object) -> float | str:
    return float(value) if isinstance(value, Decimal) else str(value)
