"""A candidate answer to a Problem, and its exact value in every tier. The only judge of plans.

Solvers and greedy rules propose; `tiers_of` says in whole numbers what a proposal is worth.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from dispatch.problem import Problem
from dispatch.times import Flags, Ints

TIERS: Final = (
    "unmet_critical",
    "unmet_other",
    "time_critical",
    "time_rest",
    "coverage",
    "orders",
    "road",
    "tie_break",
)
"""In the order of their importance; each is minimised with all earlier ones held."""


FOREVER: Final = 1 << 62


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """`pairs[p]`: the unit takes the need. `draws[d]`: units of stock brought. Shapes as in the Problem."""

    pairs: Flags
    draws: Ints


def empty_choice(problem: Problem) -> Choice:
    """Send nothing."""
    return Choice(
        np.zeros(len(problem.pair_unit), dtype=np.bool_), np.zeros(len(problem.draw_trip), dtype=np.int64)
    )


def trips_made(problem: Problem, choice: Choice) -> Flags:
    """Return the trips that carry something."""
    made = np.zeros(len(problem.trip_carrier), dtype=np.bool_)
    made[problem.draw_trip[choice.draws > 0]] = True
    return made


def missing(problem: Problem, choice: Choice) -> Ints:
    """Return what each need still lacks."""
    brought = np.zeros(len(problem.needs), dtype=np.int64)
    np.add.at(brought, problem.pair_need[choice.pairs], problem.pair_amount[choice.pairs])
    np.add.at(brought, problem.draw_need, choice.draws)
    lacking: Ints = np.maximum(0, problem.need_quantity - brought)
    return lacking


def completion_times(problem: Problem, choice: Choice, *, critical_only: bool) -> Ints:
    """Per incident: when the last (critical) contribution is in effect; 0 when there is none."""
    latest = np.zeros(len(problem.incidents), dtype=np.int64)
    pairs = np.flatnonzero(choice.pairs)
    draws = np.flatnonzero(choice.draws > 0)
    if critical_only:
        pairs = pairs[problem.need_critical[problem.pair_need[pairs]]]
        draws = draws[problem.need_critical[problem.draw_need[draws]]]
    np.maximum.at(latest, problem.pair_incident[pairs], problem.pair_ms[pairs])
    trips = problem.draw_trip[draws]
    np.maximum.at(latest, problem.trip_incident[trips], problem.trip_ms[trips])
    return latest


def cover_missing(problem: Problem, heads: Ints) -> Ints:
    """Missing heads of each cover row beyond what was missing before, when `heads` remain within reach."""
    before = np.maximum(0, problem.cover_asked - problem.cover_before)
    more: Ints = np.maximum(0, problem.cover_asked - heads) - before
    return more


def heads_left(problem: Problem, choice: Choice) -> Ints:
    """Heads that stay within reach of each cover row."""
    used = np.zeros(problem.n_units, dtype=np.bool_)
    used[problem.pair_unit[choice.pairs]] = True
    gone = used[problem.cover_units]
    left = problem.cover_before.copy()
    np.subtract.at(left, problem.cover_rows[gone], problem.cover_heads[gone])
    return left


def tiers_of(problem: Problem, choice: Choice) -> tuple[int, ...]:
    """Return the value of every tier, in the order of TIERS. What is under way already is no effort."""
    lacking = missing(problem, choice) * problem.need_weight
    critical = int(lacking[problem.need_critical].sum())
    made = trips_made(problem, choice) & problem.trip_new
    pairs = np.flatnonzero(choice.pairs & problem.pair_new)
    units = problem.pair_unit[pairs]
    return (
        critical,
        int(lacking.sum()) - critical,
        int((problem.priority * completion_times(problem, choice, critical_only=True)).sum()),
        int((problem.priority * completion_times(problem, choice, critical_only=False)).sum()),
        int((problem.cover_weight * cover_missing(problem, heads_left(problem, choice))).sum()),
        len(pairs) + int(made.sum()),
        int(problem.pair_road[pairs].sum() + problem.trip_road[made].sum()),
        int(problem.unit_rank[units].sum() + problem.carrier_rank[problem.trip_carrier[made]].sum()),
    )


def faults(problem: Problem, choice: Choice) -> list[str]:
    """Every rule that a choice breaks, as codes; empty for a valid one. Used by tests and before a plan leaves."""
    found = []
    units = problem.pair_unit[choice.pairs]
    if len(np.unique(units)) != len(units):
        found.append("unit_twice")
    made = trips_made(problem, choice)
    carriers = problem.trip_carrier[made]
    if len(np.unique(carriers)) != len(carriers):
        found.append("carrier_twice")
    load = np.zeros(len(made), dtype=np.int64)
    np.add.at(load, problem.draw_trip, choice.draws * problem.draw_kg)
    if np.any(load > problem.carrier_load[problem.trip_carrier]):
        found.append("overloaded")
    brought = np.zeros(len(problem.needs), dtype=np.int64)
    np.add.at(brought, problem.draw_need, choice.draws)
    if np.any(brought > problem.need_quantity):
        found.append("more_than_asked")
    if not _stock_holds(problem, choice.draws):
        found.append("stock_below_zero")
    pinned = np.flatnonzero(problem.unit_pin >= 0)
    if not np.all(np.isin(pinned, units)):
        found.append("pin_missed")
    if not all(made[pin].any() for pin in problem.trip_pins):
        found.append("trip_pin_missed")
    return found


def stock_limits(problem: Problem, batches: Iterable[int]) -> Iterator[tuple[int, int, int]]:
    """(batch, wait, quantity): trips that wait less than `wait` ms may together draw no more than `quantity`."""
    for batch in batches:
        released = 0
        delays = sorted({lot.activation_ms for lot in problem.batch_lots[batch]})
        for delay, following in pairwise([*delays, FOREVER]):
            released += sum(lot.quantity for lot in problem.batch_lots[batch] if lot.activation_ms == delay)
            yield batch, following, released


def _stock_holds(problem: Problem, draws: Ints) -> bool:
    delay = problem.trip_activation[problem.draw_trip]
    return all(
        int(draws[(problem.draw_batch == batch) & (delay < limit)].sum()) <= quantity
        for batch, limit, quantity in stock_limits(problem, range(len(problem.batch_lots)))
    )
