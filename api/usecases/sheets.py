"""What people read beside an order: the names of units, and everything that a team needs on its way."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import shapely
from sqlalchemy import Connection

from api.context import Context
from api.security import authorise
from api.usecases import orders as order_acts
from api.usecases import personal
from data import areas, incidents, locate, plans, road_names, units
from data import villages as village_rows
from data.incidents import IncidentRecord
from data.locate import Area, Location
from data.orders import OrderRecord
from data.plans import PlanRecord
from data.road_names import Stretch
from data.units import DepotRecord, TeamRecord, VehicleRecord
from data.villages import ShelterRecord, VillageRecord
from dispatch.model import UnitRoute


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
class Sheet:
    """An order with where to, which way, and in whose area."""

    order: OrderRecord
    incident: IncidentRecord | None
    location: Location | None
    route: UnitRoute | None
    stretches: tuple[Stretch, ...]


def roster(
    ctx: Context,
    *,
    teams: Collection[int],
    vehicles: Collection[int],
    depots: Collection[int],
    villages: Collection[str] = (),
    shelters: Collection[str] = (),
) -> Roster:
    """Read the units, villages and shelters with these ids and codes, and all townships; vehicles bring their owners with them."""
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
    with ctx.world.read() as connection:
        incident = incidents.get(connection, order.incident_id) if order.incident_id is not None else None
        plan = plans.get(connection, order.plan_id) if order.plan_id is not None else None
        route = _route(order, plan)
        return Sheet(
            order=order,
            incident=incident,
            location=personal.location(ctx, locate.locate(connection, incident.position))
            if incident
            else None,
            route=route,
            stretches=_stretches(connection, plan, route),
        )


def _route(order: OrderRecord, plan: PlanRecord | None) -> UnitRoute | None:
    unit = order.vehicle_id if order.kind in {"vehicle", "carrier"} else order.team_id
    found = plan.routes if plan else ()
    return next((one for one in found if (one.kind, one.id) == (order.kind, unit)), None)


def _stretches(
    connection: Connection, plan: PlanRecord | None, route: UnitRoute | None
) -> tuple[Stretch, ...]:
    if plan is None or plan.network_version is None or route is None:
        return ()
    if not isinstance(route.geometry, shapely.LineString):
        return ()
    return road_names.stretches(connection, plan.network_version, route.edges, route.geometry)
