"""What people read beside an order: the names of units, and everything that a team or a village needs on its way."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from api.context import Context
from api.errors import UnavailableError
from api.security import authorise
from api.usecases import orders as order_acts
from api.usecases import personal, villages
from api.usecases.positions import unit_of
from api.usecases.roads_now import overlay_now
from data import areas, closures, fixes, hazard_areas, incidents, locate, orders, plans, units
from data import villages as village_rows
from data.incidents import IncidentRecord
from data.locate import Area, Location
from data.orders import OrderRecord
from data.plans import PlanRecord
from data.units import DepotRecord, TeamRecord, VehicleRecord
from data.villages import Contact, ShelterRecord, VillageRecord
from dispatch.model import Position, UnitRoute
from gis import directions, travel
from gis.closures import Overlay
from gis.crs import metres_per_degree
from gis.directions import Step
from gis.network import RoadNetwork, VehicleProfile
from gis.travel import Route

NEAR_M: Final = 3_000.0
"""A closure or danger so close to the way is told to whoever drives it."""
_FRESH: Final = timedelta(minutes=30)
_GUIDES: Final = 2  # cells of the chain whose people know the place: the leaf and the village above it


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Units and townships by id or code."""

    teams: Mapping[int, TeamRecord]
    vehicles: Mapping[int, VehicleRecord]
    depots: Mapping[int, DepotRecord]
    townships: Mapping[str, Area]
    villages: Mapping[str, VillageRecord]
    shelters: Mapping[str, ShelterRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way in turns, with the line that is driven and the line that is walked after it."""

    geometry: shapely.LineString
    walk: shapely.LineString | None
    steps: tuple[Step, ...]
    length_m: float
    road_ms: int
    walk_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearby:
    """Something to beware of on or near the way. `factor_percent`: of the usual time; None: closed, or a danger."""

    kind: str  # "closure" or "danger"
    geometry: BaseGeometry
    reason: str
    factor_percent: int | None
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """An order with where to, which way, what lies beside it, whom to call, and who else is ordered there.

    way: as planned. detour: another one from where the unit is, where something has cut the planned way since (`cut`);
    None when there is no road at all.
    """

    order: OrderRecord
    incident: IncidentRecord | None
    location: Location | None
    way: Way | None
    cut: bool
    detour: Way | None
    nearby: tuple[Nearby, ...]
    contacts: tuple[Contact, ...]
    others: tuple[OrderRecord, ...]


def roster(
    ctx: Context,
    *,
    teams: Collection[int],
    vehicles: Collection[int],
    depots: Collection[int],
    villages: Collection[str] = (),
    shelters: Collection[str] = (),
) -> Roster:
    """Read the units, villages and shelters with these ids and codes, and all townships; vehicles bring their owners."""
    authorise(ctx.actor, "order.read")
    with ctx.world.read() as connection:
        wheels = {one.id: one for one in units.list_vehicles(connection, vehicles)}
        owners = {*teams, *(one.team_id for one in wheels.values() if one.team_id is not None)}
        stores = {*depots, *(one.depot_id for one in wheels.values() if one.depot_id is not None)}
        return Roster(
            teams={
                one.id: personal.contact(ctx, one, one.area_code)
                for one in units.list_teams(connection, owners)
            },
            vehicles=wheels,
            depots={
                one.id: personal.contact(ctx, one, one.area_code)
                for one in units.list_depots(connection, stores)
            },
            townships=areas.by_level(connection, "township"),
            villages=village_rows.by_code(connection, villages),
            shelters=village_rows.shelters(connection, shelters),
        )


def sheet(ctx: Context, order_id: int) -> Sheet:
    """Give an order with its place and its way. A team's link gives its own only. Raises NotFoundError."""
    order = order_acts.get(ctx, order_id)
    try:
        roads: tuple[int, RoadNetwork] | None = ctx.networks.current()
    except UnavailableError:
        roads = None
    with ctx.world.read() as connection:
        incident = incidents.get(connection, order.incident_id) if order.incident_id is not None else None
        location = locate.locate(connection, incident.position, day=ctx.today()) if incident else None
        plan = plans.get(connection, order.plan_id) if order.plan_id is not None else None
        route = _route(order, plan)
        way = _planned(route, plan, roads)
        overlay = overlay_now(ctx, connection, roads[1]) if roads else None
        cut = order.is_open and bool(route and roads and overlay) and _is_cut(route, plan, roads, overlay)
        detour = None
        if cut and way and roads and overlay and incident:
            detour = _detour(ctx, connection, order, way, incident.position, roads[1], overlay)
        nearby = _nearby(ctx, connection, incident, [one.geometry for one in (way, detour) if one])
        others = _others(connection, order)
    return Sheet(
        order=order,
        incident=incident,
        location=personal.location(ctx, location) if location else None,
        way=way,
        cut=cut,
        detour=detour,
        nearby=nearby,
        contacts=_contacts(ctx, order, location),
        others=others,
    )


def _route(order: OrderRecord, plan: PlanRecord | None) -> UnitRoute | None:
    unit = order.vehicle_id if order.kind in {"vehicle", "carrier"} else order.team_id
    found = plan.routes if plan else ()
    return next((one for one in found if (one.kind, one.id) == (order.kind, unit)), None)


def _planned(
    route: UnitRoute | None, plan: PlanRecord | None, roads: tuple[int, RoadNetwork] | None
) -> Way | None:
    """Tell the planned way; in turns only on the roads that it was planned on."""
    if route is None or plan is None or not isinstance(route.geometry, shapely.LineString):
        return None
    steps: tuple[Step, ...] = ()
    if roads is not None and roads[0] == plan.network_version:
        drives = directions.drives_along(roads[1], route.edges, route.geometry)
        steps = directions.directions(roads[1], drives)
    return Way(
        geometry=route.geometry,
        walk=route.walk if isinstance(route.walk, shapely.LineString) else None,
        steps=steps,
        length_m=route.length_m,
        road_ms=route.road_ms,
        walk_ms=route.walk_ms,
    )


def _is_cut(
    route: UnitRoute | None,
    plan: PlanRecord | None,
    roads: tuple[int, RoadNetwork] | None,
    overlay: Overlay | None,
) -> bool:
    """Whether something bars an edge of the way. Its last edge may end at a danger on purpose: there one walks on."""
    if route is None or plan is None or roads is None or overlay is None or roads[0] != plan.network_version:
        return False
    driven = [int(place) for place in roads[1].places_of(route.edges)] if route.edges else []
    barred = [overlay.causes(edge) for edge in driven]
    return any(barred[:-1]) or any(cause.kind == "closure" for cause in (barred[-1] if barred else ()))


def _detour(  # noqa: PLR0917  # one way, from what was read
    ctx: Context,
    connection: Connection,
    order: OrderRecord,
    planned: Way,
    target: Position,
    network: RoadNetwork,
    overlay: Overlay,
) -> Way | None:
    """Find the fastest way now, from where the unit was last seen, else from where the planned way begins."""
    unit = unit_of(order)
    seen = (
        fixes.of_units(connection, [unit], since=ctx.clock() - _FRESH) if unit and order.departed_at else {}
    )
    fix = seen.get(unit) if unit else None
    start = fix.position if fix else _first(planned.geometry)
    found = travel.route(network, start, target, _profile(connection, order), overlay)
    if not isinstance(found, Route):
        return None
    return Way(
        geometry=found.geometry,
        walk=found.walk,
        steps=directions.directions(network, directions.drives_of(network, found)),
        length_m=found.length_m,
        road_ms=found.road_ms,
        walk_ms=found.walk_ms,
    )


def _first(line: shapely.LineString) -> Position:
    lon, lat = line.coords[0][:2]
    return lon, lat


def _profile(connection: Connection, order: OrderRecord) -> VehicleProfile:
    vehicle = units.get_vehicle(connection, order.vehicle_id) if order.vehicle_id is not None else None
    team = units.get_team(connection, order.team_id) if order.team_id is not None else None
    if vehicle is not None:
        return vehicle.profile
    return team.profile if team is not None else VehicleProfile(speed_class="car")


def _nearby(
    ctx: Context,
    connection: Connection,
    incident: IncidentRecord | None,
    ways: Sequence[shapely.LineString],
) -> tuple[Nearby, ...]:
    """Read what stands near the ways and the scene: closures and drawn dangers, what is in effect or will be."""
    if incident is None:
        return ()
    now = ctx.clock()
    here = shapely.union_all([shapely.Point(incident.position), *ways])
    _, lat_m = (float(scale) for scale in metres_per_degree(incident.position[1]))
    found = [
        Nearby(
            kind="closure",
            geometry=one.geometry,
            reason=one.reason,
            factor_percent=one.factor_percent,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
        )
        for one in closures.not_over(connection, now)
    ]
    found += [
        Nearby(
            kind="danger",
            geometry=one.geometry,
            reason=one.reason,
            factor_percent=None,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
        )
        for one in hazard_areas.not_over(connection, now)
    ]
    return tuple(one for one in found if shapely.distance(one.geometry, here) * lat_m <= NEAR_M)


def _contacts(ctx: Context, order: OrderRecord, location: Location | None) -> tuple[Contact, ...]:
    """Read whom this order's people may call: a village its own, everybody else those who know the scene, A first.

    For the order's own link as they are: it was given to those who must call. Masked for others as everywhere.
    """
    if order.village is not None:
        return villages.contacts(ctx, [order.village])[order.village]
    if location is not None and ctx.actor.order != order.id:
        location = personal.location(ctx, location)
    cells = reversed(location.grids[-_GUIDES:]) if location else ()
    people = [
        Contact(name=one.name, phone=one.phone, role=one.role, rank=one.rank)
        for cell in cells
        for one in cell.people
    ]
    return tuple(sorted(people, key=lambda one: one.rank))


def _others(connection: Connection, order: OrderRecord) -> tuple[OrderRecord, ...]:
    """Read who else has an open order for the same incident."""
    if order.incident_id is None:
        return ()
    found = orders.of_incident(connection, order.incident_id)
    return tuple(one for one in found if one.is_open and one.id != order.id)
