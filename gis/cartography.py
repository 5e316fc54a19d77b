"""From land to paper: scale, map frame, scale bar, coordinate ticks, tints of neighbours, lines thinned for a scale.

Paper is measured in millimetres from the upper left corner of the map frame, x to the right and y down.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import atan2, ceil, degrees, floor
from typing import Final, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from gis import crs

Edge = Literal["top", "right", "bottom", "left"]
Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]
Room = TypeVar("Room", bound=Hashable)

SCALES: Final = (
    *(
        500,
        1_000,
        2_000,
        2_500,
        5_000,
        7_500,
        10_000,
        12_500,
        15_000,
        20_000,
        25_000,
        30_000,
        35_000,
        40_000,
        50_000,
    ),
    *(
        60_000,
        70_000,
        80_000,
        100_000,
        120_000,
        140_000,
        160_000,
        180_000,
        200_000,
        220_000,
        250_000,
        300_000,
    ),
    *(400_000, 500_000, 750_000, 1_000_000, 1_500_000, 2_000_000, 3_000_000, 5_000_000, 10_000_000),
)
"""Denominators that a map may have. Beyond 1:250 000 only for land that is larger than any county."""

TICK_SECONDS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000)
"""Steps between coordinate ticks in seconds of arc."""

_MM_PER_M: Final = 1000.0
_SAMPLES: Final = 33  # along an edge: a meridian's place is then right to a hundredth of a millimetre
_SECONDS: Final = 3600
_SHARED_MM: Final = 0.05  # a border that two areas share is longer; a corner is shorter


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFrame:
    """A rectangle of land on paper. west_m and north_m: ground coordinates in `crs` of its upper left corner."""

    crs: CRS
    denominator: int
    west_m: float
    north_m: float
    width_mm: float
    height_mm: float

    @property
    def metres_per_mm(self) -> float:
        """Metres of ground under a millimetre of paper."""
        return self.denominator / _MM_PER_M

    @property
    def bounds_m(self) -> tuple[float, float, float, float]:
        """West, south, east, north in the metres of `crs`."""
        south = self.north_m - self.height_mm * self.metres_per_mm
        return self.west_m, south, self.west_m + self.width_mm * self.metres_per_mm, self.north_m

    def paper(self, lonlat: Floats) -> Floats:
        """Return millimetres of N stored positions; shape (N, 2) in and out."""
        metres = crs.positions_to_metres(lonlat, self.crs)
        return (
            np.column_stack(((metres[:, 0] - self.west_m), (self.north_m - metres[:, 1])))
            / self.metres_per_mm
        )

    def ground(self, paper: Floats) -> Floats:
        """Return stored positions of N places on paper; the inverse of `paper`."""
        metres = np.column_stack(
            (self.west_m + paper[:, 0] * self.metres_per_mm, self.north_m - paper[:, 1] * self.metres_per_mm)
        )
        return crs.positions_to_degrees(metres, self.crs)

    def drawn(self, geometries: Sequence[BaseGeometry]) -> Geometries:
        """Return stored geometries as they lie on paper; one call for all of them is the quick way."""
        moved: Geometries = shapely.transform(np.array([*geometries, None], dtype=object)[:-1], self.paper)
        return moved


def fit(
    subject: BaseGeometry, rooms: Mapping[Room, tuple[float, float]], *, margin_mm: float = 4.0
) -> tuple[Room, MapFrame]:
    """Choose the room (width and height in mm) that shows the land largest, and lay it there on a round scale.

    The land stands in the middle with at least `margin_mm` around it. Of two rooms with the same scale the one that it
    fills better wins, then the first. Raises ValueError for land that is empty or does not fit on the smallest scale.
    """
    if subject.is_empty:
        raise ValueError("a sheet is about some land")
    middle = shapely.box(*subject.bounds).centroid
    zone = crs.metres_crs(middle.x, middle.y)
    west, south, east, north = crs.to_metres(subject, zone).bounds
    wide, high = east - west, north - south

    def smallest(room: tuple[float, float]) -> float:
        return max(wide / (room[0] - 2 * margin_mm), high / (room[1] - 2 * margin_mm)) * _MM_PER_M

    denominator, _, _, name = min(
        (_round_scale(smallest(room)), smallest(room), at, name)
        for at, (name, room) in enumerate(rooms.items())
    )
    width_mm, height_mm = rooms[name]
    metres_per_mm = denominator / _MM_PER_M
    return name, MapFrame(
        crs=zone,
        denominator=denominator,
        west_m=(west + east - width_mm * metres_per_mm) / 2,
        north_m=(south + north + height_mm * metres_per_mm) / 2,
        width_mm=width_mm,
        height_mm=height_mm,
    )


def _round_scale(least: float) -> int:
    found = next((scale for scale in SCALES if scale >= least), None)
    if found is None:
        raise ValueError(f"land that needs 1:{least:.0f} fits on no sheet")
    return found


# -- the furniture of a map


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleBar:
    """A bar of `parts` equal parts of `part_m` metres, `part_mm` long on paper."""

    part_m: int
    part_mm: float
    parts: int


def scale_bar(denominator: int, *, longest_mm: float) -> ScaleBar:
    """Return the longest bar with round parts (1, 2 or 5 times a power of ten) that is at most so long; 2 to 5 parts."""
    longest_m = longest_mm * denominator / _MM_PER_M
    choices = [
        (parts * part, -parts, part)
        for power in range(8)
        for part in (10**power, 2 * 10**power, 5 * 10**power)
        for parts in (2, 4, 5)
        if parts * part <= longest_m
    ]
    if not choices:
        raise ValueError(f"no bar of {longest_mm} mm at 1:{denominator}")
    _, minus_parts, part = max(choices)
    return ScaleBar(part_m=part, part_mm=part * _MM_PER_M / denominator, parts=-minus_parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Where a meridian (top, bottom) or a parallel (left, right) meets the frame; `seconds` of arc east or north."""

    edge: Edge
    at_mm: float
    seconds: int


def ticks(frame: MapFrame, *, apart_mm: float = 45.0) -> tuple[Tick, ...]:
    """Return the ticks of all four edges, about `apart_mm` from each other; at least two on each edge where that is possible."""
    step = _tick_step(frame, apart_mm)
    width, height = frame.width_mm, frame.height_mm
    edges: tuple[tuple[Edge, float, Floats, int], ...] = (
        ("top", width, np.array([[1.0, 0.0], [0.0, 0.0]]), 0),
        ("bottom", width, np.array([[1.0, 0.0], [0.0, height]]), 0),
        ("left", height, np.array([[0.0, 0.0], [1.0, 0.0]]), 1),
        ("right", height, np.array([[0.0, width], [1.0, 0.0]]), 1),
    )
    found = []
    for edge, length, line, axis in edges:
        along = np.linspace(0.0, length, _SAMPLES)
        places = np.column_stack([direction * along + start for direction, start in line])
        seconds = frame.ground(places)[:, axis] * _SECONDS
        rising = seconds if seconds[-1] > seconds[0] else seconds[::-1]
        where = along if seconds[-1] > seconds[0] else along[::-1]
        first, last = ceil(rising[0] / step), floor(rising[-1] / step)
        found += [
            Tick(edge=edge, at_mm=float(np.interp(number * step, rising, where)), seconds=number * step)
            for number in range(first, last + 1)
        ]
    return tuple(found)


def _tick_step(frame: MapFrame, apart_mm: float) -> int:
    shorter = min(frame.width_mm, frame.height_mm)
    apart = min(apart_mm, shorter / 3.5)  # steps are up to 2.5 times apart: each edge has one
    middle = frame.ground(np.array([[frame.width_mm / 2, frame.height_mm / 2]]))[0]
    east_m, north_m = crs.metres_per_degree(middle[1])
    per_second_mm = float(min(east_m, north_m)) / _SECONDS / frame.metres_per_mm
    return next((step for step in TICK_SECONDS if step * per_second_mm >= apart), TICK_SECONDS[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLine:
    """A line of the kilometre grid: upright where `easting`, else level; `metres` in the frame's zone."""

    easting: bool
    at_mm: float
    metres: int


def kilometre_grid(frame: MapFrame, *, apart_mm: float = 40.0) -> tuple[GridLine, ...]:
    """Return the lines of round ground coordinates, at least `apart_mm` from each other; steps of 1, 2, 5 × a power of ten."""
    least = apart_mm * frame.metres_per_mm
    step = next(size * 10**power for power in range(9) for size in (1, 2, 5) if size * 10**power >= least)
    west, south, east, north = frame.bounds_m
    upright = (
        GridLine(easting=True, at_mm=(at * step - west) / frame.metres_per_mm, metres=at * step)
        for at in range(ceil(west / step), floor(east / step) + 1)
    )
    level = (
        GridLine(easting=False, at_mm=(north - at * step) / frame.metres_per_mm, metres=at * step)
        for at in range(ceil(south / step), floor(north / step) + 1)
    )
    return (*upright, *level)


def convergence_deg(frame: MapFrame) -> float:
    """Return by how many degrees true north lies east of the paper's upward direction in the middle of the frame."""
    middle_mm = np.array([[frame.width_mm / 2, frame.height_mm / 2]])
    lon, lat = frame.ground(middle_mm)[0]
    (x0, y0), (x1, y1) = frame.paper(np.array([[lon, lat], [lon, lat + 0.001]]))
    return degrees(atan2(x1 - x0, y0 - y1))


# -- tints


def neighbours(areas: Mapping[str, BaseGeometry], *, shared: float = _SHARED_MM) -> dict[str, set[str]]:
    """Return who shares a border longer than `shared` (in the geometries' own unit) with whom; corners do not count."""
    codes = sorted(areas)
    shapes = np.array([*(areas[code] for code in codes), None], dtype=object)[:-1]
    beside: dict[str, set[str]] = {code: set() for code in codes}
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = one < other
    one, other = one[pairs], other[pairs]
    common = shapely.intersection(shapely.boundary(shapes[one]), shapely.boundary(shapes[other]))
    joined = (shapely.length(common) > shared) | (
        shapely.area(shapely.intersection(shapes[one], shapes[other])) > shared**2
    )
    for a, b in zip(one[joined].tolist(), other[joined].tolist(), strict=True):
        beside[codes[a]].add(codes[b])
        beside[codes[b]].add(codes[a])
    return beside


def tints(
    beside: Mapping[str, Collection[str]], *, before: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Give every area a number, from 0, that no neighbour has; few numbers.

    The most constrained area is numbered first (DSATUR; Brélaz 1979), ties by code, so that the same division always
    looks the same. `before`: numbers of an earlier division; whoever still differs from its neighbours keeps its own.
    """
    kept: dict[str, int] = {}
    for code in sorted(beside):
        number = (before or {}).get(code)
        if number is not None and all(kept.get(other) != number for other in beside[code]):
            kept[code] = number
    done = dict(kept)
    waiting = set(beside) - set(done)
    while waiting:
        taken = {code: {done[other] for other in beside[code] if other in done} for code in waiting}
        code = min(waiting, key=lambda one: (-len(taken[one]), -len(beside[one]), one))
        done[code] = next(number for number in range(len(taken[code]) + 1) if number not in taken[code])
        waiting.discard(code)
    return done


# -- lines and outlines for a scale


def thinned(geometries: Geometries, tolerance_mm: float) -> Geometries:
    """Return lines (and points) with fewer vertices, none moved by more than the tolerance (Douglas and Peucker 1973)."""
    simpler: Geometries = shapely.simplify(geometries, tolerance_mm)
    return simpler


def thinned_coverage(areas: Geometries, tolerance_mm: float) -> Geometries:
    """Return polygons with fewer vertices; a border of two of them stays one border (Visvalingam and Whyatt 1993)."""
    if not len(areas):
        return areas
    simpler: Geometries = shapely.coverage_simplify(areas, tolerance_mm)
    return simpler


def clipped(geometries: Geometries, frame: MapFrame, *, beyond_mm: float = 0.0) -> Geometries:
    """Return what of geometries on paper lies in the frame, or at most `beyond_mm` outside of it; empty where nothing does."""
    inside: Geometries = shapely.clip_by_rect(
        geometries, -beyond_mm, -beyond_mm, frame.width_mm + beyond_mm, frame.height_mm + beyond_mm
    )
    return inside


def border_lines(
    levels: Iterable[tuple[str, Sequence[BaseGeometry]]], *, within_mm: float = 0.3
) -> dict[str, BaseGeometry]:
    """Return the lines of each level (the highest first) that are no border of a higher one, as maps draw them.

    Areas are on paper. A lower line within `within_mm` of a higher one counts as the same border.
    """
    drawn: dict[str, BaseGeometry] = {}
    above: BaseGeometry = shapely.MultiLineString()
    for level, areas in levels:
        lines = shapely.union_all(shapely.boundary(np.array([*areas, None], dtype=object)[:-1]))
        own = lines if above.is_empty else lines.difference(above.buffer(within_mm, quad_segs=2))
        drawn[level] = shapely.line_merge(own)
        above = shapely.union(above, lines)
    return drawn
