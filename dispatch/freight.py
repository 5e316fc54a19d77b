"""Stock in a large shortage: a bound from depots instead of carriers, and a plan from what that bound would use.

Counting how many trips a depot makes to an incident, instead of which carrier makes them, is a relaxation: a plan's trips
and loads added up satisfy it. Whole trips lift its bound for as long as there is time. Its linear bound needs a
tenth of the time of the one by carriers, and its prices say which (depot, incident) are worth deciding exactly: those in use and the cheapest of the others.
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp
from scipy.sparse import coo_array, csr_array

from dispatch.problem import Problem, ints
from dispatch.times import Flags, Ints

Floats = NDArray[np.float64]

WORTH_DECIDING = 150
"""(depot, incident) that are decided exactly."""
USED = 1e-6
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """A bound on what is missing of the critical materials, and the draws of the lanes worth deciding."""

    bound: int
    draws: Flags


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """Least cost · x with rows · x ≤ limits, x ≥ 0: the first `trips` columns count trips, so they are whole."""

    cost: Floats
    rows: csr_array
    limits: Floats
    trips: int

    def relaxed(self, stop_at: float) -> OptimizeResult:
        """Let trips be parts of trips: quick, with prices."""
        return linprog(  # type: ignore[no-any-return, call-overload, unused-ignore]  # the stubs know no time limit
            self.cost,
            A_ub=self.rows,
            b_ub=self.limits,
            bounds=(0, None),
            method="highs",
            options={"time_limit": max(0.01, stop_at - time.perf_counter())},
        )

    def whole_trips(self, stop_at: float) -> float:
        """Return a bound with whole trips, as good as the time allows; 0 when there is none."""
        result = milp(
            self.cost,
            integrality=(np.arange(len(self.cost)) < self.trips).astype(np.int64),
            bounds=Bounds(0, np.inf),
            constraints=LinearConstraint(self.rows, -np.inf, self.limits),
            options={"mip_rel_gap": 0, "time_limit": max(0.01, stop_at - time.perf_counter())},
        )
        bound = result.mip_dual_bound
        return float(bound) if bound is not None and np.isfinite(bound) else 0.0


def critical_lanes(problem: Problem, draws: Flags, time_limit_s: float) -> Lanes:
    """Bound the missing critical materials, with no times to pay for. `draws`: those that can matter.

    The bound is 0 when the time is over first. It is rounded down by more than the solver's tolerance.
    """
    rows = np.flatnonzero(draws & problem.need_critical[problem.draw_need])
    nothing = np.zeros(len(draws), dtype=np.bool_)
    if not len(rows):
        return Lanes(0, nothing)
    lanes, lane_of = np.unique(_lane(problem)[rows], return_inverse=True)
    stop_at = time.perf_counter() + time_limit_s
    counted = _counted(problem, rows, lanes, lane_of)
    result = counted.relaxed(stop_at)
    if result.status != 0:
        return Lanes(0, nothing)
    least = max(result.fun, counted.whole_trips(stop_at))
    used = result.x[: len(lanes)] > USED
    order = np.argsort(np.where(used, -np.inf, result.lower.marginals[: len(lanes)]), kind="stable")
    chosen = nothing.copy()
    chosen[rows] = np.isin(lane_of, order[: max(WORTH_DECIDING, int(used.sum()))])
    needs = np.unique(problem.draw_need[rows])
    never = problem.need_critical & np.array([need.kind == "material" for need in problem.needs])
    never[needs] = False
    alone = int((problem.need_quantity * problem.need_weight)[never].sum())
    return Lanes(alone + max(0, int(np.ceil(least - 1e-6 - abs(least) * TOLERANCE))), chosen)


def _lane(problem: Problem) -> Ints:
    """Per draw: a number for its depot and incident."""
    depot = problem.carrier_depot[problem.trip_carrier[problem.draw_trip]]
    lane: Ints = depot * len(problem.incidents) + problem.trip_incident[problem.draw_trip]
    return lane


def _counted(problem: Problem, rows: Ints, lanes: Ints, lane_of: Ints) -> _Counted:
    """Trips by lane, goods by (lane, batch, need), missing by need: rows as in `exact.Model`, added up over carriers."""
    needs, need_of = np.unique(problem.draw_need[rows], return_inverse=True)
    keys = np.column_stack([lane_of, problem.draw_batch[rows], need_of])
    goods, good_of = np.unique(keys, axis=0, return_inverse=True)
    most = np.zeros(len(goods), dtype=np.int64)
    np.maximum.at(most, good_of, problem.draw_most[rows])
    kg = np.zeros(len(goods), dtype=np.int64)
    kg[good_of] = problem.draw_kg[rows]
    load = np.zeros(len(lanes), dtype=np.int64)
    np.maximum.at(load, lane_of, problem.carrier_load[problem.trip_carrier[problem.draw_trip[rows]]])
    depot = lanes // len(problem.incidents)
    carriers = np.bincount(problem.carrier_depot, minlength=len(problem.depots))
    batches, batch_of = np.unique(goods[:, 1], return_inverse=True)
    stock = ints(sum(lot.quantity for lot in problem.batch_lots[batch]) for batch in batches.tolist())
    trip, good = np.arange(len(lanes)), len(lanes) + np.arange(len(goods))
    miss = len(lanes) + len(goods) + np.arange(len(needs))
    n_depots, n_lanes, n_goods = len(problem.depots), len(lanes), len(goods)
    heavy = kg > 0
    first = np.cumsum([0, n_depots, n_goods, n_lanes, len(batches)])
    parts = (
        (first[0] + depot, trip, np.ones(n_lanes)),  # trips of a depot ≤ its carriers
        (first[1] + np.arange(n_goods), good, np.ones(n_goods)),  # goods ≤ most · trips
        (first[1] + np.arange(n_goods), trip[goods[:, 0]], -most),
        (first[2] + goods[heavy, 0], good[heavy], kg[heavy]),  # mass ≤ load · trips
        (first[2] + trip, trip, -load),
        (first[3] + batch_of, good, np.ones(n_goods)),  # goods of a batch ≤ its stock
        (first[4] + goods[:, 2], good, -np.ones(n_goods)),  # goods + missing ≥ asked
        (first[4] + np.arange(len(needs)), miss, -np.ones(len(needs))),
    )
    row, column, value = (np.concatenate([part[k] for part in parts]) for k in range(3))
    shape = (int(first[4]) + len(needs), n_lanes + n_goods + len(needs))
    limits = [carriers, np.zeros(n_goods + n_lanes, dtype=np.int64), stock, -problem.need_quantity[needs]]
    cost = np.zeros(shape[1])
    cost[miss] = problem.need_weight[needs]
    return _Counted(
        cost,
        coo_array((value.astype(np.float64), (row, column)), shape=shape).tocsr(),
        np.concatenate(limits).astype(np.float64),
        n_lanes,
    )
