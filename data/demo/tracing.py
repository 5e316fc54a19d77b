"""Compiled searches over the raster: the cheapest way for a road to be built, and the territory of each village.

A road builder pays for length, for gradients beyond what vehicles like, for cutting into side slopes, for crossing
water; follows a road that is there already at a part of the price; and keeps some distance from it otherwise. Roads so
grown one after the other merge into trunks, follow valley sides and ridges, and wind where it is steep.
"""

import heapq
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# sixteen moves: to the eight neighbours and, between them, a knight's jump
MOVES = np.array(
    [
        (-1, 0), (0, 1), (1, 0), (0, -1), (-1, 1), (1, 1), (1, -1), (-1, -1),
        (-2, 1), (-1, 2), (1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1),
    ],
    dtype=np.int64,
)  # fmt: skip
TUNNEL_CELLS = np.array([6, 8, 10, 13, 16], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Builder:
    """What one class of road pays. Gradients as rise over run; costs in metres of level road."""

    gentle: float  # the gradient that costs nothing extra
    steepest: float  # beyond it each metre costs ten times more for each such step
    side: float = 1.0  # weight of cutting into side slopes
    reuse: float = 0.35  # share of the price on a road that is there already
    crossing_m: float = 150.0
    tunnels: bool = False


@numba.njit(cache=False)
def cheapest_way(
    heights: Floats,
    slopes: Floats,
    water: Floats,
    rough: Floats,
    used: Ints,
    near_road: Bools,
    start: int,
    goal: Bools,
    cell_m: float,
    gentle: float,
    steepest: float,
    side: float,
    reuse: float,
    crossing_m: float,
    tunnels: bool,  # noqa: FBT001 - numba takes positions only
) -> Ints:
    """Flat cells from `start` to the first cell of `goal` that is settled; empty when none can be reached.

    water: km² drained where a stream runs, else 0. rough: price of the ground as a factor. used: bit m set where a
    road leaves a cell by move m. near_road: beside a road, where a second one is not wanted.
    """
    rows, columns = heights.shape
    count = rows * columns
    z, tilt, wet = heights.ravel(), slopes.ravel(), water.ravel()
    price, taken, beside, ends = rough.ravel(), used.ravel(), near_road.ravel(), goal.ravel()
    cost = np.full(count, np.inf)
    before = np.full(count, -1, np.int64)
    settled = np.zeros(count, np.bool_)
    cost[start] = 0.0
    queue = [(0.0, start)]
    while len(queue) > 0:
        so_far, cell = heapq.heappop(queue)
        if settled[cell]:
            continue
        settled[cell] = True
        if ends[cell]:
            length = 1
            at = cell
            while before[at] >= 0:
                at = before[at]
                length += 1
            way = np.empty(length, np.int64)
            at = cell
            for i in range(length - 1, -1, -1):
                way[i] = at
                at = before[at]
            return way
        row, column = cell // columns, cell % columns
        for move in range(16):
            r, c = row + MOVES[move, 0], column + MOVES[move, 1]
            if r < 1 or c < 1 or r >= rows - 1 or c >= columns - 1:
                continue
            near = r * columns + c
            if settled[near]:
                continue
            length_m = cell_m * np.sqrt(float(MOVES[move, 0] ** 2 + MOVES[move, 1] ** 2))
            gradient = abs(z[near] - z[cell]) / length_m
            step = length_m * (1 + (gradient / gentle) ** 2)
            if gradient > steepest:
                step += length_m * 10 * (gradient - steepest) / steepest
            if (taken[cell] >> move) & 1:
                step *= reuse
            else:
                step *= price[near] * (1 + side * (tilt[near] / 22.0) ** 2)
                if beside[near]:
                    step *= 2.2
                wettest = wet[near]
                if move >= 8:
                    a = (row + MOVES[move, 0] // 2 + (1 if MOVES[move, 0] == -1 else 0)) * columns
                    a += column + MOVES[move, 1] // 2 + (1 if MOVES[move, 1] == -1 else 0)
                    b = (r - MOVES[move, 0] // 2 - (1 if MOVES[move, 0] == -1 else 0)) * columns
                    b += c - MOVES[move, 1] // 2 - (1 if MOVES[move, 1] == -1 else 0)
                    wettest = max(wettest, wet[a], wet[b])
                if wettest > 0:
                    step += crossing_m * (0.4 + min(3.0, wettest / 60.0)) + 2 * length_m
            if so_far + step < cost[near]:
                cost[near] = so_far + step
                before[near] = cell
                heapq.heappush(queue, (cost[near], near))
        if tunnels and row % 2 == 0 and column % 2 == 0:
            for move in range(8):
                for cells in TUNNEL_CELLS:
                    r, c = row + MOVES[move, 0] * cells, column + MOVES[move, 1] * cells
                    if r < 1 or c < 1 or r >= rows - 1 or c >= columns - 1:
                        continue
                    near = r * columns + c
                    length_m = cell_m * cells * np.sqrt(float(MOVES[move, 0] ** 2 + MOVES[move, 1] ** 2))
                    if abs(z[near] - z[cell]) > 0.03 * length_m or settled[near]:
                        continue
                    cover = np.inf
                    for k in range(2, cells - 1):
                        over = z[(row + MOVES[move, 0] * k) * columns + column + MOVES[move, 1] * k]
                        cover = min(cover, over - max(z[near], z[cell]))
                    if cover < 12:
                        continue
                    step = 2.5 * length_m + 150
                    if so_far + step < cost[near]:
                        cost[near] = so_far + step
                        before[near] = cell
                        heapq.heappush(queue, (cost[near], near))
    return np.empty(0, np.int64)


@numba.njit(cache=False)
def territories(inside: Bools, heights: Floats, seeds: Ints, cell_m: float) -> Ints:
    """Label each inside cell with the seed that reaches it with the least climbing; -1 outside. 4-connected."""
    rows, columns = heights.shape
    z, within = heights.ravel(), inside.ravel()
    labels = np.full(rows * columns, -1, np.int64)
    cost = np.full(rows * columns, np.inf)
    queue = [(0.0, 0)]
    queue.pop()
    for label in range(seeds.size):
        cost[seeds[label]] = 0.0
        labels[seeds[label]] = label
        heapq.heappush(queue, (0.0, seeds[label]))
    while len(queue) > 0:
        so_far, cell = heapq.heappop(queue)
        if so_far > cost[cell]:
            continue
        for move in range(4):
            r, c = cell // columns + MOVES[move, 0], cell % columns + MOVES[move, 1]
            if r < 0 or c < 0 or r >= rows or c >= columns:
                continue
            near = r * columns + c
            if not within[near]:
                continue
            step = cell_m + 9.0 * abs(z[near] - z[cell])
            if so_far + step < cost[near]:
                cost[near] = so_far + step
                labels[near] = labels[cell]
                heapq.heappush(queue, (cost[near], near))
    return labels.reshape(heights.shape)
