"""What stands on the command map, as GeoJSON: codes, numbers and names, never markup."""

from collections.abc import Iterable, Sequence

import shapely
from shapely import Point

from api.http.geojson import GeoJSON, collection, feature
from api.usecases.overview import OrderStanding
from api.usecases.whereabouts import Whereabouts
from data.closures import ClosureRecord
from data.hazard_areas import HazardAreaRecord
from data.incidents import IncidentRecord
from dispatch.model import HazardZone
from gis.tracks import Fix

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


def positions(found: Iterable[Whereabouts]) -> GeoJSON:
    """Draw units where they were last seen, with their open order and when they will be there."""
    return collection(
        feature(
            Point(one.seen.fix.position),
            {
                "unit": one.seen.unit[0],
                "id": one.seen.unit[1],
                "code": one.seen.code,
                "name": one.seen.name,
                "name_en": one.seen.name_en,
                "kind": one.seen.kind,
                "owner": one.seen.owner,
                "at": one.seen.fix.at.isoformat(),
                "received_at": one.seen.received_at.isoformat(),
                "accuracy_m": one.seen.fix.accuracy_m,
                "order": one.order and one.order.id,
                "incident": one.order and one.order.incident_id,
                "state": one.order and one.order.state,
                "expected_at": one.arrival and one.arrival.at.isoformat(),
                "late": bool(one.arrival and one.arrival.late),
            },
        )
        for one in found
    )


def track(found: Sequence[Fix]) -> GeoJSON:
    """Draw a way that was driven as one line, with the moment of each of its points; no line for fewer than two."""
    if len(found) < 2:  # noqa: PLR2004  # a line has two ends
        return collection(())
    line = shapely.LineString([fix.position for fix in found])
    return collection([feature(line, {"at": [fix.at.isoformat() for fix in found]})])


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
