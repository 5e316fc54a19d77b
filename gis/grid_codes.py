"""Codes of leaf cells: the village's twelve digits, a dash, a theme's mark where it has one, and a number.

    990101100001-01      990101100001-D01

Numbers run as a page is read. The village's cells are put into rows from north to south: as many rows as its shape asks for (the square
root of cells × height / width, rounded, at least one), of equal height, by each cell's centre. In a row numbers run from west to east. Two digits, or
as many as the highest number takes.

Cells that are there already keep their codes: a new cell takes the code of the old one when the land that they share is
at least a stated part of what the two cover together. A number that was ever used is not given to other land.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import metres_per_degree

Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[Any]

KEPT: Final = 0.9
"""Share of the land of an old and a new cell together that both must have for the code to stay."""

_CODE: Final = re.compile(r"(\d{12})-([A-Z]*)(\d+)")


def reading_order(cells: Sequence[BaseGeometry]) -> Ints:
    """Return the order in which the cells of one village are numbered: indexes, first number first."""
    shapes = np.asarray(cells, dtype=object)
    if not len(shapes):
        return np.zeros(0, dtype=np.int64)
    west, south, east, north = shapely.total_bounds(shapes)
    x, y = shapely.get_coordinates(shapely.centroid(shapes)).T
    scale = [float(one) for one in metres_per_degree((south + north) / 2)]
    width, height = (east - west) * scale[0], (north - south) * scale[1]
    rows = max(1, round(np.sqrt(len(shapes) * height / width))) if width > 0 else len(shapes)
    row = (
        np.clip(((north - y) / (north - south) * rows).astype(np.int64), 0, rows - 1)
        if north > south
        else x * 0
    )
    return np.lexsort((-y, x, row)).astype(np.int64)


def code_of(village: str, number: int, mark: str = "", digits: int = 2) -> str:
    """Write the code of a cell."""
    return f"{village}-{mark}{number:0{digits}}"


def parse(code: str) -> tuple[str, str, int] | None:
    """Return village, theme's mark and number of a cell's code; None for a code that is none."""
    match = _CODE.fullmatch(code)
    return None if match is None else (match[1], match[2], int(match[3]))


def number(
    village: str,
    cells: Sequence[BaseGeometry],
    *,
    mark: str = "",
    before: Mapping[str, BaseGeometry] | None = None,
    used: Collection[str] = (),
    kept: float = KEPT,
) -> list[str]:
    """Return the code of each new cell of a village, in the order of `cells`.

    before: its cells until now by code, whose codes are kept for the same land; used: all codes ever given, which new land does not get. A
    code that does not belong to this village and mark is kept for its land all the same: it was given on purpose.
    """
    codes: list[str | None] = [None] * len(cells)
    for cell, old in _matches(cells, before or {}, kept):
        codes[cell] = old
    taken = {
        found[2]
        for code in (*used, *(before or {}))
        if (found := parse(code)) is not None and found[:2] == (village, mark)
    }
    fresh = [cell for cell in reading_order(cells).tolist() if codes[cell] is None]
    numbers = _free_numbers(taken, len(fresh))
    digits = max(2, len(str(max([*numbers, *taken], default=0))))
    for cell, each in zip(fresh, numbers, strict=True):
        codes[cell] = code_of(village, each, mark, digits)
    return [code for code in codes if code is not None]


def _free_numbers(taken: Collection[int], count: int) -> list[int]:
    """Return numbers after the highest one taken: what was given up stays given up."""
    after = max(taken, default=0)
    return list(range(after + 1, after + 1 + count))


def _matches(
    cells: Sequence[BaseGeometry], before: Mapping[str, BaseGeometry], kept: float
) -> list[tuple[int, str]]:
    """Pairs of a new cell and an old code that are the same land; the best fit first, each used once."""
    if not before or not len(cells):
        return []
    codes = sorted(before)
    new, old = np.asarray(cells, dtype=object), np.asarray([before[code] for code in codes], dtype=object)
    n, o = shapely.STRtree(old).query(new, predicate="intersects")
    shared = shapely.area(shapely.intersection(new[n], old[o]))
    together = shapely.area(new[n]) + shapely.area(old[o]) - shared
    fit = np.divide(shared, together, out=np.zeros(len(shared)), where=together > 0)
    pairs: list[tuple[int, str]] = []
    seen_new: set[int] = set()
    seen_old: set[int] = set()
    for place in np.lexsort((n, o, -fit)).tolist():
        a, b = int(n[place]), int(o[place])
        if fit[place] < kept or a in seen_new or b in seen_old:
            continue
        seen_new.add(a)
        seen_old.add(b)
        pairs.append((a, codes[b]))
    return pairs
