"""Records → GeoJSON feature collections; positions [longitude, latitude]."""

from collections.abc import Iterable, Mapping
from typing import Any

import shapely
from shapely.geometry import mapping

from dispatch.model import UnitRoute

GeoJSON = dict[str, Any]


def outline(geometry: Any) -> GeoJSON:
    """Write a shapely geometry."""
    written: GeoJSON = mapping(geometry)
    return written


def feature(geometry: Any, properties: Mapping[str, Any]) -> GeoJSON:
    """Make one feature of a shapely geometry."""
    return {"type": "Feature", "geometry": outline(geometry), "properties": dict(properties)}


def collection(features: Iterable[GeoJSON]) -> GeoJSON:
    """Make a collection."""
    return {"type": "FeatureCollection", "features": list(features)}


def routes(found: Iterable[UnitRoute]) -> GeoJSON:
    """Draw routes: the drive, what is walked after it (`walk`), and the second way (`second`) where there is one."""
    return collection(drawn for route in found for drawn in _route(route))


def _route(route: UnitRoute) -> Iterable[GeoJSON]:
    told = {
        "kind": route.kind,
        "id": route.id,
        "incident": route.incident,
        "road_ms": route.road_ms,
        "walk_ms": route.walk_ms,
        "length_m": route.length_m,
        "second": False,
        "walk": False,
    }
    yield feature(route.geometry, told)
    if route.walk_ms and isinstance(route.walk, shapely.LineString) and not route.walk.is_empty:
        yield feature(route.walk, {**told, "walk": True})
    if route.second is not None:
        yield feature(route.second, {**told, "second": True, "second_ms": route.second_ms})
