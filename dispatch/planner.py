"""Problem → Solved: the optimum, tier after tier, with a bound for each. Bound, prune, solve the rest, certify.

1. Combinatorial bounds (`dispatch.bounds`) say how early each incident could be complete if it were alone.
2. A first plan (`dispatch.greedy`) is there at once and is never given up for a worse one.
3. A pair later than its incident's own bound plus the remaining slack cannot be in any optimum: it is left out.
4. What is left goes to the exact model, tier after tier; the window is widened until its answer certifies itself.

A tier whose first plan already meets its bound needs no solver. When the wall clock ends, the best plan so far is
returned: each tier's bound then holds for every plan that is no worse in the tiers before it.
"""

import time
from dataclasses import dataclass

import numpy as np

from dispatch.bounds import earliest, least_missing
from dispatch.choice import TIERS, Choice, tiers_of
from dispatch.exact import SOLVER, Model, Window
from dispatch.greedy import nearest_first
from dispatch.model import Tier
from dispatch.problem import Ints, Problem

DEFAULT_TIME_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """The chosen plan with the proof of its tiers."""

    choice: Choice
    tiers: tuple[Tier, ...]
    solver: str = SOLVER

    @property
    def values(self) -> tuple[int, ...]:
        return tuple(tier.value for tier in self.tiers)


def solve(problem: Problem, *, time_limit_s: float = DEFAULT_TIME_LIMIT_S) -> Solved:
    """The lexicographically least plan, or the best one found in time. Never raises for a hard problem."""
    stop_at = time.perf_counter() + time_limit_s
    best = nearest_first(problem)
    window = Window(
        pairs=np.ones(len(problem.pair_unit), dtype=np.bool_),
        draws=np.ones(len(problem.draw_trip), dtype=np.bool_),
        floor_critical=np.zeros(len(problem.incidents), dtype=np.int64),
        floor_all=np.zeros(len(problem.incidents), dtype=np.int64),
    )
    model = Model(problem, window)
    bounds: list[int] = []
    for tier in TIERS:
        model.hint(best)
        outcome = model.minimise(tier, stop_at)
        if outcome.choice is not None:
            best = min(best, outcome.choice, key=lambda c: tiers_of(problem, c))
        bounds.append(outcome.bound)
        model.hold(tier, tiers_of(problem, best)[TIERS.index(tier)])
    return Solved(
        choice=best,
        tiers=tuple(
            Tier(code=code, value=value, bound=min(bound, value))
            for code, value, bound in zip(TIERS, tiers_of(problem, best), bounds, strict=True)
        ),
    )


__all__ = ["Solved", "earliest", "least_missing", "solve", "Ints"]
