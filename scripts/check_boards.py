#!/usr/bin/env python3
"""Proves that every panel, variable and annotation of every board gets data from a Prometheus.

Variables are expanded by their own queries.  Everything is asked twice: with All, and with every value ticked, which
Grafana writes differently.  The exit status is 1 when anything is empty or fails.  What this program does not know of
Grafana's dashboard model is reported as an error, never skipped.

    scripts/check_boards.py --prometheus http://127.0.0.1:9090 --verbose
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

DASHBOARDS: Final = Path(__file__).resolve().parents[1] / "grafana" / "dashboards"
POINTS: Final = 800
"""Steps of a graph, about its width in pixels."""
TIMEOUT_SECONDS: Final = 60
PARALLEL: Final = 4
WITHOUT_QUERIES: Final = frozenset({"row", "text", "dashlist", "alertlist"})

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000}
_STEPS: Final = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200)
"""Grafana's round steps of a graph, in seconds."""
_VARIABLE: Final = re.compile(r"\$(?:\{(?P<braced>\w+)(?::(?P<format>[^}]+))?\}|(?P<bare>[A-Za-z_]\w*))")
_LABEL_VALUES: Final = re.compile(r"label_values\((?:(?P<selector>.+),)?\s*(?P<label>\w+)\s*\)", re.DOTALL)


class Refusal(Exception):
    """Why a question has no answer, in words."""


class Empty(Exception):
    """There was an answer, and nothing in it."""


class Span(NamedTuple):
    """The visible range, in Unix seconds."""

    start: float
    end: float


class Query(NamedTuple):
    """One question of a board, with its variables still in it.  `interval` is the least step, empty if none is set."""

    place: str
    expression: str
    is_range: bool
    interval: str


class Finding(NamedTuple):
    """What one question brought: `outcome` is data, empty or error."""

    place: str
    outcome: str
    detail: str


class Prometheus:
    """The HTTP API of a Prometheus."""

    def __init__(self, url: str, token: str = "") -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **parameters: str) -> Any:
        """The data of an answer; Refusal when there is none."""
        address = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        request = urllib.request.Request(address, headers=self._headers)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Refusal(_reason(error)) from error
        except OSError as error:
            raise Refusal(f"{self._url} does not answer: {error}") from error


class Viewer:
    """Somebody who looks at a board: a range, and a Prometheus that is scraped every so often."""

    def __init__(self, prometheus: Prometheus, span: Span, scrape_seconds: float) -> None:
        self._prometheus = prometheus
        self._span = span
        self._scrape_seconds = scrape_seconds

    def look_at(self, board: Mapping[str, Any], *, every_value: bool) -> Iterator[Finding]:
        """A finding for each variable, panel query and annotation, with All or with every value ticked."""
        suffix = "every value ticked" if every_value else "All"
        chosen: dict[str, str] = {}
        for variable in board["templating"]["list"]:
            place = f"{board['title']} / ${variable['name']} [{suffix}]"
            yield _find(place, lambda variable=variable: self._choose(variable, chosen, every_value=every_value))
        with ThreadPoolExecutor(PARALLEL) as pool:
            yield from pool.map(
                lambda query: _find(f"{query.place} [{suffix}]", lambda: self._ask(query, chosen)), queries_of(board)
            )

    def _choose(self, variable: Mapping[str, Any], chosen: dict[str, str], *, every_value: bool) -> str:
        """Sets the variable among the chosen, and says to what."""
        if variable["type"] == "datasource":
            if variable["query"] != "prometheus":
                raise Refusal(f"a data source of type {variable['query']}, only prometheus is known")
            chosen[variable["name"]] = "prometheus"
            return "prometheus"
        values = self._values_of(variable, chosen)
        ticked = _alternatives(values) if variable.get("multi") else escaped(values[0])
        everything = variable.get("allValue") or _alternatives(values)
        chosen[variable["name"]] = everything if variable.get("includeAll") and not every_value else ticked
        return f"{len(values)} values"

    def _values_of(self, variable: Mapping[str, Any], chosen: Mapping[str, str]) -> list[str]:
        definition = variable["query"]["query"] if isinstance(variable.get("query"), dict) else variable.get("query")
        found = _LABEL_VALUES.fullmatch((definition or "").strip())
        if variable["type"] != "query" or not found:
            raise Refusal(f"a variable of type {variable['type']} with the query {definition!r} is not known here")
        selector = self._filled(found["selector"] or "", chosen, 0)
        values = self._prometheus.get(
            f"label/{found['label']}/values",
            start=str(self._span.start),
            end=str(self._span.end),
            **({"match[]": selector} if selector else {}),
        )
        if not any(values):
            raise Empty
        return [value for value in values if value]

    def _ask(self, query: Query, chosen: Mapping[str, str]) -> str:
        """How much the query found; Empty when there is nothing that a panel could draw."""
        floor = seconds_of(query.interval) if query.interval else self._scrape_seconds
        step = _round_step(max((self._span.end - self._span.start) / POINTS, floor))
        expression = self._filled(query.expression, chosen, step)
        if query.is_range:
            start, end = (math.floor(moment / step) * step for moment in self._span)
            data = self._prometheus.get("query_range", query=expression, start=str(start), end=str(end), step=str(step))
        else:
            data = self._prometheus.get("query", query=expression, time=str(self._span.end))
        drawn = [series for series in _samples(data) if any(map(math.isfinite, series))]
        if not drawn:
            raise Empty
        return f"{len(drawn)} series"

    def _filled(self, text: str, chosen: Mapping[str, str], step: float) -> str:
        span = self._span
        rate = max(step + self._scrape_seconds, 4 * self._scrape_seconds)
        known = dict(chosen)
        for name, seconds in (("interval", step), ("rate_interval", rate), ("range", span.end - span.start)):
            known |= {
                f"__{name}": f"{seconds:.0f}s",
                f"__{name}_s": f"{seconds:.0f}",
                f"__{name}_ms": f"{seconds:.0f}000",
            }
        for name, moment in (("from", span.start), ("to", span.end)):
            known |= {f"__{name}": f"{moment:.0f}000", f"__{name}:date:seconds": f"{moment:.0f}"}

        def value(match: re.Match[str]) -> str:
            name = match["bare"] or match["braced"] + (f":{match['format']}" if match["format"] else "")
            if name not in known:
                raise Refusal(f"{match[0]} is no variable with a value")
            return known[name]

        return _VARIABLE.sub(value, text)


def queries_of(board: Mapping[str, Any]) -> Iterator[Query]:
    """Every question of panels, also of those in closed rows, and of annotations."""
    for panel in _panels(board["panels"]):
        place = f"{board['title']} / {panel.get('title') or panel['type']}"
        if not panel.get("targets") and panel["type"] not in WITHOUT_QUERIES:
            yield Query(f"{place} has no query", "", False, "")
        for target in panel.get("targets", ()):
            interval = target.get("interval") or panel.get("interval") or ""
            kinds = {"instant": target.get("instant"), "range": target.get("range") or not target.get("instant")}
            for kind in (kind for kind, wanted in kinds.items() if wanted):
                yield Query(f"{place} / {target['refId']} {kind}", target["expr"], kind == "range", interval)
    for annotation in board.get("annotations", {}).get("list", ()):
        if not annotation.get("builtIn"):
            place = f"{board['title']} / annotation {annotation['name']}"
            yield Query(place, annotation["expr"], True, annotation.get("step") or "")


def span_of(start: str, end: str, now: float) -> Span:
    """The range between two of Grafana's relative times, not beyond now."""
    return Span(moment_of(start, now), min(moment_of(end, now), now))


def moment_of(text: str, now: float) -> float:
    """Unix seconds of `now`, `now-24h`, `now/M` or `now-1d/d`, in UTC; an end of a unit is its begin."""
    found = re.fullmatch(r"now(?:-(\d+[smhdwMy]))?(?:/([hdwM]))?", text)
    if not found:
        raise SystemExit(f"the time {text!r} is not known here")
    moment = datetime.fromtimestamp(now - (seconds_of(found[1]) if found[1] else 0), UTC)
    if not found[2]:
        return moment.timestamp()
    hour = moment.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    begins = {"h": hour, "d": day, "w": day - timedelta(days=day.weekday()), "M": day.replace(day=1)}
    return begins[found[2]].timestamp()


def seconds_of(duration: str) -> float:
    """Seconds of `15s`, `5m` or `1d`."""
    found = re.fullmatch(r"(\d+)([smhdwMy])", duration)
    if not found:
        raise Refusal(f"{duration!r} is no duration")
    return int(found[1]) * _UNITS[found[2]]


def escaped(value: str) -> str:
    """A value as Grafana puts it into a regular expression inside a PromQL string."""
    return re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", value.replace("\\", "\\\\\\\\"))


def _alternatives(values: list[str]) -> str:
    return escaped(values[0]) if len(values) == 1 else f"({'|'.join(map(escaped, values))})"


def _panels(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in panels:
        if panel.get("repeat"):
            raise SystemExit(f"{panel['title']!r} is repeated by a variable, which is not known here")
        yield panel
        yield from _panels(panel.get("panels") or [])


def _round_step(seconds: float) -> float:
    return next((step for step in _STEPS if step >= seconds), 86_400)


def _samples(data: Mapping[str, Any]) -> list[list[float]]:
    if data["resultType"] == "scalar":
        return [[float(data["result"][1])]]
    return [[float(value) for _, value in one.get("values") or [one["value"]]] for one in data["result"]]


def _find(place: str, question: Any) -> Finding:
    try:
        return Finding(place, "data", question())
    except Empty:
        return Finding(place, "empty", "nothing found")
    except Refusal as refusal:
        return Finding(place, "error", str(refusal))


def _reason(error: urllib.error.HTTPError) -> str:
    text = error.read().decode(errors="replace")
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.code}: {text[:200]}"


def main() -> int:
    options = _options()
    prometheus = Prometheus(options.prometheus, options.token_file.read_text().strip() if options.token_file else "")
    files = sorted(options.dashboards.glob("**/*.json"))
    findings: list[Finding] = []
    now = time.time()
    for board in (json.loads(file.read_text()) for file in files):
        span = span_of(options.start or board["time"]["from"], options.end or board["time"]["to"], now)
        viewer = Viewer(prometheus, span, seconds_of(options.scrape_interval))
        for every_value in (False, True):
            findings += viewer.look_at(board, every_value=every_value)
    bad = [finding for finding in findings if finding.outcome != "data"]
    for finding in findings if options.verbose else bad:
        print(f"{finding.outcome:<5}  {finding.place}: {finding.detail}")
    print(f"{len(files)} boards, {len(findings)} questions: {len(findings) - len(bad)} with data, {len(bad)} without")
    return 1 if bad or not files else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--token-file", type=Path, help="file that holds a bearer token for Prometheus")
    parser.add_argument("--dashboards", type=Path, default=DASHBOARDS, metavar="FOLDER")
    parser.add_argument("--from", dest="start", metavar="TIME", help="as now-6h; by default each board's own range")
    parser.add_argument("--to", dest="end", metavar="TIME")
    parser.add_argument("--scrape-interval", default="15s", help="of Prometheus; rates look back four of them")
    parser.add_argument("--verbose", action="store_true", help="print what has data, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
