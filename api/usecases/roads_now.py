"""What bars or slows the roads at this moment: closures, hazard zones, drawn areas, the hour. One place for every "now"."""

from sqlalchemy import Connection

from api.context import Context
from data import closures, hazard_areas, incidents
from dispatch.hazards import barred, drawn, zones
from gis.closures import Overlay
from gis.network import RoadNetwork


def overlay_now(ctx: Context, connection: Connection, network: RoadNetwork) -> Overlay:
    """Return what differs from the bare roads now, as a plan made at this moment would see it."""
    now = ctx.clock().astimezone(ctx.settings.zone)
    happening = [one.source() for one in incidents.list_open(connection)]
    areas = [one.drawn() for one in hazard_areas.not_over(connection, now)]
    standing = [one.on_roads() for one in closures.not_over(connection, now)]
    dangers = (*zones(happening, ctx.policy.hazard_rules), *drawn(areas, now))
    return network.overlay(standing, barred(dangers), now, ctx.policy.hour_factors)
