"""Incident → the area that is dangerous now: what it closes, and where staging is refused.

Three shapes, each simple enough to be checked by hand:

- circle: everything within a radius of the place (initial isolation distance).
- wind sector: downwind of the place, a sector of `length_m` and half angle `half_angle_deg`, joined with the
  isolation circle (the shape of protective action zones in the Emergency Response Guidebook).
- run-out: downslope of the place, as far as the mass travels. Horizontal reach from the angle of reach (Heim 1932):
  log10(H / L) = -0.085 log10(V) - 0.047 (Corominas 1996, all landslides), V in cubic metres, spreading by
  `half_angle_deg` to each side, joined with the circle.

Where a direction is not known the circle alone stands: nothing is invented.

Areas that people draw become zones of the same kind while their time lasts: one mechanism closes roads and refuses
staging for both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log10
from typing import Final, Literal

import numpy as np
from shapely import Point, Polygon
from shapely.geometry.base import BaseGeometry

from dispatch.model import HazardArea, HazardZone, Incident, Position
from gis.crs import metres_crs, to_degrees, to_metres

ZoneShape = Literal["none", "circle", "wind_sector", "run_out"]
ARC_STEP_DEG: Final = 3
QUARTER_SEGMENTS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardRule:
    """How the zone of an incident type is drawn in a first hour. The rules come with the types, from the caller."""

    shape: ZoneShape
    radius_m: int = 0
    length_m: int = 0  # of a wind sector
    half_angle_deg: int = 0
    closes_roads: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known about the place. Bearings in degrees clockwise from north; None = not known."""

    wind_from_deg: float | None = None
    downslope_deg: float | None = None
    drop_m: float | None = None  # height between the release and the valley floor
    volume_m3: float | None = None


UNKNOWN: Final = Surroundings()


def zone(
    incident: Incident, rules: Mapping[str, HazardRule], surroundings: Surroundings = UNKNOWN
) -> HazardZone | None:
    """Return the hazard zone of an incident by the rule of its type; None when its type has none. A reported radius replaces the rule's."""
    rule = rules.get(incident.type, HazardRule(shape="none"))
    if rule.shape == "none":
        return None
    crs = metres_crs(*incident.position)
    centre = to_metres(Point(incident.position), crs)
    area: BaseGeometry = centre.buffer(incident.radius_m or rule.radius_m, quad_segs=QUARTER_SEGMENTS)
    reach = _reach(rule, surroundings)
    if reach is not None:
        bearing, length = reach
        area = area.union(sector(centre, bearing, length, rule.half_angle_deg))
    return HazardZone(incident=incident.id, geometry=to_degrees(area, crs), closes_roads=rule.closes_roads)


def zones(
    incidents: Sequence[Incident],
    rules: Mapping[str, HazardRule],
    surroundings: Mapping[int, Surroundings] | None = None,
) -> tuple[HazardZone, ...]:
    """Return the zones of all incidents, by incident id. `surroundings` is keyed by incident id."""
    known = surroundings or {}
    found = (zone(i, rules, known.get(i.id, UNKNOWN)) for i in sorted(incidents, key=lambda i: i.id))
    return tuple(z for z in found if z is not None)


def drawn(areas: Iterable[HazardArea], at: datetime) -> tuple[HazardZone, ...]:
    """Return the zones of the drawn areas that are in effect at a moment, by area id."""
    return tuple(
        HazardZone(
            incident=area.incident, geometry=area.geometry, closes_roads=area.closes_roads, area=area.id
        )
        for area in sorted(areas, key=lambda area: area.id)
        if area.in_effect(at)
    )


def barred(zones: Iterable[HazardZone]) -> list[Polygon]:
    """Return the polygons of the zones that close roads."""
    return [
        part
        for zone in zones
        if zone.closes_roads and isinstance(zone.geometry, BaseGeometry)
        for part in getattr(zone.geometry, "geoms", (zone.geometry,))
        if isinstance(part, Polygon)
    ]


def _reach(rule: HazardRule, known: Surroundings) -> tuple[float, float] | None:
    """(bearing, length in m) of the directed part, where it is known."""
    if rule.shape == "wind_sector" and known.wind_from_deg is not None:
        return (known.wind_from_deg + 180) % 360, rule.length_m
    if rule.shape == "run_out" and known.downslope_deg is not None and known.drop_m and known.volume_m3:
        return known.downslope_deg, run_out_m(known.drop_m, known.volume_m3)
    return None


def run_out_m(drop_m: float, volume_m3: float) -> float:
    """Horizontal travel of a slide that falls `drop_m`: larger masses go further (Corominas 1996)."""
    return float(drop_m * 10 ** (0.085 * log10(volume_m3) + 0.047))


def sector(centre: Point, bearing_deg: float, length_m: float, half_angle_deg: float) -> Polygon:
    """Return a sector of a circle in metres: apex at `centre`, opening to `half_angle_deg` on each side of the bearing."""
    steps = max(2, round(2 * half_angle_deg / ARC_STEP_DEG) + 1)
    angles = np.radians(np.linspace(bearing_deg - half_angle_deg, bearing_deg + half_angle_deg, steps))
    arc = np.column_stack([centre.x + length_m * np.sin(angles), centre.y + length_m * np.cos(angles)])
    return Polygon([(centre.x, centre.y), *arc])


def staging_allowed(position: Position, zones: Sequence[HazardZone]) -> bool:
    """Whether people and vehicles may be gathered at a place: outside every zone."""
    here = Point(position)
    return not any(
        isinstance(zone.geometry, BaseGeometry) and zone.geometry.intersects(here) for zone in zones
    )
