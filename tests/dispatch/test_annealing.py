import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.annealing import annealed
from dispatch.choice import faults, missing
from dispatch.greedy import nearest_first
from dispatch.problem import build
from tests.dispatch.cases import random_case


@given(seed=st.integers(0, 1_000_000))
@settings(max_examples=20, deadline=None)
def test_annealed_units_are_a_valid_plan_that_lacks_no_more_of_what_is_critical(seed: int) -> None:
    """Chance decides the way, never whether pins, bans and what was reached already still hold."""
    state, travel = random_case(seed, scale=2)
    problem = build(state, travel)
    start = nearest_first(problem)
    found = annealed(problem, start, steps=2_000)
    again = annealed(problem, start, steps=2_000)
    critical = problem.need_critical
    before, after = (missing(problem, choice) * problem.need_weight for choice in (start, found))
    assert not faults(problem, found)
    assert after[critical].sum() <= before[critical].sum()
    assert np.array_equal(found.pairs, again.pairs)
