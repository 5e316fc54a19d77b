"""The county's roads, grown one after the other over the land: trunk roads first, then county roads to the towns,
village roads, links that close loops, and tracks to hamlets and hilltops.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse

from data.demo.relief import CELL_M, CELLS, fractal_noise
from data.demo.settlement import Settlement, neighbour_distances, suitability
from data.demo.tracing import MOVES, Builder, cheapest_way
from gis.terrain import Terrain

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# road classes by rank; the names are OSM's highway values
NATIONAL, PROVINCIAL, COUNTY, TOWNSHIP, VILLAGE, TRACK, ROUGH = range(7)
CLASS_NAMES = ("trunk", "primary", "secondary", "tertiary", "unclassified", "track", "track")
BUILDERS = {
    NATIONAL: Builder(gentle=0.07, steepest=0.065, side=0.5, reuse=0.5, crossing_m=70, tunnels=True),
    PROVINCIAL: Builder(gentle=0.07, steepest=0.075, side=0.6, reuse=0.5, crossing_m=90, tunnels=True),
    COUNTY: Builder(gentle=0.08, steepest=0.09, side=0.8, reuse=0.4, crossing_m=140),
    TOWNSHIP: Builder(gentle=0.09, steepest=0.10, side=1.0, reuse=0.35, crossing_m=190),
    VILLAGE: Builder(gentle=0.10, steepest=0.12, side=1.0, reuse=0.35, crossing_m=220),
    TRACK: Builder(gentle=0.12, steepest=0.15, side=0.8, reuse=0.5, crossing_m=300),
    ROUGH: Builder(gentle=0.16, steepest=0.20, side=0.5, reuse=0.6, crossing_m=400),
}
NATIONAL_ROUTE, PROVINCIAL_ROUTE, COUNTY_ROUTE = 1, 2, 10  # a county road has 10 + its township's index
HAMLETS, HILLTOPS = 1100, 400
BROOK_KM2 = 3.0  # what a road crosses on a bridge; lesser gullies get a culvert


@dataclass(eq=False)
class Network:
    """Roads while they grow, as moves between cells.

    For each move: its rank, the numbered route that it belongs to (0: none), and its load, the villages it serves.
    """

    land: Terrain
    graded: Floats  # heights after cutting and filling
    rough: Floats
    water: Floats
    used: Ints = field(default_factory=lambda: np.zeros((CELLS, CELLS), dtype=np.int64))
    beside: Bools = field(default_factory=lambda: np.zeros((CELLS, CELLS), dtype=bool))
    on_road: Bools = field(default_factory=lambda: np.zeros((CELLS, CELLS), dtype=bool))
    rank: dict[tuple[int, int], int] = field(default_factory=dict)
    route: dict[tuple[int, int], int] = field(default_factory=dict)
    loads: dict[tuple[int, int], int] = field(default_factory=dict)

    def build(self, start: int, goal: Bools, rank: int, route: int = 0) -> None:
        """Build the cheapest road of a rank from a cell to the first goal cell reached."""
        how = BUILDERS[rank]
        way = cheapest_way(
            self.graded, self.land.slopes, self.water, self.rough, self.used, self.beside, start, goal, CELL_M,
            how.gentle, how.steepest, how.side, how.reuse, how.crossing_m, how.tunnels,
        )  # fmt: skip
        if way.size == 0:
            raise RuntimeError(f"no way for a road from cell {start}")
        for a, b in zip(way[:-1].tolist(), way[1:].tolist(), strict=True):
            self._lay(a, b, rank, route)
        self._clear_beside(way)

    def build_to(self, start: int, end: int, rank: int, route: int = 0) -> None:
        """Build from one cell to another."""
        goal = np.zeros((CELLS, CELLS), dtype=bool)
        goal.flat[end] = True
        self.build(start, goal, rank, route)

    def _lay(self, a: int, b: int, rank: int, route: int) -> None:
        key = (min(a, b), max(a, b))
        self.rank[key] = min(rank, self.rank.get(key, rank))
        self.route.setdefault(key, route)
        self.loads[key] = self.loads.get(key, 0) + 1
        for start, end in ((a, b), (b, a)):
            step = np.array(divmod(end, CELLS)) - np.array(divmod(start, CELLS))
            move = np.flatnonzero((step == MOVES).all(axis=1))
            if move.size:
                self.used.flat[start] |= 1 << int(move[0])

    def _clear_beside(self, way: Ints) -> None:
        self.on_road.flat[way] = True
        for row, column in zip(*np.divmod(way, CELLS), strict=True):
            self.beside[row - 2 : row + 3, column - 2 : column + 3] = True
        self.beside &= ~self.on_road

    def distances_m(self, sources: Ints) -> Floats:
        """Metres by road from each source cell to every cell, infinite off the network."""
        pairs = np.asarray(list(self.rank))
        rows, columns = np.divmod(pairs, CELLS)
        length = CELL_M * np.hypot(rows[:, 0] - rows[:, 1], columns[:, 0] - columns[:, 1])
        graph = sparse.coo_array((length, (pairs[:, 0], pairs[:, 1])), shape=(CELLS**2, CELLS**2)).tocsr()
        found: Floats = sparse.csgraph.dijkstra(graph, directed=False, indices=sources)
        return found


@dataclass(frozen=True, eq=False)
class Sites:
    """Cells that roads were built to, beside the villages."""

    hamlets: Ints
    hamlet_village: Ints
    mines: Ints


def build_roads(land: Terrain, people: Settlement, seed: int) -> tuple[Network, Sites]:
    """Grow the whole network."""
    rng = np.random.default_rng([seed, 4])
    network = Network(
        land, ndimage.gaussian_filter(land.heights, 0.7), _ground_price(rng), _crossable_water(land)
    )
    seats = people.sites[people.seats]
    west, north_east, north, south = _gates(people.inside, land)
    for start, end in ((west, seats[0]), (seats[0], north_east)):
        network.build_to(start, end, NATIONAL, NATIONAL_ROUTE)
    for start, end in ((north, seats[0]), (seats[0], south)):
        network.build_to(start, end, PROVINCIAL, PROVINCIAL_ROUTE)
    order = np.argsort(
        np.hypot(*(np.array(np.divmod(seats, CELLS)) - np.array(divmod(seats[0], CELLS))[:, None]))
    )
    for township in order[1:].tolist():
        network.build_to(int(seats[township]), int(seats[0]), COUNTY, COUNTY_ROUTE + township)
    _link(network, seats, _near_pairs(seats, 280), COUNTY, least_detour=1.55)
    _village_roads(network, people)
    distance = neighbour_distances(people.sites, people.villages)
    pairs = [(int(a), int(b)) for a, b in zip(*np.nonzero(np.triu(np.isfinite(distance))), strict=True)]
    lucky = [pair for pair in pairs if rng.random() < 0.6]
    _link(network, people.sites, lucky, VILLAGE, least_detour=2.0)
    _link(network, people.sites, pairs, TRACK, least_detour=3.0)
    return network, _branches(network, people, rng)


def _ground_price(rng: np.random.Generator) -> Floats:
    """Soft and firm ground, owners who sell and owners who do not: what bends roads where the land is level."""
    price: Floats = np.exp(0.28 * fractal_noise(rng, CELLS, longest=14, roughness=0.75))
    return price


def _crossable_water(land: Terrain) -> Floats:
    """km² drained in cells of streams, their diagonal steps filled so that no road slips across unseen."""
    wet = np.where(land.drained_km2 >= BROOK_KM2, land.drained_km2, 0.0)
    rows, columns = np.nonzero(wet)
    into = land.receivers[rows, columns]
    rows, columns, into = rows[into >= 0], columns[into >= 0], into[into >= 0]
    wet[rows, into % CELLS] = np.maximum(wet[rows, into % CELLS], wet[rows, columns])
    return wet


def _gates(inside: Bools, land: Terrain) -> list[int]:
    """Where through roads enter: the easiest cell some way outside the county in each direction (radians from east)."""
    ring = ndimage.binary_dilation(inside, iterations=22) & ~ndimage.binary_dilation(inside, iterations=20)
    rows, columns = np.nonzero(ring)
    bearing = np.arctan2(CELLS / 2 - rows, columns - CELLS / 2)
    gates = []
    for direction, width in ((-2.85, 0.25), (0.5, 0.35), (1.75, 0.35), (-1.5, 0.45)):
        off = np.abs(np.angle(np.exp(1j * (bearing - direction))))
        high = ndimage.gaussian_filter(land.heights, 4)[rows, columns]
        best = np.argmin(np.where(off < width, high, np.inf))
        gates.append(int(rows[best] * CELLS + columns[best]))
    return gates


def _near_pairs(cells: Ints, most: float) -> list[tuple[int, int]]:
    """Pairs of places within `most` cells of each other, nearest first."""
    rows, columns = np.divmod(cells, CELLS)
    apart = np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    first, second = np.nonzero(np.triu(apart <= most, 1))
    order = np.argsort(apart[first, second])
    return [(int(a), int(b)) for a, b in zip(first[order], second[order], strict=True)]


def _link(
    network: Network, cells: Ints, pairs: list[tuple[int, int]], rank: int, *, least_detour: float
) -> None:
    """Build a direct road between neighbours whose way by road is `least_detour` times the straight one."""
    for a, b in pairs:
        straight = CELL_M * float(
            np.hypot(*np.subtract(divmod(int(cells[a]), CELLS), divmod(int(cells[b]), CELLS)))
        )
        if network.distances_m(cells[a : a + 1])[0, cells[b]] > least_detour * straight:
            network.build_to(int(cells[a]), int(cells[b]), rank)


def _village_roads(network: Network, people: Settlement) -> None:
    """Each village to its town, the near ones first; what serves many villages becomes a township road."""
    network.loads = dict.fromkeys(network.loads, 0)
    seats = people.sites[people.seats][people.township_of]
    away = np.hypot(*(np.array(np.divmod(people.sites, CELLS)) - np.array(np.divmod(seats, CELLS))))
    for village in np.argsort(away):
        if people.sites[village] != seats[village]:
            network.build_to(int(people.sites[village]), int(seats[village]), VILLAGE)
    for move, load in network.loads.items():
        if load >= 3:
            network.rank[move] = min(network.rank[move], TOWNSHIP)


def _branches(network: Network, people: Settlement, rng: np.random.Generator) -> Sites:
    """Roads to mines and hamlets, and tracks to hilltops; each ends at the first road it meets."""
    suit = suitability(network.land)
    mines = _mine_sites(network, people, rng)
    for mine in mines:
        network.build(int(mine), network.on_road, VILLAGE)
    away = ndimage.distance_transform_edt(~network.on_road) > 3
    hamlets = _scatter((suit + 0.12) * people.inside * rng.uniform(0.2, 1, suit.shape) * away, HAMLETS, 10)
    for hamlet in hamlets:
        if not network.on_road.flat[hamlet]:
            network.build(int(hamlet), network.on_road, VILLAGE if rng.random() < 0.35 else TRACK)
    smooth = ndimage.gaussian_filter(network.land.heights, 1.5)
    tops = (ndimage.maximum_filter(smooth, 17) == smooth) & people.inside & ~network.on_road & ~network.beside
    hilltops = rng.permutation(np.flatnonzero(tops))[:HILLTOPS]
    for top in hilltops:
        if not network.on_road.flat[top]:
            network.build(int(top), network.on_road, ROUGH)
    return Sites(hamlets, people.villages.flat[hamlets], mines)


def _mine_sites(network: Network, people: Settlement, rng: np.random.Generator) -> Ints:
    """Cells on valley sides in the coal townships, a little away from the roads that are there."""
    to_road = ndimage.distance_transform_edt(~network.on_road)
    slope = ndimage.gaussian_filter(network.land.slopes, 1.5)
    wish = people.inside * (to_road > 5) * (to_road < 26) * np.exp(-(((slope - 11) / 6) ** 2))
    seam = fractal_noise(rng, CELLS, longest=260, roughness=0.4)  # where coal lies
    return _scatter(wish * np.exp(1.1 * seam) * rng.uniform(0.3, 1, wish.shape), 47, 20)


def _scatter(wish: Floats, count: int, spacing: float) -> Ints:
    """Up to `count` cells, the best first, none within `spacing` cells of another."""
    order = np.argsort(-wish, axis=None)[:90_000]
    rows, columns = np.divmod(order, CELLS)
    free = wish.flat[order] > 0
    chosen: list[int] = []
    while free.any() and len(chosen) < count:
        first = int(np.argmax(free))
        chosen.append(first)
        free &= np.hypot(rows - rows[first], columns - columns[first]) >= spacing
    return order[chosen]
