"""The integer model of a Problem, or of the part of it that pruning left: variables, rows and one line for each tier.

Times are modelled by levels, not by big-M: an incident's completion time is its floor plus the steps between the
distinct times that lie above it, each step paid by a binary; a unit is allowed once its level is paid.
The solvers stand in `dispatch.solver`; this file knows none of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from dispatch.choice import Choice, empty_choice, stock_limits
from dispatch.problem import Problem
from dispatch.times import Flags, Ints

NO_LIMIT = 1 << 40
"""Stands for an open end of a row."""

Pins = Literal["all", "present", "none"]
"""Which pins bind: all; those of units in the window (the window is a part of its own); none (a relaxation)."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """low ≤ Σ coefficients[k] · x[variables[k]] ≤ high."""

    variables: Sequence[int]
    coefficients: Sequence[int]
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Linear:
    """constant + Σ coefficients[k] · x[variables[k]]: the value of a tier."""

    variables: list[int]
    coefficients: list[int]
    constant: int = 0


class Model:
    """Whole-number variables 0 ≤ x ≤ `most`, rows, and the tiers as lines."""

    def __init__(self, problem: Problem, window: Window, *, pins: Pins = "all") -> None:
        self.pins = pins
        self.problem = problem
        self.window = window
        self.most: list[int] = []
        self.rows: list[Row] = []
        self.tiers: dict[str, Linear] = {}
        self.pair_rows = np.flatnonzero(window.pairs)
        self.draw_rows = np.flatnonzero(window.draws)
        self.trip_rows = np.unique(problem.draw_trip[self.draw_rows])
        self.pair_vars = self._new(np.ones(len(self.pair_rows), dtype=np.int64))
        self.draw_vars = self._new(problem.draw_most[self.draw_rows])
        self.trip_vars = self._new(np.ones(len(self.trip_rows), dtype=np.int64))
        self._trip_var = dict(zip(self.trip_rows.tolist(), self.trip_vars, strict=True))
        self._units_once()
        self._carry()
        self._stock()
        self.miss_vars = self._needs()
        self._unmet_tiers()
        self._time_tier("time_critical", window.floor_critical, problem.need_critical)
        self._time_tier("time_rest", window.floor_all, np.ones(len(problem.needs), dtype=np.bool_))
        self._coverage_tier()
        self._effort_tiers()

    def _new(self, most: Iterable[int]) -> list[int]:
        first = len(self.most)
        self.most.extend(int(value) for value in most)
        return list(range(first, len(self.most)))

    def _row(self, variables: Sequence[int], coefficients: Sequence[int], low: int, high: int) -> None:
        self.rows.append(Row(variables, coefficients, low, high))

    def _at_most_one(self, variables: Sequence[int]) -> None:
        if len(variables) > 1:
            self._row(variables, [1] * len(variables), -NO_LIMIT, 1)

    def _implies(self, first: int, second: int, most: int = 1) -> None:
        """First ≤ most · second."""
        self._row([first, second], [1, -most], -NO_LIMIT, 0)

    def _units_once(self) -> None:
        """Each unit takes one need at most; a pinned one takes exactly one."""
        problem = self.problem
        choices = _grouped(problem.pair_unit[self.pair_rows], self.pair_vars)
        for variables in choices.values():
            self._at_most_one(variables)
        for unit in np.flatnonzero(problem.unit_pin >= 0).tolist():
            self._pin(choices.get(unit, []), 1)

    def _carry(self) -> None:
        """Each carrier makes one trip, within its load, and no trip is empty; pinned ones are made."""
        problem = self.problem
        for variables in _grouped(problem.trip_carrier[self.trip_rows], self.trip_vars).values():
            self._at_most_one(variables)
        loads = problem.carrier_load[problem.trip_carrier]
        for trip, ks in _grouped(problem.draw_trip[self.draw_rows], range(len(self.draw_rows))).items():
            made = self._trip_var[trip]
            drawn = [self.draw_vars[k] for k in ks]
            masses = problem.draw_kg[self.draw_rows[ks]].tolist()
            if any(masses):
                self._row([*drawn, made], [*masses, -int(loads[trip])], -NO_LIMIT, 0)
            for var in drawn:
                self._implies(var, made, self.most[var])
            self._row([*drawn, made], [1] * len(drawn) + [-1], 0, NO_LIMIT)
        for pin in problem.trip_pins:
            self._pin([self._trip_var[t] for t in pin.tolist() if t in self._trip_var], NO_LIMIT)

    def _pin(self, variables: list[int], most: int) -> None:
        if self.pins == "all" or (self.pins == "present" and variables):
            self._row(variables, [1] * len(variables), 1, most)

    def _stock(self) -> None:
        """Trips that leave before a lot is released draw no more than the lots before it."""
        problem = self.problem
        delay = problem.trip_activation[problem.draw_trip[self.draw_rows]]
        by_batch = _grouped(problem.draw_batch[self.draw_rows], range(len(self.draw_rows)))
        for batch, limit, quantity in stock_limits(problem, by_batch):
            variables = [self.draw_vars[k] for k in by_batch[batch] if delay[k] < limit]
            if sum(self.most[var] for var in variables) > quantity:
                self._row(variables, [1] * len(variables), -NO_LIMIT, quantity)

    def _needs(self) -> list[int]:
        """Brought + missing covers each need; of materials no more is brought than asked."""
        problem, window = self.problem, self.window
        missing = self._new(window.most_missing)
        far_needs = np.flatnonzero(window.far).tolist()
        far = dict(zip(far_needs, self._new(window.far[far_needs]), strict=True))
        pairs = _grouped(problem.pair_need[self.pair_rows], range(len(self.pair_rows)))
        draws = _grouped(problem.draw_need[self.draw_rows], self.draw_vars)
        for need, quantity in enumerate(problem.need_quantity.tolist()):
            ks = pairs.get(need, [])
            drawn = draws.get(need, [])
            variables = [self.pair_vars[k] for k in ks] + drawn + [missing[need]]
            amounts = problem.pair_amount[self.pair_rows[ks]].tolist() if ks else []
            amounts += [1] * (len(drawn) + 1)
            if need in far:
                variables.append(far[need])
                amounts.append(1)
            material = problem.needs[need].kind == "material"
            self._row(variables, amounts, quantity, quantity if material else NO_LIMIT)
        return missing

    def _unmet_tiers(self) -> None:
        problem = self.problem
        for code, flag in (("unmet_critical", True), ("unmet_other", False)):
            rows = np.flatnonzero(problem.need_critical == flag).tolist()
            self.tiers[code] = Linear(
                [self.miss_vars[n] for n in rows], problem.need_weight[rows].tolist() if rows else []
            )

    def _time_tier(self, code: str, floor: Ints, counted: Flags) -> None:
        """One binary for each distinct time above the floor; later levels pay for the earlier ones."""
        problem = self.problem
        draw_trip = problem.draw_trip[self.draw_rows]
        pair_late = problem.pair_ms[self.pair_rows] > floor[problem.pair_incident[self.pair_rows]]
        pair_late &= counted[problem.pair_need[self.pair_rows]]
        draw_late = problem.trip_ms[draw_trip] > floor[problem.trip_incident[draw_trip]]
        draw_late &= counted[problem.draw_need[self.draw_rows]]
        pairs = np.flatnonzero(pair_late)
        draws = np.flatnonzero(draw_late)
        pairs_of = _grouped(problem.pair_incident[self.pair_rows[pairs]], pairs.tolist())
        draws_of = _grouped(problem.trip_incident[draw_trip[draws]], draws.tolist())
        variables: list[int] = []
        steps: list[int] = []
        for incident in sorted(pairs_of.keys() | draws_of.keys()):
            mine, drawn = pairs_of.get(incident, []), draws_of.get(incident, [])
            pair_ms = problem.pair_ms[self.pair_rows[mine]].tolist() if mine else []
            draw_ms = problem.trip_ms[draw_trip[drawn]].tolist() if drawn else []
            levels = sorted({*pair_ms, *draw_ms})
            paid = dict(zip(levels, self._new([1] * len(levels)), strict=True))
            for earlier, later in pairwise(paid.values()):
                self._implies(later, earlier)
            for k, ms in zip(mine, pair_ms, strict=True):
                self._implies(self.pair_vars[k], paid[ms])
            for k, ms in zip(drawn, draw_ms, strict=True):
                self._implies(self.draw_vars[k], paid[ms], self.most[self.draw_vars[k]])
            variables += paid.values()
            priority = int(problem.priority[incident])
            steps += [
                (later - earlier) * priority for earlier, later in pairwise([int(floor[incident]), *levels])
            ]
        self.tiers[code] = Linear(variables, steps, int((floor * problem.priority).sum()))

    def _coverage_tier(self) -> None:
        problem = self.problem
        of_unit = _grouped(problem.pair_unit[self.pair_rows], self.pair_vars)
        variables: list[int] = []
        weights: list[int] = []
        may_leave = np.zeros(problem.n_units, dtype=np.bool_)
        may_leave[problem.pair_unit[self.pair_rows]] = True
        leaves = may_leave[problem.cover_units]
        for row, weight in enumerate(problem.cover_weight.tolist()):
            members = np.flatnonzero((problem.cover_rows == row) & leaves).tolist()
            leaving = [
                (var, int(problem.cover_heads[m]))
                for m in members
                for var in of_unit[int(problem.cover_units[m])]
            ]
            spare = max(0, int(problem.cover_before[row] - problem.cover_asked[row]))
            most = min(sum(heads for _, heads in leaving), int(problem.cover_before[row])) - spare
            if most <= 0:
                continue
            (lost,) = self._new([most])
            self._row([v for v, _ in leaving] + [lost], [h for _, h in leaving] + [-1], -NO_LIMIT, spare)
            variables.append(lost)
            weights.append(weight)
        self.tiers["coverage"] = Linear(variables, weights)

    def _effort_tiers(self) -> None:
        problem = self.problem
        sent = self.pair_vars + self.trip_vars
        pairs, trips = self.pair_rows, self.trip_rows
        road = np.concatenate([problem.pair_road[pairs], problem.trip_road[trips]])
        ranks = np.concatenate(
            [problem.unit_rank[problem.pair_unit[pairs]], problem.carrier_rank[problem.trip_carrier[trips]]]
        )
        new = np.concatenate([problem.pair_new[pairs], problem.trip_new[trips]]).astype(np.int64)
        self.tiers["orders"] = Linear(sent, new.tolist())
        self.tiers["road"] = Linear(sent, (road * new).tolist())
        self.tiers["tie_break"] = Linear(sent, (ranks * new).tolist())

    def hold(self, tier: str, value: int) -> None:
        """No later solve may be worse than `value` in this tier."""
        linear = self.tiers[tier]
        if linear.variables:
            self._row(linear.variables, linear.coefficients, -NO_LIMIT, value - linear.constant)

    def blend(self, name: str, weights: Mapping[str, int]) -> None:
        """Add a tier that is the weighted sum of tiers over the same variables."""
        parts = [(self.tiers[tier], weight) for tier, weight in weights.items()]
        sums = [
            sum(weight * c for c, (_, weight) in zip(column, parts, strict=True))
            for column in zip(*(linear.coefficients for linear, _ in parts), strict=True)
        ]
        self.tiers[name] = Linear(parts[0][0].variables, sums)

    def choice(self, values: Ints) -> Choice:
        """Return the choice that values of the variables stand for."""
        choice = empty_choice(self.problem)
        choice.pairs[self.pair_rows] = values[self.pair_vars] > 0
        choice.draws[self.draw_rows] = values[self.draw_vars]
        return choice


def _grouped(keys: Ints, values: Iterable[int]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for key, value in zip(keys.tolist(), values, strict=True):
        groups.setdefault(key, []).append(value)
    return groups
