"""The rules of prometheus/rules as data, and what good rules have in common (each check answers what is wrong)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import promql_parser as promql
import yaml

from exporter.telemetry.catalog import CATALOG
from exporter.telemetry.family import COUNTER, HISTOGRAM
from support.tools import ROOT

PROMETHEUS = ROOT / "prometheus"
CONFIG = PROMETHEUS / "prometheus.yml"
RULE_FILES = sorted((PROMETHEUS / "rules").glob("*.yml"))
TEST_FILES = sorted((PROMETHEUS / "tests").glob("*_test.yml"))
RUNBOOK = PROMETHEUS / "RUNBOOK.md"

BOARDS = {"agent-overview", "agent-cost", "agent-budgets", "agent-exporter"}
SEVERITIES = {"info", "warning", "critical"}
ANNOTATIONS = {"summary", "description", "runbook_url", "dashboard_url"}
FOREIGN_COUNTERS = {
    "alertmanager_notifications_failed_total",
    "otelcol_exporter_enqueue_failed_spans",
    "otelcol_exporter_send_failed_spans",
    "otelcol_receiver_accepted_spans",
    "otelcol_receiver_refused_spans",
}
"""Counters of others.  The Collector's have no suffix: so it names them when told nothing."""
FOREIGN_GAUGES = {"up", "otelcol_exporter_queue_capacity", "otelcol_exporter_queue_size"}
OF_COUNTERS = {"rate", "increase", "irate", "resets"}
GUESSING = {"deriv", "predict_linear", "double_exponential_smoothing", "holt_winters", "delta", "idelta"}
COMPARISONS = {"==", "!=", ">", "<", ">=", "<="}
PER_REPLICA = {"agent_exporter_database_up"}
"""Read from the database, or not: that is a fact of one replica."""
SHORTEST_WINDOW_SECONDS = 60
"""Four scrapes of 15 seconds."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording or alerting rule; `earlier` are the names that its group recorded before it."""

    topic: str
    name: str
    expr: str
    alert: bool = True
    wait: str = "0s"
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    earlier: frozenset[str] = frozenset()
    keeps_firing: str = "0s"

    @property
    def tree(self) -> promql.Expr:
        return promql.parse(self.expr)


def read_group(group: dict[str, Any]) -> Iterator[Rule]:
    """The rules of one group, in order."""
    recorded: set[str] = set()
    for one in group["rules"]:
        yield Rule(
            topic=group["name"],
            name=one.get("alert") or one["record"],
            expr=one["expr"],
            alert="alert" in one,
            wait=one.get("for", "0s"),
            labels=one.get("labels", {}),
            annotations=one.get("annotations", {}),
            earlier=frozenset(recorded),
            keeps_firing=one.get("keep_firing_for", "0s"),
        )
        recorded.add(one.get("record", ""))


def all_groups() -> list[tuple[str, dict[str, Any]]]:
    """File name and group of every group."""
    return [(path.name, group) for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"]]


def all_rules() -> list[Rule]:
    """Every rule of every file."""
    return [rule for _, group in all_groups() for rule in read_group(group)]


# ------------------------------------------------------------------------------------------- expressions
def nodes_below(tree: promql.Expr) -> list[tuple[promql.Expr, tuple[promql.Expr, ...]]]:
    """Every node with its ancestors, outermost first."""
    found: list[tuple[promql.Expr, tuple[promql.Expr, ...]]] = []
    path: list[promql.Expr] = []

    def enter(node: promql.Expr) -> None:
        found.append((node, tuple(path)))
        path.append(node)

    def leave(_: promql.Expr) -> None:
        path.pop()

    promql.walk(tree, enter, leave)
    return found


def selectors(tree: promql.Expr) -> list[tuple[promql.VectorSelector, tuple[promql.Expr, ...]]]:
    """Every selector of series, those with a range included, with its ancestors."""
    found: list[tuple[promql.VectorSelector, tuple[promql.Expr, ...]]] = []
    for node, above in nodes_below(tree):
        if isinstance(node, promql.VectorSelector) and not (above and isinstance(above[-1], promql.MatrixSelector)):
            found.append((node, above))
        elif isinstance(node, promql.MatrixSelector):
            found.append((node.vector_selector, (*above, node)))
    return found


def metric_names(tree: promql.Expr) -> set[str]:
    """The names of all metrics that an expression reads."""
    return {selector.name or "" for selector, _ in selectors(tree)}


def queries_in(text: str) -> list[str]:
    """The expressions that a template asks for, with something in place of what is filled in."""
    found = re.findall(r'query \(printf "((?:[^"\\]|\\.)+)"', text)
    return [query.replace("%s", "").replace("%q", '"x"') for query in found]


def compares(node: promql.Expr) -> bool:
    """Whether an expression yields only what passed a comparison."""
    if isinstance(node, promql.ParenExpr):
        return compares(node.expr)
    if not isinstance(node, promql.BinaryExpr):
        return False
    operator = str(node.op)
    if operator == "or":
        return compares(node.lhs) and compares(node.rhs)
    if operator in {"and", "unless"}:
        return compares(node.lhs) or (operator == "and" and compares(node.rhs))
    return operator in COMPARISONS and not (node.modifier and node.modifier.return_bool)


# -------------------------------------------------------------------------------------------- the catalogue
def counter_names() -> set[str]:
    """What may stand under rate(): our counters, the parts of our histograms, and declared counters of others."""
    ours = {one.name for one in CATALOG if one.kind == COUNTER}
    parts = {one.name + part for one in CATALOG if one.kind == HISTOGRAM for part in ("_bucket", "_count", "_sum")}
    return ours | parts | FOREIGN_COUNTERS


def known_names() -> set[str]:
    """Every name that a scrape brings."""
    return counter_names() | {one.name for one in CATALOG if one.kind != HISTOGRAM} | FOREIGN_GAUGES


def ledger_names() -> set[str]:
    """What is read from the database, so that every replica shows the same."""
    parts = {one.name + part for one in CATALOG if one.feed for part in ("", "_bucket", "_count", "_sum")}
    return (parts & known_names()) - PER_REPLICA


def ledger_counters() -> set[str]:
    """The counters that never fall, not even by a restart."""
    families = [one for one in CATALOG if one.feed and one.kind in (COUNTER, HISTOGRAM)]
    return {one.name if one.kind == COUNTER else f"{one.name}_count" for one in families}


# -------------------------------------------------------------------------------------------------- checks
def unknown_metrics(rule: Rule) -> list[str]:
    """Names that nobody brings and that the rule's own group did not record before it."""
    asked = [promql.parse(query) for query in queries_in(rule.annotations.get("description", ""))]
    names = set().union(*(metric_names(tree) for tree in (rule.tree, *asked)))
    return [f"unknown metric {name}" for name in sorted(names - known_names() - rule.earlier)]


def misused_functions(rule: Rule) -> list[str]:
    """Rates of what is no counter, of sums, over less than four scrapes; guesses from a period's gauge."""
    found = []
    for node, _ in nodes_below(rule.tree):
        if not isinstance(node, promql.Call):
            continue
        if node.func.name in GUESSING:
            found.append(f"{node.func.name}() is wrong where a period ends")
        elif node.func.name in OF_COUNTERS:
            found += _misuse(node.func.name, node.args[0])
    return found


def _misuse(name: str, argument: promql.Expr) -> list[str]:
    if not isinstance(argument, promql.MatrixSelector):
        return [f"{name}() of something else than a series"]
    family = argument.vector_selector.name
    found = [] if family in counter_names() else [f"{name}() of {family}, which is no counter"]
    if argument.range.total_seconds() < SHORTEST_WINDOW_SECONDS:
        found.append(f"{name}() over less than four scrapes")
    return found


def replicas_counted_twice(rule: Rule) -> list[str]:
    """Series of the ledger that are not collapsed by `max without (instance)`; resets() count on each replica."""
    return [
        f"{selector.name} is not collapsed over replicas"
        for selector, above in selectors(rule.tree)
        if selector.name in ledger_names() and not any(_collapses(node) for node in above)
    ]


def _collapses(node: promql.Expr) -> bool:
    if isinstance(node, promql.Call):
        return bool(node.func.name == "resets")
    if not isinstance(node, promql.AggregateExpr) or str(node.op) != "max" or node.modifier is None:
        return False
    return node.modifier.type == promql.AggModifierType.Without and "instance" in node.modifier.labels


def missing_comparison(rule: Rule) -> list[str]:
    """An alert without a comparison fires for whatever exists."""
    return ["yields more than what passed a comparison"] if rule.alert and not compares(rule.tree) else []


def bad_labels(rule: Rule) -> list[str]:
    """A value in a label makes a new alert at every change; topk() does so at every change of rank."""
    wanted = {"none"} if rule.name == "Watchdog" else SEVERITIES
    found = [] if not rule.alert or set(rule.labels) == {"severity"} else ["has other labels than severity"]
    if rule.alert and rule.labels.get("severity") not in wanted:
        found.append(f"has severity {rule.labels.get('severity')}")
    ranks = any(isinstance(node, promql.AggregateExpr) and str(node.op) == "topk" for node, _ in nodes_below(rule.tree))
    return [*found, "ranks with topk"] if ranks else found


def bad_annotations(rule: Rule) -> list[str]:
    """Each alert has the same four; the summary is constant, the description has its numbers made readable."""
    if not rule.alert:
        return []
    if set(rule.annotations) != ANNOTATIONS:
        return [f"has annotations {sorted(rule.annotations)}"]
    text, links = rule.annotations["description"], rule.annotations
    board = re.match(r"\{\{ \$externalLabels\.grafana_url \}\}/d/([a-z-]+)", links["dashboard_url"])
    found = {
        "has a value in its summary": "{{" in links["summary"],
        "shows a bare value": bool(re.search(r"\{\{-? *\$value *-?\}\}", text)),
        "links to no board of ours": board is None or board[1] not in BOARDS,
        "links to another heading": links["runbook_url"] != "{{ $externalLabels.exporter_url }}/runbook#" + rule.name,
    }
    return [what for what, is_so in found.items() if is_so]


def bad_waiting(rule: Rule) -> list[str]:
    """absent() needs two scrapes; an alert that keeps firing must end with the period of its budget."""
    absent = any(isinstance(node, promql.Call) and node.func.name == "absent" for node, _ in nodes_below(rule.tree))
    waits = promql.parse_duration(rule.wait).total_seconds() if rule.wait != "0s" else 0
    found = ["has absent() without for"] if absent and waits < 30 else []
    kept = promql.parse_duration(rule.keeps_firing).total_seconds() if rule.keeps_firing != "0s" else 0
    ends_early = f"budget:agent_budget_seconds_left:max > {kept:.0f}" in rule.expr
    return [*found, "keeps firing"] if kept and not ends_early else found


def bad_name(rule: Rule) -> list[str]:
    """Alerts are CamelCase with our prefix, recordings `level:metric:operation`."""
    pattern = r"Agent([A-Z][a-z0-9]+)+|Watchdog" if rule.alert else r"[a-z]+:[a-z0-9_]+:[a-z0-9_]+"
    return [] if re.fullmatch(pattern, rule.name) else ["is named otherwise than the rest"]


CHECKS: Sequence[Callable[[Rule], list[str]]] = (
    unknown_metrics,
    misused_functions,
    replicas_counted_twice,
    missing_comparison,
    bad_labels,
    bad_annotations,
    bad_waiting,
    bad_name,
)


def judge(rule: Rule) -> list[str]:
    """Everything that is wrong with a rule."""
    return [finding for check in CHECKS for finding in check(rule)]
