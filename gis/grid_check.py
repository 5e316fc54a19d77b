"""What is wrong with a set of grids: everything at once, each with the place to show on a map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import metres_per_degree

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[Any]

LEAST_M2: Final = 1.0
"""Square metres below which a gap, an overlap or an overhang is rounding."""
SLIVER_M2: Final = 2_000.0
SLIVER_WIDTH_M: Final = 8.0

FindingCode = Literal[
    "gap", "overlap", "overhang", "sliver", "in_pieces", "invalid", "empty", "duplicate_code", "orphan", "childless",
    "unstaffed", "no_phone", "overloaded",
]  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Finding:
    """Something to mend.

    gap: land of a grid (`grids[0]`) that no child covers, with the children around it · overlap: two grids of one level share land ·
    overhang: a grid reaches beyond its parent (second) · sliver: a grid is tiny or has no width · in_pieces: a leaf is not connected ·
    invalid, empty: its shape is broken or missing · duplicate_code · orphan: its parent (second) is not a level above ·
    childless: nothing of the level below in it (a village without grids) · unstaffed: nobody answers for it · no_phone,
    overloaded: of a person (`person`), with the grids. level: of the first grid; 0 where it is about a person.
    """

    code: FindingCode
    grids: tuple[str, ...]
    level: int = 0
    area_m2: float = 0.0
    shape: BaseGeometry | None = None
    person: str = ""
    count: int = 0
    """Grids of an overloaded person."""

    @property
    def mendable(self) -> bool:
        """Whether `gis.grid_mending` knows a way, when it is small enough."""
        return self.code in {"gap", "overlap", "overhang", "sliver"}


@dataclass(frozen=True, eq=False, kw_only=True)
class Grids:
    """N grids of one theme in arrays: code, parent ("" at the top), level (the lowest number is the top), shape in stored degrees or None."""

    codes: Sequence[str]
    parents: Sequence[str]
    levels: Ints
    shapes: Objects


def check(
    grids: Grids,
    *,
    leaf_level: int = 5,
    least_m2: float = LEAST_M2,
    sliver_m2: float = SLIVER_M2,
    sliver_width_m: float = SLIVER_WIDTH_M,
) -> list[Finding]:
    """Find everything wrong with the shapes and the tree of grids; ordered by code, then grid.

    A broken shape is named, and judged further as what can be made of it. sliver_width_m: of twice the area over the outline's length.
    """
    if not len(grids.codes):
        return []
    codes = np.asarray(grids.codes, dtype=object)
    shapes = grids.shapes.copy()
    found = _shape_faults(codes, grids.levels, shapes)
    scale = _square_metres(shapes)
    found += _tree_faults(grids, codes, leaf_level)
    found += _slivers(
        codes, grids.levels, shapes, scale, leaf_level=leaf_level, least_m2=sliver_m2, width_m=sliver_width_m
    )
    found += _overlaps(codes, grids.levels, shapes, scale, least_m2)
    found += _misfits(grids, codes, shapes, scale, least_m2)
    return sorted(found, key=lambda finding: (finding.code, finding.grids))


def _square_metres(shapes: Objects) -> float:
    """Square metres of a square degree in the middle of all shapes."""
    bounds = shapely.total_bounds(shapes)
    east, north = metres_per_degree((bounds[1] + bounds[3]) / 2 if np.isfinite(bounds).all() else 0.0)
    return float(east * north)


def _shape_faults(codes: Objects, levels: Ints, shapes: Objects) -> list[Finding]:
    """Name empty and invalid shapes, and put what can be made of them into `shapes`."""
    found = []
    for k in np.flatnonzero(shapely.is_missing(shapes) | shapely.is_empty(shapes)).tolist():
        found.append(Finding(code="empty", grids=(codes[k],), level=int(levels[k])))
        shapes[k] = shapely.Polygon()
    for k in np.flatnonzero(~shapely.is_valid(shapes)).tolist():
        made = areas_of(shapely.make_valid(shapes[k], method="structure", keep_collapsed=False))
        found.append(Finding(code="invalid", grids=(codes[k],), level=int(levels[k]), shape=made))
        shapes[k] = made
    return found


def areas_of(shape: BaseGeometry) -> BaseGeometry:
    """Return the polygons of any geometry as one Polygon or MultiPolygon, which may be empty."""
    parts = shapely.get_parts(shape)
    kept = parts[(shapely.get_dimensions(parts) == 2) & ~shapely.is_empty(parts)]  # noqa: PLR2004 - areas
    if len(kept) == 1:
        return cast("BaseGeometry", kept[0])
    return shapely.multipolygons(kept) if shape.geom_type == "MultiPolygon" else shapely.union_all(kept)


def _tree_faults(grids: Grids, codes: Objects, leaf_level: int) -> list[Finding]:
    found = []
    names, times = np.unique(codes.astype(str), return_counts=True)
    level_of = dict(zip(codes.tolist(), grids.levels.tolist(), strict=True))
    found += [
        Finding(code="duplicate_code", grids=(str(name),), level=level_of[str(name)], count=int(many))
        for name, many in zip(names[times > 1], times[times > 1], strict=True)
    ]
    with_child = set()
    top = int(grids.levels.min())
    for code, parent, level in zip(codes.tolist(), grids.parents, grids.levels.tolist(), strict=True):
        if level_of.get(parent) == level - 1:
            with_child.add(parent)
        elif level > top:
            found.append(Finding(code="orphan", grids=(code, parent), level=level))
    found += [
        Finding(code="childless", grids=(code,), level=level, shape=shape)
        for code, level, shape in zip(
            codes.tolist(), grids.levels.tolist(), grids.shapes.tolist(), strict=True
        )
        if level < leaf_level and code not in with_child
    ]
    return found


def _slivers(
    codes: Objects,
    levels: Ints,
    shapes: Objects,
    scale: float,
    *,
    leaf_level: int,
    least_m2: float,
    width_m: float,
) -> list[Finding]:
    leaves = np.flatnonzero((levels == leaf_level) & ~shapely.is_empty(shapes))
    area = shapely.area(shapes[leaves]) * scale
    width = 2 * area / np.maximum(shapely.length(shapes[leaves]) * np.sqrt(scale), 1e-9)
    found = [
        Finding(
            code="sliver",
            grids=(codes[leaves[k]],),
            level=leaf_level,
            area_m2=float(area[k]),
            shape=shapes[leaves[k]],
        )
        for k in np.flatnonzero((area < least_m2) | (width < width_m)).tolist()
    ]
    several = leaves[shapely.get_num_geometries(shapes[leaves]) > 1]
    found += [
        Finding(
            code="in_pieces",
            grids=(codes[k],),
            level=leaf_level,
            area_m2=float(sum(sorted(shapely.area(shapely.get_parts(shapes[k])))[:-1]) * scale),
            shape=shapes[k],
            count=int(shapely.get_num_geometries(shapes[k])),
        )
        for k in several.tolist()
    ]
    return found


def _overlaps(codes: Objects, levels: Ints, shapes: Objects, scale: float, least_m2: float) -> list[Finding]:
    found = []
    for level in np.unique(levels).tolist():
        here = np.flatnonzero(levels == level)
        if len(here) > 1:
            found += [
                Finding(
                    code="overlap",
                    grids=tuple(sorted((codes[here[a]], codes[here[b]]))),
                    level=level,
                    area_m2=area,
                    shape=shape,
                )
                for a, b, area, shape in overlaps(shapes[here], scale, least_m2)
            ]
    return found


def overlaps(shapes: Objects, scale: float, least_m2: float) -> list[tuple[int, int, float, BaseGeometry]]:
    """Pairs of valid shapes that share more than `least_m2`: indexes, square metres (scale: of a square degree), and where.

    Clean borders are common, so pairs along them are told apart first: neighbours of a valid coverage share no area.
    """
    faulty = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes))
    if not faulty.any():
        return []
    suspects = np.flatnonzero(faulty)
    first, second = shapely.STRtree(shapes).query(shapes[suspects], predicate="intersects")
    first = suspects[first]
    once = (first < second) | ~faulty[second]
    once &= first != second
    low, high = np.minimum(first[once], second[once]), np.maximum(first[once], second[once])
    shared = shapely.intersection(shapes[low], shapes[high])
    area = shapely.area(shared) * scale
    return [
        (int(low[k]), int(high[k]), float(area[k]), areas_of(shared[k]))
        for k in np.flatnonzero(area > least_m2).tolist()
    ]


def _misfits(grids: Grids, codes: Objects, shapes: Objects, scale: float, least_m2: float) -> list[Finding]:
    """Where children leave a part of their parent, or reach beyond it."""
    number = {code: k for k, code in enumerate(codes.tolist())}
    parent = np.asarray([number.get(code, -1) for code in grids.parents])
    linked = parent >= 0
    linked[linked] = grids.levels[parent[linked]] == grids.levels[linked] - 1
    found = []
    children = np.flatnonzero(linked)
    order = children[np.argsort(parent[children], kind="stable")]
    parents, starts = np.unique(parent[order], return_index=True)
    for above, below in zip(parents.tolist(), np.split(order, starts[1:]), strict=True):
        found += _within(
            above, below, codes=codes, levels=grids.levels, shapes=shapes, scale=scale, least_m2=least_m2
        )
    return found


def _within(
    above: int, below: Ints, *, codes: Objects, levels: Ints, shapes: Objects, scale: float, least_m2: float
) -> list[Finding]:
    land, cells = shapes[above], shapes[below]
    covered = shapely.union_all(cells)
    found = []
    gaps = shapely.get_parts(shapely.difference(land, covered))
    area = shapely.area(gaps) * scale
    gaps, area = gaps[area > least_m2], area[area > least_m2]
    for gap, size in zip(gaps.tolist(), area.tolist(), strict=True):
        around = below[shapely.dwithin(cells, gap, 1e-9)]
        found.append(
            Finding(
                code="gap",
                grids=(codes[above], *sorted(codes[around].tolist())),
                level=int(levels[above]),
                area_m2=float(size),
                shape=gap,
            )
        )
    if shapely.area(shapely.difference(covered, land)) * scale > least_m2:
        beyond = shapely.difference(cells, land)
        found += [
            Finding(
                code="overhang",
                grids=(codes[below[k]], codes[above]),
                level=int(levels[below[k]]),
                area_m2=float(shapely.area(beyond[k]) * scale),
                shape=areas_of(beyond[k]),
            )
            for k in np.flatnonzero(shapely.area(beyond) * scale > least_m2).tolist()
        ]
    return found
