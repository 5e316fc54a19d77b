"""The integer model of a Problem, or of the part of it that pruning left, for CP-SAT.

CP-SAT works in whole numbers, so a proven tier is proven to the last millisecond. One worker and a fixed seed make
it deterministic; the wall clock is the only thing that can change an answer, and then the gap says so.

Times are modelled by levels, not by big-M: an incident's completion time is its floor plus the steps between the
distinct times that lie above it, each step paid by a binary; a unit is allowed once its level is paid.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from ortools import __version__ as ortools_version
from ortools.sat.python import cp_model

from dispatch.choice import TIERS, Choice, cover_missing, empty_choice, stock_limits, tiers_of
from dispatch.problem import Flags, Ints, Problem

SOLVER = f"ortools {ortools_version} CP-SAT"
SEED = 1
TUNING = {}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """The part of a Problem that a model sees.

    `floor_critical`, `floor_all`: valid lower bounds on each incident's completion times, in ms.
    With `far` all zero its plans are real; otherwise its optimum is only a bound.
    """

    pairs: Flags
    draws: Flags
    floor_critical: Ints
    floor_all: Ints
    most_missing: Ints  # per need
    far: Ints  # per need: heads that may come from outside the window, unnamed (a relaxation)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one solve says: the best choice (None: none found), its objective, and a bound on any other."""

    choice: Choice | None
    value: int
    bound: int
    infeasible: bool = False

    @property
    def proven(self) -> bool:
        return self.choice is not None and self.value == self.bound


@dataclass(frozen=True, slots=True)
class Linear:
    """constant + Σ coefficients[k] · variables[k]."""

    variables: list[cp_model.IntVar]
    coefficients: list[int]
    constant: int = 0

    def expression(self) -> cp_model.LinearExpr:
        return cp_model.LinearExpr.weighted_sum(self.variables, self.coefficients)


class Model:
    """CP-SAT variables and constraints of a window, with one linear expression for each tier."""

    def __init__(self, problem: Problem, window: Window) -> None:
        self.problem = problem
        self.window = window
        self.cp = cp_model.CpModel()
        self.pair_rows = np.flatnonzero(window.pairs)
        self.draw_rows = np.flatnonzero(window.draws)
        self.trip_rows = np.unique(problem.trip_carrier[:0])
        self.pair_vars = [self.cp.new_bool_var("") for _ in self.pair_rows]
        self._carry()
        self._units_once()
        self.miss_vars = self._needs()
        self.tiers: dict[str, Linear] = {}
        self._unmet_tiers()
        self._time_tier("time_critical", window.floor_critical, problem.need_critical)
        self._time_tier("time_rest", window.floor_all, np.ones(len(problem.needs), dtype=np.bool_))
        self._coverage_tier()
        self._effort_tiers()

    def _carry(self) -> None:
        """Trips: one for each carrier, within its load, drawing no more than the stock released by then."""
        problem = self.problem
        self.trip_rows = np.unique(problem.draw_trip[self.draw_rows])
        self.trip_var = {int(t): self.cp.new_bool_var("") for t in self.trip_rows}
        self.draw_vars = [self.cp.new_int_var(0, int(problem.draw_most[d]), "") for d in self.draw_rows]
        by_carrier = _grouped(problem.trip_carrier[self.trip_rows], self.trip_var.values())
        for choices in by_carrier.values():
            if len(choices) > 1:
                self.cp.add_at_most_one(choices)
        by_trip: dict[int, list[int]] = {}
        for k, trip in enumerate(problem.draw_trip[self.draw_rows].tolist()):
            by_trip.setdefault(trip, []).append(k)
        for trip, ks in by_trip.items():
            self._load(trip, ks)
        delay = problem.trip_activation[problem.draw_trip[self.draw_rows]]
        batch = problem.draw_batch[self.draw_rows]
        drawn_batches = set(batch.tolist())
        for row, limit, quantity in stock_limits(problem):
            if row not in drawn_batches:
                continue
            ks = np.flatnonzero((batch == row) & (delay <= limit)).tolist()
            if sum(int(problem.draw_most[self.draw_rows[k]]) for k in ks) > quantity:
                self.cp.add(sum(self.draw_vars[k] for k in ks) <= quantity)

    def _load(self, trip: int, ks: list[int]) -> None:
        problem, made = self.problem, self.trip_var[trip]
        load = int(problem.carrier_load[problem.trip_carrier[trip]])
        masses = [int(problem.draw_kg[self.draw_rows[k]]) for k in ks]
        if any(masses):
            mass = cp_model.LinearExpr.weighted_sum([self.draw_vars[k] for k in ks], masses)
            self.cp.add(mass <= load * made)
        for k in ks:
            self.cp.add(self.draw_vars[k] <= int(problem.draw_most[self.draw_rows[k]]) * made)
        self.cp.add(sum(self.draw_vars[k] for k in ks) >= made)

    def _units_once(self) -> None:
        problem = self.problem
        for unit, choices in _grouped(problem.pair_unit[self.pair_rows], self.pair_vars).items():
            if problem.unit_pin[unit] >= 0:
                self.cp.add_exactly_one(choices)
            elif len(choices) > 1:
                self.cp.add_at_most_one(choices)
        if np.setdiff1d(np.flatnonzero(problem.unit_pin >= 0), problem.pair_unit[self.pair_rows]).size:
            self.cp.add_bool_or([])  # the window left out all that a pinned unit could do
        for pin in problem.trip_pins:
            self.cp.add_bool_or([self.trip_var[t] for t in pin.tolist() if t in self.trip_var])

    def _needs(self) -> list[cp_model.IntVar]:
        problem = self.problem
        missing = [self.cp.new_int_var(0, int(q), "") for q in self.window.most_missing]
        self.far_vars = {
            int(n): self.cp.new_int_var(0, int(self.window.far[n]), "")
            for n in np.flatnonzero(self.window.far)
        }
        terms: list[tuple[list[cp_model.IntVar], list[int]]] = [([], []) for _ in missing]
        for row, var in zip(self.pair_rows.tolist(), self.pair_vars, strict=True):
            variables, amounts = terms[problem.pair_need[row]]
            variables.append(var)
            amounts.append(int(problem.pair_amount[row]))
        for row, var in zip(self.draw_rows.tolist(), self.draw_vars, strict=True):
            variables, amounts = terms[problem.draw_need[row]]
            variables.append(var)
            amounts.append(1)
        for need, (variables, amounts) in enumerate(terms):
            if need in self.far_vars:
                variables.append(self.far_vars[need])
                amounts.append(1)
            brought = cp_model.LinearExpr.weighted_sum(variables, amounts) + missing[need]
            quantity = int(problem.need_quantity[need])
            if problem.needs[need].kind == "material":
                self.cp.add(brought == quantity)
            else:
                self.cp.add(brought >= quantity)
        return missing

    def _unmet_tiers(self) -> None:
        problem = self.problem
        for code, flag in (("unmet_critical", True), ("unmet_other", False)):
            rows = np.flatnonzero(problem.need_critical == flag).tolist()
            self.tiers[code] = Linear(
                [self.miss_vars[n] for n in rows], [int(problem.need_weight[n]) for n in rows]
            )

    def _time_tier(self, code: str, floor: Ints, counted: Flags) -> None:
        problem = self.problem
        variables: list[cp_model.IntVar] = []
        steps: list[int] = []
        pair_counts = counted[problem.pair_need[self.pair_rows]]
        draw_counts = counted[problem.draw_need[self.draw_rows]]
        draw_trip = problem.draw_trip[self.draw_rows]
        everything = bool(counted.all())
        for incident in range(len(problem.incidents)):
            mine = np.flatnonzero(pair_counts & (problem.pair_incident[self.pair_rows] == incident))
            drawn = np.flatnonzero(draw_counts & (problem.trip_incident[draw_trip] == incident))
            pair_ms = problem.pair_ms[self.pair_rows[mine]]
            draw_ms = problem.trip_ms[draw_trip[drawn]]
            levels = np.unique(np.concatenate([pair_ms, draw_ms]))
            levels = levels[levels > floor[incident]]
            paid = [self.cp.new_bool_var("") for _ in levels]
            for earlier, later in zip(paid, paid[1:], strict=False):
                self.cp.add_implication(later, earlier)
            for k in np.flatnonzero(pair_ms > floor[incident]).tolist():
                level = int(np.searchsorted(levels, pair_ms[k]))
                self.cp.add_implication(self.pair_vars[mine[k]], paid[level])
            late_trips = set()
            for k in np.flatnonzero(draw_ms > floor[incident]).tolist():
                level = int(np.searchsorted(levels, draw_ms[k]))
                row = self.draw_rows[drawn[k]]
                if not everything:
                    most = int(problem.draw_most[row])
                    self.cp.add(self.draw_vars[drawn[k]] <= most * paid[level])
                elif problem.draw_trip[row] not in late_trips:
                    late_trips.add(problem.draw_trip[row])
                    self.cp.add_implication(self.trip_var[int(problem.draw_trip[row])], paid[level])
            variables += paid
            steps += (np.diff(levels, prepend=floor[incident]) * problem.priority[incident]).tolist()
        self.tiers[code] = Linear(variables, steps, int((floor * problem.priority).sum()))

    def _coverage_tier(self) -> None:
        problem = self.problem
        of_unit = _grouped(problem.pair_unit[self.pair_rows], self.pair_vars)
        variables: list[cp_model.IntVar] = []
        weights: list[int] = []
        for row, weight in enumerate(problem.cover_weight.tolist()):
            members = np.flatnonzero(problem.cover_rows == row)
            gone = [
                (var, int(problem.cover_heads[m]))
                for m in members.tolist()
                for var in of_unit.get(int(problem.cover_units[m]), ())
            ]
            spare = max(0, int(problem.cover_before[row] - problem.cover_asked[row]))
            most = min(sum(heads for _, heads in gone), int(problem.cover_before[row]))
            if most <= spare:
                continue
            lost = self.cp.new_int_var(0, most - spare, "")
            leaving = cp_model.LinearExpr.weighted_sum([v for v, _ in gone], [h for _, h in gone])
            self.cp.add(lost >= leaving - spare)
            variables.append(lost)
            weights.append(weight)
        self.tiers["coverage"] = Linear(variables, weights)

    def _effort_tiers(self) -> None:
        problem = self.problem
        sent = self.pair_vars + list(self.trip_var.values())
        trips = self.trip_rows
        road = [*problem.pair_road[self.pair_rows].tolist(), *problem.trip_road[trips].tolist()]
        ranks = [
            *problem.unit_rank[problem.pair_unit[self.pair_rows]].tolist(),
            *problem.carrier_rank[problem.trip_carrier[trips]].tolist(),
        ]
        self.tiers["orders"] = Linear(sent, [1] * len(sent))
        self.tiers["road"] = Linear(sent, road)
        self.tiers["tie_break"] = Linear(sent, ranks)

    def hold(self, tier: str, value: int) -> None:
        """No later solve may be worse than `value` in this tier."""
        linear = self.tiers[tier]
        if not linear.variables:
            return
        self.cp.add(linear.expression() <= value - linear.constant)

    def hint(self, choice: Choice) -> None:
        """Start from a known choice (its pairs and draws outside the window are left out)."""
        self.cp.clear_hints()
        for row, var in zip(self.pair_rows.tolist(), self.pair_vars, strict=True):
            self.cp.add_hint(var, bool(choice.pairs[row]))
        for row, var in zip(self.draw_rows.tolist(), self.draw_vars, strict=True):
            self.cp.add_hint(var, int(choice.draws[row]))

    def minimise(self, tier: str, stop_at: float) -> Outcome:
        """Solve for one tier until `stop_at` (a `time.perf_counter` moment)."""
        linear = self.tiers[tier]
        if linear.variables:
            self.cp.minimize(linear.expression())
        else:
            self.cp.clear_objective()
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = SEED
        solver.parameters.max_time_in_seconds = max(0.001, stop_at - time.perf_counter())
        for name, setting in TUNING.items():
            setattr(solver.parameters, name, setting)
        status = solver.solve(self.cp)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            choice = self._read(solver)
            value = round(solver.objective_value) + linear.constant if linear.variables else linear.constant
            bound = value
            if status == cp_model.FEASIBLE:
                bound = int(np.ceil(solver.best_objective_bound - 1e-6)) + linear.constant
            return Outcome(choice, value, min(bound, value))
        bound = linear.constant
        if status == cp_model.INFEASIBLE:
            return Outcome(None, 0, 0, infeasible=True)
        if linear.variables and np.isfinite(solver.best_objective_bound):
            bound = max(bound, int(np.ceil(solver.best_objective_bound - 1e-6)) + linear.constant)
        return Outcome(None, 0, bound)

    def _read(self, solver: cp_model.CpSolver) -> Choice:
        choice = empty_choice(self.problem)
        if len(self.pair_rows):
            choice.pairs[self.pair_rows] = np.asarray(solver.values(self.pair_vars)) > 0
        if len(self.draw_rows):
            choice.draws[self.draw_rows] = np.asarray(solver.values(self.draw_vars))
        return choice


def _grouped(keys: Ints, values: Iterable[cp_model.IntVar]) -> dict[int, list[cp_model.IntVar]]:
    groups: dict[int, list[cp_model.IntVar]] = {}
    for key, value in zip(keys.tolist(), values, strict=True):
        groups.setdefault(key, []).append(value)
    return groups


__all__ = ["SOLVER", "TIERS", "Linear", "Model", "Outcome", "Window", "cover_missing", "tiers_of"]
