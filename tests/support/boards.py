"""The generated boards as data, and what good boards have in common (each check answers what is wrong)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import promql_parser as promql

from support.rules import all_rules as rules_of_prometheus
from support.rules import counter_names, known_names, ledger_names, metric_names, nodes_below, selectors
from support.tools import ROOT

FOLDER = ROOT / "grafana" / "dashboards"
UIDS = {"agent-overview", "agent-cost", "agent-budgets", "agent-exporter"}
COLUMNS = 24
MOST_PANELS = 25
LONGEST_DESCRIPTION = 220
MONEY = "currency:financial:$"
WORDS_ONLY = {"text", "row"}

FOREIGN_GAUGES = {
    "ALERTS",
    "ALERTS_FOR_STATE",
    "otelcol_exporter_in_flight_requests",
    "otelcol_process_memory_rss",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
}
FOREIGN_COUNTERS = {
    f"otelcol_{what}_{things}"
    for what in (
        "exporter_enqueue_failed",
        "exporter_send_failed",
        "exporter_sent",
        "receiver_accepted",
        "receiver_failed",
        "receiver_refused",
    )
    for things in ("spans", "log_records", "metric_points")
}
"""What others bring beside what the rules already read of them."""
OF_COUNTERS = {"rate", "increase", "last_over_time", "min_over_time"}
"""Functions of a counter; differences between two instants are exact where increase() extrapolates."""
WITH_RATE_INTERVAL = {"rate", "increase", "irate"}

_SUBSTITUTES = {
    "$__rate_interval": "61s",
    "$__interval": "62s",
    "$__range": "3600s",
    "${__from:date:seconds}": "1700000000",
    "${__to:date:seconds}": "1700003600",
}
RATE_INTERVAL_SECONDS, STEP_SECONDS, RANGE_SECONDS = 61, 62, 3600
"""What the windows of rate() and increase() are substituted by; the visible range is the one calendar window."""


@dataclass(frozen=True, slots=True)
class Board:
    """One file of grafana/dashboards."""

    document: dict[str, Any]

    @property
    def uid(self) -> str:
        return str(self.document["uid"])

    @property
    def panels(self) -> list[dict[str, Any]]:
        """All of them, those of collapsed rows included."""
        return [inner for panel in self.document["panels"] for inner in (panel, *panel.get("panels", ()))]

    @property
    def graphs(self) -> list[dict[str, Any]]:
        """Panels that show data."""
        return [panel for panel in self.panels if panel["type"] not in WORDS_ONLY]

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.document["templating"]["list"]}

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Where, and which PromQL."""
        for panel in self.graphs:
            yield from ((panel["title"], target["expr"]) for target in panel["targets"])
        for mark in self.document["annotations"].get("list", ()):
            yield f"annotation {mark['name']}", mark["expr"]
        for name, variable in self.variables.items():
            if found := re.fullmatch(r"label_values\((.*), \w+\)", variable.get("definition", "")):
                yield f"variable {name}", found[1]


def read_boards() -> list[Board]:
    """Every generated board."""
    return [Board(json.loads(path.read_text())) for path in sorted(FOLDER.glob("*.json"))]


def substituted(expression: str) -> str:
    """The PromQL that Grafana would send, with two values for each of the board's variables."""
    for name, value in _SUBSTITUTES.items():
        expression = expression.replace(name, value)
    return re.sub(r"\$\{?[a-z]\w*\}?", "one|another", expression)


def names_used(expression: str) -> set[str]:
    """The board's variables in a text."""
    return set(re.findall(r"\$\{?([a-z]\w*)", expression))


# -------------------------------------------------------------------------------------------------- checks
def wrong_model(board: Board) -> Iterator[str]:
    """File provisioning takes the classic model only."""
    document = board.document
    yield from (
        f"has {key}, of the resource model" for key in ("apiVersion", "kind", "spec", "elements") if key in document
    )
    wanted = {"schemaVersion": 42, "id": None, "editable": False, "refresh": "1m"}
    yield from (f"{key} is {document.get(key)}" for key, value in wanted.items() if document.get(key, "") != value)
    if board.uid not in UIDS:
        yield f"uid {board.uid} is none of the agreed ones"
    if any("placement" in one for one in (*document["links"], *document["annotations"].get("list", ()))):
        yield "hides links or annotations in a menu"


def silent_panels(board: Board) -> Iterator[str]:
    """A panel says what it shows, in which unit, why it is empty and what to do."""
    for panel in board.graphs:
        defaults = panel["fieldConfig"]["defaults"]
        missing = {
            "title": panel.get("title"),
            "description": panel.get("description"),
            "unit": defaults.get("unit"),
            "noValue": defaults.get("noValue"),
            "targets": panel.get("targets"),
        }
        yield from (f"{panel.get('title')!r} has no {what}" for what, value in missing.items() if not value)
        yield from _bad_description(panel)


def _bad_description(panel: dict[str, Any]) -> Iterator[str]:
    text = panel.get("description") or ""
    if text and not text.endswith("."):
        yield f"{panel['title']!r}: its description is no sentence"
    if len(text) > LONGEST_DESCRIPTION:
        yield f"{panel['title']!r}: its description is too long to be read ({len(text)})"


def bad_layout(board: Board) -> Iterator[str]:
    """Within 24 columns, nothing on top of another, and few enough panels to take in."""
    taken: dict[tuple[int, int], str] = {}
    for panel in board.document["panels"]:
        place, title = panel["gridPos"], panel.get("title")
        if place["x"] < 0 or place["x"] + place["w"] > COLUMNS:
            yield f"{title!r} leaves the {COLUMNS} columns"
        cells = [
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        yield from {f"{title!r} lies on {taken[cell]!r}" for cell in cells if cell in taken}
        taken |= dict.fromkeys(cells, title)
    visible = [panel for panel in board.document["panels"] if panel["type"] != "row"]
    if len(visible) > MOST_PANELS:
        yield f"{len(visible)} panels at once"
    ids = [panel["id"] for panel in board.panels]
    if len(set(ids)) != len(ids) or min(ids) < 1:
        yield "panel ids are not unique and above 0"


def bad_variables(board: Board) -> Iterator[str]:
    """The data source first; every other works with All and with many values."""
    first, *others = board.document["templating"]["list"]
    if (first["name"], first["label"], first["type"]) != ("datasource", "Data source", "datasource"):
        yield "the first variable is not the data source"
    for one in others:
        wanted = {"multi": True, "includeAll": True, "allValue": ".*", "refresh": 2, "type": "query"}
        yield from (f"variable {one['name']}: {key} is {one.get(key)}" for key in wanted if one.get(key) != wanted[key])
        yield from (f"variable {one['name']} has {key}" for key in one if key.startswith("auto"))
    for where, expression in board.expressions():
        yield from (f"{where}: no variable {name}" for name in names_used(expression) - set(board.variables))
    sources = {json.dumps(target["datasource"]) for panel in board.graphs for target in panel["targets"]}
    if sources != {json.dumps({"type": "prometheus", "uid": "${datasource}"})}:
        yield f"asks other data sources than the chosen one: {sources}"


def bad_queries(board: Board) -> Iterator[str]:
    """Only metrics that exist, counters only by their growth, and each replica's ledger once."""
    with_steps = {panel["title"] for panel in board.graphs if panel.get("interval")}
    for where, expression in board.expressions():
        found = judge_expression(
            substituted(expression), steps=where in with_steps, shown=not where.startswith("variable")
        )
        yield from (f"{where}: {finding}" for finding in found)


def judge_expression(expression: str, *, steps: bool = False, shown: bool = True) -> Iterator[str]:
    """What is wrong with one expression; `steps`: its panel's steps are long enough to be a window."""
    tree = promql.parse(expression)
    yield from (f"unknown metric {name}" for name in sorted(metric_names(tree) - _known()))
    if not shown:
        return
    counters, ledger = _counters() | FOREIGN_COUNTERS, _ledger()
    for selector, above in selectors(tree):
        functions = [node.func.name for node in above if isinstance(node, promql.Call)]
        if selector.name in counters and not OF_COUNTERS & set(functions):
            yield f"{selector.name} is a counter, shown as it is"
        if selector.name in ledger and not any(_collapses(node) for node in above):
            yield f"{selector.name} is counted once for each replica"
    yield from _bad_windows(tree, {RATE_INTERVAL_SECONDS, RANGE_SECONDS, *([STEP_SECONDS] if steps else [])})


def _bad_windows(tree: promql.Expr, allowed: set[int]) -> Iterator[str]:
    for node, _ in nodes_below(tree):
        if isinstance(node, promql.Call) and node.func.name in WITH_RATE_INTERVAL:
            window = getattr(node.args[0], "range", None)
            if window is None or window.total_seconds() not in allowed:
                yield f"{node.func.name}() over a window of its own, not $__rate_interval"


def _collapses(node: promql.Expr) -> bool:
    """Whether replicas that show the same become one."""
    return isinstance(node, promql.AggregateExpr) and str(node.op) in {"max", "min", "count", "topk"}


@cache
def _known() -> set[str]:
    """What is scraped, what others bring, and what the rules record."""
    recorded = {rule.name for rule in rules_of_prometheus() if not rule.alert}
    return known_names() | FOREIGN_COUNTERS | FOREIGN_GAUGES | recorded


_counters, _ledger = cache(counter_names), cache(ledger_names)


def bad_money(board: Board) -> Iterator[str]:
    """Decimals by magnitude come with the unit of the panel, so a column of money needs a panel of money."""
    for panel in board.graphs:
        units = [
            one.get("value")
            for override in panel["fieldConfig"]["overrides"]
            for one in override["properties"]
            if one["id"] == "unit"
        ]
        if MONEY in units and panel["fieldConfig"]["defaults"]["unit"] != MONEY:
            yield f"{panel['title']!r} has money in a column, but not as its unit"


def bad_links(board: Board, boards: Sequence[Board]) -> Iterator[str]:
    """Links go to boards that exist and hand on the time range, the data source and what both boards can choose."""
    top = [(one["type"], one["tags"], one["keepTime"], one["includeVars"]) for one in board.document["links"]]
    if ("dashboards", ["agent-exporter"], True, True) not in top or "agent-exporter" not in board.document["tags"]:
        yield "does not link to the other boards"
    targets = {one.uid: set(one.variables) for one in boards}
    written = [url for panel in board.panels for url in re.findall(r"\]\((/d/[^)]*)\)", str(panel.get("options")))]
    for url in (*_urls(board.document["panels"]), *written):
        yield from (f"{url}: {finding}" for finding in _judge_url(url, set(board.variables), targets))


def _judge_url(url: str, here: set[str], targets: dict[str, set[str]]) -> Iterator[str]:
    found = re.match(r"/d/([\w-]+)\?", url)
    if not found or found[1] not in targets:
        yield "leads to no board"
        return
    if "${__url_time_range}" not in url:
        yield "loses the time range"
    kept, chosen = set(re.findall(r"\$\{(\w+):queryparam\}", url)), set(re.findall(r"var-(\w+)=", url))
    yield from (f"hands on {name}, which this board has not" for name in kept - here)
    yield from (f"chooses {name}, which that board has not" for name in chosen - targets[found[1]])
    yield from (f"loses {name}" for name in (here & targets[found[1]]) - kept - chosen)


def _urls(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("url"), str):
            yield node["url"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _urls(item)


CHECKS: Sequence[Callable[[Board], Iterator[str]]] = (
    wrong_model,
    silent_panels,
    bad_layout,
    bad_variables,
    bad_queries,
    bad_money,
)
