"""Grown roads as drawn lines: smooth from junction to junction, with streets in the towns, bridged over streams."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage, sparse

from data.demo.lattice import Lattice
from data.demo.relief import CELL_M, CELLS
from data.demo.roadbuilding import VILLAGE, Network
from data.demo.settlement import Settlement
from gis.patches import cut_corners

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Span = tuple[
    float, float, float
]  # where a bridge starts and ends along its road, and the km² drained under it


def lay_streets(network: Network, people: Settlement, lattice: Lattice, seed: int) -> list[Floats]:
    """Streets of the county seat and the towns on the level ground around them, bent with the valley."""
    rng = np.random.default_rng([seed, 5])
    level = (ndimage.gaussian_filter(network.land.slopes, 1) < 8) & (network.water == 0)
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
    if len(cells) < 6:
        return []
    ground = (
        shapely.union_all(shapely.box(*(cells - CELL_M / 2).T, *(cells + CELL_M / 2).T))
        .buffer(12)
        .buffer(-20)
    )
    middle = cells.mean(axis=0)
    axis = np.linalg.svd(cells - middle, full_matrices=False)[2][0]
    turn = np.array([axis, [-axis[1], axis[0]]])
    reach = float(np.hypot(*(cells - middle).T).max())
    bend, phase = rng.uniform(25, 60), rng.uniform(0, 6)
    lines = []
    for spacing, flip in ((along, False), (across, True)):
        for offset in np.arange(-reach, reach, spacing) + rng.uniform(0, spacing):
            if rng.random() < 0.14:
                continue
            run = np.linspace(-reach, reach, int(reach / 30) + 4)
            side = np.full_like(run, offset) + bend * np.sin(run / 260 + phase) * (0.4 if flip else 1.0)
            local = np.column_stack([side, run] if flip else [run, side])
            lines.append(shapely.LineString(middle + local @ turn))
    clipped = shapely.get_parts(shapely.intersection(lines, ground))
    parts = shapely.get_parts([part for part in clipped if part.length > 100])
    return [shapely.get_coordinates(part.simplify(3)) for part in parts if part.geom_type == "LineString"]


@dataclass(frozen=True, eq=False)
class Road:
    """A stretch of road between junctions, in the plane."""

    line: Floats
    rank: int
    bridge: bool = False
    tunnel: bool = False
    drained_km2: float = 0.0  # under a bridge
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
    tunnel = np.maximum(abs(rows[:, 0] - rows[:, 1]), abs(columns[:, 0] - columns[:, 1])) > 2
    sides = [np.stack([line[:-1], line[1:]], axis=1) for line in streets]
    open_air = np.concatenate([ends[~tunnel], *sides])
    sources = np.asarray(shapely.linestrings(open_air), dtype=object)
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
    fixed = degree < 2
    fixed[edges[tunnel].ravel()] = True
    for _ in range(rounds):
        total = np.zeros_like(xy)
        np.add.at(total, both[:, 0], xy[both[:, 1]])
        middle = total / np.maximum(degree, 1)[:, None]
        xy = np.where(fixed[:, None], xy, 0.55 * xy + 0.45 * middle)
    return xy


def _chains(count: int, edges: Ints, kind: Ints) -> list[tuple[list[int], int]]:
    """Follow points between junctions, or changes of the kind of road; each run with the number of one edge."""
    touching: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for number, (a, b) in enumerate(edges.tolist()):
        touching[a].append((b, number))
        touching[b].append((a, number))
    is_stop = [len(near) != 2 or kind[near[0][1]] != kind[near[1][1]] for near in touching]
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
    """Cut a road at points on it, each point exactly shared by what lies before and after."""
    length = float(shapely.length(shapely.LineString(road.line)))
    inner = sorted((at, p.x, p.y) for at, p in places if 0.5 < at < length - 0.5)
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


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end, drained in sorted(spans):
        if merged and start - merged[-1][1] < 25:
            before = merged.pop()
            merged.append((before[0], max(end, before[1]), max(drained, before[2])))
        else:
            merged.append((start, end, drained))
    return merged


def _spanned(road: Road, line: shapely.LineString, spans: list[Span]) -> list[Road]:
    pieces, at, length = [], 0.0, float(line.length)
    for start, end, drained in spans:
        first = start if start >= 6 else 0.0  # no stumps between a bridge and a junction
        last = end if end <= length - 6 else length
        if first > at:
            pieces.append(replace(road, line=_stretch(line, at, first)))
        pieces.append(replace(road, line=_stretch(line, first, last), bridge=True, drained_km2=drained))
        at = last
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
