from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.bench import sample_snapshot
from dispatch.choice import TIERS, faults, missing, tiers_of
from dispatch.exact import Model, Window
from dispatch.freight import critical_lanes
from dispatch.greedy import nearest_first
from dispatch.loading import longest_waits
from dispatch.planner import solve
from dispatch.problem import Problem, build
from dispatch.propose import ground
from dispatch.solver import minimise
from tests.dispatch.cases import random_case
from tests.dispatch.roads import grid_network


def only_stock(problem: Problem) -> Window:
    never = np.full(len(problem.incidents), np.iinfo(np.int64).max // 4, dtype=np.int64)
    return Window(
        pairs=np.zeros(len(problem.pair_unit), dtype=np.bool_),
        draws=np.ones(len(problem.draw_trip), dtype=np.bool_),
        floor_critical=never,
        floor_all=never,
        most_missing=problem.need_quantity,
        far=np.zeros(len(problem.needs), dtype=np.int64),
    )


@given(seed=st.integers(0, 1_000_000))
@settings(max_examples=60, deadline=None)
def test_the_bound_of_stock_is_never_above_the_least_that_is_missing(seed: int) -> None:
    """A bound that is too high would call a poor plan the best one."""
    state, travel = random_case(seed, scale=2)
    problem = build(replace(state, pins=()), travel)
    lanes = critical_lanes(problem, longest_waits(problem), 10.0)
    best = minimise(Model(problem, only_stock(problem)), "unmet_critical", float("inf")).choice
    assert best is not None
    material = np.array([need.kind == "material" for need in problem.needs], dtype=np.bool_)
    lacking = (missing(problem, best) * problem.need_weight)[material & problem.need_critical]
    assert lanes.bound <= lacking.sum()


def test_a_large_shortage_is_bounded_and_no_worse_than_nearest_first() -> None:
    """Too much for an exact proof: a valid plan, and a bound of the first tier that says something."""
    network = grid_network()
    problem = ground(sample_snapshot(network, 30, 40, 40, seed=1), network).problem
    solved = solve(problem, time_limit_s=3)
    assert faults(problem, solved.choice) == []
    assert solved.values <= tiers_of(problem, nearest_first(problem))
    assert all(tier.bound <= tier.value for tier in solved.tiers)
    assert solved.tiers[0].code == TIERS[0]
    assert solved.tiers[0].gap < 0.3
