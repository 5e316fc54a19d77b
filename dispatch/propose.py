"""The pure pipeline: snapshot + roads → a plan with its proof, its routes, its zones and the nearest-first baseline.

`ground` does what needs roads, `propose` the whole. A stored plan is explained from the same ground, made again from
its stored snapshot: same snapshot, same roads, same ground.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dispatch.choice import TIERS, Choice, tiers_of
from dispatch.coverage import move_ups
from dispatch.decode import decode
from dispatch.greedy import nearest_first
from dispatch.hazards import HazardRule, Surroundings, barred, drawn, zones
from dispatch.measure import measure
from dispatch.model import HazardZone, Plan, Position, Snapshot, Tier, UnitRoute
from dispatch.planner import DEFAULT_TIME_LIMIT_S, Solved, solve
from dispatch.problem import Problem, build
from dispatch.times import TravelTable
from gis import travel as roads
from gis.closures import Overlay
from gis.network import RoadNetwork, VehicleProfile
from gis.travel import Route

BASELINE = "nearest first"
NO_ZONES: Final[Mapping[str, HazardRule]] = {}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """What a decision stands on: the zones, the roads as they are under them, times and the integer problem."""

    snapshot: Snapshot
    zones: tuple[HazardZone, ...]
    overlay: Overlay
    travel: TravelTable
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proposal:
    """A plan beside its baseline, with the ways of all that it sends."""

    plan: Plan
    baseline: Plan
    routes: tuple[UnitRoute, ...]
    zones: tuple[HazardZone, ...]
    ground: Ground


def propose(
    snapshot: Snapshot,
    network: RoadNetwork,
    *,
    time_limit_s: float = DEFAULT_TIME_LIMIT_S,
    hour_factors: Mapping[str, Sequence[int]] | None = None,
    hazard_rules: Mapping[str, HazardRule] = NO_ZONES,
    surroundings: Mapping[int, Surroundings] | None = None,
    second_routes: bool = True,
) -> Proposal:
    """Return the best joint plan for a snapshot's incidents within the time limit.

    The snapshot's `taken_at` is in the time zone of the place: hour factors and opening hours are read by it.
    `hour_factors`: percent of free-flow time per road class and hour. `hazard_rules`: by incident type; a type that is not
    named has no zone. `surroundings`: by incident id.
    `time_limit_s` 0: the first plan at once, with the bounds that need no solver.
    Never raises for what cannot be met: that is in the plan's `unmet`, `refused` and `tiers`.
    """
    here = ground(
        snapshot,
        network,
        hour_factors=hour_factors,
        hazard_rules=hazard_rules,
        surroundings=surroundings,
    )
    plan = plan_on(here, solve(here.problem, time_limit_s=time_limit_s))
    return Proposal(
        plan=plan,
        baseline=baseline_on(here),
        routes=routes_of(here, network, plan, second_routes=second_routes),
        zones=here.zones,
        ground=here,
    )


def ground(
    snapshot: Snapshot,
    network: RoadNetwork,
    *,
    hour_factors: Mapping[str, Sequence[int]] | None = None,
    hazard_rules: Mapping[str, HazardRule] = NO_ZONES,
    surroundings: Mapping[int, Surroundings] | None = None,
) -> Ground:
    """Zones, overlay, travel times and problem of a snapshot. Arguments as in `propose`."""
    areas = (
        *zones(snapshot.incidents, hazard_rules, surroundings),
        *drawn(snapshot.areas, snapshot.taken_at),
    )
    overlay = network.overlay(snapshot.closures, barred(areas), snapshot.taken_at, hour_factors)
    travel = measure(snapshot, network, overlay)
    return Ground(
        snapshot=snapshot, zones=areas, overlay=overlay, travel=travel, problem=build(snapshot, travel)
    )


def plan_on(here: Ground, solved: Solved) -> Plan:
    """Return a solved choice as a plan, with its move-ups."""
    plan = decode(here.snapshot, here.problem, solved.choice, solved.tiers, solver=solved.solver)
    return replace(
        plan, move_ups=move_ups(here.snapshot, here.problem, here.travel, solved.choice, zones=here.zones)
    )


def baseline_on(here: Ground) -> Plan:
    """Nearest first on the same ground, valued in the same tiers. Its bounds are zero: nothing is claimed."""
    choice: Choice = nearest_first(here.problem)
    values = tiers_of(here.problem, choice)
    tiers = tuple(
        Tier(code=code, value=value, bound=0)  # type: ignore[arg-type]  # TIERS holds the codes
        for code, value in zip(TIERS, values, strict=True)
    )
    return decode(here.snapshot, here.problem, choice, tiers, solver=BASELINE)


def routes_of(
    here: Ground, network: RoadNetwork, plan: Plan, *, second_routes: bool = True
) -> tuple[UnitRoute, ...]:
    """Return the way of everything that a plan sends or moves up; one search for each target and profile."""
    rides = _rides(here.snapshot, plan)
    groups: dict[tuple[Position, VehicleProfile], list[_Ride]] = defaultdict(list)
    for ride in rides:
        groups[ride.target, ride.profile].append(ride)
    found: dict[_Ride, UnitRoute] = {}
    for (target, profile), members in groups.items():
        sources = sorted({ride.source for ride in members})
        ways = dict(
            zip(sources, roads.routes_to(network, target, sources, profile, here.overlay), strict=True)
        )
        seconds: dict[Position, Route | None] = {}
        if second_routes:
            seconds = {
                source: roads.second_route(network, way, profile, here.overlay)
                for source, way in ways.items()
                if isinstance(way, Route)
            }
        for ride in members:
            way = ways[ride.source]
            if isinstance(way, Route):
                found[ride] = _unit_route(ride, way, seconds.get(ride.source))
    return tuple(found[ride] for ride in rides if ride in found)


@dataclass(frozen=True, slots=True)
class _Ride:
    kind: str
    id: int
    incident: int | None
    source: Position
    target: Position
    profile: VehicleProfile


def _rides(snapshot: Snapshot, plan: Plan) -> list[_Ride]:
    teams = {team.id: team for team in snapshot.teams}
    vehicles = {vehicle.id: vehicle for team in snapshot.teams for vehicle in team.vehicles}
    depots = {depot.id: depot for depot in snapshot.depots}
    carriers = {vehicle.id: vehicle for depot in snapshot.depots for vehicle in depot.carriers}
    places = {incident.id: incident.position for incident in snapshot.incidents}
    covers = {(cover.township, cover.code): cover.position for cover in snapshot.covers}
    rides = []
    for a in plan.assignments:
        profile = teams[a.team].profile if a.kind == "team" else vehicles[a.id].profile
        rides.append(_Ride(a.kind, a.id, a.incident, teams[a.team].position, places[a.incident], profile))
    for s in plan.shipments:
        profile = carriers[s.carrier].profile
        rides.append(
            _Ride("carrier", s.carrier, s.incident, depots[s.depot].position, places[s.incident], profile)
        )
    for m in plan.move_ups:
        team = teams[m.team]
        rides.append(_Ride("move_up", team.id, None, team.position, covers[m.township, m.code], team.profile))
    return rides


def _unit_route(ride: _Ride, way: Route, other: Route | None) -> UnitRoute:
    return UnitRoute(
        kind=ride.kind,  # type: ignore[arg-type]  # only _rides makes them
        id=ride.id,
        incident=ride.incident,
        road_ms=way.road_ms,
        walk_ms=way.walk_ms,
        length_m=round(way.length_m),
        geometry=way.geometry,
        walk=way.walk,
        second=other.geometry if other else None,
        second_ms=other.road_ms + other.walk_ms if other else None,
        edges=tuple(part.edge_id for part in way.parts),
    )
