"""The targets that one run can judge, each with what is required and what is aimed at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Target(NamedTuple):
    """A line of the report; `at_least` says that more is better."""

    name: str
    value: float
    unit: str
    required: float
    goal: float
    at_least: bool = False
    evidence: str = ""

    def verdict(self) -> str:
        if self._meets(self.goal):
            return "goal"
        return "met" if self._meets(self.required) else "MISSED"

    def _meets(self, bound: float) -> bool:
        return self.value >= bound if self.at_least else self.value <= bound


def print_targets(targets: Iterable[Target]) -> bool:
    """Print the table; True when every line meets what is required."""
    print(f"{'target':<52}{'measured':>14}{'required':>11}{'goal':>9}  verdict")
    all_met = True
    for target in targets:
        sign = "≥" if target.at_least else "≤"
        measured = f"{target.value:,.2f} {target.unit}".strip()
        bounds = f"{sign + f'{target.required:g}':>11}{sign + f'{target.goal:g}':>9}"
        print(f"{target.name:<52}{measured:>14}{bounds}  {target.verdict():<8}{target.evidence}".rstrip())
        all_met &= target.verdict() != "MISSED"
    return all_met
