"""Leaf cells for a village: divided along roads, streams and ridges, taken from drawn polygons, or cut by a lattice.

Every way cuts the village into faces (`gis.mosaic`) and groups them, so the cells of a village always are the village: no gap, no
overlap, shared borders equal to the last bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPoint
from shapely.geometry.base import BaseGeometry

from gis import beidou, crs
from gis.division import Parcels, Partition, divide, shares
from gis.grid_check import SLIVER_WIDTH_M, areas_of
from gis.mosaic import Mosaic, absorbed, components, cut

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[Any]

GuideKind = Literal["road", "stream", "ridge"]
PRICES: Final[Mapping[GuideKind, float]] = {"road": 0.35, "stream": 0.25, "ridge": 0.3}
"""What a metre of border costs on each kind of line; elsewhere it costs one."""

_HEXAGONS: Final = 110  # in a village, and …
_HEXAGONS_A_CELL: Final = 30  # … for each cell
_STRAIGHTEN: Final = 1.1  # of a hexagon's side: how far borders off the guides are straightened
_THIN: Final = 0.35  # of a hexagon's side: how wide a strip of land between lines must be to stand alone
_ROOM: Final = (
    4.0  # of a degree²-cell: how small a lattice piece may be, as a share of its cell (one in four)
)
_NO_PLACES: Final = np.zeros((0, 2))


@dataclass(frozen=True, eq=False)
class Guides:
    """Lines that borders should follow, in stored degrees, found by box."""

    lines: Objects
    prices: Floats
    _tree: shapely.STRtree = field(repr=False)

    @classmethod
    def of(cls, lines: Mapping[GuideKind, Sequence[BaseGeometry] | Objects]) -> "Guides":
        """Gather roads, streams and ridges; multi-part lines are taken apart."""
        parts = {kind: shapely.get_parts(np.asarray(some, dtype=object)) for kind, some in lines.items()}
        every = np.concatenate([np.empty(0, dtype=object), *parts.values()])
        prices = np.concatenate(
            [np.empty(0), *(np.full(len(some), PRICES[kind]) for kind, some in parts.items())]
        )
        return cls(every, prices, shapely.STRtree(every))

    def near(self, land: BaseGeometry) -> tuple[Objects, Floats]:
        """Lines that meet the land, cut to its box and a little more, with their prices."""
        if not len(self.lines):
            return self.lines, self.prices
        found = np.sort(self._tree.query(land, predicate="intersects"))
        west, south, east, north = shapely.bounds(land)
        margin = 1e-3
        clipped = shapely.clip_by_rect(
            self.lines[found], west - margin, south - margin, east + margin, north + margin
        )
        parts, owner = shapely.get_parts(clipped, return_index=True)
        return parts, self.prices[found][owner]


@dataclass(frozen=True, eq=False, kw_only=True)
class Burden:
    """Where people live and risks lie: positions (N, 2) in stored degrees with their people and weight of risk."""

    lonlat: Floats = field(default_factory=lambda: _NO_PLACES)
    people: Floats = field(default_factory=lambda: np.zeros(0))
    risk: Floats = field(default_factory=lambda: np.zeros(0))
    by_area: float = 0.4
    by_people: float = 0.3
    by_risk: float = 0.3


@dataclass(frozen=True, eq=False, kw_only=True)
class Division:
    """The cells of one village, with what the model says of them. work: share of the village's work in each cell."""

    cells: tuple[BaseGeometry, ...]
    work: Floats
    partition: Partition


def divide_village(
    village: BaseGeometry,
    parts: int,
    guides: Guides,
    burden: Burden | None = None,
    *,
    bounded: bool = True,
) -> Division:
    """Divide a village (valid polygon, in parts or not, stored degrees) into `parts` compact connected cells.

    Borders follow the guides and the work is balanced: area, people and risk in the proportions of the burden. Separate parts of the village
    count as joined to their nearest other part, so a cell may hold islands. The same input always gives the same cells. Raises
    ValueError for less than one part, or more than the village has faces.
    """
    load = burden or Burden()
    if parts == 1:
        mosaic, side = cut(village, np.empty(0, dtype=object), np.empty(0)), 0.0
        group = np.arange(len(mosaic.faces))
    else:
        side = _hexagon_side(village, parts)
        lines, prices = guides.near(village)
        comb = _honeycomb(village, side)
        mosaic = cut(village, np.concatenate([lines, comb]), np.concatenate([prices, np.ones(len(comb))]))
        # what is as thin as the land between a road and the stream beside it would become a tongue
        thin = _THIN * side
        group = absorbed(mosaic, np.arange(len(mosaic.faces)), lambda area, hem: 2 * area < thin * hem)
    work = _work(mosaic, load)
    parcels = _parcels(mosaic, group, work)
    partition = divide(parcels, parts, bounded=bounded)
    return Division(
        cells=tuple(mosaic.cells(partition.labels[group], smooth_m=_STRAIGHTEN * side)),
        work=np.bincount(partition.labels, weights=parcels.work, minlength=parts).astype(np.float64),
        partition=partition,
    )


def _parcels(mosaic: Mosaic, group: Ints, work: Floats) -> Parcels:
    """Put faces that go together into parcels."""
    areas = mosaic.areas_m2()
    total = np.bincount(group, weights=areas)
    centres = [np.bincount(group, weights=areas * axis) / total for axis in mosaic.centres_m().T]
    ends = np.sort(group[mosaic.neighbours], axis=1)
    apart = ends[:, 0] != ends[:, 1]
    pairs, number = np.unique(ends[apart], axis=0, return_inverse=True)
    priced = np.concatenate([mosaic.priced, np.zeros(len(mosaic.links))])[apart]
    return Parcels(
        centres=np.column_stack(centres),
        areas=total.astype(np.float64),
        work=np.bincount(group, weights=work).astype(np.float64),
        pairs=pairs.reshape(-1, 2),
        border=np.bincount(number.reshape(-1), weights=priced, minlength=len(pairs)).astype(np.float64),
    )


def _work(mosaic: Mosaic, burden: Burden) -> Floats:
    """Share of the village's work in each face."""
    at = mosaic.faces_at(burden.lonlat)
    here = at >= 0
    count = len(mosaic.faces)
    people = np.bincount(at[here], weights=burden.people[here], minlength=count).astype(np.float64)
    risk = np.bincount(at[here], weights=burden.risk[here], minlength=count).astype(np.float64)
    return shares((mosaic.areas_m2(), people, risk), (burden.by_area, burden.by_people, burden.by_risk))


def _hexagon_side(land: BaseGeometry, parts: int) -> float:
    """Metres of a hexagon's side at which enough of them fill the land."""
    scale = np.prod([float(one) for one in crs.metres_per_degree(land.centroid.y)])
    wanted = max(_HEXAGONS, _HEXAGONS_A_CELL * parts)
    return float(np.sqrt(land.area * scale / wanted * 2 / (3 * np.sqrt(3))))


def _honeycomb(land: BaseGeometry, side_m: float) -> Objects:
    """Sides of hexagons over the box of a land, as lines in stored degrees."""
    west, south, east, north = shapely.bounds(land)
    scale = np.asarray([float(one) for one in crs.metres_per_degree(land.centroid.y)])
    width, height = (np.array([east - west, north - south])) * scale
    dx, dy = np.sqrt(3) * side_m, 1.5 * side_m
    rows, columns = np.mgrid[-1 : int(height / dy) + 3, -1 : int(width / dx) + 3]
    x = (columns + 0.5 * (rows % 2)) * dx
    y = rows * dy
    corners = np.stack(
        [
            np.stack([x, y + side_m], axis=-1),  # top
            np.stack([x + dx / 2, y + side_m / 2], axis=-1),
            np.stack([x + dx / 2, y - side_m / 2], axis=-1),
            np.stack([x, y - side_m], axis=-1),  # bottom
        ],
        axis=-2,
    ).reshape(-1, 4, 2)
    return np.asarray(shapely.linestrings(corners / scale + [west, south]), dtype=object)


# ------------------------------------------------------------------------------------------------ drawn polygons


@dataclass(frozen=True, eq=False, kw_only=True)
class Misfit:
    """Something about a drawn polygon, or a village, that a person should look at.

    invalid: a drawn shape was mended first · outside: it meets no village · beyond: a part of it lies outside all villages · across: it was cut by village borders ·
    overlap: two drawn polygons share land, and the earlier one (`other`) kept it · uncovered: land of a village in no drawn
    polygon, which became a cell of its own. drawn, other: indexes of polygons; village: index; -1 where there is none.
    """

    code: Literal["invalid", "outside", "beyond", "across", "overlap", "uncovered"]
    drawn: int = -1
    other: int = -1
    village: int = -1
    area_m2: float
    shape: BaseGeometry


@dataclass(frozen=True, eq=False, kw_only=True)
class MadeCell:
    """A cell of village number `village`. source: the drawn polygon, or None; lattice: the code of its lattice cell, or empty."""

    village: int
    shape: BaseGeometry
    source: int | None = None
    lattice: str = ""


def from_drawn(
    villages: Sequence[BaseGeometry], drawn: Sequence[BaseGeometry], *, least_m2: float = 2_000.0
) -> tuple[list[MadeCell], list[Misfit]]:
    """Fit drawn or imported polygons to villages: every village is divided completely by them, and what does not fit is named.

    A polygon across village borders gives a cell in each. Pieces and leftovers below `least_m2`, or too thin
    to be a cell, go to the neighbour with the longest shared border.
    """
    shapes = np.asarray(drawn, dtype=object)
    misfits = []
    for index in np.flatnonzero(~shapely.is_valid(shapes)).tolist():
        shapes[index] = areas_of(shapely.make_valid(shapes[index], method="structure", keep_collapsed=False))
        misfits.append(_misfit("invalid", shapes[index], drawn=index))
    tree = shapely.STRtree(shapes)
    cells: list[MadeCell] = []
    for number, village in enumerate(villages):
        near = np.sort(tree.query(village, predicate="intersects"))
        mosaic = cut(village, shapely.boundary(shapes[near]), np.ones(len(near)))
        label = np.full(len(mosaic.faces), -1, dtype=np.int64)
        inside = shapely.point_on_surface(mosaic.faces)
        for index in near[::-1].tolist():
            label[shapely.contains(shapes[index], inside)] = index
        groups, names = _grouped(mosaic, label, least_m2)
        shapes_of = mosaic.cells(groups)
        for name, shape in sorted(zip(names, shapes_of, strict=True), key=lambda one: (one[0] < 0, one[0])):
            cells.append(MadeCell(village=number, shape=shape, source=None if name < 0 else name))
            if name < 0:
                misfits.append(_misfit("uncovered", shape, village=number))
    misfits += _drawn_misfits(np.asarray(villages, dtype=object), shapes, cells, least_m2)
    return cells, misfits


def _misfit(
    code: Literal["invalid", "outside", "beyond", "across", "overlap", "uncovered"],
    shape: BaseGeometry,
    *,
    drawn: int = -1,
    other: int = -1,
    village: int = -1,
) -> Misfit:
    area = 0.0 if shape.is_empty else crs.geodesic_area_m2(shape)
    return Misfit(code=code, drawn=drawn, other=other, village=village, area_m2=area, shape=shape)


def _drawn_misfits(
    villages: Objects, shapes: Objects, cells: Sequence[MadeCell], least_m2: float
) -> list[Misfit]:
    found: list[Misfit] = []
    held: dict[int, set[int]] = {}
    for cell in cells:
        if cell.source is not None:
            held.setdefault(cell.source, set()).add(cell.village)
    land = shapely.STRtree(villages)
    for index, shape in enumerate(shapes.tolist()):
        around = villages[land.query(shape, predicate="intersects")]
        outside = areas_of(shapely.difference(shape, shapely.union_all(around))) if len(around) else shape
        if index not in held and len(around) == 0:
            found.append(_misfit("outside", shape, drawn=index))
        elif (left := _misfit("beyond", outside, drawn=index)).area_m2 > least_m2:
            found.append(left)
        if len(held.get(index, ())) > 1:
            found.append(_misfit("across", shape, drawn=index))
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for a, b in np.column_stack([first, second])[first < second].tolist():
        shared = _misfit("overlap", areas_of(shapely.intersection(shapes[a], shapes[b])), drawn=b, other=a)
        if shared.area_m2 > least_m2:
            found.append(shared)
    return found


def _grouped(mosaic: Mosaic, label: Ints, least_m2: float) -> tuple[Ints, list[int]]:
    """Turn labels of faces into connected groups, none that is a sliver and has a neighbour, and the label of each."""
    first, second = mosaic.pairs.T
    _, start = components(len(label), mosaic.pairs[label[first] == label[second]])
    groups = absorbed(
        mosaic, start, lambda area, outline: area < least_m2 or 2 * area < SLIVER_WIDTH_M * outline
    )
    areas = np.zeros((int(groups.max()) + 1, int(label.max()) + 2))
    np.add.at(areas, (groups, label + 1), mosaic.areas_m2())
    return groups, (np.argmax(areas, axis=1) - 1).tolist()


# ------------------------------------------------------------------------------------------------------ lattices


def square_lattice(villages: Sequence[BaseGeometry], size_m: float) -> list[MadeCell]:
    """Cut villages by squares of `size_m` metres on the national 3-degree zone's metres, counted from its origin.

    A village keeps the pieces of a square that are at least a quarter of it; smaller ones go to the neighbour with the longest shared border, within the village. A piece
    cut off from the rest of its square is a cell of its own when it is large enough. Raises ValueError for squares under ten metres.
    """
    if not size_m >= 10:  # noqa: PLR2004 - smaller is a slip of units, and would take hours
        raise ValueError("size_m must be at least ten metres")
    every = shapely.total_bounds(np.asarray(villages, dtype=object))
    zone = crs.metres_crs((every[0] + every[2]) / 2, (every[1] + every[3]) / 2)
    cells = []
    for number, village in enumerate(villages):
        west, south, east, north = shapely.bounds(crs.to_metres(village.segmentize(0.01), zone))
        columns = np.arange(np.floor(west / size_m), np.ceil(east / size_m) + 1) * size_m
        rows = np.arange(np.floor(south / size_m), np.ceil(north / size_m) + 1) * size_m
        lines = [crs.to_degrees(one, zone) for one in _grid_lines(columns, rows)]

        def square(lonlat: Floats) -> list[str]:
            xy = shapely.get_coordinates(crs.to_metres(MultiPoint(lonlat), zone))
            return [f"E{int(x // size_m)}N{int(y // size_m)}" for x, y in xy]

        cells += _latticed(number, village, lines, square, size_m**2)
    return cells


def beidou_lattice(villages: Sequence[BaseGeometry], level: int) -> list[MadeCell]:
    """Cut villages by the cells of one level of GB/T 39409; small pieces as in `square_lattice`.

    Raises ValueError for a level that would give more than 250,000 lattice cells.
    """
    cells = []
    bounds = shapely.bounds(np.asarray(villages, dtype=object))
    step_lon, step_lat = _beidou_step(level, float(bounds[0, 0]), float(bounds[0, 1]))
    wanted = ((bounds[:, 2] - bounds[:, 0]) / step_lon * (bounds[:, 3] - bounds[:, 1]) / step_lat).sum()
    if wanted > 250_000:  # noqa: PLR2004 - as said
        raise ValueError("level is too fine for this land")
    for number, village in enumerate(villages):
        west, south, east, north = shapely.bounds(village)
        columns = np.arange(np.floor(west / step_lon), np.ceil(east / step_lon) + 1) * step_lon
        rows = np.arange(np.floor(south / step_lat), np.ceil(north / step_lat) + 1) * step_lat

        def code(lonlat: Floats) -> list[str]:
            return [beidou.encode(float(lon), float(lat), level) for lon, lat in lonlat]

        area = step_lon * step_lat * np.prod([float(m) for m in crs.metres_per_degree((south + north) / 2)])
        cells += _latticed(number, village, list(_grid_lines(columns, rows)), code, float(area))
    return cells


def _beidou_step(level: int, lon: float, lat: float) -> tuple[float, float]:
    west, south, east, north = beidou.decode(beidou.encode(lon, lat, level))
    # cells are whole parts of a degree or of a few: counted so, far columns do not drift
    return _whole(east - west), _whole(north - south)


def _whole(step: float) -> float:
    return 1 / round(1 / step) if step < 1 else float(round(step))


def _grid_lines(columns: Floats, rows: Floats) -> Sequence[shapely.LineString]:
    """Lines of a lattice, with a point at every crossing so that they bend as their cells do."""
    upright = [shapely.LineString(np.column_stack([np.full(len(rows), x), rows])) for x in columns.tolist()]
    level = [shapely.LineString(np.column_stack([columns, np.full(len(columns), y)])) for y in rows.tolist()]
    return [*upright, *level]


def _latticed(
    number: int, village: BaseGeometry, lines: Sequence[Any], name: Any, cell_m2: float
) -> list[MadeCell]:
    mosaic = cut(village, np.asarray(lines, dtype=object), np.ones(len(lines)))
    codes = name(shapely.get_coordinates(shapely.point_on_surface(mosaic.faces)))
    known, label = np.unique(codes, return_inverse=True)
    groups, names = _grouped(mosaic, label.reshape(-1).astype(np.int64), cell_m2 / _ROOM)
    return [
        MadeCell(village=number, shape=shape, lattice=str(known[one]))
        for one, shape in zip(names, mosaic.cells(groups), strict=True)
    ]
