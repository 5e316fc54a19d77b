"""Pairs that no best plan uses, because enough others are at least as good.

Where every unit in a window is on time, two units that may take the same need differ in what they bring, in the
coverage that they take away and in the effort. If a plan of at most K orders uses a pair that K others of the same need
beat, one of these K stands idle: sending it instead makes the plan better. So a best plan uses no such pair.
"""

import numpy as np

from dispatch.problem import Problem
from dispatch.times import Flags, Ints


def undominated(problem: Problem, pairs: Flags, most_orders: int) -> Flags:
    """Return those of `pairs` that a plan which is best in every later tier can use.

    Every unit of `pairs` is on time, wherever it is sent. `most_orders`: a best plan sends no more than this, besides
    what is under way already; that costs no effort, so nothing new beats it.
    """
    most_orders += problem.n_under_way
    guarding = _guarding(problem, most_orders)
    pinned = (problem.unit_pin[problem.pair_unit] >= 0) | ~problem.pair_new
    keep = pairs.copy()
    rows = np.flatnonzero(pairs & ~pinned)
    rank = problem.unit_rank[problem.pair_unit[rows]]
    rows = rows[np.lexsort((rank, problem.pair_road[rows], problem.pair_need[rows]))]
    edges = np.searchsorted(problem.pair_need[rows], np.arange(len(problem.needs) + 1))
    for need, quantity in enumerate(problem.need_quantity.tolist()):
        mine = rows[edges[need] : edges[need + 1]]
        if len(mine) > most_orders:
            amount = np.minimum(problem.pair_amount[mine], quantity)
            keep[mine] = _better_before(amount, ~guarding[problem.pair_unit[mine]]) < most_orders
    return keep


def _better_before(amount: Ints, counts: Flags) -> Ints:
    """Per row: how many rows before it bring at least as much, of those that count."""
    before = np.zeros(len(amount), dtype=np.int64)
    for level in np.unique(amount).tolist():
        at_least = np.cumsum(counts & (amount >= level))
        here = amount == level
        before[here] = at_least[here] - counts[here]
    return before


def _guarding(problem: Problem, most_orders: int) -> Flags:
    """Units that may be missed somewhere: in a cover row that so many orders could bring below what it asks."""
    guarding = np.zeros(problem.n_units, dtype=np.bool_)
    strongest = np.zeros(len(problem.cover_asked), dtype=np.int64)
    np.maximum.at(strongest, problem.cover_rows, problem.cover_heads)
    at_risk = problem.cover_before - most_orders * strongest < problem.cover_asked
    guarding[problem.cover_units[at_risk[problem.cover_rows]]] = True
    return guarding


def most_orders(problem: Problem, pairs: Flags, draws: Flags) -> int:
    """Return how many orders a plan has at most from which nothing can be left out.

    Of units that serve one need, all but the weakest bring less than it asks; a carrier brings one unit of stock at least.
    """
    rows = np.flatnonzero(pairs)
    weakest = problem.need_quantity.copy()
    np.minimum.at(weakest, problem.pair_need[rows], np.maximum(1, problem.pair_amount[rows]))
    served = np.unique(problem.pair_need[rows])
    units = -(-problem.need_quantity[served] // np.maximum(1, weakest[served]))
    carriers = np.unique(problem.trip_carrier[problem.draw_trip[draws]])
    return int(units.sum()) + len(carriers) + int((problem.unit_pin >= 0).sum())
