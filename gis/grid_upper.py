"""Upper levels of grids for land that has none: from outlines of county, townships and villages, and from village points.

Land is shared out exactly: what an outline covers is its village's; what no outline covers goes to the village points in it, each
position to its nearest point (Voronoi), or where there is none to the nearest outline.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis import areas
from gis.crs import metres_per_degree
from gis.mosaic import components, cut

Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[Any]
Origin = Literal["outlines", "points", "whole"]
"""What a cell was made from: an outline, a point, or nothing of its own (the whole of the level above)."""

COUNTY: Final = 1
TOWNSHIP: Final = 2
SECTOR: Final = 3
VILLAGE: Final = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class Unit:
    """An area or village: its 12-digit code, or "" where it has none; outline and seat in stored degrees, where known.

    area_code: the area that it is in by the books. known: whether `code` itself is an area of the books.
    """

    code: str
    name: str
    name_en: str = ""
    area_code: str = ""
    known: bool = True
    outline: BaseGeometry | None = None
    seat: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class UpperCell:
    """A cell of the levels 1 to 4. code: without a theme's mark; area_code: of the books."""

    code: str
    level: int
    parent: str | None
    name: str
    name_en: str
    area_code: str
    origin: Origin
    shape: BaseGeometry


def upper_cells(
    county: Unit, townships: Sequence[Unit], villages: Sequence[Unit]
) -> tuple[list[UpperCell], list[str]]:
    """Make county, townships, one sector for each township, and villages; and name the units that got no land.

    A county without an outline is its townships together. A township without villages is one village; a county
    without townships one township. Those and villages without a code get the lowest number from 001 that no other has. A
    township's sector has its nine digits and "-P1". Raises ValueError where there is no outline at all.
    """
    land = county.outline
    if land is None:
        land = shapely.union_all([one.outline for one in townships if one.outline is not None])
    if land.is_empty:
        raise ValueError("no_outlines")
    cells = [_cell(county, county.code, COUNTY, parent=None, origin="outlines", shape=land)]
    without: list[str] = []
    left = list(villages)
    numbers = _numbers(county.code[:6], 3, {one.code for one in townships})
    for unit, code, origin, shape in _divided(county, land, townships, numbers, without):
        township = _cell(unit, code, TOWNSHIP, parent=county.code, origin=origin, shape=shape)
        sector = f"{code[:9]}-P1"
        cells += [township, _cell(unit, sector, SECTOR, parent=code, origin="whole", shape=shape)]
        mine = [one for one in left if _is_in(one, code, shape, townships)]
        left = [one for one in left if one not in mine]
        free = _numbers(code[:9], 0, {one.code for one in villages})
        for village, number, made_from, land_of in _divided(unit, shape, mine, free, without):
            cells.append(_cell(village, number, VILLAGE, parent=sector, origin=made_from, shape=land_of))
    return cells, [*without, *(one.name or one.code for one in left)]


def _cell(
    unit: Unit, code: str, level: int, *, parent: str | None, origin: Origin, shape: BaseGeometry
) -> UpperCell:
    return UpperCell(
        code=code,
        level=level,
        parent=parent,
        name=unit.name,
        name_en=unit.name_en,
        area_code=unit.code if unit.known else unit.area_code,
        origin=origin,
        shape=shape,
    )


def _divided(
    whole: Unit, land: BaseGeometry, units: Sequence[Unit], numbers: Iterator[str], without: list[str]
) -> Iterator[tuple[Unit, str, Origin, BaseGeometry]]:
    """Share land out to units, each with its code; one unit of the whole where none gets any."""
    drawn = [one for one in units if one.outline is not None]
    seated = [one for one in units if one.outline is None and one.seat is not None]
    without += [one.name or one.code for one in units if one.outline is None and one.seat is None]
    shapes = share_out(
        land,
        [one.outline for one in drawn],
        np.asarray([one.seat for one in seated], dtype=np.float64).reshape(-1, 2),
    )
    if all(shape is None for shape in shapes):
        yield whole, next(numbers), "whole", land
    for unit, shape in zip([*drawn, *seated], shapes, strict=True):
        if shape is None:
            without.append(unit.name or unit.code)
        else:
            yield unit, unit.code or next(numbers), "points" if unit.outline is None else "outlines", shape


def _numbers(digits: str, zeros: int, taken: set[str]) -> Iterator[str]:
    for number in range(1, 1000):
        code = f"{digits}{number:03}" + "0" * zeros
        if code not in taken:
            yield code
    raise ValueError("too_many_villages")


def _is_in(village: Unit, township: str, shape: BaseGeometry, townships: Sequence[Unit]) -> bool:
    """Whether a village is in a township: by its code, or where that names none by its position."""
    code = village.code or village.area_code
    by_code = areas.at_level(code, "township") if code else None
    if by_code is not None and any(one.code == by_code for one in townships):
        return by_code == township
    at = village.outline.representative_point() if village.outline is not None else village.seat
    return at is not None and bool(shapely.intersects(shape, shapely.Point(at)))


def share_out(
    land: BaseGeometry, outlines: Sequence[BaseGeometry | None], points: Floats
) -> list[BaseGeometry | None]:
    """Share land out to K outlines, then N points (N, 2) in stored degrees: K + N shapes that are the land exactly.

    None: a unit that gets nothing: its point lies outside, in an outline, or on another point; its outline
    under earlier ones. No units: an empty list.
    """
    drawn = np.asarray(list(outlines), dtype=object)
    found: list[BaseGeometry | None] = [None] * (len(drawn) + len(points))
    spots = np.asarray(shapely.points(points), dtype=object)
    free = shapely.intersects(land, spots)
    for outline in drawn:
        free &= ~shapely.intersects(outline, spots)
    kept = np.flatnonzero(free)
    if not len(drawn) and not len(kept):
        return found
    scale = np.asarray([float(one) for one in metres_per_degree(land.centroid.y)])
    lines = np.asarray([*shapely.boundary(drawn), *_edges(land, points[kept], scale)], dtype=object)
    mosaic = cut(land, lines, np.ones(len(lines)))
    inside = shapely.point_on_surface(mosaic.faces)
    label = np.full(len(inside), -1, dtype=np.int64)
    for number in range(len(drawn) - 1, -1, -1):
        label[shapely.contains(drawn[number], inside)] = number
    open_faces = label < 0
    first, second = mosaic.pairs.T
    _, piece = components(len(inside), mosaic.pairs[open_faces[first] & open_faces[second]])
    inhabited = np.isin(piece, piece[_faces_of(mosaic.faces, spots[kept])]) & open_faces
    flat = shapely.transform(inside, lambda xy: xy * scale)
    for which, seats, names in (
        (inhabited, spots[kept], kept + len(drawn)),
        (open_faces & ~inhabited, drawn, np.arange(len(drawn))),
    ):
        of = (seats, names) if len(seats) else (spots[kept], kept + len(drawn))
        if which.any():
            tree = shapely.STRtree(shapely.transform(of[0], lambda xy: xy * scale))
            label[which] = of[1][tree.query_nearest(flat[which], all_matches=False)[1]]
    named, groups = np.unique(label, return_inverse=True)
    for name, shape in zip(named.tolist(), mosaic.cells(groups.reshape(-1).astype(np.int64)), strict=True):
        found[name] = shape
    return found


def _faces_of(faces: Objects, spots: Objects) -> npt.NDArray[np.int64]:
    """Every face that some position lies in or on."""
    found: npt.NDArray[np.int64] = shapely.STRtree(faces).query(spots, predicate="intersects")[1]
    return found


def _edges(land: BaseGeometry, points: Floats, scale: Floats) -> list[BaseGeometry]:
    """Lines half way between neighbouring points, by metres."""
    if len(np.unique(points, axis=0)) < 2:  # noqa: PLR2004 - nothing between
        return []
    flat = shapely.transform(land, lambda xy: xy * scale)
    edges = shapely.voronoi_polygons(shapely.MultiPoint(points * scale), extend_to=flat, only_edges=True)
    return list(shapely.get_parts(shapely.transform(edges, lambda xy: xy / scale)))
