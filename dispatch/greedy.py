"""Nearest first: the baseline that every plan is compared with; and `frugal`, the planner's guess when time is no matter.

Nearest first is the honest habit of a duty room: incidents by priority, critical needs first, and for each need the
unit with the least time to effect until it is covered. Pins go first; bans hold.
"""

import numpy as np

from dispatch.choice import Choice, empty_choice
from dispatch.problem import Problem
from dispatch.times import Flags, Ints


def nearest_first(problem: Problem) -> Choice:
    """Return the baseline plan. O(pairs log pairs)."""
    taking = Taking(problem)
    taking.take_pins()
    for need in need_order(problem):
        if problem.needs[need].kind == "material":
            taking.fetch(need)
        else:
            taking.cover(need)
    return taking.choice


def frugal(problem: Problem, pairs: Flags, draws: Flags) -> Choice:
    """Return a plan of few orders from some pairs and draws, all of them on time: the needs with the fewest units first,
    units that guard no place before those that do, then the strongest.
    """
    guards = np.zeros(problem.n_units, dtype=np.int64)
    guards[problem.cover_units] = 1
    heads = np.minimum(problem.pair_amount, problem.need_quantity[problem.pair_need])
    taking = Taking(
        problem,
        pair_order=np.lexsort((problem.pair_road, -heads, guards[problem.pair_unit])),
        draw_order=np.lexsort((problem.trip_road[problem.draw_trip], -problem.draw_most)),
        within=(pairs, draws),
    )
    taking.take_pins()
    choices = np.bincount(problem.pair_need[pairs], minlength=len(problem.needs))
    for need in np.argsort(choices, kind="stable").tolist():
        if problem.needs[need].kind == "material":
            taking.fetch(need)
        else:
            taking.cover(need)
    return taking.choice


def need_order(problem: Problem) -> list[int]:
    """Needs by critical first, then priority (high first), then incident and card order."""
    priority = problem.priority[problem.need_incident] if len(problem.needs) else problem.need_quantity
    return [
        int(n)
        for n in np.lexsort(
            (np.arange(len(problem.needs)), problem.need_incident, -priority, ~problem.need_critical)
        )
    ]


class Taking:
    """A choice being made, with what is already taken. Every method keeps it valid.

    `pair_order`, `draw_order`: every row, in the order of preference (soonest first). `within`: those that may be taken,
    pins aside.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        pair_order: Ints | None = None,
        draw_order: Ints | None = None,
        within: tuple[Flags, Flags] | None = None,
    ) -> None:
        self.problem = problem
        self.choice = empty_choice(problem)
        self.unit_used = np.zeros(problem.n_units, dtype=np.bool_)
        self.missing = problem.need_quantity.copy()
        self.trip_of = np.full(problem.n_carriers, -1, dtype=np.int64)
        self.load_left = problem.carrier_load.copy()
        self.drawn: list[list[tuple[int, int]]] = [[] for _ in problem.batch_lots]
        if pair_order is None:
            pair_order = np.argsort(problem.pair_ms, kind="stable")
        if draw_order is None:
            draw_order = np.argsort(problem.trip_ms[problem.draw_trip], kind="stable")
        if within is not None:
            pair_order, draw_order = pair_order[within[0][pair_order]], draw_order[within[1][draw_order]]
        self._pairs_by_need = _rows_by(problem.pair_need, pair_order, len(problem.needs))
        self._draws_by_need = _rows_by(problem.draw_need, draw_order, len(problem.needs))

    def take_pins(self) -> None:
        """Each pinned unit takes the most wanting of its needs; each pinned trip brings one unit of something."""
        problem = self.problem
        for unit in np.flatnonzero(problem.unit_pin >= 0).tolist():
            pairs = np.flatnonzero(problem.pair_unit == unit)
            needs = problem.pair_need[pairs]
            best = np.lexsort((needs, -self.missing[needs], ~problem.need_critical[needs]))[0]
            self.take(int(pairs[best]))
        if problem.trip_pins:
            self._take_trip_pins(0)

    def _take_trip_pins(self, index: int) -> bool:
        """Depth-first: `problem.build` has proved that one unit for each pin can be brought."""
        problem = self.problem
        if index == len(problem.trip_pins):
            return True
        draws = np.flatnonzero(np.isin(problem.draw_trip, problem.trip_pins[index]))
        for draw in draws[np.argsort(problem.trip_ms[problem.draw_trip[draws]], kind="stable")].tolist():
            carrier = problem.trip_carrier[problem.draw_trip[draw]]
            if self.trip_of[carrier] >= 0 or self.room(draw) < 1:
                continue
            self.draw(draw, 1)
            if self._take_trip_pins(index + 1):
                return True
            self._undraw(draw)
        return False

    def cover(self, need: int) -> None:
        """Units to one need, soonest first, until it is covered."""
        for pair in self._pairs_by_need[need].tolist():
            if self.missing[need] <= 0:
                return
            if not self.unit_used[self.problem.pair_unit[pair]]:
                self.take(pair)

    def fetch(self, need: int) -> None:
        """Stock to one need, soonest trip first, until it is covered."""
        for draw in self._draws_by_need[need].tolist():
            if self.missing[need] <= 0:
                return
            quantity = self.room(draw)
            if quantity > 0:
                self.draw(draw, quantity)

    def take(self, pair: int) -> None:
        self.choice.pairs[pair] = True
        self.unit_used[self.problem.pair_unit[pair]] = True
        need = self.problem.pair_need[pair]
        self.missing[need] = max(0, self.missing[need] - self.problem.pair_amount[pair])

    def room(self, draw: int) -> int:
        """How many units this draw could bring now: by need, stock, load and the carrier's one trip."""
        problem = self.problem
        trip, need, batch = problem.draw_trip[draw], problem.draw_need[draw], int(problem.draw_batch[draw])
        carrier = problem.trip_carrier[trip]
        if self.trip_of[carrier] not in (-1, trip):
            return 0
        most = min(int(self.missing[need]), self._released(batch, int(problem.trip_activation[trip])))
        kg = int(problem.draw_kg[draw])
        return min(most, int(self.load_left[carrier]) // kg) if kg else most

    def _released(self, batch: int, delay: int) -> int:
        """Units still free for a trip that waits `delay`: every longer wait must hold as well."""
        lots = self.problem.batch_lots[batch]
        waits = [*(lot.activation_ms for lot in lots), *(d for d, _ in self.drawn[batch])]
        limits = {delay, *(wait for wait in waits if wait > delay)}
        return min(
            sum(lot.quantity for lot in lots if lot.activation_ms <= limit)
            - sum(quantity for d, quantity in self.drawn[batch] if d <= limit)
            for limit in limits
        )

    def draw(self, draw: int, quantity: int) -> None:
        problem = self.problem
        trip, batch = problem.draw_trip[draw], int(problem.draw_batch[draw])
        carrier = problem.trip_carrier[trip]
        self.trip_of[carrier] = trip
        self.load_left[carrier] -= quantity * problem.draw_kg[draw]
        self.drawn[batch].append((int(problem.trip_activation[trip]), quantity))
        self.missing[problem.draw_need[draw]] -= quantity
        self.choice.draws[draw] += quantity

    def _undraw(self, draw: int) -> None:
        problem = self.problem
        quantity = int(self.choice.draws[draw])
        trip, batch = problem.draw_trip[draw], int(problem.draw_batch[draw])
        carrier = problem.trip_carrier[trip]
        self.trip_of[carrier] = -1
        self.load_left[carrier] += quantity * problem.draw_kg[draw]
        self.drawn[batch].remove((int(problem.trip_activation[trip]), quantity))
        self.missing[problem.draw_need[draw]] += quantity
        self.choice.draws[draw] = 0


def _rows_by(group: Ints, order: Ints, n_groups: int) -> list[Ints]:
    """Rows of each group, each in the given order."""
    rows = order[np.argsort(group[order], kind="stable")]
    edges = np.searchsorted(group[rows], np.arange(n_groups + 1))
    return [rows[edges[g] : edges[g + 1]] for g in range(n_groups)]
