"""What a closure or danger area does, before and after it is stored: roads, who is cut off, which orders it touches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.security import authorise
from api.usecases.closures import AREAS, KINDS, check_window, on_the_ground, readable_shape
from api.usecases.closures import get as get_closure
from api.usecases.hazards import get as get_area
from data import closures, hazard_areas, incidents, orders, plans, served, under_way
from data.orders import OrderRecord
from data.served import ServedRecord
from dispatch.cutoff import VEHICLES, VehicleClass, Way, cut_off, touched
from dispatch.hazards import barred, drawn, zones
from dispatch.model import HazardArea, HazardZone
from gis.closures import Closure, Overlay
from gis.connection import Covered, roads_under
from gis.network import RoadNetwork

NOT_STORED = 0
"""The id of what is only being drawn; stored ones begin at 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a closure or danger area does at one moment: now, or when it begins.

    cut_off: who has no road for `vehicle` because of it. orders: open ones that still have to pass it.
    """

    at: datetime
    vehicle: VehicleClass
    roads: tuple[Covered, ...]
    cut_off: tuple[ServedRecord, ...]
    orders: tuple[OrderRecord, ...]

    @property
    def people(self) -> int:
        """Who lives in the villages that are cut off."""
        return sum(one.served.people for one in self.cut_off)

    @property
    def incidents(self) -> tuple[int, ...]:
        """The incidents whose orders it touches."""
        return tuple(sorted({one.incident_id for one in self.orders if one.incident_id is not None}))


def of_drawing(
    ctx: Context,
    *,
    geometry: Mapping[str, Any],
    hazard: bool = False,
    closes_roads: bool = True,
    factor_percent: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    vehicle: VehicleClass = "car",
) -> Effect:
    """Tell what something would do that is not stored yet. Raises InvalidError as storing it would."""
    authorise(ctx.actor, "closure.read")
    check_window(starts_at, ends_at)
    shape = readable_shape(geometry, AREAS if hazard else KINDS)
    window = {"starts_at": starts_at, "ends_at": ends_at}
    if hazard:
        area = HazardArea(id=NOT_STORED, geometry=shape, closes_roads=closes_roads, **window)  # type: ignore[arg-type]  # mypy joins the keyword types
        return _effect(ctx, shape, vehicle, area=area)
    shape = on_the_ground(ctx, shape)
    closure = Closure(id=NOT_STORED, geometry=shape, factor_percent=factor_percent, **window)
    return _effect(ctx, shape, vehicle, closure=closure)


def of_closure(ctx: Context, closure_id: int, *, vehicle: VehicleClass = "car") -> Effect:
    """Tell what a stored closure does; one that was opened, what it would do. Raises NotFoundError."""
    found = get_closure(ctx, closure_id).on_roads()
    return _effect(ctx, found.geometry, vehicle, closure=found)


def of_hazard(ctx: Context, area_id: int, *, vehicle: VehicleClass = "car") -> Effect:
    """Tell what a stored danger area does; one that was ended, what it would do. Raises NotFoundError."""
    record = get_area(ctx, area_id)
    return _effect(ctx, record.geometry, vehicle, area=record.drawn())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """Everything else that bars roads at the moment looked at, and who needs them."""

    closures: tuple[Closure, ...]
    zones: tuple[HazardZone, ...]
    places: tuple[ServedRecord, ...]
    orders: tuple[OrderRecord, ...]
    ways: tuple[Way, ...]

    def overlay(
        self,
        ctx: Context,
        network: RoadNetwork,
        at: datetime,
        *more: HazardZone,
        closed: Sequence[Closure] = (),
    ) -> Overlay:
        return network.overlay(
            (*self.closures, *closed), barred((*self.zones, *more)), at.astimezone(ctx.settings.zone)
        )


def _effect(
    ctx: Context,
    shape: BaseGeometry,
    vehicle: VehicleClass,
    *,
    closure: Closure | None = None,
    area: HazardArea | None = None,
) -> Effect:
    version, network = ctx.networks.current()
    begins = (closure or area).starts_at  # type: ignore[union-attr]  # one of the two is given
    at = max(ctx.clock(), begins) if begins else ctx.clock()
    with ctx.world.read() as connection:
        standing = _standing(ctx, connection, version, at, closure=closure, area=area)
    mine = drawn([replace(area, starts_at=None, ends_at=None)], at) if area else ()
    closed = [replace(closure, starts_at=None, ends_at=None)] if closure else []
    alone = network.overlay(closed, barred(mine))
    cut = cut_off(
        [one.served for one in standing.places],
        network,
        standing.overlay(ctx, network, at),
        standing.overlay(ctx, network, at, *mine, closed=closed),
        VEHICLES[vehicle],
    )
    hit = set(touched(standing.ways, network, alone))
    return Effect(
        at=at,
        vehicle=vehicle,
        roads=roads_under(network, shape),
        cut_off=served.chosen(standing.places, cut),
        orders=tuple(one for one in standing.orders if one.id in hit),
    )


def _standing(
    ctx: Context,
    connection: Connection,
    version: int,
    at: datetime,
    *,
    closure: Closure | None,
    area: HazardArea | None,
) -> _Standing:
    happening = [one.source() for one in incidents.list_open(connection)]
    areas = [one.drawn() for one in hazard_areas.not_over(connection, at)]
    found = tuple(
        one for one in orders.open_orders(connection, within=scope.own(ctx.actor)) if one.state != "arrived"
    )
    return _Standing(
        closures=tuple(
            one.on_roads()
            for one in closures.not_over(connection, at)
            if closure is None or one.id != closure.id
        ),
        zones=(
            *zones(happening, ctx.policy.hazard_rules),
            *drawn([one for one in areas if area is None or one.id != area.id], at),
        ),
        places=served.read(connection),
        orders=found,
        ways=ways_of(connection, version, found, ctx.clock()),
    )


def ways_of(
    connection: Connection, version: int, found: Sequence[OrderRecord], now: datetime
) -> tuple[Way, ...]:
    """Read the ways of orders from their plans, with where their units were just seen.

    Ways planned on other roads cannot be compared and are left out.
    """
    seen = under_way.positions(connection, found, now)
    planned = plans.routes_of(connection, {one.plan_id for one in found if one.plan_id is not None})
    ways = []
    for one in found:
        plan = planned.get(one.plan_id or 0)
        if plan is not None and plan.network_version == version:
            route = plan.of(one.kind, one.vehicle_id or one.team_id)
            ways.append(Way(order=one.id, edges=route.edges if route else (), position=seen.get(one.id)))
    return tuple(ways)
