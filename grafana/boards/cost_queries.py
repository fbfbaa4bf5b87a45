"""PromQL of the board Cost."""

from __future__ import annotations

from typing import Final

from grafana.boards.queries import (
    CALLS,
    COST,
    ONE_RANGE_EARLIER,
    TOKENS,
    Netted,
    spent,
    spent_before,
    spent_each_step,
    total,
)
from grafana.boards.variables import MODEL, PROVIDER

UNPRICED_TOKENS: Final = "agent_unpriced_tokens_total"
UNPRICED_CALLS: Final = "agent_unpriced_calls_total"
REPORTED: Final = "agent_cost_reported_usd_total"
COMPONENTS: Final = "agent_cost_component_usd_total"
"""Before reversals, which are not counted by component."""

LISTED: Final = Netted("agent_cost_list_equivalent_usd_total", "agent_cost_list_equivalent_adjustments_usd_total")
"""What sources on a flat plan would have cost; it is in COST as well."""

PROVIDER_LABEL: Final = "gen_ai_provider_name"
MODEL_LABEL: Final = "gen_ai_response_model"
NOT_SET: Final = "(not set)"
_BY_MODEL: Final = (PROVIDER, MODEL)
"""What the counters of usage without a price, and of reported cost, can be narrowed by."""
_KNOWN_COST: Final = 'cost_status!="unknown"'


def named(expression: str, label: str) -> str:
    """The expression, with a name in place of an absent label."""
    return f'label_replace({expression}, "{label}", "{NOT_SET}", "{label}", "")'


def spent_by(label: str, of: Netted | str = COST) -> str:
    """How much came in the range for each value of a label, the largest first."""
    return f"sort_desc({named(spent(of, by=[label]), label)})"


def share_by(label: str) -> str:
    """Each value's share of what the range cost."""
    return named(f"({spent(by=[label])})\n/ on () group_left () (({spent()}) > 0)", label)


def change(by: tuple[str, ...] = ()) -> str:
    """By how much the range cost more than the one before: 0.5 is half as much again."""
    return f"({spent(by=by)})\n/ (({spent_before(by=by)}) > 0) - 1"


def per_call(by: tuple[str, ...] = ()) -> str:
    """Cost of a call in the range."""
    return f"({spent(by=by)})\n/ (({spent(CALLS, by=by)}) > 0)"


def per_1k_tokens(by: tuple[str, ...] = ()) -> str:
    """Cost of a thousand tokens in the range, all six classes together."""
    return f"1000 * ({spent(by=by)})\n/ (({spent(TOKENS, by=by)}) > 0)"


def per_1k_tokens_each_step(label: str) -> str:
    """For a graph: cost of a thousand tokens in each step, for each value of a label."""
    by = [label]
    return named(f"1000 * ({spent_each_step(by=by)})\n/ (({spent_each_step(TOKENS, by=by)}) > 0)", label)


def per_call_each_step() -> str:
    """For a graph: cost of a call in each step."""
    return f"({spent_each_step()})\n/ (({spent_each_step(CALLS)}) > 0)"


def listed() -> str:
    """What sources on a flat plan would have cost at list prices; 0 when there are none."""
    return f"({spent(LISTED)}) or vector(0)"


def billed() -> str:
    """Cost in the range without what nobody is billed for."""
    return f"({spent()})\n- ({listed()})"


def known_share(by: tuple[str, ...] = ()) -> str:
    """Share of calls whose cost is known."""
    return f"({spent(CALLS, _KNOWN_COST, by=by)})\n/ (({spent(CALLS, by=by)}) > 0)"


def priced_share() -> str:
    """Share of tokens that had a price."""
    return _priced(spent(UNPRICED_TOKENS), spent(TOKENS, variables=_BY_MODEL))


def priced_share_each_step() -> str:
    """The same for each step of a graph."""
    return _priced(spent_each_step(UNPRICED_TOKENS), spent_each_step(TOKENS, variables=_BY_MODEL))


def unpriced(of: str) -> str:
    """What had no price in the range, by provider, model and reason; one row that says so when there is none."""
    found = f"({spent(of, by=[PROVIDER_LABEL, MODEL_LABEL, 'reason'])}) > 0"
    return f'{found}\nor on () label_replace(vector(0), "{MODEL_LABEL}", "everything has a price", "", "")'


def reported() -> str:
    """What the telemetry of each model's calls said that they cost; 0 where it said nothing."""
    return named(_reported(), MODEL_LABEL)


def ours() -> str:
    """What we say that each model's calls cost."""
    return named(_ours(), MODEL_LABEL)


def reported_share() -> str:
    """Reported cost over ours."""
    return named(f"({_reported()})\n/ (({_ours()}) > 0)", MODEL_LABEL)


def _reported() -> str:
    return f"({spent(REPORTED, by=[MODEL_LABEL])})\nor 0 * ({_ours()})"


def _ours() -> str:
    return spent(by=[MODEL_LABEL], variables=_BY_MODEL)


def before_so_far() -> str:
    """For a graph: what had come at the same distance from the start of the range before."""
    return f"({total(COST, at=' offset $__range')})\n- ({total(COST, at=ONE_RANGE_EARLIER)})"


def _priced(without_price: str, tokens: str) -> str:
    # A counter that does not exist has counted nothing.
    return f"1 - (({without_price}) or vector(0)) / (({tokens}) > 0)"
