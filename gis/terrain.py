"""Terrain on a regular longitude-latitude raster: elevation, slope, and the ways that water takes.

Row 0 is the northern edge. Water runs from each cell to the lowest (steepest) of its eight neighbours (D8:
O'Callaghan & Mark 1984); hollows are first filled to their rim (Barnes et al. 2014, priority-flood).
"""

import heapq
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely

from gis.patches import label_borders, without_steps

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NOWHERE = -1  # the receiver of a cell from which water leaves the raster
_NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
_METRES_PER_DEGREE = 111_195.0  # of latitude, on the sphere of mean radius; 0.3 % is enough for slopes


@dataclass(frozen=True, eq=False)
class Terrain:
    """Elevations in metres at cell centres; `west`, `north` is the centre of the cell in row 0, column 0.

    `step_lon` and `step_lat` are the positive distances between centres, in degrees.
    """

    heights: Floats
    west: float
    north: float
    step_lon: float
    step_lat: float

    def __post_init__(self) -> None:
        """Refuse a raster without area, and freeze it."""
        if self.heights.ndim != 2 or min(self.heights.shape) < 2:  # noqa: PLR2004 - two cells make a slope
            raise ValueError("heights must be a raster of at least two by two cells")
        if self.step_lon <= 0 or self.step_lat <= 0:
            raise ValueError("steps must be positive")
        self.heights.setflags(write=False)

    @cached_property
    def cell_width_m(self) -> float:
        """Metres from one column to the next, at the middle latitude."""
        middle = self.north - self.step_lat * (self.heights.shape[0] - 1) / 2
        return self.step_lon * _METRES_PER_DEGREE * float(np.cos(np.radians(middle)))

    @cached_property
    def cell_height_m(self) -> float:
        """Metres from one row to the next."""
        return self.step_lat * _METRES_PER_DEGREE

    def coarser(self, times: int) -> "Terrain":
        """Return the terrain in cells `times` as wide, each the mean of those it covers; what is left over at the far edges is dropped."""
        rows, columns = (size // times for size in self.heights.shape)
        blocks = self.heights[: rows * times, : columns * times].reshape(rows, times, columns, times)
        shift = (times - 1) / 2
        return Terrain(
            blocks.mean(axis=(1, 3)),
            self.west + shift * self.step_lon,
            self.north - shift * self.step_lat,
            self.step_lon * times,
            self.step_lat * times,
        )

    def rows_columns(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Fractional row and column of positions, clamped to the raster."""
        rows = (self.north - np.asarray(lat, dtype=np.float64)) / self.step_lat
        columns = (np.asarray(lon, dtype=np.float64) - self.west) / self.step_lon
        height, width = self.heights.shape
        return np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)

    def positions(self, rows: npt.ArrayLike, columns: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Longitudes and latitudes of (fractional) rows and columns."""
        lon = self.west + np.asarray(columns, dtype=np.float64) * self.step_lon
        lat = self.north - np.asarray(rows, dtype=np.float64) * self.step_lat
        return lon, lat

    def elevation(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Floats:
        """Metres above the sea, bilinear between cell centres; beyond the raster that of its edge."""
        rows, columns = self.rows_columns(lon, lat)
        return _bilinear(self.heights, rows, columns)

    @cached_property
    def slopes(self) -> Floats:
        """Slope of each cell in degrees, by Horn's (1981) weighted differences."""
        z = np.pad(self.heights, 1, mode="edge")
        east = z[:-2, 2:] + 2 * z[1:-1, 2:] + z[2:, 2:]
        west = z[:-2, :-2] + 2 * z[1:-1, :-2] + z[2:, :-2]
        north = z[:-2, :-2] + 2 * z[:-2, 1:-1] + z[:-2, 2:]
        south = z[2:, :-2] + 2 * z[2:, 1:-1] + z[2:, 2:]
        gradient = np.hypot(
            (east - west) / (8 * self.cell_width_m), (north - south) / (8 * self.cell_height_m)
        )
        slopes: Floats = np.degrees(np.arctan(gradient))
        slopes.setflags(write=False)
        return slopes

    def slope(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Floats:
        """Slope in degrees at positions, bilinear between cells."""
        rows, columns = self.rows_columns(lon, lat)
        return _bilinear(self.slopes, rows, columns)

    @cached_property
    def receivers(self) -> Ints:
        """For each cell the flat index of the cell that its water runs to, or NOWHERE at the rim."""
        receivers = flow_receivers(fill_depressions(self.heights), self.cell_width_m, self.cell_height_m)
        receivers.setflags(write=False)
        return receivers

    @cached_property
    def drained_km2(self) -> Floats:
        """Square kilometres that drain through each cell, itself included."""
        cells = flow_accumulation(self.receivers)
        drained = cells.astype(np.float64) * (self.cell_width_m * self.cell_height_m / 1e6)
        drained.setflags(write=False)
        return drained

    def steepest_descent(self, lon: float, lat: float, *, down_to_deg: float = 0.0) -> Floats:
        """Follow water (or a slide) down from a position, as an (n, 2) array of longitude and latitude.

        It ends at the raster's rim, or after the last cell steeper than `down_to_deg`: the run-out's end.
        """
        rows, columns = self.rows_columns(lon, lat)
        cell = int(np.rint(rows)) * self.heights.shape[1] + int(np.rint(columns))
        way = [cell]
        slopes = self.slopes.ravel()
        while self.receivers.flat[cell] != NOWHERE and slopes[cell] >= down_to_deg:
            cell = int(self.receivers.flat[cell])
            way.append(cell)
        return np.column_stack(self.positions(*np.divmod(np.asarray(way), self.heights.shape[1])))

    def streams(self, least_km2: float) -> list[Floats]:
        """Stream lines, each an (n, 2) array downstream from its head or a confluence to the next one.

        A cell is stream when at least `least_km2` drain through it.
        """
        return [
            np.column_stack(self.positions(*np.divmod(reach, self.heights.shape[1])))
            for reach in reaches(self.receivers, self.drained_km2 >= least_km2)
        ]

    def ridges(self, least_km2: float, *, rise_m: float = 4.0, reach_m: float = 150.0) -> list[Floats]:
        """Ridge lines, each an (n, 2) array: where water parts between stream reaches, and the land falls on both sides.

        Streams as in `streams`. A divide between two meetings is a ridge when along half of it the land `reach_m` to either side
        is `rise_m` lower: one on an even slope is nothing that a walker would see.
        """
        basins = basins_of(self.receivers, self.drained_km2 >= least_km2)
        rows, columns = np.mgrid[: basins.shape[0] + 1, : basins.shape[1] + 1] - 0.5
        corners = np.stack(self.positions(rows, columns), axis=-1)
        inner = np.pad(basins[1:-1, 1:-1], 1, mode="edge")  # the rim is no divide
        sides = label_borders(inner, corners)
        arcs = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(sides)))
        lines = [without_steps(shapely.get_coordinates(arc), 3) for arc in arcs]
        kept = [line for line in lines if self._standing_out(line, reach_m, rise_m).mean() >= 0.5]  # noqa: PLR2004 - half
        return [
            shapely.get_coordinates(shapely.LineString(line).simplify(self.step_lat / 6)) for line in kept
        ]

    def _standing_out(self, line: Floats, reach_m: float, rise_m: float) -> Bools:
        """Whether each point of a line lies above the land on both sides."""
        metres = np.array([self.cell_width_m / self.step_lon, self.cell_height_m / self.step_lat])
        along = np.gradient(line * metres, axis=0)
        across = np.column_stack([-along[:, 1], along[:, 0]])
        across *= reach_m / np.maximum(np.hypot(*across.T), 1e-9)[:, None] / metres
        beside = np.maximum(self.elevation(*(line + across).T), self.elevation(*(line - across).T))
        high: Bools = self.elevation(*line.T) - beside >= rise_m
        return high


def _bilinear(raster: Floats, rows: Floats, columns: Floats) -> Floats:
    top = np.minimum(rows.astype(np.int64), raster.shape[0] - 2)
    left = np.minimum(columns.astype(np.int64), raster.shape[1] - 2)
    down, right = rows - top, columns - left
    upper = raster[top, left] * (1 - right) + raster[top, left + 1] * right
    lower = raster[top + 1, left] * (1 - right) + raster[top + 1, left + 1] * right
    value: Floats = upper * (1 - down) + lower * down
    return value


def fill_depressions(heights: Floats, *, rise_m: float = 1e-4) -> Floats:
    """Raise every hollow to its lowest rim, plus `rise_m` for each cell from the outlet so that water runs on."""
    rows, columns = heights.shape
    filled = heights.astype(np.float64, copy=True)
    flat = filled.ravel()
    done = np.zeros(flat.size, dtype=bool)
    rim = _rim(rows, columns)
    queue = [(flat[cell], cell) for cell in rim.tolist()]
    done[rim] = True
    heapq.heapify(queue)
    while queue:
        level, cell = heapq.heappop(queue)
        row, column = divmod(cell, columns)
        for down, right in _NEIGHBOURS:
            r, c = row + down, column + right
            if not (0 <= r < rows and 0 <= c < columns):
                continue
            near = r * columns + c
            if not done[near]:
                done[near] = True
                flat[near] = max(flat[near], level + rise_m)
                heapq.heappush(queue, (flat[near], near))
    return filled


def _rim(rows: int, columns: int) -> Ints:
    cells = np.arange(rows * columns, dtype=np.int64).reshape(rows, columns)
    return np.unique(np.concatenate([cells[0], cells[-1], cells[:, 0], cells[:, -1]]))


def flow_receivers(heights: Floats, cell_width_m: float, cell_height_m: float) -> Ints:
    """Flat index of the steepest lower neighbour of each cell; NOWHERE where none is lower."""
    rows, columns = heights.shape
    padded = np.pad(heights, 1, mode="constant", constant_values=np.inf)
    cells = np.arange(rows * columns, dtype=np.int64).reshape(rows, columns)
    steepest = np.zeros_like(heights)
    receivers = np.full((rows, columns), NOWHERE, dtype=np.int64)
    for down, right in _NEIGHBOURS:
        near = padded[1 + down : 1 + down + rows, 1 + right : 1 + right + columns]
        fall = (heights - near) / np.hypot(down * cell_height_m, right * cell_width_m)
        better = fall > steepest
        steepest[better] = fall[better]
        receivers[better] = cells[better] + down * columns + right
    return receivers


def flow_accumulation(receivers: Ints) -> Ints:
    """How many cells drain through each cell, itself included; same shape as `receivers`.

    Cells are peeled from the divides downwards, so that each is passed on only when it is complete.
    """
    flat = receivers.ravel()
    sums = np.ones(flat.size, dtype=np.int64)
    waiting = np.bincount(flat[flat != NOWHERE], minlength=flat.size)
    ready = np.flatnonzero(waiting == 0)
    while ready.size:
        ready = ready[flat[ready] != NOWHERE]
        into = flat[ready]
        np.add.at(sums, into, sums[ready])
        np.subtract.at(waiting, into, 1)
        touched = np.unique(into)
        ready = touched[waiting[touched] == 0]
    return sums.reshape(receivers.shape)


def reaches(receivers: Ints, stream: Bools) -> list[Ints]:
    """Flat indices of each reach of a stream, downstream, ends shared with the reaches that it meets."""
    flat, wet = receivers.ravel(), stream.ravel()
    passing = np.flatnonzero(wet & (flat != NOWHERE))
    inflows = np.bincount(flat[passing], minlength=flat.size)
    heads = np.flatnonzero(wet & (inflows != 1))
    lines = []
    for head in heads.tolist():
        line = [head]
        while (after := int(flat[line[-1]])) != NOWHERE:
            line.append(after)
            if inflows[after] != 1:
                break
        if len(line) > 1:
            lines.append(np.asarray(line, dtype=np.int64))
    return lines


def basins_of(receivers: Ints, stream: Bools) -> Ints:
    """Return the number of the stream reach that each cell drains to, or of its last cell where it meets none; same shape."""
    flat = receivers.ravel()
    label = np.full(flat.size, NOWHERE, dtype=np.int64)
    for number, reach in enumerate(reaches(receivers, stream)):
        label[reach[:-1]] = flat.size + number
    own = np.arange(flat.size)
    towards = np.where((label != NOWHERE) | (flat == NOWHERE), own, flat)
    while (further := towards[towards]).tolist() != towards.tolist():
        towards = further
    return np.where(label[towards] != NOWHERE, label[towards], towards).reshape(receivers.shape)


_SUNS_DEG = (225.0, 270.0, 315.0, 360.0)
_SUN_HEIGHT_DEG = 45.0


def hillshade(heights: Floats, cell_m: float) -> Floats:
    """Light on each inner cell of a raster of square cells, 0 to 1; row 0 is north. One row and column less on each side.

    From four suns between south-west and north, each weighted by how far a slope turns away from it (Mark 1992), so that
    ridges along any one of them stay visible. Flat ground has `FLAT_LIGHT`; a cell beside one without height has none.
    """
    z = heights
    east = ((z[:-2, 2:] + 2 * z[1:-1, 2:] + z[2:, 2:]) - (z[:-2, :-2] + 2 * z[1:-1, :-2] + z[2:, :-2])) / (
        8 * cell_m
    )
    north = ((z[:-2, :-2] + 2 * z[:-2, 1:-1] + z[:-2, 2:]) - (z[2:, :-2] + 2 * z[2:, 1:-1] + z[2:, 2:])) / (
        8 * cell_m
    )
    steepness = np.sqrt(1 + east**2 + north**2)
    downhill = np.arctan2(-east, -north)
    height = np.radians(_SUN_HEIGHT_DEG)
    light = np.zeros_like(east)
    weights = np.zeros_like(east)
    for sun in np.radians(_SUNS_DEG):
        towards = east * np.sin(sun) + north * np.cos(sun)
        lit = np.clip((np.sin(height) - towards * np.cos(height)) / steepness, 0, 1)
        weight = np.sin(downhill - sun) ** 2 + 1e-6
        light += weight * lit
        weights += weight
    shaded: Floats = light / weights
    return shaded


FLAT_LIGHT = float(np.sin(np.radians(_SUN_HEIGHT_DEG)))
"""Light on level ground in `hillshade`."""
