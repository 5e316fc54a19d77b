import pytest

from dispatch.choice import faults
from dispatch.planner import solve
from dispatch.problem import build
from tests.dispatch.brute import optimum
from tests.dispatch.cases import random_case


@pytest.mark.parametrize("seed", range(300))
def test_plan_equals_brute_force(seed: int) -> None:
    """Every tier, with stock, carriers, pins, bans and coverage: an enumerator that shares no code must agree."""
    state, travel = random_case(seed)
    problem = build(state, travel)
    solved = solve(problem)
    expected, kept = optimum(state, travel)
    assert faults(problem, solved.choice) == []
    assert solved.values == expected
    assert all(tier.proven for tier in solved.tiers)
    refused = {(reason.kind, reason.id, reason.incident) for reason in problem.refused}
    assert refused == {(p.kind, p.id, p.incident) for p in state.pins} - kept
