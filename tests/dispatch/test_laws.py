"""Laws of every plan, on random cases."""

import random
from dataclasses import replace
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.choice import faults, tiers_of
from dispatch.decode import decode
from dispatch.greedy import nearest_first
from dispatch.model import Plan, Snapshot
from dispatch.planner import solve
from dispatch.problem import build
from dispatch.times import TravelTable, starts_of, targets_of
from tests.dispatch.brute import optimum
from tests.dispatch.cases import random_case
from tests.dispatch.valuer import tiers_from, values

T = TypeVar("T")

seeds = st.integers(1_000, 1_000_000)
few = settings(max_examples=40, deadline=None)


def plan_of(state: Snapshot, travel: TravelTable) -> Plan:
    problem = build(state, travel)
    solved = solve(problem)
    return decode(state, problem, solved.choice, solved.tiers)


def shuffled(state: Snapshot, travel: TravelTable, seed: int) -> tuple[Snapshot, TravelTable]:
    """The same facts, told in another order."""
    draw = random.Random(seed)

    def mixed(items: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(draw.sample(items, len(items)))

    other = replace(
        state,
        incidents=mixed(state.incidents),
        teams=mixed(tuple(replace(team, capabilities=mixed(team.capabilities)) for team in state.teams)),
        depots=mixed(
            tuple(
                replace(depot, lots=mixed(depot.lots), carriers=mixed(depot.carriers))
                for depot in state.depots
            )
        ),
        covers=mixed(state.covers),
        pins=mixed(state.pins),
        bans=mixed(state.bans),
    )
    assert (starts_of(other), targets_of(other)) == (travel.starts, travel.targets)
    return other, travel


@given(seed=seeds)
@few
def test_never_worse_than_nearest_first(seed: int) -> None:
    """In the first tier where they differ the plan is better, or there is no such tier."""
    problem = build(*random_case(seed, scale=3))
    assert solve(problem).values <= tiers_of(problem, nearest_first(problem))


@given(seed=seeds)
@few
def test_order_of_input_does_not_matter(seed: int) -> None:
    """Rows come out of a database in any order; the plan must not depend on it, to the last lot."""
    state, travel = random_case(seed)
    assert plan_of(state, travel) == plan_of(*shuffled(state, travel, seed))


@given(seed=seeds)
@few
def test_same_snapshot_gives_the_same_plan(seed: int) -> None:
    """A stored decision can be replayed."""
    assert plan_of(*random_case(seed)) == plan_of(*random_case(seed))


@given(seed=seeds)
@few
def test_the_plans_own_figures_give_its_tiers(seed: int) -> None:
    """Legs, amounts and lines of the decoded plan add up to what was proven, counted by other code."""
    state, travel = random_case(seed)
    plan = plan_of(state, travel)
    assert tiers_from(state, travel, plan.assignments, plan.shipments) == values(plan)


@given(seed=seeds)
@few
def test_stock_is_never_overdrawn_and_expires_in_order(seed: int) -> None:
    """Of two equal lots the one that expires later is touched only when the earlier one is used up."""
    state, travel = random_case(seed)
    plan = plan_of(state, travel)
    taken: dict[int, int] = {}
    for line in (line for shipment in plan.shipments for line in shipment.lines):
        taken[line.lot] = taken.get(line.lot, 0) + line.quantity
    for depot in state.depots:
        for lot in depot.lots:
            assert taken.get(lot.id, 0) <= lot.quantity
        for early in depot.lots:
            for late in depot.lots:
                same = (early.item, early.unit_kg, early.activation_ms) == (
                    late.item,
                    late.unit_kg,
                    late.activation_ms,
                )
                if same and (early.expires_on or "9") < (late.expires_on or "9") and taken.get(late.id):
                    assert taken.get(early.id, 0) == early.quantity


@given(seed=seeds, limit=st.sampled_from([0.0, 0.002, 0.01]))
@few
def test_a_time_limit_gives_a_valid_plan_with_honest_bounds(seed: int, limit: float) -> None:
    """However early the clock stops: a valid plan, no bound above its value, none above the true optimum's."""
    state, travel = random_case(seed, scale=2)
    problem = build(state, travel)
    solved = solve(problem, time_limit_s=limit)
    best, _ = optimum(state, travel)
    assert faults(problem, solved.choice) == []
    assert best <= solved.values
    for n, tier in enumerate(solved.tiers):
        assert tier.bound <= tier.value
        if all(b <= v for b, v in zip(best[:n], solved.values[:n], strict=True)):
            assert tier.bound <= best[n]
