"""Carriers in a shortage: which incident each one serves, by greedy gain and single exchanges.

With no time to pay for, only a carrier's most patient trip to each incident matters: it can bring all that others can.
Each step sends the carrier whose full load is worth most, then every carrier is called back once and sent again
where it is worth most, until nothing improves. Deterministic: ties by row.
"""

import numpy as np

from dispatch.problem import Problem
from dispatch.times import Flags, Ints


def longest_waits(problem: Problem) -> Flags:
    """Return the draws of each carrier's most patient trip to each incident."""
    longest: dict[tuple[int, int], int] = {}
    for trip in np.argsort(problem.trip_activation, kind="stable").tolist():
        longest[int(problem.trip_carrier[trip]), int(problem.trip_incident[trip])] = trip
    return np.isin(problem.draw_trip, list(longest.values()))


class Loading:
    """Loads being planned: what is still missing, in stock, and which carriers are free."""

    def __init__(self, problem: Problem, weight: Ints) -> None:
        self.problem = problem
        self.weight = weight
        self.rows = np.flatnonzero(longest_waits(problem))
        self.trips, self.local = np.unique(problem.draw_trip[self.rows], return_inverse=True)
        self.need = problem.draw_need[self.rows]
        self.batch = problem.draw_batch[self.rows]
        self.most = problem.draw_most[self.rows]
        self.kg = problem.draw_kg[self.rows]
        self.carrier = problem.trip_carrier[self.trips]
        self.missing = problem.need_quantity.copy()
        self.stock = np.array(
            [sum(lot.quantity for lot in lots) for lots in problem.batch_lots], dtype=np.int64
        )
        self.free = np.ones(problem.n_carriers, dtype=np.bool_)
        self.loads: dict[int, dict[int, int]] = {}
        self.sent: int | None = None  # by the last step

    def plan(self) -> Ints:
        """Return the units brought by each draw of the problem."""
        while self._send_best():
            pass
        improved = True
        while improved:
            better = [self._send_again(carrier) for carrier in list(self.loads)]
            improved = any(better)
        draws = np.zeros(len(self.problem.draw_trip), dtype=np.int64)
        for load in self.loads.values():
            for k, quantity in load.items():
                draws[self.rows[k]] = quantity
        return draws

    def _worth(self) -> Ints:
        """Per trip: what its goods are worth now, loads left out of account."""
        room = np.minimum(np.minimum(self.missing[self.need], self.stock[self.batch]), self.most)
        worth = np.zeros(len(self.trips), dtype=np.int64)
        np.add.at(worth, self.local, room * self.weight[self.need])
        return worth

    def _send_best(self) -> int:
        """Send the free carrier that is worth most; return what it brings."""
        self.sent = None
        worth = np.where(self.free[self.carrier], self._worth(), 0)
        if not len(worth) or worth.max() <= 0:
            return 0
        return self._send(int(np.argmax(worth)))

    def _send(self, trip: int) -> int:
        """Load what is worth most for its mass, until the carrier is full; return its worth."""
        carrier = int(self.carrier[trip])
        left = int(self.problem.carrier_load[carrier])
        ks = np.flatnonzero(self.local == trip)
        value = self.weight[self.need[ks]] / np.maximum(self.kg[ks], 0.5)
        load: dict[int, int] = {}
        worth = 0
        for k in ks[np.argsort(-value, kind="stable")].tolist():
            need, batch, kg = self.need[k], self.batch[k], int(self.kg[k])
            quantity = int(min(self.missing[need], self.stock[batch], self.most[k]))
            if kg:
                quantity = min(quantity, left // kg)
            if quantity > 0:
                load[k] = quantity
                left -= quantity * kg
                worth += quantity * int(self.weight[need])
                self.missing[need] -= quantity
                self.stock[batch] -= quantity
        if load:
            self.free[carrier] = False
            self.loads[carrier] = load
            self.sent = carrier
        return worth

    def _call_back(self, carrier: int) -> int:
        worth = 0
        for k, quantity in self.loads.pop(carrier).items():
            self.missing[self.need[k]] += quantity
            self.stock[self.batch[k]] += quantity
            worth += quantity * int(self.weight[self.need[k]])
        self.free[carrier] = True
        return worth

    def _send_again(self, carrier: int) -> bool:
        """Call one carrier back and send it, or an idle one, where that is worth more; else leave it as it was."""
        before = self.loads[carrier]
        old = self._call_back(carrier)
        if self._send_best() > old:
            return True
        if self.sent is not None:
            self._call_back(self.sent)
        for k, quantity in before.items():
            self.missing[self.need[k]] -= quantity
            self.stock[self.batch[k]] -= quantity
        self.free[carrier] = False
        self.loads[carrier] = before
        return False
