"""Who could take a unit's place, and the price of it."""

from dataclasses import replace

import pytest

from dispatch.explain import reworded
from dispatch.model import Plan, Wish
from dispatch.planner import solve
from dispatch.problem import build
from dispatch.propose import Ground
from dispatch.swaps import Candidate, candidates, swapped, swaps
from tests.dispatch.cases import MINUTE, incident, need, random_case, snapshot, table, team
from tests.dispatch.test_explain import ground_of

PLENTY_S = 30.0


@pytest.mark.parametrize("seed", range(5_000, 5_020))
def test_a_swap_costs_what_the_best_plan_with_those_words_costs(seed: int) -> None:
    """The price is exact: the optimum with the one sent and the other not, everything else free."""
    ground, plan = ground_of(*random_case(seed))
    for a in plan.assignments[:1]:
        for swap in swaps(ground, plan, a.kind, a.id, a.incident, time_limit_s=PLENTY_S, at_most=2):
            one, other = swap.candidate, swap.alternative
            assert other is not None
            pins, bans = swapped(ground, a.kind, a.id, a.incident, one)
            state = replace(ground.snapshot, pins=pins, bans=bans)
            solved = solve(build(state, ground.travel))
            assert tuple(change.after for change in other.changes) == solved.values
            assert tuple(change.before for change in other.changes) == tuple(t.value for t in plan.tiers)
            sent = {(b.kind, b.id) for b in other.plan.assignments if b.incident == a.incident}
            assert (a.kind, a.id) not in sent
            assert (one.kind, one.id) in sent or other.plan.refused


@pytest.mark.parametrize("seed", range(5_000, 5_040))
def test_candidates_can_serve_the_need_and_are_not_sent_there(seed: int) -> None:
    """The soonest comes first, nobody twice, and never a unit that goes there anyhow."""
    ground, plan = ground_of(*random_case(seed))
    for a in plan.assignments:
        found = candidates(ground, plan, a.kind, a.id, a.incident)
        assert [one.total_ms for one in found] == sorted(one.total_ms for one in found)
        keys = [(one.kind, one.id) for one in found]
        assert len(set(keys)) == len(keys)
        assert not set(keys) & {(b.kind, b.id) for b in plan.assignments if b.incident == a.incident}
    for s in plan.shipments:
        for one in candidates(ground, plan, "depot", s.depot, s.incident):
            assert one.kind == "depot"
            assert one.id not in {b.depot for b in plan.shipments if b.incident == s.incident}


def two_teams() -> tuple[Ground, Plan]:
    """One need, which either of two teams can meet; the first is nearer by ten minutes."""
    near, far = team(1), team(2)
    state = snapshot((incident(1, need("medical")),), (near, far))
    there = state.incidents[0].position
    return ground_of(state, table(state, {(near.position, there): 5, (far.position, there): 15}))


def test_the_same_words_cost_nothing() -> None:
    """A price is measured against the plan on the page."""
    ground, plan = two_teams()
    other = reworded(ground, plan, pins=(), bans=())
    assert all(change.after == change.before for change in other.changes)


def test_a_swap_says_how_much_later() -> None:
    """The far team takes ten minutes more, with as many orders."""
    ground, plan = two_teams()
    (swap,) = swaps(ground, plan, "team", 1, 1, time_limit_s=PLENTY_S)
    assert swap.candidate == Candidate(kind="team", id=2, total_ms=20 * MINUTE)
    assert swap.alternative is not None
    costs = {change.code: change.after - change.before for change in swap.alternative.changes}
    assert (costs["time_critical"], costs["orders"]) == (10 * MINUTE, 0)


def test_a_swap_outweighs_earlier_words_about_the_two() -> None:
    """Somebody who was pinned and is now swapped out must not be pinned and banned at once."""
    ground, plan = two_teams()
    spoken = replace(
        ground.snapshot, pins=(Wish(kind="team", id=1, incident=1),), bans=(Wish(kind="team", id=2),)
    )
    (other,) = candidates(ground, plan, "team", 1, 1)
    pins, bans = swapped(replace(ground, snapshot=spoken), "team", 1, 1, other)
    assert [(pin.kind, pin.id) for pin in pins] == [("team", 2)]
    assert [(ban.kind, ban.id) for ban in bans] == [("team", 1)]


def test_without_time_they_are_listed_without_a_price() -> None:
    """Who asks at once gets names at once; a price that is only a lack of time is none."""
    ground, plan = two_teams()
    (swap,) = swaps(ground, plan, "team", 1, 1, time_limit_s=0.0)
    assert (swap.candidate.id, swap.alternative) == (2, None)
