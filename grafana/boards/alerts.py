"""Severities of alerts, on every board in the same colours and order."""

from __future__ import annotations

from typing import Final

from grafana.boards.palette import BLUE, ORANGE, RED, YELLOW

SEVERITY_COLORS: Final = {"critical": RED, "warning": ORANGE, "info": YELLOW, "none": BLUE}
"""The gravest first.  None is the dead man's switch, which always fires."""
RANK: Final = "rank"


def ranked(alerts: str) -> str:
    """Alerts with a label to sort by, since the names of severities are in no useful order."""
    for rank, severity in enumerate(SEVERITY_COLORS, start=1):
        alerts = f'label_replace({alerts}, "{RANK}", "{rank}", "severity", "{severity}")'
    return alerts
