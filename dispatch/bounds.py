"""Lower bounds that need no solver.

For one incident alone, the earliest time at which its needs can be covered is the shortest prefix, by time, of its
candidates that covers every subset of the needs (Hall's condition with heads: the units that can serve any need of
the subset must bring at least the sum of its quantities, however they are split). A joint plan can only be later.
Stock is treated likewise, with the loads of the carriers that are back by then. All bounds are in the units of the
tiers and are valid for the true, indivisible problem because each drops some of its rules.
"""

from itertools import combinations

import numpy as np

from dispatch.problem import Problem
from dispatch.times import Flags, Ints

WHOLE_SUBSETS = 8
"""Up to this many needs of one incident every subset is checked; beyond, singles, pairs and the whole."""


def least_missing(problem: Problem) -> Ints:
    """Per need: what must be missing even if everything that can serve it did. Sum of single-need bounds."""
    available = np.zeros(len(problem.needs), dtype=np.int64)
    np.add.at(available, problem.pair_need, problem.pair_amount)
    for need in _material_needs(problem):
        available[need], _ = _deliverable(problem, need, int(problem.need_quantity[need]))
    lacking: Ints = np.maximum(0, problem.need_quantity - available)
    return lacking


def earliest(problem: Problem, allowed_missing: Ints, counted: Flags) -> Ints:
    """Per incident, a bound on its completion time in ms over the needs that are `counted`.

    `allowed_missing[n]`: no plan of interest lacks more than this of need n. Pinned units count whatever they do.
    """
    result = np.zeros(len(problem.incidents), dtype=np.int64)
    pair_edges = np.argsort(problem.pair_incident, kind="stable")
    splits = np.searchsorted(problem.pair_incident[pair_edges], np.arange(len(result) + 1))
    for incident in range(len(result)):
        pairs = pair_edges[splits[incident] : splits[incident + 1]]
        needs = np.flatnonzero((problem.need_incident == incident) & counted)
        asked = np.maximum(0, problem.need_quantity - allowed_missing)
        manned = [int(n) for n in needs if problem.needs[n].kind != "material"]
        result[incident] = max(
            _earliest_units(problem, pairs, manned, asked),
            max(
                (_earliest_stock(problem, int(n), int(asked[n])) for n in needs if n not in manned), default=0
            ),
            _pinned(problem, pairs, counted),
        )
    return result


def _earliest_units(problem: Problem, pairs: Ints, needs: list[int], asked: Ints) -> int:
    """Return the shortest prefix of units that satisfies the subset condition, or the last moment there is."""
    wanted = [n for n in needs if asked[n] > 0]
    if not wanted:
        return 0
    bit = np.zeros(len(problem.needs), dtype=np.int64)
    bit[wanted] = 1 << np.arange(len(wanted))
    mine = pairs[bit[problem.pair_need[pairs]] > 0]
    units, where = np.unique(problem.pair_unit[mine], return_inverse=True)
    mask = np.zeros(len(units), dtype=np.int64)
    np.bitwise_or.at(mask, where, bit[problem.pair_need[mine]])
    ms = np.zeros(len(units), dtype=np.int64)
    heads = np.zeros(len(units), dtype=np.int64)
    ms[where], heads[where] = problem.pair_ms[mine], problem.pair_amount[mine]
    order = np.argsort(ms, kind="stable")
    mask, ms, heads = mask[order], ms[order], heads[order]
    latest = 0
    for subset in _subsets(len(wanted)):
        required = sum(int(asked[wanted[k]]) for k in subset)
        serving = np.flatnonzero(mask & sum(1 << k for k in subset))
        position = int(np.searchsorted(np.cumsum(heads[serving]), required))
        if position < len(serving):
            latest = max(latest, int(ms[serving[position]]))
    return latest


def _subsets(count: int) -> list[tuple[int, ...]]:
    sizes = range(1, count + 1) if count <= WHOLE_SUBSETS else (1, 2, count)
    return [subset for size in sizes for subset in combinations(range(count), size)]


def _pinned(problem: Problem, pairs: Ints, counted: Flags) -> int:
    """Return the arrival of the last pinned unit that counts: all needs that it may take are counted."""
    pinned = pairs[problem.unit_pin[problem.pair_unit[pairs]] >= 0]
    free = set(problem.pair_unit[pinned[~counted[problem.pair_need[pinned]]]].tolist())
    return max((int(problem.pair_ms[p]) for p in pinned if problem.pair_unit[p] not in free), default=0)


def _material_needs(problem: Problem) -> list[int]:
    return [row for row, need in enumerate(problem.needs) if need.kind == "material"]


def _earliest_stock(problem: Problem, need: int, asked: int) -> int:
    """Return the earliest time by which trips could bring `asked` units of one need; 0 when none is asked or possible."""
    total, last = _deliverable(problem, need, asked)
    return last if 0 < asked <= total else 0


def _deliverable(problem: Problem, need: int, asked: int) -> tuple[int, int]:
    """(units, time): trips taken soonest first until they could bring `asked` units, or all of them.

    Each carrier counts with its best draw and each batch with its stock: a bound on what can be brought by then.
    """
    draws = np.flatnonzero(problem.draw_need == need)
    draws = draws[np.argsort(problem.trip_ms[problem.draw_trip[draws]], kind="stable")]
    best: dict[tuple[int, int], int] = {}
    by_batch: dict[int, int] = {}
    stock = {}
    total = last = 0
    for draw in draws.tolist():
        if total >= asked:
            break
        trip, batch = int(problem.draw_trip[draw]), int(problem.draw_batch[draw])
        if batch not in stock:
            stock[batch] = sum(lot.quantity for lot in problem.batch_lots[batch])
        key = (batch, int(problem.trip_carrier[trip]))
        gain = max(0, int(problem.draw_most[draw]) - best.get(key, 0))
        best[key] = best.get(key, 0) + gain
        before = min(stock[batch], by_batch.get(batch, 0))
        by_batch[batch] = by_batch.get(batch, 0) + gain
        total += min(stock[batch], by_batch[batch]) - before
        last = int(problem.trip_ms[trip])
    return total, last
