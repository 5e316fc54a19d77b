"""Teams and vehicles in a large shortage of critical needs: simulated annealing over which need each unit takes.

A unit brings whole heads, so which units fit together exactly decides how many heads are wasted. Single moves and exchanges
end where annealing only starts. Deterministic: a fixed number of steps and a fixed seed, no clock.
"""

import numpy as np

from dispatch.choice import Choice
from dispatch.problem import Problem
from dispatch.times import Flags

STEPS = 1_500_000
HOTTEST = 1.0
COLDEST = 0.1
"""Temperatures at the first and the last step, in heads of a need of mean weight."""
SEED = 1


def annealed(problem: Problem, start: Choice, *, steps: int = STEPS) -> Choice:
    """Return the pairs of the least missing weight of critical needs that was found, with the draws of `start`.

    A unit that was sent stays sent unless nothing is lost without it; pinned units keep within their own pairs.
    """
    search = _Annealing(problem, start)
    if len(search.units):
        search.run(steps)
    return Choice(search.pairs(start), start.draws)


class _Annealing:
    """Which critical need each unit takes (-1: none), and what is left to bring; plain lists, quick one by one."""

    def __init__(self, problem: Problem, start: Choice) -> None:
        self.problem = problem
        rows = np.flatnonzero(problem.need_critical[problem.pair_need])
        self.row_of: list[dict[int, int]] = [{} for _ in range(problem.n_units)]
        self.amount = [0] * problem.n_units
        for row in rows.tolist():
            unit = int(problem.pair_unit[row])
            self.row_of[unit][int(problem.pair_need[row])] = row
            self.amount[unit] = int(problem.pair_amount[row])
        self.options = [list(needs) for needs in self.row_of]
        self.units = [unit for unit, needs in enumerate(self.options) if needs]
        self.left: list[int] = problem.need_quantity.tolist()
        self.weight: list[int] = problem.need_weight.tolist()
        self.taken = [-1] * problem.n_units
        for row in np.flatnonzero(start.pairs & problem.need_critical[problem.pair_need]).tolist():
            unit, need = int(problem.pair_unit[row]), int(problem.pair_need[row])
            self.taken[unit] = need
            self.left[need] -= self.amount[unit]

    def run(self, steps: int) -> None:
        """Take random steps, moves and exchanges in turn, and keep the best state passed."""
        draw = np.random.default_rng(SEED)
        units = np.array(self.units)
        first = draw.choice(units, steps).tolist()
        second = draw.choice(units, steps).tolist()
        where = draw.random(steps).tolist()
        mean = float(self.problem.need_weight[self.problem.need_critical].mean())
        heat = mean * HOTTEST * (COLDEST / HOTTEST) ** (np.arange(steps) / steps)
        allowed = (-heat * np.log1p(-draw.random(steps))).tolist()
        now = best = 0
        kept = self.taken.copy()
        for step in range(steps):
            unit = first[step]
            if step & 1:
                options = self.options[unit]
                now += self._move(unit, options[int(where[step] * len(options))], allowed[step])
            else:
                now += self._exchange(unit, second[step], allowed[step])
            if now < best:
                best, kept = now, self.taken.copy()
        self.taken = kept

    def _move(self, unit: int, need: int, allowed: float) -> int:
        """Send a unit elsewhere if no more than `allowed` is lost by it; return what is missing more."""
        old, heads, left, weight = self.taken[unit], self.amount[unit], self.left, self.weight
        if old == need:
            return 0
        change = -weight[need] * max(0, min(heads, left[need]))
        if old >= 0:
            change += weight[old] * max(0, min(heads, left[old] + heads))
        if change > allowed:
            return 0
        self.taken[unit] = need
        left[need] -= heads
        if old >= 0:
            left[old] += heads
        return change

    def _exchange(self, one: int, other: int, allowed: float) -> int:
        """Let two units take each other's needs if no more than `allowed` is lost by it; return what is missing more."""
        taken, left, weight = self.taken, self.left, self.weight
        a, b = taken[one], taken[other]
        if a == b or a < 0 or b < 0 or b not in self.row_of[one] or a not in self.row_of[other]:
            return 0
        more = self.amount[one] - self.amount[other]
        new_a, new_b = left[a] + more, left[b] - more
        change = weight[a] * (max(0, new_a) - max(0, left[a])) + weight[b] * (max(0, new_b) - max(0, left[b]))
        if change > allowed:
            return 0
        taken[one], taken[other] = b, a
        left[a], left[b] = new_a, new_b
        return change

    def pairs(self, start: Choice) -> Flags:
        """Return the pairs: critical ones as annealed, others of `start` for units that take none of those."""
        problem = self.problem
        taken = np.array(self.taken, dtype=np.int64)
        pairs: Flags = start.pairs & (taken[problem.pair_unit] < 0)
        left = problem.need_quantity.copy()
        for unit in self.units:
            if self.taken[unit] >= 0:
                left[self.taken[unit]] -= self.amount[unit]
        for unit in self.units:
            need = self.taken[unit]
            if need < 0:
                continue
            if left[need] + self.amount[unit] <= 0 and problem.unit_pin[unit] < 0:
                left[need] += self.amount[unit]
            else:
                pairs[self.row_of[unit][need]] = True
        return pairs
