"""PromQL of the boards: selectors with the board's variables, and money that is exact over the visible range.

Every replica shows the same ledger, so series are collapsed with `max without (instance)` before they are added.
`increase()` extrapolates, and misses what a series was born with.  Counters never fall, so the difference between
two instants is exact; the functions here take it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from exporter.telemetry.catalog import CATALOG
from grafana.boards.variables import MATCHED, Variable

LOOKBACK: Final = "1h"
"""How far back the value at an instant is looked for, so that an hour without a scrape is no hole."""
AT_START: Final = " @ ${__from:date:seconds}"
"""At the start of the visible range."""
AT_END: Final = " @ ${__to:date:seconds}"
"""At the end of the visible range; Prometheus then computes it once for all steps of a graph."""
ONE_RANGE_EARLIER: Final = " @ ${__from:date:seconds} offset $__range"
"""As long before the start of the visible range as the range is long."""
ONE_STEP_LATER: Final = " offset -$__interval"


class Netted(NamedTuple):
    """A counter and the one that counts its reversals; both have the same label sets."""

    counter: str
    adjustments: str


COST: Final = Netted("agent_cost_usd_total", "agent_cost_adjustments_usd_total")
TOKENS: Final = Netted("agent_tokens_total", "agent_tokens_adjustments_total")
CALLS: Final = Netted("agent_calls_total", "agent_calls_adjustments_total")
BUDGET_COST: Final = Netted("agent_budget_cost_usd_total", "agent_budget_cost_adjustments_usd_total")

_SERIES: Final = "SERIES"
_LABELS: Final = {
    **{family.name: frozenset(family.label_names) for family in CATALOG},
    "budget": frozenset({"budget", "period"}),
}
"""By family, and of recorded series by the level in their name."""


def select(metric: str, *matchers: str, variables: Iterable[Variable] = MATCHED) -> str:
    """A selector: a matcher for each variable whose label the metric has by the catalogue, then `matchers`.

    A histogram's `_bucket`, `_sum` and `_count` have the labels of their family; a recorded `budget:...` has a budget.
    """
    labels = _labels_of(metric)
    chosen = [f'{variable.label}=~"${variable.name}"' for variable in variables if variable.label in labels]
    inside = ", ".join([*chosen, *matchers])
    return f"{metric}{{{inside}}}" if inside else metric


def _labels_of(metric: str) -> frozenset[str]:
    names = (metric, metric.rpartition("_")[0], metric.partition(":")[0])
    return next((_LABELS[name] for name in names if name in _LABELS), frozenset())


def once(expression: str) -> str:
    """The same number once, whatever the count of replicas."""
    return f"max without (instance) ({expression})"


def latest(metric: str, *matchers: str) -> str:
    """A gauge now, once whatever the count of replicas."""
    return once(select(metric, *matchers))


def total(
    of: Netted | str,
    *matchers: str,
    by: Iterable[str] = (),
    at: str = "",
    variables: Iterable[Variable] = MATCHED,
) -> str:
    """Life-to-date total at an instant (`at` is empty or one of the constants above), reversals taken off."""
    return _last(of, _Cut(matchers, tuple(by), tuple(variables)), at)


def spent(
    of: Netted | str = COST, *matchers: str, by: Iterable[str] = (), variables: Iterable[Variable] = MATCHED
) -> str:
    """How much came in the visible range, exactly.

    What was not there at its start is taken from its first sample: 0 for a series born since, and what the exporter
    already held when Prometheus saw it for the first time.
    """
    cut = _Cut(matchers, tuple(by), tuple(variables))
    now, start = _last(of, cut), _last(of, cut, AT_START)
    first = _net(of, f"min_over_time({_SERIES}[$__range])", cut)
    return f"({now})\n- (({start})\n or ({first}))"


def spent_before(
    of: Netted | str = COST, *matchers: str, by: Iterable[str] = (), variables: Iterable[Variable] = MATCHED
) -> str:
    """How much came in the span of the same length before the visible range.

    Nothing, rather than a wrong number, when Prometheus did not see that span's start.
    """
    cut = _Cut(matchers, tuple(by), tuple(variables))
    end, start = _last(of, cut, AT_START), _last(of, cut, ONE_RANGE_EARLIER)
    return f"({end})\n- (({start})\n or (0 * ({end}) and on () {_seen_one_range_earlier()}))"


def change(
    of: Netted | str = COST, *matchers: str, by: Iterable[str] = (), variables: Iterable[Variable] = MATCHED
) -> str:
    """How much more came in the visible range than in the span of the same length before it; less is below 0.

    What did not exist then counts as 0.  Nothing when Prometheus did not see that span's start.
    """
    cut = _Cut(matchers, tuple(by), tuple(variables))
    now, start, earlier = _last(of, cut), _last(of, cut, AT_START), _last(of, cut, ONE_RANGE_EARLIER)
    return (
        f"(({now})\n- 2 * (({start}) or 0 * ({now}))\n+ (({earlier}) or 0 * ({now})))\n"
        f"and on () {_seen_one_range_earlier()}"
    )


def spent_so_far(
    of: Netted | str = COST, *matchers: str, by: Iterable[str] = (), variables: Iterable[Variable] = MATCHED
) -> str:
    """For a graph: how much came since the start of the visible range; its last value is `spent`."""
    cut = _Cut(matchers, tuple(by), tuple(variables))
    first = _net(of, f"min_over_time({_SERIES}[$__range]{AT_END})", cut)
    return f"({_last(of, cut)})\n- (({_last(of, cut, AT_START)})\n or ({first}))"


def spent_so_far_before(
    of: Netted | str = COST, *matchers: str, by: Iterable[str] = (), variables: Iterable[Variable] = MATCHED
) -> str:
    """The same for the span of the same length before, laid over the visible range."""
    cut = _Cut(matchers, tuple(by), tuple(variables))
    return f"({_last(of, cut, ' offset $__range')})\n- ({_last(of, cut, ONE_RANGE_EARLIER)})"


def spent_each_step(
    of: Netted | str = COST, *matchers: str, by: Iterable[str] = (), variables: Iterable[Variable] = MATCHED
) -> str:
    """For bars: how much came in the step that begins at each point, exactly; the last one is still growing.

    Grafana asks for whole steps only, so bars that ended at their points would hide what came since the last one.
    """
    cut = _Cut(matchers, tuple(by), tuple(variables))
    now, then = _last(of, cut), _last(of, cut, ONE_STEP_LATER)
    # Of a long step that is not over, the lookback may lie in the future as a whole.
    late = _net(of, f"last_over_time({_SERIES}[$__interval]{ONE_STEP_LATER})", cut)
    # What was born in the step begins with its first sample, as in `spent`.
    first = _net(of, f"min_over_time({_SERIES}[$__interval]{ONE_STEP_LATER})", cut)
    return f"(({then})\n or ({late}))\n- (({now})\n or ({first}))"


def per_second_of_all(counter: str, *matchers: str, by: Iterable[str] = ()) -> str:
    """The rate of a self-metric, which every replica counts for itself."""
    return f"sum{_by(by)} (rate({select(counter, *matchers)}[$__rate_interval]))"


def top(count: int, expression: str) -> str:
    """The largest ones; in a table or bar gauge only, since the choice may change with every step of a graph."""
    return f"topk({count}, {expression})"


def _seen_one_range_earlier() -> str:
    return f"count(last_over_time(agent_cost_usd_total[{LOOKBACK}]{ONE_RANGE_EARLIER}))"


class _Cut(NamedTuple):
    """Which series are added up, and by which labels."""

    matchers: tuple[str, ...]
    by: tuple[str, ...]
    variables: tuple[Variable, ...]


def _last(of: Netted | str, cut: _Cut, at: str = "") -> str:
    return _net(of, f"last_over_time({_SERIES}[{LOOKBACK}]{at})", cut)


def _net(of: Netted | str, reading: str, cut: _Cut) -> str:
    names = (of,) if isinstance(of, str) else of
    series = (select(name, *cut.matchers, variables=cut.variables) for name in names)
    return " - ".join(f"sum{_by(cut.by)} ({once(reading.replace(_SERIES, one))})" for one in series)


def _by(labels: Iterable[str]) -> str:
    inside = ", ".join(labels)
    return f" by ({inside})" if inside else ""
