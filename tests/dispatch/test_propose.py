"""The whole pipeline on a small real road network."""

from dataclasses import replace
from datetime import timedelta

import pytest
from shapely.geometry import Point

from dispatch.explain import passed_over
from dispatch.hazards import HazardRule
from dispatch.model import HazardArea, Team, Wish
from dispatch.propose import BASELINE, Proposal, propose
from gis.network import Closure, VehicleProfile
from tests.dispatch.cases import NOW, team
from tests.dispatch.roads import SIZE, grid_network, grid_snapshot, place
from tests.dispatch.valuer import tiers_from, values

HEAVY = VehicleProfile(speed_class="heavy", mass_kg=30_000)


def node(column: int, row: int) -> int:
    return column * SIZE + row


def test_a_proposal_is_proven_routed_and_valued() -> None:
    """One call gives the plan with its proof, a way for everything it sends, and the baseline in the same tiers."""
    state, network = grid_snapshot(), grid_network()
    found = propose(state, network)
    assert found.plan.proven
    assert {(r.kind, r.id) for r in found.routes} == {(a.kind, a.id) for a in found.plan.assignments} | {
        ("carrier", s.carrier) for s in found.plan.shipments
    } | {("move_up", m.team) for m in found.plan.move_ups}
    for route in found.routes:
        if route.kind == "team":
            sent = next(a for a in found.plan.assignments if a.id == route.id)
            assert (sent.legs.road_ms, sent.legs.walk_ms) == (route.road_ms, route.walk_ms)
    assert found.baseline.solver == BASELINE
    assert values(found.plan) <= values(found.baseline)
    travel = found.ground.travel
    assert tiers_from(state, travel, found.plan.assignments, found.plan.shipments) == values(found.plan)
    baseline = tiers_from(state, travel, found.baseline.assignments, found.baseline.shipments)
    assert baseline == values(found.baseline)


def test_the_same_snapshot_is_replayed_to_the_same_proposal() -> None:
    """Plans are stored with their snapshot so that a decision can be looked at again."""
    state, network = grid_snapshot(), grid_network()
    first, second = propose(state, network), propose(state, network)
    assert (first.plan, first.baseline, first.routes) == (second.plan, second.baseline, second.routes)


def test_the_last_part_is_walked_through_the_hazard_zone() -> None:
    """Roads in the zone are closed: everybody stops at its edge and walks."""
    rules = {"landslide": HazardRule(shape="circle", radius_m=100)}
    found = propose(grid_snapshot(), grid_network(), hazard_rules=rules)
    assert [zone.incident for zone in found.zones] == [1]
    assert all(a.legs.walk_ms > 0 for a in found.plan.assignments)


def test_a_closed_road_changes_the_plan_at_once() -> None:
    """A closure is data of the decision: the next plan is right, and later than the one before."""
    network = grid_network()
    closed = Closure(id=5, geometry=Point(*place(3.2, 3)))
    before, after = propose(grid_snapshot(), network), propose(grid_snapshot(closures=(closed,)), network)
    assert values(after.plan) > values(before.plan)


def test_a_pin_and_a_ban_are_kept_and_an_impossible_pin_is_named() -> None:
    """The commander's word holds; what cannot be is said, not raised."""
    wishes = {
        "pins": (Wish(kind="team", id=4, incident=1), Wish(kind="team", id=2, incident=77)),
        "bans": (Wish(kind="team", id=1),),
    }
    found = propose(grid_snapshot(**wishes), grid_network()).plan
    sent = {a.id: a for a in found.assignments}
    assert sent[4].pinned
    assert 1 not in sent
    assert [(r.code, r.id) for r in found.refused] == [("pin_incident_not_open", 2)]


def stranded(**changes: object) -> Team:
    return team(9, "medical", position=place(6, 6), **changes)


def reason_of_nine(state: object, network: object) -> tuple[str, dict[str, int | str]]:
    found = propose(state, network)  # type: ignore[arg-type]
    (reason,) = [r for r in passed_over(found.ground, found.plan, network) if (r.kind, r.id) == ("team", 9)]  # type: ignore[arg-type]
    return reason.code, reason.numbers


def test_an_unreachable_unit_names_the_closure() -> None:
    """'Cannot get there' is no answer; 'closure 5 is in the way' is one."""
    state = grid_snapshot()
    shut = Closure(id=5, geometry=Point(*place(6, 6)).buffer(0.03))
    shut_in = replace(state, teams=(*state.teams, stranded()), closures=(shut,))
    code, numbers = reason_of_nine(shut_in, grid_network())
    assert (code, numbers["closure"]) == ("unreachable_closure", 5)


def test_an_unreachable_unit_names_the_limit() -> None:
    """A heavy vehicle that no bridge bears is held back by the bridge, not by a closure."""
    state = grid_snapshot()
    heavy = replace(state, teams=(*state.teams, stranded(profile=HEAVY)))
    corner = [
        pair
        for column, row in [(4, 4), (4, 5), (4, 6), (5, 4), (5, 5), (5, 6), (6, 4), (6, 5)]
        for pair in [(node(column, row), node(column + 1, row)), (node(column, row), node(column, row + 1))]
        if (pair[1] == node(column + 1, row) and column < SIZE - 1)
        or (pair[1] == node(column, row + 1) and row < SIZE - 1)
    ]
    weak = grid_network(max_mass_kg=dict.fromkeys(corner, 10_000))
    code, _ = reason_of_nine(heavy, weak)
    assert code == "unreachable_limit"


def test_nothing_to_do_is_an_empty_proven_plan() -> None:
    """No open incident, no needs, no teams: an answer, not an error."""
    state = replace(grid_snapshot(), incidents=(), teams=(), depots=(), covers=())
    found = propose(state, grid_network())
    assert found.plan.proven
    assert found.routes == ()


@pytest.mark.parametrize("limit", [0.0, 0.005])
def test_no_time_still_gives_a_plan(limit: float) -> None:
    """The clock may stop at once: the first plan is there, with ways, and its bounds hold for the proven one."""
    found = propose(grid_snapshot(), grid_network(), time_limit_s=limit)
    assert found.plan.assignments
    assert found.routes
    assert all(tier.bound <= tier.value for tier in found.plan.tiers)
    proven = propose(grid_snapshot(), grid_network()).plan
    for first, best in zip(found.plan.tiers, proven.tiers, strict=True):
        assert first.bound <= best.value
        if first.value != best.value:
            break


def test_nobody_is_routed_or_staged_in_a_drawn_area() -> None:
    """An area on the way closes it like any zone; one that is not yet in effect, or leaves roads open, does not."""
    network, west = grid_network(), Point(*place(3.2, 3)).buffer(0.005)
    before = propose(grid_snapshot(), network)

    def with_area(**changes: object) -> Proposal:
        area = HazardArea(id=9, geometry=west, **changes)  # type: ignore[arg-type]
        return propose(grid_snapshot(areas=(area,)), network)

    around = with_area()
    assert values(around.plan) > values(before.plan)
    assert 9 in {zone.area for zone in around.zones}
    for route in around.routes:
        assert not route.geometry.intersects(west)  # type: ignore[attr-defined]
    tomorrow = with_area(starts_at=NOW + timedelta(days=1))
    assert tomorrow.plan == before.plan
    assert with_area(closes_roads=False).plan == before.plan


def test_nobody_is_told_to_stand_by_in_danger() -> None:
    """The place of coverage lies in an area that leaves roads open: no move-up goes there."""
    network = grid_network()
    idle = team(8, "medical", position=place(0, 6))
    wanted = grid_snapshot(
        pins=(Wish(kind="team", id=3, incident=1),), bans=(Wish(kind="team", id=8, incident=1),)
    )
    state = replace(wanted, teams=(*wanted.teams, idle))
    assert propose(state, network).plan.move_ups
    area = HazardArea(id=9, geometry=Point(*place(6, 4)).buffer(0.01), closes_roads=False)
    assert propose(replace(state, areas=(area,)), network).plan.move_ups == ()
