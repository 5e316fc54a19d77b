"""The example of why nearest first is not enough: need a landslide team and a medical team."""

from dispatch.choice import tiers_of
from dispatch.greedy import nearest_first
from dispatch.planner import solve
from dispatch.problem import build
from tests.dispatch.cases import MINUTE, incident, need, snapshot, table, team


def test_joint_plan_takes_12_minutes_where_nearest_first_takes_60() -> None:
    """A can do both at 10 min, B landslide at 12, C medical at 60: the nearest team must take the scarcer need."""
    place = incident(1, need("landslide_rescue"), need("medical"))
    at_once = {"notify_ms": 0, "assemble_ms": 0}
    teams = (
        team(1, ("landslide_rescue", "medical"), **at_once),
        team(2, "landslide_rescue", **at_once),
        team(3, "medical", **at_once),
    )
    state = snapshot((place,), teams)
    minutes: dict[tuple[tuple[float, float], tuple[float, float]], int | None] = {
        (teams[n].position, place.position): time for n, time in enumerate((10, 12, 60))
    }
    problem = build(state, table(state, minutes))
    solved = solve(problem)
    assert solved.values[2] == 12 * MINUTE
    assert tiers_of(problem, nearest_first(problem))[2] == 60 * MINUTE
    assert all(tier.proven for tier in solved.tiers)
