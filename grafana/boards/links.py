"""Links between boards, which keep the time range and the choices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from grafana.boards.variables import Variable

TAG: Final = "agent-exporter"
"""Every board has it; boards with it are linked at the top of each other."""

OVERVIEW: Final = "agent-overview"
COST: Final = "agent-cost"
BUDGETS: Final = "agent-budgets"
EXPORTER: Final = "agent-exporter"


def all_boards() -> build.DashboardLink:
    """The other boards, side by side at the top."""
    return (
        build.DashboardLink("Boards")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .include_vars(True)
        .keep_time(True)
    )


def cell(column: str) -> str:
    """The value of a column in the row of a table that a link is followed from."""
    return f'${{__data.fields["{column}"]}}'


def label(name: str) -> str:
    """The value of a label of the series that a link is followed from."""
    return f"${{__field.labels.{name}}}"


def to_board(title: str, uid: str, keep: Iterable[Variable] = (), **chosen: str) -> build.DashboardLink:
    """A link to the `address` of a board."""
    return build.DashboardLink(title).type(model.DashboardLinkType.LINK).url(address(uid, keep, **chosen))


def address(uid: str, keep: Iterable[Variable] = (), **chosen: str) -> str:
    """A board with the same time range and data source.

    `keep` are variables of this board that the other has too; `chosen` sets one from what was clicked.
    """
    kept = [f"${{{variable.name}:queryparam}}" for variable in keep if variable.name not in chosen]
    # Percent-encoded, since names may hold anything.
    picked = [f"var-{name}={_encoded(value)}" for name, value in chosen.items()]
    query = "&".join(["${__url_time_range}", "${datasource:queryparam}", *kept, *picked])
    return f"/d/{uid}?{query}"


def _encoded(value: str) -> str:
    return f"{value[:-1]}:percentencode}}" if value.startswith("${") else value
