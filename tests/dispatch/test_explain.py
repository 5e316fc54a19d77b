"""Each reason is recomputed here from the snapshot and the travel table, by other code."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dispatch.choice import TIERS
from dispatch.decode import decode
from dispatch.explain import CODES, chosen, encode, passed_over, without
from dispatch.model import Assignment, Legs, Plan, Reason, Snapshot, StockLot, Team, Wish
from dispatch.planner import solve
from dispatch.problem import build
from dispatch.propose import Ground
from dispatch.times import TravelTable, start_of
from gis.closures import Overlay
from tests.dispatch.brute import optimum
from tests.dispatch.cases import (
    MINUTE,
    carrier,
    depot,
    incident,
    need,
    random_case,
    snapshot,
    table,
    team,
)
from tests.dispatch.valuer import tiers_from, values

WORSE = {
    "cannot_replace": {"unmet_critical", "unmet_other"},
    "later": {"time_critical", "time_rest"},
    "kept_for_coverage": {"coverage"},
    "no_need_left": {"orders"},
    "longer_road": {"road"},
    "fixed_order": {"tie_break"},
}


def ground_of(state: Snapshot, travel: TravelTable) -> tuple[Ground, Plan]:
    """A decision without roads: times come from a table."""
    problem = build(state, travel)
    solved = solve(problem)
    bare = Overlay(entries={}, hour_percent=None)
    ground = Ground(snapshot=state, zones=(), overlay=bare, travel=travel, problem=problem)
    return ground, decode(state, problem, solved.choice, solved.tiers)


def fits(state: Snapshot, travel: TravelTable, unit: Team, place: int) -> Iterator[Assignment]:
    """Every way in which a team's people could be sent to an incident."""
    there = next(i for i in state.incidents if i.id == place)
    road, walk, _ = travel.cell(start_of(unit.position, unit.profile), there.position)
    legs = Legs(
        notify_ms=unit.notify_ms + unit.consent_ms, assemble_ms=unit.assemble_ms, road_ms=road, walk_ms=walk
    )
    for wanted in there.needs:
        able = any(c.code == wanted.code and c.grade <= wanted.grade for c in unit.capabilities)
        if wanted.kind == "capability" and able and unit.strength >= wanted.min_strength and road >= 0:
            yield Assignment(
                kind="team",
                id=unit.id,
                team=unit.id,
                incident=place,
                need=wanted.key,
                amount=unit.strength,
                legs=legs,
            )


def vehicle_fits(state: Snapshot, travel: TravelTable, identity: int, place: int) -> Iterator[Assignment]:
    """Every way in which a vehicle with its crew could be sent to an incident."""
    there = next(i for i in state.incidents if i.id == place)
    unit, vehicle = next((t, v) for t in state.teams for v in t.vehicles if v.id == identity)
    road, walk, _ = travel.cell(start_of(unit.position, vehicle.profile), there.position)
    legs = Legs(
        notify_ms=unit.notify_ms + unit.consent_ms, assemble_ms=unit.assemble_ms, road_ms=road, walk_ms=walk
    )
    for wanted in there.needs:
        if wanted.kind == "vehicle" and wanted.code == vehicle.kind and vehicle.available and road >= 0:
            yield Assignment(
                kind="vehicle",
                id=identity,
                team=unit.id,
                incident=place,
                need=wanted.key,
                amount=1,
                legs=legs,
            )


def first_worse(state: Snapshot, travel: TravelTable, plan: Plan, reason: Reason) -> tuple[str, int]:
    """The first tier that differs in the best plan that sends the unit too or instead of one, and by how much."""
    assert reason.incident is not None
    options = []
    if reason.kind == "vehicle":
        ways = vehicle_fits(state, travel, reason.id, reason.incident)
    else:
        ways = fits(state, travel, next(t for t in state.teams if t.id == reason.id), reason.incident)
    for new in ways:
        options.append((*plan.assignments, new))
        options.extend(
            (*[a for a in plan.assignments if a != old], new)
            for old in plan.assignments
            if (old.incident, old.need) == (new.incident, new.need) and not old.pinned
        )
    best = min(tiers_from(state, travel, option, plan.shipments) for option in options)
    tier = next(n for n, (new, old) in enumerate(zip(best, values(plan), strict=True)) if new != old)
    return TIERS[tier], best[tier] - values(plan)[tier]


@pytest.mark.parametrize("seed", range(2_200, 2_320))
def test_reasons_of_vehicles_hold_when_recomputed(seed: int) -> None:
    """A vehicle that could have gone was left out for the first tier that it would make worse; others were out of service."""
    state, travel = random_case(seed, scale=3)
    ground, plan = ground_of(state, travel)
    for reason in (one for one in passed_over(ground, plan) if one.kind == "vehicle"):
        unit, vehicle = next((t, v) for t in state.teams for v in t.vehicles if v.id == reason.id)
        if reason.code in WORSE:
            tier, difference = first_worse(state, travel, plan, reason)
            assert tier in WORSE[reason.code]
            assert reason.numbers["difference"] == difference
        elif reason.incident is None:
            assert not vehicle.available or unit.status not in ("available", "committed")
        else:
            assert list(vehicle_fits(state, travel, reason.id, reason.incident)) == []


@pytest.mark.parametrize("seed", range(2_000, 2_120))
def test_reasons_of_teams_hold_when_recomputed(seed: int) -> None:
    """A team that could have gone was left out for the first tier that it would make worse; the others could not go."""
    state, travel = random_case(seed, scale=3)
    ground, plan = ground_of(state, travel)
    sent = {a.id for a in plan.assignments if a.kind == "team"}
    explained = set()
    for reason in passed_over(ground, plan):
        assert reason.code in CODES
        if reason.kind != "team":
            continue
        explained.add((reason.id, reason.incident))
        unit = next(t for t in state.teams if t.id == reason.id)
        if reason.code in WORSE:
            tier, difference = first_worse(state, travel, plan, reason)
            assert tier in WORSE[reason.code]
            assert reason.numbers["difference"] == difference
        elif reason.incident is None:
            assert reason.code == unit.status != "available"
        elif reason.code == "banned":
            assert any(b.id == unit.id and b.incident in (None, reason.incident) for b in state.bans)
        else:
            assert reason.code in {
                "lacks_capability",
                "grade_too_low",
                "too_few_heads",
                "unreachable",
                "pinned",
            }
            assert not list(fits(state, travel, unit, reason.incident)) or reason.code == "pinned"
    for unit in state.teams:
        if unit.id not in sent and unit.status == "available":
            assert {(unit.id, i.id) for i in state.incidents} <= explained


@pytest.mark.parametrize("seed", range(3_000, 3_060))
def test_reasons_of_chosen_units_hold_when_recomputed(seed: int) -> None:
    """Earliest means that every sooner candidate is sent as well; a bottleneck is the last of its incident."""
    state, travel = random_case(seed, scale=3)
    ground, plan = ground_of(state, travel)
    sent = {a.id for a in plan.assignments if a.kind == "team"}
    for reason in chosen(ground, plan):
        if reason.kind != "team" or reason.code == "pinned":
            continue
        mine = next(a for a in plan.assignments if (a.kind, a.id) == ("team", reason.id))
        rivals = {
            t.id: other.legs.total_ms
            for t in state.teams
            if t.status == "available"
            for other in fits(state, travel, t, mine.incident)
            if other.need == mine.need and Wish(kind="team", id=t.id) not in state.bans
        }
        last = max(a.legs.total_ms for a in plan.assignments if a.incident == mine.incident)
        sooner = [other for other, ms in rivals.items() if ms < mine.legs.total_ms]
        free = {other for other in sooner if other not in sent}
        if reason.code == "earliest" and not (state.bans or state.pins):
            assert not free
        if reason.code == "in_time":
            assert free
            assert int(reason.numbers["completion_ms"]) >= mine.legs.total_ms
        if reason.code == "only_one" and not (state.bans or state.pins):
            assert set(rivals) == {mine.id}
        if reason.code == "bottleneck" and not plan.shipments:
            critical = {(i.id, n.key) for i in state.incidents for n in i.needs if n.critical}
            counted = [
                a.legs.total_ms
                for a in plan.assignments
                if a.incident == mine.incident and (a.incident, a.need) in critical
            ]
            assert mine.legs.total_ms == (max(counted) if counted else last)


@pytest.mark.parametrize("seed", range(4_000, 4_040))
def test_without_a_unit_is_the_exact_plan_without_it(seed: int) -> None:
    """'What if it were gone' is a plan of its own, proven like the first."""
    state, travel = random_case(seed)
    ground, plan = ground_of(state, travel)
    for a in plan.assignments[:2]:
        other = without(ground, plan, a.kind, a.id)
        banned = replace(
            state,
            bans=(*state.bans, Wish(kind=a.kind, id=a.id)),
            pins=tuple(p for p in state.pins if (p.kind, p.id) != (a.kind, a.id)),
        )
        expected, _ = optimum(banned, travel)
        assert tuple(change.after for change in other.changes) == expected
        assert tuple(change.before for change in other.changes) == values(plan)
        assert all(b.id != a.id or b.kind != a.kind for b in other.plan.assignments)


@pytest.mark.parametrize("seed", range(5_000, 5_060))
def test_encode_is_the_inverse_of_decode(seed: int) -> None:
    """Explaining starts from the stored plan: it must stand for the same choice."""
    state, travel = random_case(seed)
    problem = build(state, travel)
    solved = solve(problem)
    plan = decode(state, problem, solved.choice, solved.tiers)
    assert decode(state, problem, encode(problem, plan), solved.tiers) == plan


def reason_for(kind: str, identity: int, reasons: tuple[Reason, ...]) -> Reason:
    (found,) = [r for r in reasons if (r.kind, r.id) == (kind, identity)]
    return found


def test_a_team_later_than_the_last_says_by_how_much() -> None:
    """The loudest question of all: why was this one not chosen?"""
    place = incident(1, need("medical"))
    teams = (team(1), team(2))
    state = snapshot((place,), teams)
    ground, plan = ground_of(
        state,
        table(state, {(teams[0].position, place.position): 10, (teams[1].position, place.position): 25}),
    )
    late = reason_for("team", 2, passed_over(ground, plan))
    assert (late.code, late.numbers["by_ms"]) == ("later", 15 * MINUTE)


def test_what_a_depot_lacks() -> None:
    """Closed, nothing wanted, no carrier, too small a load: each depot says its own."""
    place = incident(1, need("tent", 2, "material"))
    tent = {"item": "tent", "quantity": 5, "unit_kg": 50}
    lots = [make_lot(n, **tent) for n in range(1, 5)]
    depots = (
        depot(1, (lots[0],), (carrier(11),)),
        depot(2, (lots[1],), (carrier(12),), open=False),
        depot(3, (make_lot(9, item="rope", quantity=1, unit_kg=1),), (carrier(13),)),
        depot(4, (lots[2],), ()),
        depot(5, (lots[3],), (carrier(15, load_kg=40),)),
    )
    state = snapshot((place,), depots=depots)
    ground, plan = ground_of(state, table(state, {}, otherwise=10))
    codes = {reason.id: reason.code for reason in passed_over(ground, plan)}
    assert [s.depot for s in plan.shipments] == [1]
    assert codes == {2: "closed", 3: "lacks_item", 4: "no_carrier", 5: "load_too_small"}


def make_lot(identity: int, **values_: object) -> StockLot:
    return StockLot(id=identity, **values_)  # type: ignore[arg-type]
