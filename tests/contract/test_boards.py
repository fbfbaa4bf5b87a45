"""grafana/: the committed boards are what the code makes, Grafana and Prometheus take them, and each panel keeps the
rules that support/boards.py states.  A new board passes through all of this by being in the registry."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import yaml

from exporter.telemetry.catalog import CATALOG
from support.boards import CHECKS, FOLDER, UIDS, Board, bad_links, judge_expression, read_boards, substituted
from support.tools import ROOT

BOARDS = read_boards()
PROVISIONING = ROOT / "grafana" / "provisioning"


def each_board(argument="board"):
    return pytest.mark.parametrize(argument, BOARDS, ids=lambda board: board.uid)


def test_the_committed_boards_are_what_the_code_makes():
    checked = subprocess.run(
        [sys.executable, ROOT / "scripts" / "generate_boards.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert {board.uid for board in BOARDS} == UIDS


@each_board()
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_boards_keep_the_rules(board, check):
    assert list(check(board)) == []


@each_board()
def test_links_lead_to_boards_and_keep_time_and_choices(board):
    assert list(bad_links(board, BOARDS)) == []


def test_titles_and_uids_are_unique():
    assert len({board.document["title"] for board in BOARDS}) == len({board.uid for board in BOARDS}) == len(BOARDS)


@each_board()
def test_promtool_parses_every_expression(board, tool, tmp_path):
    rules = [
        {"record": f"board:expression:{number}", "expr": substituted(expression)}
        for number, (_, expression) in enumerate(board.expressions())
    ]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": board.uid, "rules": rules}]}))
    checked = subprocess.run(
        [tool("promtool"), "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"SUCCESS: {len(rules)} rules found" in checked.stdout


# ------------------------------------------------------------------------------------------- the checks themselves
def _spoil(panel=None, **changes):
    """A copy of a board with its first panel of data changed by `panel`, or its document by `changes`."""
    board = Board(copy.deepcopy(BOARDS[0].document))
    if panel:
        panel(board.graphs[0])
    board.document.update(changes)
    return board


SPOILED = {
    "of the resource model": _spoil(spec={}),
    "schemaVersion is 41": _spoil(schemaVersion=41),
    "none of the agreed ones": _spoil(uid="other"),
    "has no description": _spoil(lambda panel: panel.update(description="")),
    "is no sentence": _spoil(lambda panel: panel.update(description="red")),
    "too long to be read": _spoil(lambda panel: panel.update(description="very " * 50 + "long.")),
    "has no unit": _spoil(lambda panel: panel["fieldConfig"]["defaults"].pop("unit")),
    "has no noValue": _spoil(lambda panel: panel["fieldConfig"]["defaults"].pop("noValue")),
    "leaves the 24 columns": _spoil(lambda panel: panel["gridPos"].update(x=20, w=6)),
    "lies on": _spoil(lambda panel: panel["gridPos"].update(h=panel["gridPos"]["h"] + 1)),
    "not unique": _spoil(lambda panel: panel.update(id=0)),
    "no variable nobody": _spoil(lambda panel: panel["targets"][0].update(expr='up{job="$nobody"}')),
    "other data sources": _spoil(lambda panel: panel["targets"][0].update(datasource={"uid": "prometheus"})),
    "unknown metric agent_nothing": _spoil(lambda panel: panel["targets"][0].update(expr="agent_nothing")),
}


@pytest.mark.parametrize("finding", SPOILED)
def test_a_spoiled_board_is_found(finding):
    found = [text for check in CHECKS for text in check(SPOILED[finding])]
    assert any(finding in text for text in found), found


@pytest.mark.parametrize(
    ("expression", "finding"),
    [
        ("max without (instance) (agent_cost_usd_total)", "agent_cost_usd_total is a counter, shown as it is"),
        ("sum(rate(agent_cost_usd_total[61s]))", "agent_cost_usd_total is counted once for each replica"),
        ("max(rate(agent_cost_usd_total[5m]))", "rate() over a window of its own, not $__rate_interval"),
        ("max(increase(agent_cost_usd_total[61s]))", None),
        ("sum(rate(agent_exporter_received_total[61s]))", None),
    ],
)
def test_a_wrong_expression_is_found(expression, finding):
    assert list(judge_expression(expression)) == ([finding] if finding else [])


@pytest.mark.parametrize(
    ("url", "finding"),
    [
        ("/d/agent-nothing?${__url_time_range}", "leads to no board"),
        ("/d/agent-budgets?${datasource:queryparam}&${budget:queryparam}", "loses the time range"),
        ("/d/agent-budgets?${__url_time_range}&${datasource:queryparam}", "loses budget"),
        ("/d/agent-budgets?${__url_time_range}&${datasource:queryparam}&var-budget=a&var-agent=b", "chooses agent"),
    ],
)
def test_a_link_that_loses_something_is_found(url, finding):
    overview = next(board for board in BOARDS if board.uid == "agent-overview")
    board = Board(copy.deepcopy(overview.document))
    board.graphs[0]["fieldConfig"]["defaults"]["links"] = [{"url": url}]
    assert [text for text in bad_links(board, BOARDS) if finding in text]


# ------------------------------------------------------------------------------------------------- provisioning
def test_provisioning_names_the_data_sources_that_boards_and_exemplars_use():
    sources = yaml.safe_load((PROVISIONING / "datasources" / "datasources.yml").read_text())["datasources"]
    by_uid = {source["uid"]: source for source in sources}
    assert set(by_uid) == {"prometheus", "alertmanager", "tempo"}
    (exemplar,) = by_uid["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert exemplar["datasourceUid"] == "tempo"
    assert exemplar["name"] == "trace_id"
    assert all(source["editable"] is False for source in sources)


def test_provisioning_loads_the_boards_into_their_folder_and_lets_nobody_change_them():
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "dashboards.yml").read_text())["providers"]
    assert provider["folder"] == "Agent costs"
    assert provider["allowUiUpdates"] is False
    assert provider["options"]["path"].endswith(FOLDER.name)


def test_every_money_family_of_the_catalogue_is_on_a_board():
    shown = "\n".join(expression for board in BOARDS for _, expression in board.expressions())
    families = [family.name for family in CATALOG if "_usd" in family.name and "reserved" not in family.name]
    assert [name for name in families if name not in shown] == []
