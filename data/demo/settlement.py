"""Where people live: the county's outline along ridges, its towns and villages, their land, and the leaf grids."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from data.demo.lattice import Lattice, to_degrees
from data.demo.relief import CELL_M, CELLS, fractal_noise
from data.demo.tracing import territories
from gis import patches
from gis.crs import geodesic_area_m2
from gis.terrain import NOWHERE, Terrain, reaches

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

AREA_KM2 = 2029.0
TOWNSHIPS, VILLAGES, SECTORS, LEAVES = 10, 137, 31, 169
BASIN_KM2 = 9.0  # the county is made of whole catchments of about this size


@dataclass(frozen=True, eq=False)
class Settlement:
    """The land and its people. Labels are rasters of indices, -1 outside; village 0 of each township is its seat."""

    inside: Bools
    sites: Ints  # flat cell of each village
    township_of: Ints  # of each village; township 0 holds the county seat
    seats: Ints  # village index of each township's seat
    villages: Ints  # raster of village indices
    sector_of: Ints  # of each village
    leaves: Ints  # raster of leaf indices
    village_of_leaf: Ints


def settle(land: Terrain, seed: int) -> Settlement:
    """Lay out the whole county."""
    rng = np.random.default_rng([seed, 3])
    inside = county_mask(land, rng)
    suit = suitability(land)
    sites = pick_sites(land, inside, suit, rng)
    relief = ndimage.gaussian_filter(land.heights, 1.0)
    villages = territories(inside, relief, sites, CELL_M)
    seats, township_of = found_townships(land, inside, sites, villages)
    sites, township_of, seats, villages = _in_order(sites, township_of, seats, villages)
    sector_of = make_sectors(sites, township_of, villages)
    leaves, village_of_leaf = make_leaves(villages, relief)
    return Settlement(inside, sites, township_of, seats, villages, sector_of, leaves, village_of_leaf)


def county_mask(land: Terrain, rng: np.random.Generator) -> Bools:
    """Whole catchments around the middle until the area is there, so that the outline follows ridges."""
    basin = basins(land, BASIN_KM2)
    names, cells = np.unique(basin, return_counts=True)
    rows, columns = np.mgrid[0:CELLS, 0:CELLS] - (CELLS - 1) / 2
    apart = np.hypot(rows * 1.1, columns * 0.92) * (
        1 + 0.13 * fractal_noise(rng, CELLS, longest=330, roughness=0.4)
    )
    order = np.argsort(ndimage.mean(apart, basin, names) + ndimage.maximum(apart, basin, names))
    target = AREA_KM2 * 1e6 / CELL_M**2
    enough = int(np.searchsorted(np.cumsum(cells[order]), target))
    masks = [_one_piece(np.isin(basin, names[order[:count]])) for count in range(enough - 4, enough + 12)]
    return min(masks, key=lambda mask: abs(float(mask.sum()) - target))


def _one_piece(mask: Bools) -> Bools:
    cross = ndimage.generate_binary_structure(2, 1)
    mask = ndimage.binary_opening(ndimage.binary_fill_holes(mask), cross, iterations=3)
    pieces, _ = ndimage.label(mask)
    whole = ndimage.binary_fill_holes(pieces == np.argmax(np.bincount(pieces.ravel())[1:]) + 1)
    filled: Bools = np.asarray(whole, dtype=bool)
    return filled


def basins(land: Terrain, least_km2: float) -> Ints:
    """Label every cell with the stream reach that its water meets first."""
    stream = land.drained_km2 >= least_km2
    label = np.full(CELLS * CELLS, -1, dtype=np.int64)
    for number, reach in enumerate(reaches(land.receivers, stream)):
        label[reach[:-1]] = number
    flat = land.receivers.ravel()
    cells = np.arange(flat.size)
    down = np.where((flat == NOWHERE) | (label >= 0), cells, flat)
    while not np.array_equal(further := down[down], down):
        down = further
    lost = label[down] < 0
    found: Ints = np.where(lost, label.max() + 1 + down, label[down]).reshape(land.heights.shape)
    return found


def suitability(land: Terrain) -> Floats:
    """How gladly people settle in a cell: level ground by water in a valley, or a level loess top."""
    slope = ndimage.gaussian_filter(land.slopes, 2)
    stream = land.drained_km2 >= 2.5
    distance = ndimage.distance_transform_edt(~stream)
    by_water = np.exp(-(((distance - 2.5) / 4) ** 2))
    level = np.exp(-((slope / 9) ** 2))
    suit: Floats = level * (0.25 + by_water) * np.exp(-np.clip(land.heights - 1150, 0, None) / 350)
    return suit


def pick_sites(land: Terrain, inside: Bools, suit: Floats, rng: np.random.Generator) -> Ints:
    """VILLAGES cells: the best first, none nearer to another than a distance that shrinks until all are placed."""
    depth = ndimage.distance_transform_edt(inside)
    wish = suit * rng.uniform(0.35, 1.0, suit.shape) * (depth > 7) * (land.drained_km2 < 2)
    order = np.argsort(-wish, axis=None)[:120_000]
    rows, columns = np.divmod(order, CELLS)
    for spacing in np.arange(48.0, 20.0, -0.5):
        chosen: list[int] = []
        free = np.ones(order.size, dtype=bool)
        while free.any() and len(chosen) < VILLAGES:
            first = int(np.argmax(free))
            chosen.append(first)
            free &= np.hypot(rows - rows[first], columns - columns[first]) >= spacing
        if len(chosen) == VILLAGES:
            return order[chosen]
    raise RuntimeError("no room for all villages")


def found_townships(land: Terrain, inside: Bools, sites: Ints, villages: Ints) -> tuple[Ints, Ints]:
    """Seats (village indices, the county seat first) and the township of each village, connected by their land."""
    rows, columns = np.divmod(sites, CELLS)
    river = ndimage.maximum_filter(land.drained_km2, 15)
    weight = np.log1p(river[rows, columns]) * np.exp(-np.maximum(land.heights[rows, columns] - 1000, 0) / 400)
    depth = np.minimum(ndimage.distance_transform_edt(inside)[rows, columns], 50)
    middle = np.exp(-((np.hypot(rows - CELLS / 2, columns - CELLS / 2) / 130) ** 2))
    seats = [int(np.argmax(weight * middle))]
    while len(seats) < TOWNSHIPS:
        apart = np.min([np.hypot(rows - rows[s], columns - columns[s]) for s in seats], axis=0)
        seats.append(int(np.argmax(np.minimum(apart, 165) ** 1.5 * (weight + 2.5) * depth)))
    distance = neighbour_distances(sites, villages)
    township = _allot(distance, np.asarray(seats))
    return np.asarray(seats, dtype=np.int64), township


def neighbour_distances(sites: Ints, labels: Ints) -> Floats:
    """Distance in cells between villages whose land touches, infinite elsewhere."""
    pairs = np.concatenate(
        [
            np.stack([labels[:, :-1].ravel(), labels[:, 1:].ravel()], axis=1),
            np.stack([labels[:-1].ravel(), labels[1:].ravel()], axis=1),
        ]
    )
    pairs = np.unique(pairs[(pairs[:, 0] != pairs[:, 1]) & (pairs >= 0).all(axis=1)], axis=0)
    rows, columns = np.divmod(sites, CELLS)
    apart = np.full((sites.size, sites.size), np.inf)
    a, b = pairs.T
    length = np.hypot(rows[a] - rows[b], columns[a] - columns[b])
    apart[a, b] = length
    apart[b, a] = length
    return apart


def _allot(distance: Floats, seats: Ints) -> Ints:
    """Grow all groups at once, the smallest first, so that they stay connected and of similar size."""
    owner = np.full(distance.shape[0], -1, dtype=np.int64)
    reach = np.full(distance.shape[0], np.inf)
    owner[seats] = np.arange(seats.size)
    reach[seats] = 0
    while (owner < 0).any():
        sizes = np.bincount(owner[owner >= 0], minlength=seats.size)
        offers = [_next_member(group, owner, reach, distance) for group in range(seats.size)]
        group = min(
            (g for g in range(seats.size) if offers[g] is not None),
            key=lambda g: (offers[g] or (0.0, 0))[0] * (2 + sizes[g]) ** 1.5,
        )
        best = offers[group]
        if best is None:
            raise RuntimeError("a village touches no other")
        reach[best[1]], owner[best[1]] = best[0], group
    return owner


def _next_member(group: int, owner: Ints, reach: Floats, distance: Floats) -> tuple[float, int] | None:
    """Find the free neighbour of a group that is nearest to its seat, with that distance."""
    members = np.flatnonzero(owner == group)
    through = reach[members, None] + np.where(owner[None, :] < 0, distance[members], np.inf)
    nearest = through.min(axis=0)
    village = int(np.argmin(nearest))
    return (float(nearest[village]), village) if np.isfinite(nearest[village]) else None


def _in_order(sites: Ints, township_of: Ints, seats: Ints, villages: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Renumber villages township by township, each seat first, the others from north to south."""
    is_seat = np.isin(np.arange(sites.size), seats)
    order = np.lexsort((sites, ~is_seat, township_of))
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    relabelled = np.where(villages >= 0, rank[villages], -1)
    return sites[order], township_of[order], rank[seats], relabelled


def make_sectors(sites: Ints, township_of: Ints, villages: Ints) -> Ints:
    """Group each township's villages into connected sectors of four or five, SECTORS in all."""
    sizes = np.bincount(township_of)
    shares = np.maximum(2, np.floor(sizes * SECTORS / VILLAGES)).astype(int)
    while shares.sum() != SECTORS:
        step = 1 if shares.sum() < SECTORS else -1
        shares[np.argmax(step * sizes / shares)] += step
    distance = neighbour_distances(sites, villages)
    sector = np.full(sites.size, -1, dtype=np.int64)
    first = 0
    for township, share in enumerate(shares.tolist()):
        members = np.flatnonzero(township_of == township)
        sector[members] = first + _cluster(sites[members], distance[np.ix_(members, members)], share)
        first += share
    return sector


def _cluster(sites: Ints, distance: Floats, parts: int) -> Ints:
    rows, columns = np.divmod(sites, CELLS)
    seeds = [0]
    while len(seeds) < parts:
        apart = np.min([np.hypot(rows - rows[s], columns - columns[s]) for s in seeds], axis=0)
        seeds.append(int(np.argmax(apart)))
    return _allot(distance, np.asarray(seeds))


def make_leaves(villages: Ints, relief: Floats) -> tuple[Ints, Ints]:
    """One leaf grid a village; the largest are halved until there are LEAVES."""
    areas = np.bincount(villages[villages >= 0])
    parts = np.ones(areas.size, dtype=np.int64)
    while parts.sum() < LEAVES:
        parts[np.argmax(areas / parts)] += 1
    leaves = np.full_like(villages, -1)
    owners: list[int] = []
    for village, count in enumerate(parts.tolist()):
        rows, columns = np.nonzero(villages == village)
        window = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        region = villages[window] == village
        middles = [patches.middle(part) for part in _parts(patches.divide(region, count), count)]
        seeds = np.asarray([row * region.shape[1] + column for row, column in middles])
        divided = territories(region, relief[window], seeds, CELL_M)
        leaves[window] = np.where(divided >= 0, divided + len(owners), leaves[window])
        owners += [village] * count
    return leaves, np.asarray(owners, dtype=np.int64)


def _parts(labels: Ints, count: int) -> list[Bools]:
    return [labels == label for label in range(count)]


def outline_leaves(settlement: Settlement, lattice: Lattice) -> list[shapely.Polygon]:
    """Outline the leaf grids in the plane, simplified to 15 m with their borders shared."""
    shapes = patches.outlines(settlement.leaves, lattice.corners())
    return list(shapely.coverage_simplify([shapes[leaf] for leaf in range(LEAVES)], 15.0))


def fit_scale(county: shapely.Geometry) -> float:
    """Find the stretch of the plane at which the county's outline encloses AREA_KM2 on the ellipsoid."""
    scale = 1.0
    for _ in range(4):
        area_m2 = geodesic_area_m2(to_degrees(county, scale))
        scale *= float(np.sqrt(AREA_KM2 * 1e6 / area_m2))
    return scale
