"""When the units of running orders will be there, computed again from where they were last seen."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from api.context import Context
from api.errors import UnavailableError
from api.security import authorise
from api.usecases.positions import unit_of
from api.usecases.roads_now import overlay_now
from data import fixes, incidents, units
from data.fixes import Unit
from data.orders import OrderRecord
from dispatch.arrivals import Arrival, arrival
from gis.network import RoadNetwork, VehicleProfile

_FRESH: Final = timedelta(minutes=30)  # an older fix says nothing about an arrival


def expected(ctx: Context, found: Sequence[OrderRecord]) -> Mapping[int, Arrival]:
    """Tell, by order, when each unit that is on its way and was seen lately will be in effect. Nothing without roads."""
    authorise(ctx.actor, "order.read")
    going = {
        order.id: unit
        for order in found
        if order.state == "departed" and order.incident_id is not None and (unit := unit_of(order))
    }
    if not going:
        return {}
    with suppress(UnavailableError):
        _, network = ctx.networks.current()
        with ctx.world.read() as connection:
            return _expected(ctx, connection, network, [one for one in found if one.id in going], going)
    return {}


def _expected(
    ctx: Context,
    connection: Connection,
    network: RoadNetwork,
    found: Sequence[OrderRecord],
    going: Mapping[int, Unit],
) -> Mapping[int, Arrival]:
    now = ctx.clock()
    seen = fixes.of_units(connection, list(going.values()), since=now - _FRESH)
    if not seen:
        return {}
    profiles = _profiles(connection, seen)
    scenes = {one.id: one.position for one in incidents.list_open(connection)}
    overlay = overlay_now(ctx, connection, network)
    answers = {
        order.id: arrival(
            network,
            overlay,
            fix=seen[unit],
            target=scenes[order.incident_id],
            profile=profiles[unit],
            due_at=order.due_at,
            now=now,
        )
        for order in found
        if (unit := going[order.id]) in seen and order.incident_id in scenes
    }
    return {order: answer for order, answer in answers.items() if answer is not None}


def _profiles(connection: Connection, seen: Mapping[Unit, object]) -> Mapping[Unit, VehicleProfile]:
    teams = units.list_teams(connection, [identity for kind, identity in seen if kind == "team"])
    vehicles = units.list_vehicles(connection, [identity for kind, identity in seen if kind == "vehicle"])
    known: dict[Unit, VehicleProfile] = {("team", one.id): one.profile for one in teams}
    return known | {("vehicle", one.id): one.profile for one in vehicles}
