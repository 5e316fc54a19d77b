"""The county's roads, grown one after the other over the land: trunk roads first, then county roads to the towns,
village roads, links that close loops, and tracks to hamlets and hilltops. Then drawn, bridged and limited.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage, sparse

from data.demo.lattice import Lattice
from data.demo.relief import CELL_M, CELLS, fractal_noise
from data.demo.settlement import Settlement, neighbour_distances, suitability
from data.demo.tracing import MOVES, Builder, cheapest_way
from gis.grids import cut_corners
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
BROOK_KM2 = 3.0             # what a road crosses on a bridge; lesser gullies get a culvert


@dataclass(eq=False)
class Network:
    """Roads while they grow, as moves between cells.

    For each move: its rank, the numbered route that it belongs to (0: none), and its load, the villages it serves.
    """

    land: Terrain
    graded: Floats              # heights after cutting and filling
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
            move = np.flatnonzero((MOVES == step).all(axis=1))
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
    hilltops: Ints


def build_roads(land: Terrain, people: Settlement, seed: int) -> tuple[Network, Sites]:
    """Grow the whole network."""
    rng = np.random.default_rng([seed, 4])
    network = Network(land, ndimage.gaussian_filter(land.heights, 0.7), _ground_price(rng), _crossable_water(land))
    seats = people.sites[people.seats]
    west, north_east, north, south = _gates(people.inside, land)
    for start, end in ((west, seats[0]), (seats[0], north_east)):
        network.build_to(start, end, NATIONAL, NATIONAL_ROUTE)
    for start, end in ((north, seats[0]), (seats[0], south)):
        network.build_to(start, end, PROVINCIAL, PROVINCIAL_ROUTE)
    order = np.argsort(np.hypot(*(np.array(np.divmod(seats, CELLS)) - np.array(divmod(seats[0], CELLS))[:, None])))
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


def _link(network: Network, cells: Ints, pairs: list[tuple[int, int]], rank: int, *, least_detour: float) -> None:
    """Build a direct road between neighbours whose way by road is `least_detour` times the straight one."""
    for a, b in pairs:
        straight = CELL_M * float(np.hypot(*np.subtract(divmod(int(cells[a]), CELLS), divmod(int(cells[b]), CELLS))))
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
        if load >= 3:  # noqa: PLR2004 - villages that make a village road a township road
            network.rank[move] = min(network.rank[move], TOWNSHIP)


def _branches(network: Network, people: Settlement, rng: np.random.Generator) -> Sites:
    """Roads to mines and hamlets, and tracks to hilltops; each ends at the first road it meets."""
    suit = suitability(network.land)
    mines = _mine_sites(network, people, rng)
    for mine in mines:
        network.build(int(mine), network.on_road, VILLAGE)
    away = ndimage.distance_transform_edt(~network.on_road) > 3  # noqa: PLR2004 - cells
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
    return Sites(hamlets, people.villages.flat[hamlets], mines, hilltops)


def _mine_sites(network: Network, people: Settlement, rng: np.random.Generator) -> Ints:
    """Cells on valley sides in the coal townships, a little away from the roads that are there."""
    to_road = ndimage.distance_transform_edt(~network.on_road)
    slope = ndimage.gaussian_filter(network.land.slopes, 1.5)
    wish = people.inside * (to_road > 5) * (to_road < 26) * np.exp(-(((slope - 11) / 6) ** 2))  # noqa: PLR2004 - cells
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


def lay_streets(network: Network, people: Settlement, lattice: Lattice, seed: int) -> list[Floats]:
    """Streets of the county seat and the towns on the level ground around them, bent with the valley."""
    rng = np.random.default_rng([seed, 5])
    level = (ndimage.gaussian_filter(network.land.slopes, 1) < 8) & (network.water == 0)  # noqa: PLR2004 - degrees
    rows, columns = np.mgrid[0:CELLS, 0:CELLS]
    streets: list[Floats] = []
    for number, seat in enumerate(people.sites[people.seats].tolist()):
        row, column = divmod(seat, CELLS)
        radius, along, across = (24, 165.0, 205.0) if number == 0 else (9, 120.0, 140.0)
        town = level & (np.hypot(rows - row, columns - column) < radius)
        pieces, _ = ndimage.label(town | ((rows == row) & (columns == column)))
        cells = np.flatnonzero((pieces == pieces[row, column]) & town)
        streets += _town_streets(lattice.of_cells(cells), along, across, rng)
    return streets


def _town_streets(cells: Floats, along: float, across: float, rng: np.random.Generator) -> list[Floats]:
    """Bent lines along and across the town's ground, a few left out, none shorter than a hundred metres."""
    if len(cells) < 6:  # noqa: PLR2004 - a town of six cells has its main road
        return []
    ground = shapely.union_all(shapely.box(*(cells - CELL_M / 2).T, *(cells + CELL_M / 2).T)).buffer(12).buffer(-20)
    middle = cells.mean(axis=0)
    axis = np.linalg.svd(cells - middle, full_matrices=False)[2][0]
    turn = np.array([axis, [-axis[1], axis[0]]])
    reach = float(np.hypot(*(cells - middle).T).max())
    bend, phase = rng.uniform(25, 60), rng.uniform(0, 6)
    lines = []
    for spacing, flip in ((along, False), (across, True)):
        for offset in np.arange(-reach, reach, spacing) + rng.uniform(0, spacing):
            if rng.random() < 0.14:  # noqa: PLR2004 - share of streets never built
                continue
            run = np.linspace(-reach, reach, int(reach / 30) + 4)
            side = np.full_like(run, offset) + bend * np.sin(run / 260 + phase) * (0.4 if flip else 1.0)
            local = np.column_stack([side, run] if flip else [run, side])
            lines.append(shapely.LineString(middle + local @ turn))
    clipped = shapely.get_parts(shapely.intersection(lines, ground))
    parts = shapely.get_parts([part for part in clipped if part.length > 100])  # noqa: PLR2004 - metres
    return [shapely.get_coordinates(part.simplify(3)) for part in parts if part.geom_type == "LineString"]


@dataclass(frozen=True, eq=False)
class Road:
    """A stretch of road between junctions, in the plane."""

    line: Floats
    rank: int
    bridge: bool = False
    tunnel: bool = False
    drained_km2: float = 0.0    # under a bridge
    street: bool = False
    route: int = 0


def draw_roads(network: Network, lattice: Lattice, streets: list[Floats]) -> list[Road]:
    """Smooth lines from junction to junction. Moves that cross between cells meet there in a junction."""
    xy, edges, kind = _noded(network, lattice, streets)
    kept = _attached(len(xy), edges)
    edges, kind = edges[kept], kind[kept]
    xy = _relax(xy, edges, kind % 2 == 1)
    roads = []
    for chain, edge in _chains(len(xy), edges, kind):
        road = _of_kind(xy[chain], int(kind[edge]))
        roads.append(road if road.tunnel or road.street else replace(road, line=_rounded(road.line)))
    return _untangle(roads)


def _kind(rank: Ints | int, route: Ints | int, *, street: bool = False, tunnel: bool = False) -> Ints:
    """All that a stretch is in one number; where two lie on each other the smaller one is the greater road."""
    return np.asarray(((rank * 100 + route) * 2 + street) * 2 + tunnel)


def _of_kind(line: Floats, kind: int) -> Road:
    rank, route = divmod(kind // 4, 100)
    return Road(line, rank, route=route, street=kind // 2 % 2 == 1, tunnel=kind % 2 == 1)


def _rounded(line: Floats) -> Floats:
    return shapely.get_coordinates(shapely.LineString(cut_corners(line, 3)).simplify(5.0))


def _noded(network: Network, lattice: Lattice, streets: list[Floats]) -> tuple[Floats, Ints, Ints]:
    """Points, edges between them (n, 2), and each edge's kind; crossings in the open have a point."""
    moves = np.asarray(list(network.rank))
    ranks = np.asarray(list(network.rank.values()))
    routes = np.asarray([network.route[move] for move in network.rank])
    ends = np.stack([lattice.of_cells(moves[:, 0]), lattice.of_cells(moves[:, 1])], axis=1)
    rows, columns = np.divmod(moves, CELLS)
    tunnel = np.maximum(abs(rows[:, 0] - rows[:, 1]), abs(columns[:, 0] - columns[:, 1])) > 2  # noqa: PLR2004 - a knight's reach
    sides = [np.stack([line[:-1], line[1:]], axis=1) for line in streets]
    open_air = np.concatenate([ends[~tunnel], *sides])
    sources = shapely.linestrings(open_air)
    streets_kind = np.full(len(open_air) - (~tunnel).sum(), _kind(VILLAGE, 0, street=True))
    source_kind = np.concatenate([_kind(ranks, routes)[~tunnel], streets_kind])
    pieces = shapely.get_parts(shapely.node(shapely.multilinestrings(sources)))
    segments = np.concatenate([_segments(piece) for piece in pieces])
    hit, source = shapely.STRtree(sources).query(
        shapely.points(segments.mean(axis=1)), predicate="dwithin", distance=0.01
    )
    kind = np.full(len(segments), np.iinfo(np.int64).max)
    np.minimum.at(kind, hit, source_kind[source])
    kind = np.concatenate([kind, _kind(ranks, routes, tunnel=True)[tunnel]])
    everything = np.concatenate([segments, ends[tunnel]])
    points, index = np.unique(np.round(everything.reshape(-1, 2), 3), axis=0, return_inverse=True)
    edges, first = np.unique(np.sort(index.reshape(-1, 2), axis=1), axis=0, return_index=True)
    keep = edges[:, 0] != edges[:, 1]
    return points, edges[keep], kind[first][keep]


def _segments(line: shapely.LineString) -> Floats:
    xy = shapely.get_coordinates(line)
    return np.stack([xy[:-1], xy[1:]], axis=1)


def _attached(count: int, edges: Ints) -> Bools:
    """Which edges hang together with the greatest piece of the network."""
    graph = sparse.coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    _, piece = sparse.csgraph.connected_components(graph, directed=False)
    attached: Bools = piece[edges[:, 0]] == np.bincount(piece[edges[:, 0]]).argmax()
    return attached


def _relax(xy: Floats, edges: Ints, tunnel: Bools, rounds: int = 2) -> Floats:
    """Pull every point halfway to the middle of its neighbours: bends run through junctions. Ends stay."""
    both = np.concatenate([edges, edges[:, ::-1]])
    degree = np.bincount(both[:, 0], minlength=len(xy))
    fixed = degree < 2  # noqa: PLR2004 - a dead end has one neighbour
    fixed[edges[tunnel].ravel()] = True
    for _ in range(rounds):
        total = np.zeros_like(xy)
        np.add.at(total, both[:, 0], xy[both[:, 1]])
        middle = total / np.maximum(degree, 1)[:, None]
        xy = np.where(fixed[:, None], xy, 0.55 * xy + 0.45 * middle)
    return xy


def _chains(count: int, edges: Ints, kind: Ints) -> list[tuple[list[int], int]]:
    """Runs of points between junctions, or where the kind of road changes, with the number of one edge each."""
    touching: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for number, (a, b) in enumerate(edges.tolist()):
        touching[a].append((b, number))
        touching[b].append((a, number))
    is_stop = [len(near) != 2 or kind[near[0][1]] != kind[near[1][1]] for near in touching]  # noqa: PLR2004
    seen = np.zeros(len(edges), dtype=bool)
    found = []
    starts = [p for p in range(count) if is_stop[p]] + [p for p in range(count) if not is_stop[p]]
    for start in starts:
        for near, number in touching[start]:
            if seen[number]:
                continue
            chain, at, edge = [start], near, number
            seen[edge] = True
            while not is_stop[at] and at != start:
                chain.append(at)
                after, edge_after = touching[at][0] if touching[at][0][1] != edge else touching[at][1]
                seen[edge_after] = True
                at, edge = after, edge_after
            found.append(([*chain, at], number))
    return found


def _untangle(roads: list[Road]) -> list[Road]:
    """Break lines where two cross after smoothing, so that roads that meet on the ground meet in a junction."""
    lines = np.asarray([shapely.LineString(road.line) for road in roads], dtype=object)
    a, b = shapely.STRtree(lines).query(lines, predicate="crosses")
    cuts: dict[int, list[shapely.Point]] = {}
    for first, second in zip(a.tolist(), b.tolist(), strict=True):
        if roads[first].tunnel or roads[second].tunnel:
            continue
        meets = shapely.intersection(lines[min(first, second)], lines[max(first, second)])
        cuts.setdefault(first, []).extend(p for p in shapely.get_parts(meets) if p.geom_type == "Point")
    broken: list[Road] = []
    for number, road in enumerate(roads):
        places = [(float(shapely.line_locate_point(lines[number], p)), p) for p in cuts.get(number, [])]
        broken += _broken(road, places)
    return broken


def _broken(road: Road, places: list[tuple[float, shapely.Point]]) -> list[Road]:
    """The road cut at points on it, each point exactly shared by what lies before and after."""
    length = float(shapely.length(shapely.LineString(road.line)))
    inner = sorted((at, p.x, p.y) for at, p in places if 0.5 < at < length - 0.5)  # noqa: PLR2004 - half a metre
    if not inner:
        return [road]
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(road.line, axis=0).T))])
    stops = [0.0, *(at for at, _, _ in inner), length]
    marks = [road.line[0], *(np.array([x, y]) for _, x, y in inner), road.line[-1]]
    pieces = []
    for i in range(len(stops) - 1):
        between = road.line[(along > stops[i] + 0.01) & (along < stops[i + 1] - 0.01)]
        line = np.concatenate([marks[i][None], between, marks[i + 1][None]])
        pieces.append(replace(road, line=line))
    return pieces


def add_bridges(roads: list[Road], rivers: list[tuple[Floats, float]]) -> list[Road]:
    """Cut a bridge out of each road where it crosses a stream: longer the more land drains under it."""
    streams = np.asarray([shapely.LineString(line) for line, _ in rivers], dtype=object)
    tree = shapely.STRtree(streams)
    built: list[Road] = []
    for road in roads:
        line = shapely.LineString(road.line)
        if road.tunnel:
            built.append(road)
            continue
        spans = []
        for stream in tree.query(line, predicate="intersects").tolist():
            half = float(np.clip(9 + 0.09 * rivers[stream][1], 10, 60))
            for point in shapely.get_coordinates(shapely.intersection(line, streams[stream])):
                at = float(shapely.line_locate_point(line, shapely.Point(point)))
                spans.append((at - half, at + half, rivers[stream][1]))
        built += _spanned(road, line, _merged(spans))
    return built


def _merged(spans: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    merged: list[tuple[float, float, float]] = []
    for start, end, drained in sorted(spans):
        if merged and start - merged[-1][1] < 25:  # noqa: PLR2004 - metres: one bridge rather than two
            before = merged.pop()
            merged.append((before[0], max(end, before[1]), max(drained, before[2])))
        else:
            merged.append((start, end, drained))
    return merged


def _spanned(road: Road, line: shapely.LineString, spans: list[tuple[float, float, float]]) -> list[Road]:
    pieces, at, length = [], 0.0, float(line.length)
    for start, end, drained in spans:
        start, end = max(start, 0.0), min(end, length)
        start, end = (0.0 if start < 6 else start), (length if end > length - 6 else end)  # noqa: PLR2004 - no stumps
        if start > at:
            pieces.append(replace(road, line=_stretch(line, at, start)))
        pieces.append(replace(road, line=_stretch(line, start, end), bridge=True, drained_km2=drained))
        at = end
    if at < length:
        pieces.append(replace(road, line=_stretch(line, at, length)))
    return pieces


def _stretch(line: shapely.LineString, start: float, end: float) -> Floats:
    xy = shapely.get_coordinates(line)
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    first, last = (shapely.get_coordinates(line.interpolate(at))[0] for at in (start, end))
    first = xy[0] if start <= 0 else first
    last = xy[-1] if end >= along[-1] else last
    inner = xy[(along > start + 0.01) & (along < end - 0.01)]
    return np.concatenate([first[None], inner, last[None]])
