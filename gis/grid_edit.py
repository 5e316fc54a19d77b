"""Changing cells by hand: splitting one, merging neighbours, moving a border so that both sides follow.

Every function returns new shapes or raises `EditError` with a code; nothing else ever changes. What is not edited keeps its coordinates to the
last bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import geodesic_area_m2, metres_per_degree
from gis.mosaic import components, cut, rings_cut_at

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_M2: Final = 2_000.0
"""Square metres that a cell must have after an edit."""
REACH_M: Final = 60.0
"""How far from the old border a hand may set the ends of a new one."""

_NUDGE: Final = 1e-7  # degrees within which two borders are the same place
_AREA_TOLERANCE: Final = 1e-9

RefusalCode = Literal[
    "no_line",
    "crosses_itself",
    "does_not_split",
    "too_small",
    "different_parents",
    "not_adjacent",
    "ends_elsewhere",
    "leaves_the_pair",
    "cuts_in_parts",
    "swallows_a_cell",
]


class EditError(ValueError):
    """An edit that would break the grids.

    no_line: fewer than two points · crosses_itself: the line does · does_not_split: the line does not run through the cell · too_small: a part would be below
    `LEAST_M2` · different_parents, not_adjacent: of cells to merge, or of a border to move · ends_elsewhere: the new line does not start and
    end on the border · leaves_the_pair: it runs through a third cell · cuts_in_parts: a cell would fall apart · swallows_a_cell: one of both would vanish.
    """

    def __init__(self, code: RefusalCode) -> None:
        self.code: RefusalCode = code
        super().__init__(code)


def split(cell: BaseGeometry, line: BaseGeometry) -> list[BaseGeometry]:
    """Split a cell by a line (stored degrees) into its parts, from the west.

    An end of the line inside the cell is led straight on to the border when that is within `REACH_M`. Islands stay with the nearest part.
    """
    _checked(line)
    mosaic = cut(cell, np.asarray([_led_on(cell, line)], dtype=object), np.ones(1))
    _, label = components(len(mosaic.faces), mosaic.links)
    if label.max() == 0:
        raise EditError("does_not_split")
    parts = mosaic.cells(label)
    if min(geodesic_area_m2(part) for part in parts) < LEAST_M2:
        raise EditError("too_small")
    return sorted(parts, key=lambda part: (part.centroid.x, -part.centroid.y))


def merge(cells: Sequence[BaseGeometry], parents: Sequence[str]) -> BaseGeometry:
    """Merge cells of one parent that hang together along their borders."""
    if len(set(parents)) != 1:
        raise EditError("different_parents")
    shapes = np.asarray(cells, dtype=object)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = np.column_stack([first, second])[first < second]
    shared = shapely.get_dimensions(shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])) >= 1
    if len(cells) < 2 or components(len(cells), pairs[shared])[0] > 1:  # noqa: PLR2004 - one is not merged with anything
        raise EditError("not_adjacent")
    return shapely.union_all(shapes)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class GridShape:
    """A grid as far as edits look at it."""

    parent: str
    shape: BaseGeometry


def move_border(
    grids: Mapping[str, GridShape], first: str, second: str, line: BaseGeometry
) -> dict[str, BaseGeometry]:
    """Lay the border of two cells anew: return the new shape of both and of all parents up to the common one.

    line: from one place on their border to another, usually its two ends; what lies between them on the old border is replaced. An end within `REACH_M` of an
    end of the border is set on it. grids: both cells and their chains upwards by code. Raises KeyError for codes that are not there.
    """
    _checked(line)
    a, b = first, second
    way, (new_a, new_b) = _moved(grids[a].shape, grids[b].shape, line, _reach(grids[a].shape))
    changed = {a: new_a, b: new_b}
    while True:
        a, b = grids[a].parent, grids[b].parent
        if a == b:
            return changed
        if a not in grids or b not in grids:
            raise EditError("different_parents")
        _, (changed[a], changed[b]) = _moved(grids[a].shape, grids[b].shape, way, _NUDGE)


def border(first: BaseGeometry, second: BaseGeometry) -> list[shapely.LineString]:
    """Return the stretches along which two cells touch, each from end to end; a ring where one surrounds the other."""
    shared = shapely.intersection(shapely.boundary(first), shapely.boundary(second))
    lines = shapely.get_parts(shared)
    lines = lines[shapely.get_dimensions(lines) == 1]
    merged: list[shapely.LineString] = shapely.get_parts(
        shapely.line_merge(shapely.multilinestrings(lines))
    ).tolist()
    return merged


def _checked(line: BaseGeometry) -> None:
    if line.is_empty or line.geom_type != "LineString" or line.length == 0:
        raise EditError("no_line")
    if not line.is_simple or line.is_ring:
        raise EditError("crosses_itself")


def _reach(shape: BaseGeometry) -> float:
    return REACH_M / float(metres_per_degree(shape.centroid.y)[1])


def _led_on(cell: BaseGeometry, line: BaseGeometry) -> BaseGeometry:
    """Lengthen both ends of a line that stop inside the cell."""
    xy = shapely.get_coordinates(line)
    reach = _reach(cell)
    for end, before in ((0, 1), (-1, -2)):
        if shapely.contains_xy(cell, *xy[end]):
            step = xy[end] - xy[before]
            on = xy[end] + step * (reach / max(float(np.hypot(*step)), 1e-12))
            if not shapely.contains_xy(cell, *on):
                xy = np.concatenate([[on], xy]) if end == 0 else np.concatenate([xy, [on]])
    return shapely.LineString(xy)


def _moved(
    first: BaseGeometry, second: BaseGeometry, line: BaseGeometry, reach: float
) -> tuple[shapely.LineString, tuple[BaseGeometry, BaseGeometry]]:
    """Replace a stretch of the border of two shapes by a line; returns the line as it was set, and both shapes."""
    arcs = border(first, second)
    if not arcs:
        raise EditError("not_adjacent")
    ends = shapely.points(shapely.get_coordinates(line)[[0, -1]])
    away = [float(shapely.distance(arc, ends).max()) for arc in arcs]
    chosen = int(np.argmin(away))
    if away[chosen] > reach:
        raise EditError("ends_elsewhere")
    replaced, way = _replaced(arcs[chosen], shapely.get_coordinates(line), reach)
    union = shapely.union(first, second)
    if not replaced.is_simple:
        raise EditError("cuts_in_parts")
    if not shapely.covers(shapely.buffer(union, _NUDGE), way):
        raise EditError("leaves_the_pair")
    arcs[chosen] = replaced
    return way, _told_apart(first, second, union, arcs)


def _replaced(
    arc: shapely.LineString, line: Floats, reach: float
) -> tuple[shapely.LineString, shapely.LineString]:
    """Return the arc with the stretch between the line's ends replaced by the line, and the line with its ends set on it."""
    xy = shapely.get_coordinates(arc)
    places = []
    line = line.copy()
    for end in (0, -1):
        near = shapely.Point(line[end])
        corner = xy[-1] if np.hypot(*(xy[-1] - line[end])) < np.hypot(*(xy[0] - line[end])) else xy[0]
        if not arc.is_ring and np.hypot(*(corner - line[end])) <= reach:
            line[end] = corner
            places.append(0.0 if corner is xy[0] or (corner == xy[0]).all() else arc.length)
            continue
        along = arc.project(near)
        if reach > _NUDGE:
            line[end] = shapely.get_coordinates(arc.interpolate(along))[0]
        places.append(along)
    if places[0] > places[1]:
        places, line = places[::-1], line[::-1]
    if places[0] == places[1]:
        raise EditError("ends_elsewhere")
    steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    tiny = 1e-12
    head, tail = xy[steps < places[0] - tiny], xy[steps > places[1] + tiny]
    between = xy[(steps > places[0] + tiny) & (steps < places[1] - tiny)]
    if arc.is_ring:
        outer = np.concatenate([tail, head[1:]]) if len(head) else tail
        inside, outside = (
            shapely.LineString(np.concatenate([line[:1], between, line[-1:]])),
            shapely.LineString(np.concatenate([line[-1:], outer, line[:1]])),
        )
        drawn = shapely.LineString(line)
        kept = (
            outer
            if shapely.hausdorff_distance(drawn, inside) <= shapely.hausdorff_distance(drawn, outside)
            else between[::-1]
        )
        new = np.concatenate([line, kept, line[:1]])
    else:
        new = np.concatenate([head, line, tail])
    return shapely.LineString(new), shapely.LineString(line)


def _told_apart(
    first: BaseGeometry, second: BaseGeometry, union: BaseGeometry, arcs: Sequence[shapely.LineString]
) -> tuple[BaseGeometry, BaseGeometry]:
    """Two shapes on both sides of their borders."""
    ends = {
        tuple(xy) for arc in arcs if not arc.is_ring for xy in shapely.get_coordinates(arc)[[0, -1]].tolist()
    }
    faces = np.asarray(
        shapely.get_parts(shapely.polygonize([*rings_cut_at(union, ends), *arcs])), dtype=object
    )
    if len(faces):
        faces = faces[shapely.contains(union, shapely.point_on_surface(faces))]
    whole = shapely.area(union)
    pieces = int(shapely.get_num_geometries(first) + shapely.get_num_geometries(second))
    if (
        len(faces) != pieces
        or abs(shapely.area(faces).sum() - whole) > _AREA_TOLERANCE * whole
        or not shapely.coverage_is_valid(faces)
    ):
        raise EditError("cuts_in_parts")
    mine = shapely.area(shapely.intersection(faces, first)) / shapely.area(first)
    theirs = shapely.area(shapely.intersection(faces, second)) / shapely.area(second)
    own = mine > theirs
    if own.all() or not own.any():
        raise EditError("swallows_a_cell")
    cells: list[BaseGeometry] = []
    for side, before in ((own, first), (~own, second)):
        parts = faces[side]
        if len(parts) != shapely.get_num_geometries(before):
            raise EditError("cuts_in_parts")
        cells.append(shapely.union_all(parts) if len(parts) > 1 else parts[0])
        if geodesic_area_m2(cells[-1]) < LEAST_M2:
            raise EditError("swallows_a_cell")
    return cells[0], cells[1]
