"""The solver behind one question: the least value of a tier, with a bound. Deterministic: one worker, a fixed seed.

CP-SAT counts in whole numbers, so a proven tier is proven to the last millisecond. With the full linear relaxation
it beat HiGHS on what pruning leaves (docs/decisions/0010), and it needs no tolerance.
"""

import time
from dataclasses import dataclass

import numpy as np
from ortools import __version__ as ortools_version
from ortools.sat.python import cp_model

from dispatch.choice import Choice
from dispatch.exact import Model
from dispatch.times import Ints

SOLVER = f"ortools {ortools_version} CP-SAT"
SEED = 1
FROM_BELOW = ("time_critical", "time_rest")
"""Tiers whose linear bound lies near their optimum: lifting the bound finds it sooner than improving a plan does."""
PRESOLVE_FROM = 500
"""Variables: below, presolving costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one solve says: the best choice (None: none found), its value, and a bound on any other."""

    choice: Choice | None
    value: int
    bound: int
    infeasible: bool = False

    @property
    def proven(self) -> bool:
        return self.choice is not None and self.value == self.bound


def _value(variables: list[int], coefficients: list[int], values: Ints) -> int:
    return sum(int(values[v]) * c for v, c in zip(variables, coefficients, strict=True))


def minimise(model: Model, tier: str, stop_at: float) -> Outcome:
    """Least value of one tier until `stop_at` (a `time.perf_counter` moment)."""
    linear = model.tiers[tier]
    cp = cp_model.CpModel()
    variables = [cp.new_int_var(0, most, "") for most in model.most]
    for row in model.rows:
        terms = cp_model.LinearExpr.weighted_sum([variables[v] for v in row.variables], row.coefficients)
        cp.add_linear_constraint(terms, row.low, row.high)
    if linear.variables:
        cp.minimize(
            cp_model.LinearExpr.weighted_sum([variables[v] for v in linear.variables], linear.coefficients)
        )
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.linearization_level = 2
    solver.parameters.cp_model_presolve = len(model.most) > PRESOLVE_FROM
    # what pruning leaves has little to find by symmetry or probing: half the time of a solve went into looking for it
    solver.parameters.symmetry_level = 0
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.max_presolve_iterations = 1
    solver.parameters.use_objective_lb_search = tier in FROM_BELOW
    solver.parameters.max_time_in_seconds = max(0.001, stop_at - time.perf_counter())
    status = solver.solve(cp)
    if status == cp_model.INFEASIBLE:
        return Outcome(None, 0, 0, infeasible=True)
    bound = linear.constant
    if linear.variables and np.isfinite(solver.best_objective_bound):
        bound = max(bound, int(np.ceil(solver.best_objective_bound - 1e-6)) + linear.constant)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Outcome(None, 0, bound)
    values = np.asarray(solver.values(variables), dtype=np.int64)
    value = _value(linear.variables, linear.coefficients, values) + linear.constant
    return Outcome(model.choice(values), value, value if status == cp_model.OPTIMAL else min(bound, value))
