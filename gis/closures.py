"""Closed and slowed roads, hazard zones, hours of the day: an overlay on a network that is never changed itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import metres_per_degree
from gis.shapes import MILLION, EdgeShapes

Int32s = npt.NDArray[np.int32]

FREE_PERCENT: Final = 100  # of the free-flow time
POINT_REACH_M: Final = 50.0  # a closure given as a point closes the nearest edge within
_AREA: Final = 2  # dimensions
LINE_WIDTH_M: Final = 2.0  # an edge so close to a closure's line lies on it …
LINE_SHARED_M: Final = 20.0  # … when it does so for this long, or for half its own length


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A stretch of road that is closed or slowed; geometry is a point, line or area in EPSG:4490 degrees.

    A point closes the nearest edge within 50 m; a line every edge that it runs along, and those that it crosses where it
    runs along none; an area every edge that touches it. `factor_percent` None = closed; 300 = three times slower.
    Outside [starts_at, ends_at) it has no effect; None = open-ended.
    """

    id: int
    geometry: BaseGeometry
    factor_percent: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.factor_percent is not None and self.factor_percent < FREE_PERCENT:
            raise ValueError("a closure never makes a road faster: factor_percent is at least 100")

    def in_effect(self, at: datetime | None) -> bool:
        """Return whether it counts at a moment; without a moment it always does."""
        if at is None:
            return True
        return (self.starts_at is None or self.starts_at <= at) and (
            self.ends_at is None or at < self.ends_at
        )


class Cause(NamedTuple):
    """What bars an edge: a closure (by id), a hazard zone (by its place in the sequence given) or a rule of the road (by edge id)."""

    kind: Literal["closure", "zone", "rule"]
    id: int


class Struck(NamedTuple):
    """An edge under a geometry, and the millionths between which it is covered."""

    edge: int
    low: int
    high: int


@dataclass(slots=True)
class Entry:
    """What an overlay says about one edge. Vehicles may drive to `low` from its start and to `high` from its end."""

    causes: tuple[Cause, ...] = ()
    closed: bool = False
    factor_percent: int = FREE_PERCENT
    low: int = MILLION
    high: int = 0
    vehicles_only: bool = False  # a rule of the road: people on foot do not mind
    opened: bool = False  # a rule lets vehicles in where the road is otherwise private to others


@dataclass(frozen=True, eq=False)
class Overlay:
    """What differs from the bare network at one moment. Made by `RoadNetwork.overlay`; holds for that network only.

    entries: by edge, in ascending order. hour_percent: the share of the free-flow time that each road class takes.
    """

    entries: dict[int, Entry]
    hour_percent: tuple[int, ...] | None = None
    patches: dict[object, Any] = field(
        default_factory=dict, repr=False
    )  # by profile class, made when first asked for

    @cached_property
    def opens(self) -> bool:
        """Return whether it lets vehicles in anywhere that the bare network does not."""
        return any(entry.opened for entry in self.entries.values())

    def causes(self, edge: int) -> tuple[Cause, ...]:
        """Return what bars an edge (its place in the network); empty when nothing does."""
        entry = self.entries.get(edge)
        return entry.causes if entry is not None and entry.closed else ()


def merge(
    entries: dict[int, Entry], struck: Iterable[Struck], cause: Cause, factor_percent: int | None
) -> None:
    """Add a closure or zone to the entries of its edges. Of several slow-downs the worst counts."""
    for edge, low, high in struck:
        entry = entries.setdefault(edge, Entry())
        if factor_percent is None:
            if entry.vehicles_only:
                entry.vehicles_only = False
            entry.closed = True
            entry.causes = (*entry.causes, cause)
            entry.low, entry.high = min(entry.low, low), max(entry.high, high)
        else:
            entry.factor_percent = max(entry.factor_percent, factor_percent)


def under(shapes: EdgeShapes, geometry: BaseGeometry) -> tuple[Struck, ...]:
    """Return the edges that a line or an area strikes; points are the business of `gis.snapping`."""
    if geometry.is_empty:
        return ()
    lat = (geometry.bounds[1] + geometry.bounds[3]) / 2
    scale = np.array([float(m) for m in metres_per_degree(lat)])
    pad = LINE_WIDTH_M / scale
    west, south, east, north = geometry.bounds
    edges = shapes.near_box((west - pad[0], south - pad[1], east + pad[0], north + pad[1]))
    if not len(edges):
        return ()
    plane = shapely.transform(geometry, lambda xy: xy * scale)
    lines = shapely.transform(shapes.lines(edges), lambda xy: xy * scale)
    if shapely.get_dimensions(plane) == _AREA:
        return _under_area(edges, lines, shapely.make_valid(plane))
    return _under_line(edges, lines, plane)


def _under_area(edges: Int32s, lines: npt.NDArray[Any], area: BaseGeometry) -> tuple[Struck, ...]:
    shapely.prepare(area)
    hit = shapely.intersects(area, lines)
    return tuple(_covered(edges[hit], lines[hit], shapely.intersection(lines[hit], area)))


def _under_line(edges: Int32s, lines: npt.NDArray[Any], line: BaseGeometry) -> tuple[Struck, ...]:
    shared = shapely.intersection(lines, line.buffer(LINE_WIDTH_M, cap_style="flat"))
    length = shapely.length(lines)
    along = shapely.length(shared) >= np.minimum(LINE_SHARED_M, length / 2)
    across = shapely.crosses(lines, line)
    struck = list(_covered(edges[along], lines[along], shared[along]))
    only = np.flatnonzero(across & ~along)
    # where the line runs along a road, what passes over or under it, or joins it, is not meant
    followed = shapely.union_all(shared[along]).buffer(LINE_WIDTH_M)
    crossed = shapely.difference(shapely.intersection(lines[only], line), followed)
    left = ~shapely.is_empty(crossed)
    struck += _covered(edges[only[left]], lines[only[left]], crossed[left])
    return tuple(struck)


def _covered(edges: Int32s, lines: npt.NDArray[Any], parts: npt.NDArray[Any]) -> Iterable[Struck]:
    for edge, line, part in zip(edges, lines, parts, strict=True):
        shares = shapely.line_locate_point(
            line, shapely.points(shapely.get_coordinates(part)), normalized=True
        )
        low, high = int(np.floor(shares.min() * MILLION)), int(np.ceil(shares.max() * MILLION))
        yield Struck(int(edge), low, high)


def hour_percents(
    classes: Sequence[str], factors: dict[str, Sequence[int]] | None, at: datetime | None
) -> tuple[int, ...] | None:
    """Return each class's percentage at a moment's hour, or None when all are 100."""
    if at is None or not factors:
        return None
    percents = tuple(int(factors[name][at.hour]) if name in factors else 100 for name in classes)
    return None if all(percent == FREE_PERCENT for percent in percents) else percents
