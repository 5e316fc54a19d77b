"""Where edges lie: their lines as flat arrays, with a grid over the segments for what is near a place."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from gis.compiled import compiled
from gis.crs import ECCENTRICITY_SQUARED, SEMI_MAJOR_M, metres_per_degree

Floats = npt.NDArray[np.float64]
Int32s = npt.NDArray[np.int32]

MILLION = 1_000_000  # a place along an edge is counted in millionths of its length from its first position

_SEGMENTS_PER_CELL = 2.0
_MIN_CELL_M = 25.0


class Grid(NamedTuple):
    """The flat arrays that compiled functions read: C positions of E lines, and a grid over their segments.

    along[c] is the share of its line's length (0.0 … 1.0, on the ellipsoid) that lies before position c; owner[c] its edge.
    There are `columns` × `rows` cells of `cell` degrees from `origin`; cell k holds the segments
    (numbers of their first positions) cell_segments[cell_first[k] : cell_first[k + 1]].
    """

    xy: Floats
    owner: Int32s
    along: Floats
    origin: Floats
    cell: Floats
    columns: int
    rows: int
    cell_first: Int32s
    cell_segments: Int32s


@dataclass(frozen=True, eq=False)
class EdgeShapes:
    """The lines of E edges in stored degrees. Positions of edge e: grid.xy[first[e] : first[e + 1]]."""

    first: Int32s
    grid: Grid

    def lines(self, edges: Int32s) -> npt.NDArray[Any]:
        """Return the LineStrings of some edges; shape of `edges`."""
        counts = self.first[edges + 1] - self.first[edges]
        picked = np.repeat(self.first[edges], counts) + ramps(counts)
        lines: npt.NDArray[Any] = shapely.linestrings(
            self.grid.xy[picked], indices=np.repeat(np.arange(len(edges)), counts)
        )
        return lines

    def near_box(self, bounds: tuple[float, float, float, float]) -> Int32s:
        """Return the edges, ascending, that may touch a box (min lon, min lat, max lon, max lat)."""
        grid = self.grid
        low, high = _cell_of(grid, *bounds[:2]), _cell_of(grid, *bounds[2:])
        found = [
            grid.cell_segments[grid.cell_first[start + low[0]] : grid.cell_first[start + high[0] + 1]]
            for start in range(low[1] * grid.columns, (high[1] + 1) * grid.columns, grid.columns)
        ]
        return np.unique(grid.owner[np.concatenate(found)])

    def cut(self, edge: int, start: int, end: int) -> Floats:
        """Return the positions of one edge between two places (millionths); backwards when start > end. Shape (N ≥ 2, 2)."""
        low, high = min(start, end) / MILLION, max(start, end) / MILLION
        span = slice(self.first[edge], self.first[edge + 1])
        xy, along = self.grid.xy[span], self.grid.along[span]
        ends = np.column_stack([np.interp([low, high], along, xy[:, axis]) for axis in (0, 1)])
        inner = xy[(along > low) & (along < high)]
        points = np.concatenate([ends[:1], inner, ends[1:]])
        return points if start <= end else points[::-1]


def _cell_of(grid: Grid, lon: float, lat: float) -> tuple[int, int]:
    """Return (column, row) of the cell that is nearest to a place."""
    column = int((lon - grid.origin[0]) // grid.cell[0])
    row = int((lat - grid.origin[1]) // grid.cell[1])
    return min(max(column, 0), grid.columns - 1), min(max(row, 0), grid.rows - 1)


def ramps(counts: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Return 0 … counts[0] - 1, 0 … counts[1] - 1 and so on in one array."""
    starts = np.cumsum(counts) - counts
    within: npt.NDArray[np.int64] = np.arange(int(counts.sum())) - np.repeat(starts, counts)
    return within


def index(lines: npt.NDArray[Any]) -> EdgeShapes:
    """Return the shapes of E LineStrings in stored degrees."""
    xy, line_of = shapely.get_coordinates(lines, return_index=True)
    owner = line_of.astype(np.int32)
    first = np.zeros(len(lines) + 1, dtype=np.int32)
    np.cumsum(np.bincount(owner, minlength=len(lines)), out=first[1:])
    for array in (xy, owner, first):
        array.setflags(write=False)
    return EdgeShapes(first=first, grid=_grid(xy, owner, _along(xy, first, owner)))


def _along(xy: Floats, first: Int32s, owner: Int32s) -> Floats:
    east, north = metres_per_degree((xy[1:, 1] + xy[:-1, 1]) / 2)
    steps = np.concatenate([[0.0], np.hypot(np.diff(xy[:, 0]) * east, np.diff(xy[:, 1]) * north)])
    steps[first[:-1]] = 0.0
    total = np.cumsum(steps)
    before = total - total[first[:-1]][owner]
    length = before[first[1:] - 1]
    along: Floats = before / np.where(length > 0, length, 1.0)[owner]
    along[first[1:] - 1] = 1.0
    along.setflags(write=False)
    return along


def _grid(xy: Floats, owner: Int32s, along: Floats) -> Grid:
    """Return the grid: cells nearly square, about half as many as there are segments."""
    segments = np.flatnonzero(owner[1:] == owner[:-1]).astype(np.int32)
    low, high = xy.min(axis=0), xy.max(axis=0)
    metres = np.array([float(m) for m in metres_per_degree((low[1] + high[1]) / 2)])
    extent = np.maximum((high - low) * metres, 1.0)
    side = max(_MIN_CELL_M, float(np.sqrt(extent.prod() / max(1, len(segments)) * _SEGMENTS_PER_CELL)))
    cell = side / metres
    columns, rows = (int(n) for n in (high - low) // cell + 1)
    cells = ((xy - low) // cell).astype(np.int64)
    least = np.minimum(cells[segments], cells[segments + 1])
    wide = np.maximum(cells[segments], cells[segments + 1]) - least + 1
    counts = wide.prod(axis=1)
    place, width = ramps(counts), np.repeat(wide[:, 0], counts)
    key = np.repeat(least[:, 1] * columns + least[:, 0], counts) + place // width * columns + place % width
    cell_first = np.zeros(columns * rows + 1, dtype=np.int32)
    np.cumsum(np.bincount(key, minlength=columns * rows), out=cell_first[1:])
    cell_segments = np.repeat(segments, counts)[np.argsort(key, kind="stable")]
    for array in (low, cell, cell_first, cell_segments):
        array.setflags(write=False)
    return Grid(xy, owner, along, low, cell, columns, rows, cell_first, cell_segments)


@compiled
def degree_m(lat: float) -> tuple[float, float]:
    """Return (east, north) metres in one degree at a latitude: `gis.crs.metres_per_degree` for compiled functions."""
    phi = np.radians(lat)
    curve = 1.0 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    east = np.radians(1.0) * SEMI_MAJOR_M * np.cos(phi) / np.sqrt(curve)
    north = np.radians(1.0) * SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / curve**1.5
    return east, north


@compiled
def foot_point(
    xy: Floats, segment: int, lon: float, lat: float, east: float, north: float, low: float, high: float
) -> tuple[float, float]:
    """Return (share of the segment, metres) of its point nearest to a place, within shares low … high."""
    ax, ay = (xy[segment, 0] - lon) * east, (xy[segment, 1] - lat) * north
    bx, by = (xy[segment + 1, 0] - lon) * east, (xy[segment + 1, 1] - lat) * north
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    share = 0.0 if square == 0.0 else -(ax * dx + ay * dy) / square
    share = min(max(share, low), high)
    px, py = ax + share * dx, ay + share * dy
    return share, np.sqrt(px * px + py * py)
