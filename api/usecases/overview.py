"""All that stands now, for the command map: open incidents, their zones, closures, orders and their ways."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.security import authorise
from api.usecases import orders as order_acts
from data import closures, hazard_areas, incidents, orders, plans, units, villages
from data.closures import ClosureRecord
from data.hazard_areas import HazardAreaRecord
from data.incidents import IncidentRecord
from data.orders import OrderRecord
from data.units import DepotRecord, TeamRecord, VehicleRecord
from data.villages import VillageRecord
from dispatch import hazards
from dispatch.model import HazardZone, Position, UnitRoute


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStanding:
    """An order at the place where its unit stands (or stood when it was sent). `answered`: from sending to the answer."""

    order: OrderRecord
    overdue: bool
    answered: timedelta | None
    owner: TeamRecord | DepotRecord | VillageRecord
    vehicle: VehicleRecord | None
    position: Position
    route: UnitRoute | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The state of the map at one moment."""

    incidents: tuple[IncidentRecord, ...]
    zones: tuple[HazardZone, ...]
    closures: tuple[ClosureRecord, ...]
    hazards: tuple[HazardAreaRecord, ...]
    orders: tuple[OrderStanding, ...]


def overview(ctx: Context) -> Overview:
    """Read the state of the map in one transaction, as far as the actor's map reaches.

    Around a township its neighbours' incidents stand without words, and only orders that concern it are shown.
    """
    authorise(ctx.actor, "map.read")
    now = ctx.clock()
    with ctx.world.read() as connection:
        listed = incidents.list_open(connection, within=scope.around(ctx.actor))
        open_incidents = tuple(_as_seen(ctx, one) for one in reversed(listed))
        return Overview(
            incidents=open_incidents,
            zones=hazards.zones([one.source() for one in open_incidents], rules=ctx.policy.hazard_rules),
            closures=closures.not_over(connection, now, area=scope.around_area(ctx.actor)),
            hazards=hazard_areas.not_over(connection, now, area=scope.around_area(ctx.actor)),
            orders=_orders(ctx, connection, {one.id for one in open_incidents}),
        )


def _as_seen(ctx: Context, record: IncidentRecord) -> IncidentRecord:
    if scope.covers(ctx.actor, record.area_code):
        return record
    return replace(
        record,
        name="",
        description="",
        details={},
        reported_by="",
        reporter_name="",
        reporter_phone="",
    )


def _orders(ctx: Context, connection: Connection, open_incidents: set[int]) -> tuple[OrderStanding, ...]:
    """Orders that are open, and those that ended for an incident that is still open."""
    found = orders.standing(connection, open_incidents, within=scope.own(ctx.actor))
    teams = {one.id: one for one in units.list_teams(connection, _ids(one.team_id for one in found))}
    depots = {one.id: one for one in units.list_depots(connection, _ids(one.depot_id for one in found))}
    vehicles = {one.id: one for one in units.list_vehicles(connection, _ids(one.vehicle_id for one in found))}
    called = villages.by_code(connection, {one.village for one in found if one.village is not None})
    planned = plans.routes_of(connection, _ids(one.plan_id for one in found if one.is_open))
    standing = []
    for order in found:
        owner = (
            called.get(order.village or "") or depots.get(order.depot_id or 0) or teams[order.team_id or 0]
        )
        unit = order.vehicle_id if order.kind in {"vehicle", "carrier"} else order.team_id
        answered = order.acknowledged_at or order.refused_at
        plan = planned.get(order.plan_id or 0)
        standing.append(
            OrderStanding(
                order=order,
                overdue=order_acts.overdue(ctx, order),
                answered=answered - order.sent_at if answered else None,
                owner=owner,
                vehicle=vehicles.get(order.vehicle_id or 0),
                position=owner.position_now if isinstance(owner, TeamRecord) else owner.position,
                route=plan.of(order.kind, unit) if plan and order.is_open else None,
            )
        )
    return tuple(standing)


def _ids(found: Iterable[int | None]) -> set[int]:
    return {one for one in found if one is not None}
