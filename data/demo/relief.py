"""The land of the demo county: noise, uplift and erosion until rivers have cut a loess country.

Heights are made coarse first and refined twice, so that great valleys come before gullies. Erosion is stream power
solved implicitly from the outlets upwards (Braun & Willett 2013) with hillslope creep between the streams.
"""

import heapq

import numba
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gis.terrain import Terrain

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CENTRE = (111.0, 36.0)
STEP_LAT = 0.00063  # 70 m
STEP_LON = 0.00078  # 70 m at 36° N
CELLS = 992  # 69 km square: the county is its middle
COARSEST = CELLS // 4
PASSES = ((4, 130), (2, 50), (1, 22))  # (cells merged, erosion steps)
REPAIR_STEPS = 3  # after warping, to open the valleys that it pinched
STEP_YEARS = 12_000.0
CELL_M = 70.0


def make_relief(seed: int) -> Terrain:
    """Heights of the square around the county, from about 450 to 1,800 m."""
    rng = np.random.default_rng([seed, 1])
    heights = np.zeros((COARSEST, COARSEST))
    heights += 130 * fractal_noise(rng, COARSEST, longest=90, roughness=0.62)
    for merge, steps in PASSES:
        size = CELLS // merge
        if heights.shape[0] != size:
            heights = ndimage.zoom(heights, size / heights.shape[0], order=1, mode="nearest", grid_mode=True)
            heights += merge * 7.0 * fractal_noise(rng, size, longest=size // 12, roughness=0.9)
        rock = np.exp(0.4 * fractal_noise(rng, size, longest=size / 10, roughness=0.9))
        heights = _erode(heights, _uplift(rng, size), rock, CELL_M * merge, steps)
    heights = _erode(_warp(rng, heights), _uplift(rng, CELLS), np.ones_like(heights), CELL_M, REPAIR_STEPS)
    heights = 470 + heights
    west = CENTRE[0] - STEP_LON * (CELLS - 1) / 2
    north = CENTRE[1] + STEP_LAT * (CELLS - 1) / 2
    raw = Terrain(heights, west, north, STEP_LON, STEP_LAT)
    return Terrain(_lay_valley_floors(raw), west, north, STEP_LON, STEP_LAT)


def fractal_noise(rng: np.random.Generator, size: int, *, longest: float, roughness: float) -> Floats:
    """Make a smooth random field of mean 0 and deviation 1; each halving of the wavelength has `roughness` its height."""
    field = np.zeros((size, size))
    wave, height = float(longest), 1.0
    while wave >= 2:
        knots = int(size / wave) + 4
        coarse = rng.standard_normal((knots, knots))
        at = np.arange(size) / wave + 1
        rows, columns = np.meshgrid(at, at, indexing="ij")
        field += height * ndimage.map_coordinates(coarse, [rows, columns], order=3, mode="nearest")
        wave, height = wave / 2, height * roughness
    spread: Floats = (field - field.mean()) / field.std()
    return spread


def _warp(rng: np.random.Generator, heights: Floats) -> Floats:
    """Bend the land by some cells, so that no valley keeps a direction of the raster."""
    size = heights.shape[0]
    fade = np.minimum(1, np.minimum(np.arange(size), np.arange(size)[::-1]) / 40)
    fade = np.minimum.outer(fade, fade)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float64)
    rows += 6.0 * fade * fractal_noise(rng, size, longest=70, roughness=0.5)
    columns += 6.0 * fade * fractal_noise(rng, size, longest=70, roughness=0.5)
    warped: Floats = ndimage.map_coordinates(heights, [rows, columns], order=1, mode="nearest")
    return warped


def _uplift(rng: np.random.Generator, size: int) -> Floats:
    """Metres a year: a plateau that rises to the east and south, with two blunt ranges."""
    south, east = np.mgrid[0:size, 0:size] / (size - 1)
    uneven = fractal_noise(rng, size, longest=size / 4, roughness=0.5)
    range_east = np.exp(-(((east - 0.93 + 0.12 * np.sin(4 * south)) / 0.16) ** 2))
    range_south = np.exp(-(((south - 0.95 - 0.08 * np.sin(5 * east)) / 0.17) ** 2))
    range_north = np.exp(-(((south - 0.04 + 0.05 * np.sin(6 * east)) / 0.14) ** 2))
    height = 0.55 + 0.35 * east + 0.7 * range_east + 0.45 * range_south + 0.5 * range_north + 0.08 * uneven
    rate: Floats = 5.2e-4 * np.clip(height, 0.2, None)
    return rate


def _outlets(size: int) -> npt.NDArray[np.bool_]:
    """Where water leaves: the great river along the west, and a gap in the north-east and the south."""
    outlets = np.zeros((size, size), dtype=bool)
    outlets[int(0.30 * size) : int(0.72 * size), 0] = True
    outlets[int(0.10 * size), -1] = True
    outlets[-1, int(0.62 * size)] = True
    outlets[0, int(0.25 * size)] = True
    return outlets


def _erode(heights: Floats, uplift: Floats, softness: Floats, cell_m: float, steps: int) -> Floats:
    """Alternate uplift, stream incision and creep; the hollows of a step are crossed by their lowest rim.

    `softness` scales how fast water cuts each cell: uneven rock keeps streams from running along the raster.
    """
    outlets = _outlets(heights.shape[0])
    base = np.where(outlets, np.minimum(heights, 0.0), heights)
    base[outlets] = 0.0
    creep = 0.012 * STEP_YEARS / cell_m**2
    for _ in range(steps):
        base = np.where(outlets, base, base + uplift * STEP_YEARS)
        receivers, order, lengths = _route(base, outlets, softness, cell_m)
        base = _incise(base, receivers, order, lengths, softness, cell_m)
        base = np.where(outlets, 0.0, base + creep * ndimage.laplace(base, mode="nearest"))
    return base


@numba.njit(cache=False)
def _route(
    heights: Floats, outlets: npt.NDArray[np.bool_], softness: Floats, cell_m: float
) -> tuple[Ints, Ints, Floats]:
    """Receivers by priority-flood from the outlets: order lists cells downstream first, so no hollow traps water.

    Where a cell has a lower visited neighbour its steepest one is taken, else the one it was flooded from.
    """
    rows, columns = heights.shape
    flat = heights.ravel()
    soft = softness.ravel()
    count = flat.size
    receivers = np.arange(count)
    lengths = np.ones(count)
    order = np.empty(count, np.int64)
    seen = np.zeros(count, np.bool_)
    level = flat.copy()
    queue = [(0.0, 0)]
    queue.pop()
    for outlet in np.flatnonzero(outlets.ravel()):
        heapq.heappush(queue, (float(flat[outlet]), int(outlet)))
        seen[outlet] = True
    done = np.zeros(count, np.bool_)
    filled = 0
    while len(queue) > 0:
        at, cell = heapq.heappop(queue)
        order[filled] = cell
        filled += 1
        done[cell] = True
        row, column = cell // columns, cell % columns
        best = 0.0
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                r, c = row + dr, column + dc
                if (dr == 0 and dc == 0) or r < 0 or c < 0 or r >= rows or c >= columns:
                    continue
                near = r * columns + c
                length = cell_m * np.sqrt(dr * dr + dc * dc)
                if done[near]:
                    fall = (flat[cell] - flat[near]) / length * soft[near]
                    if fall > best and receivers[cell] != cell:
                        best = fall
                        receivers[cell] = near
                        lengths[cell] = length
                elif not seen[near]:
                    seen[near] = True
                    receivers[near] = cell
                    lengths[near] = length
                    level[near] = max(level[near], at + 1e-3)
                    heapq.heappush(queue, (level[near], near))
    return receivers, order, lengths


@numba.njit(cache=False)
def _incise(
    heights: Floats, receivers: Ints, order: Ints, lengths: Floats, softness: Floats, cell_m: float
) -> Floats:
    """One implicit step of dz/dt = -K·A^0.45·slope, from the outlets upstream."""
    flat = heights.ravel().copy()
    soft = softness.ravel()
    area = np.full(flat.size, cell_m * cell_m)
    for i in range(order.size - 1, -1, -1):
        cell = order[i]
        if receivers[cell] != cell:
            area[receivers[cell]] += area[cell]
    for i in range(order.size):
        cell = order[i]
        into = receivers[cell]
        if into != cell and flat[cell] > flat[into]:
            power = 1.5e-5 * soft[cell] * area[cell] ** 0.45 * 12_000.0 / lengths[cell]
            flat[cell] = (flat[cell] + power * flat[into]) / (1 + power)
    return flat.reshape(heights.shape)


def _lay_valley_floors(land: Terrain) -> Floats:
    """Gravel and terraces: beside a river the land is nearly level, the wider the more land drains through it."""
    drained = land.drained_km2
    stream = drained >= 8
    distance, (rows, columns) = ndimage.distance_transform_edt(~stream, return_indices=True)
    half_width = 0.55 * drained[rows, columns] ** 0.33  # cells: 1 at 8 km², 4 at 500 km²
    share = np.clip((distance - half_width) / (half_width + 1.5), 0, 1)
    floor = land.heights[rows, columns] + 1.2 * distance
    blended: Floats = np.where(
        land.heights > floor, floor + (land.heights - floor) * share**1.5, land.heights
    )
    return blended
