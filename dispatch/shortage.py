"""Tiers 1 and 2 when not everything can be met: who goes without.

Without times to pay for, teams, vehicles and stock have nothing to do with each other, so each is a problem of its
own: three small ones instead of one large one. Each is bounded by its linear relaxation, improved by local search and,
while it is small enough, proven by HiGHS (assignment with knapsacks is what linear bounds are good at).

A bound is rounded down by more than the solver's tolerance before it is rounded up to a whole number, so floating
point can make a bound weaker, never wrong.
"""

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array

from dispatch.annealing import annealed
from dispatch.choice import TIERS, Choice, faults, missing, tiers_of, trips_made
from dispatch.exact import NO_LIMIT, Model, Window
from dispatch.freight import critical_lanes
from dispatch.loading import Loading, longest_waits
from dispatch.problem import Problem
from dispatch.times import Flags, Ints

SMALL = 4_000
"""Up to this many variables a part is proven; beyond, its linear relaxation is the bound."""
SHIPPING_SHARE = 0.5
"""Of the time left: for the bound of stock, then for each tier of its plan."""
ANNEALING_S = 3.0
"""With less time than this left, units are not annealed: a fixed number of steps, about a second."""
INFEASIBLE = 2
TOLERANCE = 1e-9
UNMET = TIERS[:2]


@dataclass(frozen=True, slots=True)
class Shortage:
    """The best choice found for tiers 1 and 2 (times ignored), and a bound for each."""

    choice: Choice
    bounds: tuple[int, int]


@dataclass(slots=True, eq=False)
class _Part:
    """The needs of one kind, their model, the best choice so far and its two bounds."""

    needs: Flags
    model: Model
    choice: Choice
    values: list[int]
    bounds: list[int]


def least_shortage(problem: Problem, window: Window, start: Choice, stop_at: float) -> Shortage:
    """Minimise what is missing, starting from a valid choice. `window` must leave nothing out."""
    choice = improved(problem, start)
    if len(problem.pair_unit) > SMALL and stop_at - time.perf_counter() > ANNEALING_S:
        choice = _better(problem, choice, improved(problem, annealed(problem, choice)))
    kinds = np.array([need.kind for need in problem.needs])
    material = kinds == "material"
    large = len(problem.draw_trip) > SMALL and not problem.trip_pins
    parts = [
        _part(problem, window, kinds == kind, choice)
        for kind in np.unique(kinds)
        if not (large and kind == "material")
    ]
    freight, freight_bound = choice, 0
    for tier in range(len(UNMET)):
        for number, part in enumerate(parts):
            share = (stop_at - time.perf_counter()) / (len(parts) - number + len(parts) * (1 - tier))
            _solve(problem, part, tier, time.perf_counter() + share)
        if large and tier == 0:
            freight, freight_bound = _shipped(problem, window, choice, stop_at)
        shipped = _values(problem, material, freight) if large else [0, 0]
        total = sum(part.values[tier] for part in parts) + shipped[tier]
        bound = sum(part.bounds[tier] for part in parts) + (freight_bound if tier == 0 else 0)
        for part in parts:
            offset = _outside(problem, part, tier)
            part.model.hold(UNMET[tier], total - bound + part.bounds[tier] + offset)
    pairs = [part.choice.pairs & part.needs[problem.pair_need] for part in parts]
    draws = [np.where(part.needs[problem.draw_need], part.choice.draws, 0) for part in parts]
    return Shortage(
        choice=Choice(
            np.logical_or.reduce([np.zeros_like(choice.pairs), *pairs]),
            np.sum([*draws, freight.draws if large else np.zeros_like(choice.draws)], axis=0),
        ),
        bounds=(
            sum(part.bounds[0] for part in parts) + freight_bound,
            sum(part.bounds[1] for part in parts),
        ),
    )


def _better(problem: Problem, choice: Choice, other: Choice) -> Choice:
    """Return the other choice if it is valid and lacks less."""
    valid = not faults(problem, other)
    return other if valid and tiers_of(problem, other)[:2] < tiers_of(problem, choice)[:2] else choice


def _shipped(problem: Problem, window: Window, choice: Choice, stop_at: float) -> tuple[Choice, int]:
    """Critical stock first, over the lanes worth deciding; then what else fits. Returns (choice, bound of tier 1)."""
    now = time.perf_counter()
    lanes = critical_lanes(problem, window.draws & longest_waits(problem), (stop_at - now) * SHIPPING_SHARE)
    draws = lanes.draws
    draws_only = Choice(np.zeros_like(choice.pairs), np.zeros_like(choice.draws))
    for tier in UNMET:
        model = Model(problem, replace(window, pairs=np.zeros_like(window.pairs), draws=draws), pins="none")
        if tier == UNMET[1]:
            model.hold(UNMET[0], _lacking(problem, draws_only)[0])
        until = time.perf_counter() + (stop_at - time.perf_counter()) * SHIPPING_SHARE
        result = _highs(model, tier, until, whole=True)
        if result.x is None:
            break
        draws_only = model.choice(np.rint(result.x).astype(np.int64))
        shipped = Choice(choice.pairs, draws_only.draws)
        if not faults(problem, shipped) and tiers_of(problem, shipped) < tiers_of(problem, choice):
            choice = shipped
        draws = _still_open(problem, draws_only) & longest_waits(problem)
    return choice, lanes.bound


def _still_open(problem: Problem, choice: Choice) -> Flags:
    """Draws of the trips that are made, and of carriers that stand idle."""
    made = trips_made(problem, choice)
    busy = np.zeros(problem.n_carriers, dtype=np.bool_)
    busy[problem.trip_carrier[made]] = True
    still: Flags = made[problem.draw_trip] | ~busy[problem.trip_carrier[problem.draw_trip]]
    return still


def _lacking(problem: Problem, choice: Choice) -> tuple[int, int]:
    lacking = missing(problem, choice) * problem.need_weight
    critical = int(lacking[problem.need_critical].sum())
    return critical, int(lacking.sum()) - critical


def _part(problem: Problem, window: Window, needs: Flags, choice: Choice) -> _Part:
    draws = window.draws & needs[problem.draw_need]
    if not problem.trip_pins:
        draws &= longest_waits(problem)
    own = replace(
        window,
        pairs=window.pairs & needs[problem.pair_need],
        draws=draws,
        most_missing=problem.need_quantity,
    )
    part = _Part(needs, Model(problem, own, pins="present"), choice, [], [0, 0])
    part.values = _values(problem, needs, choice)
    return part


def _values(problem: Problem, needs: Flags, choice: Choice) -> list[int]:
    lacking = missing(problem, choice) * problem.need_weight
    return [int(lacking[needs & (problem.need_critical == flag)].sum()) for flag in (True, False)]


def _outside(problem: Problem, part: _Part, tier: int) -> int:
    """Return what a part's model counts as missing of needs that are not its own: all of it, always."""
    others = ~part.needs & (problem.need_critical == (tier == 0))
    return int((problem.need_quantity * problem.need_weight)[others].sum())


def _solve(problem: Problem, part: _Part, tier: int, stop_at: float) -> None:
    offset = _outside(problem, part, tier)
    whole = len(part.model.most) <= SMALL
    result = _highs(part.model, UNMET[tier], stop_at, whole=whole)
    bound = result.mip_dual_bound if whole else result.fun
    if bound is not None and np.isfinite(bound) and result.status != INFEASIBLE:
        slack = 1e-6 + abs(bound) * TOLERANCE
        part.bounds[tier] = max(part.bounds[tier], int(np.ceil(bound - slack)) - offset)
    if whole and result.x is not None:
        choice = part.model.choice(np.rint(result.x).astype(np.int64))
        values = _values(problem, part.needs, choice)
        if values[: tier + 1] < part.values[: tier + 1]:
            part.choice, part.values = choice, values
    part.bounds[tier] = min(part.bounds[tier], part.values[tier])


def _highs(model: Model, tier: str, stop_at: float, *, whole: bool) -> OptimizeResult:
    """Least value of a tier by HiGHS, in whole numbers or relaxed."""
    linear, count = model.tiers[tier], len(model.most)
    cost = np.zeros(count)
    np.add.at(cost, linear.variables, linear.coefficients)
    indices = np.fromiter((v for row in model.rows for v in row.variables), dtype=np.int64)
    data = np.fromiter((c for row in model.rows for c in row.coefficients), dtype=np.float64)
    edges = np.concatenate([[0], np.cumsum([len(row.variables) for row in model.rows])])
    return milp(
        cost,
        integrality=np.full(count, int(whole)),
        bounds=Bounds(0, np.array(model.most, dtype=np.float64)),
        constraints=LinearConstraint(
            csr_array((data, indices, edges), shape=(len(model.rows), count)),
            np.array([row.low if row.low > -NO_LIMIT else -np.inf for row in model.rows]),
            np.array([row.high if row.high < NO_LIMIT else np.inf for row in model.rows]),
        ),
        options={"mip_rel_gap": 0, "time_limit": max(0.01, stop_at - time.perf_counter())},
    )


# -- local search over units


def improved(problem: Problem, start: Choice) -> Choice:
    """Move single units, then exchange two, as long as less is missing. Deterministic: the best step, ties by row."""
    heavy = int((problem.need_quantity * problem.need_weight).sum()) + 1
    weight = np.where(problem.need_critical, heavy, 1) * problem.need_weight
    state = _Units(problem, start, weight)
    while state.move() or state.exchange():
        pass
    best = start
    draws = [start.draws] if problem.trip_pins else [start.draws, Loading(problem, weight).plan()]
    for option in (Choice(state.pairs(), some) for some in draws):
        if not faults(problem, option) and tiers_of(problem, option) < tiers_of(problem, best):
            best = option
    return best


class _Units:
    """Which pair each unit takes (-1: none), and how much of each need is brought."""

    def __init__(self, problem: Problem, start: Choice, weight: Ints) -> None:
        self.problem = problem
        self.weight = weight
        self.taken = np.full(problem.n_units, -1, dtype=np.int64)
        rows = np.flatnonzero(start.pairs)
        self.taken[problem.pair_unit[rows]] = rows
        self.brought = np.zeros(len(problem.needs), dtype=np.int64)
        np.add.at(self.brought, problem.pair_need[rows], problem.pair_amount[rows])
        self.row_of = {
            (int(u), int(n)): row
            for row, (u, n) in enumerate(zip(problem.pair_unit, problem.pair_need, strict=True))
        }

    def pairs(self) -> Flags:
        mask = np.zeros(len(self.problem.pair_unit), dtype=np.bool_)
        mask[self.taken[self.taken >= 0]] = True
        return mask

    def _missing(self, brought: Ints, need: Ints) -> Ints:
        lacking = np.maximum(0, self.problem.need_quantity[need] - brought) * self.weight[need]
        return np.asarray(lacking, dtype=np.int64)

    def _loss(self) -> Ints:
        """Per unit: what would be missing more if it stayed at home."""
        loss = np.zeros(self.problem.n_units, dtype=np.int64)
        sent = np.flatnonzero(self.taken >= 0)
        rows = self.taken[sent]
        need, amount = self.problem.pair_need[rows], self.problem.pair_amount[rows]
        loss[sent] = self._missing(self.brought[need] - amount, need) - self._missing(
            self.brought[need], need
        )
        return loss

    def move(self) -> bool:
        problem = self.problem
        if not len(problem.pair_unit):
            return False
        need = problem.pair_need
        gain = self._missing(self.brought[need], need)
        gain = (
            gain
            - self._missing(self.brought[need] + problem.pair_amount, need)
            - self._loss()[problem.pair_unit]
        )
        gain[self.taken[problem.pair_unit] == np.arange(len(gain))] = 0
        best = int(np.argmax(gain))
        if gain[best] <= 0:
            return False
        self._take(int(problem.pair_unit[best]), best)
        return True

    def exchange(self) -> bool:
        """Let two units swap their needs: the best pair of units that could serve each other's."""
        problem = self.problem
        sent = np.flatnonzero(self.taken >= 0)
        if not len(sent):
            return False
        rows = self.taken[sent]
        need, amount = problem.pair_need[rows], problem.pair_amount[rows]
        able = np.zeros((problem.n_units, len(problem.needs)), dtype=np.bool_)
        able[problem.pair_unit, problem.pair_need] = True
        fits = able[sent][:, need]
        both = fits & fits.T & (need[:, None] != need[None, :])
        change = amount[None, :] - amount[:, None]
        before = self._missing(self.brought[need], need)
        wide = np.broadcast_to(need[:, None], change.shape)
        after = self._missing(self.brought[need][:, None] + change, wide)
        gain = np.where(both, before[:, None] - after + (before[None, :] - after.T), 0)
        best = int(np.argmax(gain))
        if gain.flat[best] <= 0:
            return False
        one, other = divmod(best, len(sent))
        to_one = self.row_of[int(sent[one]), int(need[other])]
        to_other = self.row_of[int(sent[other]), int(need[one])]
        self._take(int(sent[one]), to_one)
        self._take(int(sent[other]), to_other)
        return True

    def _take(self, unit: int, row: int) -> None:
        problem = self.problem
        if self.taken[unit] >= 0:
            old = self.taken[unit]
            self.brought[problem.pair_need[old]] -= problem.pair_amount[old]
        self.taken[unit] = row
        self.brought[problem.pair_need[row]] += problem.pair_amount[row]
