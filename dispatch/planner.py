"""Problem → Solved: the optimum, tier after tier, with a bound for each. Bound, prune, solve the rest, certify.

1. Combinatorial bounds (`dispatch.bounds`) say how early each incident could be complete if it were alone.
2. A first plan (`dispatch.greedy`) is there at once and is never given up for a worse one.
3. A pair later than its incident's own bound plus the remaining slack cannot be in any optimum: it is left out.
4. What is left goes to the exact model, tier after tier; the window is widened until its answer certifies itself.

A tier whose plan meets its bound needs no further proof. When the wall clock ends, the best plan so far is
returned: the bound of a tier holds for every plan that is no worse in each of the tiers before it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from dispatch.bounds import earliest, least_missing
from dispatch.choice import TIERS, Choice, tiers_of
from dispatch.dominance import most_orders, undominated
from dispatch.exact import Model, Window
from dispatch.greedy import frugal, nearest_first
from dispatch.model import Tier
from dispatch.problem import Problem
from dispatch.shortage import least_shortage
from dispatch.solver import SOLVER, minimise
from dispatch.times import Flags, Ints

DEFAULT_TIME_LIMIT_S = 10.0
EFFORT = ("orders", "road", "tie_break")
WHOLE_BITS = 1 << 60
GROWTH = 0.3
LEAST_GROWTH = 8
MANY = 20
UNMET_SHARE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """The chosen plan with the proof of its tiers."""

    choice: Choice
    tiers: tuple[Tier, ...]
    solver: str = SOLVER

    @property
    def values(self) -> tuple[int, ...]:
        return tuple(tier.value for tier in self.tiers)


class _Search:
    """The best plan so far and the best bound of each tier."""

    def __init__(self, problem: Problem, stop_at: float) -> None:
        self.problem = problem
        self.stop_at = stop_at
        self.best = nearest_first(problem)
        self.values = tiers_of(problem, self.best)
        self.bounds = dict.fromkeys(TIERS, 0)

    @property
    def out_of_time(self) -> bool:
        return time.perf_counter() >= self.stop_at

    def offer(self, choice: Choice | None) -> None:
        if choice is None:
            return
        values = tiers_of(self.problem, choice)
        if values < self.values:
            self.best, self.values = choice, values

    def value(self, tier: str) -> int:
        return self.values[TIERS.index(tier)]

    def raise_bound(self, tier: str, bound: int) -> None:
        self.bounds[tier] = max(self.bounds[tier], bound)

    def proven(self, tier: str) -> bool:
        return self.value(tier) == self.bounds[tier]


def solve(problem: Problem, *, time_limit_s: float = DEFAULT_TIME_LIMIT_S) -> Solved:
    """Return the lexicographically least plan, or the best one found in time. Never raises for a hard problem."""
    search = _Search(problem, time.perf_counter() + time_limit_s)
    least = least_missing(problem)
    _bound_unmet(search, least)
    floors = _floors(problem, least)
    model = _at_floors(search, floors, least)
    if model is None:
        model = _search_times(search, least, floors)
    _solve_later(search, model)
    return Solved(
        choice=search.best,
        tiers=tuple(
            Tier(code=code, value=value, bound=min(search.bounds[code], value))  # type: ignore[arg-type]
            for code, value in zip(TIERS, search.values, strict=True)
        ),
    )


def _bound_unmet(search: _Search, least: Ints) -> None:
    """Return what no plan can bring, need by need."""
    for tier, bound in zip(TIERS[:2], _weighted(search.problem, least), strict=True):
        search.raise_bound(tier, bound)


def _weighted(problem: Problem, missing: Ints) -> tuple[int, int]:
    """Return the first two tiers of a plan that lacks so much of each need."""
    weighted = missing * problem.need_weight
    critical = int(weighted[problem.need_critical].sum())
    return critical, int(weighted.sum()) - critical


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Floors:
    """Per incident, bounds on the two completion times in ms."""

    priority: Ints
    critical: Ints
    all: Ints

    @property
    def critical_sum(self) -> int:
        return int((self.critical * self.priority).sum())

    @property
    def all_sum(self) -> int:
        return int((self.all * self.priority).sum())


def _floors(problem: Problem, most: Ints) -> _Floors:
    critical = earliest(problem, most, problem.need_critical)
    everything = np.maximum(critical, earliest(problem, most, np.ones_like(problem.need_critical)))
    return _Floors(priority=problem.priority, critical=critical, all=everything)


def _tightened(search: _Search, floors: _Floors, most: Ints) -> _Floors:
    """Floors raised to what each incident could have if it were alone, found by the exact model."""
    problem = search.problem
    critical, everything = floors.critical.copy(), floors.all.copy()
    for incident in range(len(problem.incidents)):
        if len(problem.incidents) > MANY or search.out_of_time:
            break
        critical[incident] = _alone_at(search, incident, floors.critical, most, problem.need_critical)
        start = np.maximum(floors.all, critical)
        everything[incident] = _alone_at(search, incident, start, most, np.ones_like(problem.need_critical))
    return _Floors(priority=problem.priority, critical=critical, all=np.maximum(critical, everything))


def _alone_at(search: _Search, incident: int, floor: Ints, most: Ints, counted: Flags) -> int:
    """Return the earliest time at which the counted needs of one incident can be covered with nobody else to serve."""
    problem = search.problem
    needs = (problem.need_incident == incident) & counted
    pairs = np.flatnonzero(needs[problem.pair_need])
    draws = np.flatnonzero(needs[problem.draw_need])
    pair_ms, draw_ms = problem.pair_ms[pairs], problem.trip_ms[problem.draw_trip[draws]]
    times = np.unique(np.concatenate([pair_ms, draw_ms]))
    never = np.full(len(problem.incidents), np.iinfo(np.int64).max // 4, dtype=np.int64)
    asked = np.where(needs, np.minimum(most, problem.need_quantity), problem.need_quantity)

    def covered_by(time_ms: int) -> bool:
        window = Window(
            pairs=_mask(problem.pair_ms, pairs[pair_ms <= time_ms]),
            draws=_mask(problem.draw_trip, draws[draw_ms <= time_ms]),
            floor_critical=never,
            floor_all=never,
            most_missing=asked,
            far=np.zeros_like(problem.need_quantity),
        )
        return not minimise(Model(problem, window, pins="none"), "unmet_critical", search.stop_at).infeasible

    if np.all(asked >= problem.need_quantity):
        return int(floor[incident])
    return _first(times, int(np.searchsorted(times, floor[incident])), covered_by)


def _first(times: Ints, low: int, holds: Callable[[int], bool]) -> int:
    """Return the first of `times`, from `low` on, at which a monotone condition holds: in growing steps, then by halves.

    The last time is taken to hold.
    """
    step = 1
    high = low
    while high < len(times) - 1 and not holds(int(times[high])):
        low = high + 1
        high = min(len(times) - 1, high + step)
        step *= 2
    while low < high:
        middle = (low + high) // 2
        if holds(int(times[middle])):
            high = middle
        else:
            low = middle + 1
    return int(times[low])


def _mask(like: Ints, rows: Ints) -> Flags:
    mask = np.zeros(len(like), dtype=np.bool_)
    mask[rows] = True
    return mask


def _window(
    problem: Problem, floors: _Floors, most: Ints, slack: tuple[int, int], *, relaxed: bool = False
) -> Window:
    """Return the pairs and draws that a plan within both slacks (weighted ms above the floors) can use."""
    late_critical = floors.critical + slack[0] // problem.priority
    late_all = floors.all + slack[1] // problem.priority
    late = np.where(
        problem.need_critical,
        (late_critical if relaxed else np.minimum(late_critical, late_all))[problem.need_incident],
        late_all[problem.need_incident],
    )
    pairs = problem.pair_ms <= late[problem.pair_need]
    draws = problem.trip_ms[problem.draw_trip] <= late[problem.draw_need]
    far = np.zeros(len(problem.needs), dtype=np.int64)
    if relaxed:
        np.add.at(far, problem.pair_need[~pairs], problem.pair_amount[~pairs])
        np.add.at(far, problem.draw_need[~draws], problem.draw_most[~draws])
        far[problem.need_critical] = 0
    return Window(
        pairs=pairs,
        draws=draws,
        floor_critical=floors.critical,
        floor_all=floors.all,
        most_missing=np.minimum(most, problem.need_quantity),
        far=np.minimum(far, problem.need_quantity),
    )


def _at_floors(search: _Search, floors: _Floors, most: Ints) -> Model | None:
    """Try whether all incidents can have their floors at once, the usual case: four tiers are proven by one plan.

    None when they cannot. `most`: what each need may lack.
    """
    problem = search.problem
    window = _window(problem, floors, most, (0, 0))
    floor_values = (*_weighted(problem, most), floors.critical_sum, floors.all_sum)
    search.offer(frugal(problem, window.pairs, window.draws))
    if search.values[:5] != (*floor_values, 0):
        enough = most_orders(problem, window.pairs, window.draws)
        model = _without_dominated(problem, window, enough)
        outcome = minimise(model, "coverage", search.stop_at)
        if outcome.choice is None:
            return None
        search.offer(outcome.choice)
        search.raise_bound("coverage", outcome.bound)
    search.raise_bound("time_critical", floors.critical_sum)
    search.raise_bound("time_rest", floors.all_sum)
    if search.proven("coverage"):
        model = _without_dominated(problem, window, search.value("orders"))
    for tier in TIERS[:5]:
        model.hold(tier, search.value(tier))
    return model


def _without_dominated(problem: Problem, window: Window, orders: int) -> Model:
    return Model(problem, replace(window, pairs=undominated(problem, window.pairs, orders)))


def _most_missing(search: _Search, least: Ints) -> Ints:
    """Per need: no plan that is as good in the unmet tiers lacks more than this."""
    problem = search.problem
    critical, other = _weighted(problem, least)
    room = np.where(
        problem.need_critical, search.value("unmet_critical") - critical, search.value("unmet_other") - other
    )
    return np.minimum(problem.need_quantity, least + room // problem.need_weight)


def _solve_unmet(search: _Search, least: Ints) -> Ints:
    """Tiers 1 and 2, over all pairs. Returns what each need may lack at most in plans that are as good."""
    if not (search.proven("unmet_critical") and search.proven("unmet_other")):
        now = time.perf_counter()
        share = now + (search.stop_at - now) * UNMET_SHARE
        found = least_shortage(search.problem, _timeless(search.problem), search.best, share)
        search.offer(found.choice)
        for tier, bound in zip(TIERS[:2], found.bounds, strict=True):
            search.raise_bound(tier, bound)
    return _most_missing(search, least)


def _timeless(problem: Problem) -> Window:
    """Everything, with no times to pay for."""
    never = np.full(len(problem.incidents), np.iinfo(np.int64).max // 4, dtype=np.int64)
    return Window(
        pairs=np.ones(len(problem.pair_unit), dtype=np.bool_),
        draws=np.ones(len(problem.draw_trip), dtype=np.bool_),
        floor_critical=never,
        floor_all=never,
        most_missing=problem.need_quantity,
        far=np.zeros(len(problem.needs), dtype=np.int64),
    )


def _search_times(search: _Search, least: Ints, floors: _Floors) -> Model | None:
    """Tiers 1 to 4 where they have to be searched for: the model of the last window, or None when time is over."""
    most = _solve_unmet(search, least)
    if np.any(most != least):
        floors = _floors(search.problem, most)
    floors = _tightened(search, floors, most)
    search.raise_bound("time_critical", floors.critical_sum)
    search.raise_bound("time_rest", floors.all_sum)
    if len(search.problem.incidents) == 1 and not np.any(most != least):
        model = _at_floors(search, floors, most)
        if model is not None:
            return model
    slack = _critical_slack(search, floors, most)
    if slack is None:
        return None
    model = _rest(search, floors, most, slack)
    if model is None and not search.out_of_time:
        # the relaxed bound cannot be reached by whole plans: solve tier 3 with everything in the window
        model = _whole(search, floors, most)
    return model


def _slacks(problem: Problem, floor: Ints) -> Ints:
    """Return the slack at which each pair and each draw comes into the window, sorted."""
    draw_incident = problem.trip_incident[problem.draw_trip]
    pairs = (problem.pair_ms - floor[problem.pair_incident]) * problem.priority[problem.pair_incident]
    draws = (problem.trip_ms[problem.draw_trip] - floor[draw_incident]) * problem.priority[draw_incident]
    return np.sort(np.concatenate([pairs, draws]))


def _wider(slacks: Ints, slack: int) -> int:
    """Return the next slack worth trying: it brings in GROWTH of what is in already, and never nothing."""
    inside = int(np.searchsorted(slacks, slack, side="right"))
    return (
        int(slacks[min(len(slacks) - 1, inside + max(LEAST_GROWTH, int(inside * GROWTH)))])
        if len(slacks)
        else slack
    )


def _held(search: _Search, window: Window, *tiers: str) -> Model:
    model = Model(search.problem, window)
    for tier in tiers:
        model.hold(tier, search.value(tier))
    return model


def _critical_slack(search: _Search, floors: _Floors, most: Ints) -> int | None:
    """How far above its floors the least time_critical lies (a bound: other needs may be met from afar)."""
    slacks = _slacks(search.problem, floors.critical)
    widest = int(slacks.max(initial=0))
    slack = _wider(slacks, 0)
    while not search.out_of_time:
        model = _held(search, _window(search.problem, floors, most, (slack, slack), relaxed=True), *TIERS[:2])
        outcome = minimise(model, "time_critical", search.stop_at)
        search.offer(outcome.choice)
        if outcome.infeasible:
            search.raise_bound("time_critical", floors.critical_sum + slack + 1)
            slack = _wider(slacks, slack)
            continue
        if outcome.choice is None or outcome.value != outcome.bound:
            search.raise_bound("time_critical", min(outcome.bound, floors.critical_sum + slack + 1))
            return None
        needed = outcome.value - floors.critical_sum
        if needed <= slack or slack >= widest:
            search.raise_bound("time_critical", outcome.value)
            return needed
        slack = needed
    return None


def _rest(search: _Search, floors: _Floors, most: Ints, critical_slack: int) -> Model | None:
    """Tier 4 with tier 3 at its bound; None when no whole plan reaches that bound, or time is over."""
    slacks = _slacks(search.problem, floors.all)
    widest = int(slacks.max(initial=0))
    slack = _wider(slacks, 0)
    best: int | None = None
    while not search.out_of_time:
        model = _held(search, _window(search.problem, floors, most, (critical_slack, slack)), *TIERS[:2])
        model.hold("time_critical", floors.critical_sum + critical_slack)
        if best is not None:
            model.hold("time_rest", best - 1)  # only something better is looked for in the wider window
        outcome = minimise(model, "time_rest", search.stop_at)
        search.offer(outcome.choice)
        if outcome.infeasible and best is None:
            if slack >= widest:
                return None
            slack = _wider(slacks, slack)
            continue
        if not outcome.infeasible and not outcome.proven:
            if search.proven("time_critical"):
                search.raise_bound("time_rest", min(outcome.bound, floors.all_sum + slack + 1))
            return None
        best = outcome.value if best is None or not outcome.infeasible else best
        needed = best - floors.all_sum
        if outcome.infeasible or needed <= slack or slack >= widest:
            search.raise_bound("time_rest", best)
            return _certified(search, floors, most, (critical_slack, needed))
        slack = needed
    return None


def _certified(search: _Search, floors: _Floors, most: Ints, slack: tuple[int, int]) -> Model:
    """Return the smallest window that holds every plan of the proven times, with the first four tiers held."""
    return _held(search, _window(search.problem, floors, most, slack), *TIERS[:4])


def _whole(search: _Search, floors: _Floors, most: Ints) -> Model | None:
    """Tiers 3 and 4 with nothing left out."""
    everything = int(_slacks(search.problem, floors.critical).max(initial=0))
    model = _held(search, _window(search.problem, floors, most, (everything, everything)), *TIERS[:2])
    for tier in TIERS[2:4]:
        outcome = minimise(model, tier, search.stop_at)
        search.offer(outcome.choice)
        search.raise_bound(tier, outcome.bound)
        if not outcome.proven:
            return None
        model.hold(tier, outcome.value)
    slack = search.value("time_critical") - floors.critical_sum, search.value("time_rest") - floors.all_sum
    return _certified(search, floors, most, slack)


def _solve_later(search: _Search, model: Model | None) -> None:
    """Tiers 5 to 8 over the pairs that the proven times allow."""
    if model is None:
        return
    if not search.proven("coverage"):
        outcome = minimise(model, "coverage", search.stop_at)
        search.offer(outcome.choice)
        search.raise_bound("coverage", outcome.bound)
    model.hold("coverage", search.value("coverage"))
    if not _effort_at_once(search, model):
        for tier in EFFORT:
            outcome = minimise(model, tier, search.stop_at)
            search.offer(outcome.choice)
            search.raise_bound(tier, outcome.bound)
            model.hold(tier, search.value(tier))


def _effort_at_once(search: _Search, model: Model) -> bool:
    """Orders, road and tie-break as one weighted sum in which no later tier can outweigh an earlier one.

    One proof instead of three. False, with nothing done, when the weights would not fit into 64 bits.
    """
    most_orders = search.value("orders")
    largest = {tier: most_orders * max(model.tiers[tier].coefficients, default=0) for tier in EFFORT}
    per_road = largest["tie_break"] + 1
    per_order = per_road * (largest["road"] + 1)
    if per_order * (most_orders + 1) > WHOLE_BITS:
        return False
    model.hold("orders", most_orders)
    model.blend("effort", {"orders": per_order, "road": per_road, "tie_break": 1})
    outcome = minimise(model, "effort", search.stop_at)
    search.offer(outcome.choice)
    bound = outcome.bound
    for tier, weight in (("orders", per_order), ("road", per_road), ("tie_break", 1)):
        least = max(0, bound // weight)
        search.raise_bound(tier, min(least, search.value(tier)))
        if least < search.value(tier):
            break
        bound -= weight * search.value(tier)
    return True
