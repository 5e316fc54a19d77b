"""What stands on the command map, as GeoJSON: codes, numbers and names, never markup."""

from collections.abc import Iterable

import shapely
from shapely import Point

from api.http.geojson import GeoJSON, collection, feature
from api.usecases.overview import OrderStanding
from data.closures import ClosureRecord
from data.hazard_areas import HazardAreaRecord
from data.incidents import IncidentRecord
from dispatch.model import HazardZone

_MS = 1000


def incidents(found: Iterable[IncidentRecord]) -> GeoJSON:
    """Draw open incidents as points."""
    return collection(
        feature(
            Point(one.position),
            {"id": one.id, "type": one.type, "level": one.level, "state": one.state, "name": one.name},
        )
        for one in found
    )


def zones(found: Iterable[HazardZone]) -> GeoJSON:
    """Draw hazard zones as areas."""
    return collection(
        feature(one.geometry, {"incident": one.incident, "closes_roads": one.closes_roads}) for one in found
    )


def closures(found: Iterable[ClosureRecord]) -> GeoJSON:
    """Draw closed and slowed roads as they were reported."""
    return collection(
        feature(
            one.geometry,
            {
                "id": one.id,
                "factor_percent": one.factor_percent,
                "reason": one.reason,
                "starts_at": one.starts_at and one.starts_at.isoformat(),
                "ends_at": one.ends_at and one.ends_at.isoformat(),
            },
        )
        for one in found
    )


def hazards(found: Iterable[HazardAreaRecord]) -> GeoJSON:
    """Draw danger areas."""
    return collection(
        feature(
            one.geometry,
            {
                "id": one.id,
                "incident": one.incident_id,
                "closes_roads": one.closes_roads,
                "reason": one.reason,
                "starts_at": one.starts_at and one.starts_at.isoformat(),
                "ends_at": one.ends_at and one.ends_at.isoformat(),
            },
        )
        for one in found
    )


def orders(found: Iterable[OrderStanding]) -> GeoJSON:
    """Draw orders where their units stand; `answered_ms` from sending to the answer, null before it."""
    return collection(
        feature(
            Point(one.position),
            {
                "id": one.order.id,
                "kind": one.order.kind,
                "incident": one.order.incident_id,
                "state": one.order.state,
                "overdue": one.overdue,
                "answered_ms": None if one.answered is None else round(one.answered.total_seconds() * _MS),
                "name": one.owner.name,
                "name_en": one.owner.name_en,
                "vehicle": one.vehicle.kind if one.vehicle else None,
            },
        )
        for one in found
    )


def order_routes(found: Iterable[OrderStanding]) -> GeoJSON:
    """Draw the ways of open orders: the drive, and what is walked after it (`walk`)."""
    return collection(drawn for one in found for drawn in _way(one))


def _way(one: OrderStanding) -> Iterable[GeoJSON]:
    if one.route is None:
        return
    order = one.order
    told = {"order": order.id, "kind": order.kind, "state": order.state, "incident": order.incident_id}
    yield feature(one.route.geometry, {**told, "walk": False})
    if isinstance(one.route.walk, shapely.LineString) and not one.route.walk.is_empty:
        yield feature(one.route.walk, {**told, "walk": True})
