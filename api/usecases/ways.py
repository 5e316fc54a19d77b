"""Measuring on the map: along the roads as they stand now, and straight."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from shapely.geometry import LineString

from api.context import Context
from api.errors import InvalidError
from api.security import authorise
from api.usecases.roads_now import overlay_now
from dispatch.model import Position
from gis.closures import Overlay
from gis.crs import geodesic_steps
from gis.network import RoadNetwork, SpeedClass, VehicleProfile
from gis.travel import Route, route

MOST_POINTS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """From one point to the next. No drive where the roads lead there not: `reach` says why."""

    reach: str
    straight_m: float
    road_m: float | None = None
    road_ms: int | None = None
    walk_ms: int | None = None
    drive: LineString | None = None
    walk: LineString | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A chain of legs. road_m is of the drives, road_ms of drives and walks; None where a leg has no way."""

    legs: tuple[Leg, ...]

    @property
    def straight_m(self) -> float:
        """Metres from point to point."""
        return sum(leg.straight_m for leg in self.legs)

    @property
    def road_m(self) -> float | None:
        """Metres along the roads."""
        lengths = [leg.road_m for leg in self.legs if leg.road_m is not None]
        return sum(lengths) if len(lengths) == len(self.legs) else None

    @property
    def road_ms(self) -> int | None:
        """Milliseconds along the roads, and on foot to the points beside them."""
        times = [
            leg.road_ms + leg.walk_ms
            for leg in self.legs
            if leg.road_ms is not None and leg.walk_ms is not None
        ]
        return sum(times) if len(times) == len(self.legs) else None


def measure(ctx: Context, points: Sequence[Position], speed_class: SpeedClass) -> Measure:
    """Measure a chain of points for a class of vehicle, with closures, hazard zones and the hour as they are now.

    Raises InvalidError for fewer than two or more than MOST_POINTS points, UnavailableError without roads.
    """
    authorise(ctx.actor, "map.read")
    if not 2 <= len(points) <= MOST_POINTS:  # noqa: PLR2004  # a leg has two ends
        raise InvalidError("points_unreadable")
    _, network = ctx.networks.current()
    with ctx.world.read() as connection:
        overlay = overlay_now(ctx, connection, network)
    profile = VehicleProfile(speed_class=speed_class)
    straight = geodesic_steps(np.asarray(points, dtype=np.float64))
    return Measure(
        legs=tuple(
            _leg(network, ends, float(metres), profile, overlay)
            for ends, metres in zip(pairwise(points), straight, strict=True)
        )
    )


def _leg(
    network: RoadNetwork,
    ends: tuple[Position, Position],
    straight_m: float,
    profile: VehicleProfile,
    overlay: Overlay,
) -> Leg:
    found = route(network, *ends, profile, overlay)
    if not isinstance(found, Route):
        return Leg(reach=found.reach.name.lower(), straight_m=straight_m)
    return Leg(
        reach=found.reach.name.lower(),
        straight_m=straight_m,
        road_m=found.length_m,
        road_ms=found.road_ms,
        walk_ms=found.walk_ms,
        drive=found.geometry,
        walk=found.walk,
    )
