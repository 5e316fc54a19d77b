import random

import numpy as np
import pytest

from dispatch.choice import TIERS, faults
from dispatch.dominance import most_orders, undominated
from dispatch.exact import Model, Window
from dispatch.model import Capability, Cover, Snapshot
from dispatch.planner import solve
from dispatch.problem import Problem, build
from dispatch.solver import minimise
from dispatch.times import TravelTable, starts_of, targets_of
from tests.dispatch.cases import MINUTE, incident, need, snapshot, team, travel_from

CODES = ("medical", "engineering", "search_rescue")


def crowd(seed: int) -> tuple[Snapshot, TravelTable]:
    """One incident, two hundred teams that are in time because one is late, and places that some of them guard."""
    draw = random.Random(seed)
    asked = [need(code, draw.randint(8, 30)) for code in CODES[: draw.randint(1, 3)]]
    place = incident(1, need("hazmat", 5), *asked)
    teams = tuple(
        team(
            n,
            capabilities=tuple(Capability(code=code) for code in draw.sample(CODES, draw.randint(1, 2))),
            strength=draw.randint(4, 12),
        )
        for n in range(1, 201)
    )
    teams += (team(201, "hazmat", notify_ms=60 * MINUTE),)
    covers = tuple(
        Cover(
            township=f"99010110{n}000",
            position=(110.0 + n / 10, 36.0),
            code=CODES[n],
            heads=draw.choice([20, 300, 900]),
            within_ms=20 * MINUTE,
            weight=draw.randint(1, 9),
        )
        for n in range(draw.randint(0, 3))
    )
    state = snapshot((place,), teams, covers=covers)
    shape = (len(starts_of(state)), len(targets_of(state)))
    road = [draw.randint(5, 30) * MINUTE for _ in range(shape[0] * shape[1])]
    return state, travel_from(state, np.array(road, dtype=np.int64).reshape(shape))


def in_time(problem: Problem, values: tuple[int, ...]) -> Window:
    """Everything that is no later than the one incident's proven times."""
    late = np.where(problem.need_critical, *values[2:4]) // problem.priority[0]
    last = np.array([values[2]]), np.array([values[3]])
    return Window(
        pairs=problem.pair_ms <= late[problem.pair_need],
        draws=np.zeros(len(problem.draw_trip), dtype=np.bool_),
        floor_critical=last[0] // problem.priority,
        floor_all=last[1] // problem.priority,
        most_missing=np.zeros(len(problem.needs), dtype=np.int64),
        far=np.zeros(len(problem.needs), dtype=np.int64),
    )


@pytest.mark.parametrize("seed", range(20))
def test_leaving_dominated_units_out_changes_no_tier(seed: int) -> None:
    """The whole model of everything on time, solved tier by tier, says what the pruned one said."""
    problem = build(*crowd(seed))
    solved = solve(problem)
    assert faults(problem, solved.choice) == []
    assert all(tier.proven for tier in solved.tiers)
    assert solved.values[:2] == (0, 0)
    model = Model(problem, in_time(problem, solved.values))
    for tier, value in list(zip(TIERS, solved.values, strict=True))[4:]:
        outcome = minimise(model, tier, float("inf"))
        assert (outcome.value, outcome.bound) == (value, value)
        model.hold(tier, value)


def test_most_of_a_crowd_is_left_out() -> None:
    """Pruning prunes: of some hundred pairs a few dozen remain."""
    problem = build(*crowd(3))
    window = in_time(problem, solve(problem).values)
    orders = most_orders(problem, window.pairs, window.draws)
    assert undominated(problem, window.pairs, orders).sum() < window.pairs.sum() * 2 / 3
