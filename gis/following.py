"""A line drawn by hand, as the roads that it runs along.

Nobody draws a road to the metre. Between two places of the drawn line that both lie near a road the way by road is
meant, where it runs beside what was drawn. What crosses roads instead of following one stays as it was drawn.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from shapely.geometry import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry

from gis.closures import Overlay, under
from gis.crs import metres_per_degree
from gis.network import RoadNetwork, VehicleProfile
from gis.shapes import MILLION
from gis.travel import Route, route

NEAR_M: Final = 60.0  # a corner so near to a road stands for a place on it
BESIDE_M: Final = 100.0  # a way leaves a straight piece, between two clicks, by no more than this …
BESIDE_SHARE: Final = 0.25  # … or by this share of its length; a line with corners by no more than NEAR_M
LEAST_SHARE: Final = 0.7  # a way by road shorter than this share of what was drawn is a road that was crossed
MOST_SHARE: Final = 1.5  # a way longer than this share is a detour
ON_ROADS: Final = 0.8  # a line with this share of its length on roads was not drawn by hand
MOST_CORNERS: Final = 200  # a line of more was not drawn by hand either

_PAIR: Final = 2
_CAR: Final = VehicleProfile(speed_class="car")


def along_roads(network: RoadNetwork, line: BaseGeometry) -> BaseGeometry:
    """Return a line or several (EPSG:4490 degrees) with each piece that runs beside roads laid onto them.

    Closures do not count: a road that is closed already can be closed for longer. Anything but lines comes back as it is.
    """
    if not isinstance(line, LineString | MultiLineString) or line.is_empty:
        return line
    if shapely.get_num_coordinates(line) > MOST_CORNERS or _lies_on_roads(network, line):
        return line
    bare = network.overlay()
    pieces = [piece for part in shapely.get_parts(line) for piece in _followed(network, bare, part.coords[:])]
    return shapely.line_merge(MultiLineString(pieces)) if len(pieces) > 1 else pieces[0]


def _followed(network: RoadNetwork, bare: Overlay, corners: Sequence[tuple[float, ...]]) -> list[LineString]:
    """Return the way by road past these corners; where none runs beside them, the ways past each half of them."""
    drawn = LineString([corner[:2] for corner in corners])
    way = _by_road(network, bare, drawn)
    if way is not None or len(corners) == _PAIR:
        return [way or drawn]
    middle = len(corners) // 2
    return [
        *_followed(network, bare, corners[: middle + 1]),
        *_followed(network, bare, corners[middle:]),
    ]


def _lies_on_roads(network: RoadNetwork, line: BaseGeometry) -> bool:
    scale = _scale(line)
    whole = shapely.transform(line, lambda xy: xy * scale).length
    lengths = network.rules.length_m
    on_roads = sum(
        (one.high - one.low) / MILLION * float(lengths[one.edge])
        for part in shapely.get_parts(line)
        for one in under(network.shapes, part)
    )
    return on_roads >= ON_ROADS * whole


def _by_road(network: RoadNetwork, bare: Overlay, drawn: LineString) -> LineString | None:
    """Return the way by road between the ends of a line, if there is one beside it."""
    start, end = ((float(x), float(y)) for x, y in (drawn.coords[0], drawn.coords[-1]))
    if start == end or any(network.nearest_edge(lon, lat, NEAR_M)[0] is None for lon, lat in (start, end)):
        return None
    both = (route(network, start, end, _CAR, bare), route(network, end, start, _CAR, bare))  # or a one-way
    beside = [way.geometry for way in both if isinstance(way, Route) and _runs_beside(way.geometry, drawn)]
    return min(beside, key=lambda way: way.length, default=None)


def _runs_beside(way: LineString, drawn: LineString) -> bool:
    scale = _scale(drawn)
    road, line = (shapely.transform(one, lambda xy: xy * scale) for one in (way, drawn))
    if not LEAST_SHARE * line.length <= road.length <= MOST_SHARE * line.length:
        return False
    reach = max(BESIDE_M, BESIDE_SHARE * line.length) if len(drawn.coords) == _PAIR else NEAR_M
    return bool(shapely.hausdorff_distance(road, line) <= reach)


def _scale(line: BaseGeometry) -> np.ndarray:
    """Return the metres of a degree of longitude and of latitude there."""
    return np.array([float(m) for m in metres_per_degree((line.bounds[1] + line.bounds[3]) / 2)])
