"""Land cut into faces by lines, and faces put together into cells again: the one way in which cells are made.

Faces come from cutting with any lines (roads, streams, a lattice, drawn borders); cells are groups of faces. A border
between two cells is one arc that both use, so they share it to the last bit; the land's own rings are used as they were
given, so that all cells together are the land.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from shapely.geometry.base import BaseGeometry

from gis.crs import metres_per_degree

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[Any]

_GRID: Final = 1e-8  # degrees to which faces are rounded while they are found: a millimetre
_ON_LINE: Final = 3e-8  # how far a rounded border may lie from the line that it came from
_INWARD: Final = (
    1e-9  # how far a border ends inside a straight side of the land, so that no neighbour is touched
)
_SNAP_M: Final = 12.0  # a border ends at a corner of the land that is so near
_AREA_TOLERANCE: Final = 1e-6  # of the land's area: what shifting ends inward may cost


@dataclass(frozen=True, eq=False, kw_only=True)
class Mosaic:
    """Land in stored degrees and its F faces.

    pairs: (P, 2) faces that share a border; metres: its length; priced: the same with each metre at the price of its line.
    sides: (S, 2) vertices of the border segments between faces, of_pair: (S,) the pair each belongs to, guided: (S,)
    whether it runs on a line with a price below one. vertices: (V, 2) degrees. links: (L, 2) faces of separate parts of
    the land that count as neighbours though no border joins them.
    """

    land: BaseGeometry
    faces: Objects
    pairs: Ints
    metres: Floats
    priced: Floats
    sides: Ints
    of_pair: Ints
    guided: Bools
    vertices: Floats
    rim: Ints
    links: Ints
    scale: Floats
    """Metres in a degree of longitude and of latitude here."""

    @property
    def neighbours(self) -> Ints:
        """Pairs and links together, (P + L, 2)."""
        return np.concatenate([self.pairs, self.links])

    def areas_m2(self) -> Floats:
        """Area of each face, in the plane of this land."""
        areas: Floats = shapely.area(self.faces) * self.scale.prod()
        return areas

    def centres_m(self) -> Floats:
        """Centre of each face in metres, (F, 2), in the plane of this land."""
        centres: Floats = shapely.get_coordinates(shapely.centroid(self.faces)) * self.scale
        return centres

    def faces_at(self, lonlat: Floats) -> Ints:
        """Face around each position (N, 2), or -1 outside the land."""
        found = np.full(len(lonlat), -1, dtype=np.int64)
        points, faces = shapely.STRtree(self.faces).query(shapely.points(lonlat), predicate="intersects")
        found[points[::-1]] = faces[::-1]
        return found

    def cells(self, labels: Ints, *, smooth_m: float = 0.0) -> list[BaseGeometry]:
        """Return the cells of labels 0 … K - 1 over the faces, borders off the guides straightened by up to `smooth_m`.

        A label in several pieces becomes a MultiPolygon. Where straightening would make borders cross it is weakened.
        """
        count = int(labels.max()) + 1
        if count == 1:
            return [self.land]
        for tolerance in (smooth_m, smooth_m / 2, smooth_m / 5, 0.0):
            cells = self._rebuilt(labels, count, tolerance)
            if cells is not None:
                return cells
        # a land so finely drawn that a millimetre matters: the faces themselves, rounded to it
        return [shapely.union_all(self.faces[labels == label]) for label in range(count)]

    def _rebuilt(self, labels: Ints, count: int, smooth_m: float) -> list[BaseGeometry] | None:
        arcs = list(self._arcs(labels))
        ends = {end for arc, _ in arcs for end in (arc[0], arc[-1])} & set(self.rim.tolist())
        moved, rings = _joined_to_rings(
            self.land, np.asarray(sorted(ends), dtype=np.int64), self.vertices, self.scale
        )
        lines = [
            _straightened(arc, guided, moved, vertices=self.vertices, scale=self.scale, smooth_m=smooth_m)
            for arc, guided in arcs
        ]
        faces = np.asarray(shapely.get_parts(shapely.polygonize([*rings, *lines])), dtype=object)
        if not len(faces) or not shapely.is_valid(faces).all():
            return None
        faces = faces[shapely.contains(self.land, shapely.point_on_surface(faces))]
        whole = self.land.area
        if abs(shapely.area(faces).sum() - whole) > _AREA_TOLERANCE * whole or not shapely.coverage_is_valid(
            faces
        ):
            return None
        owner = self._owners(faces, labels, count)
        pieces = np.bincount(owner, minlength=count)
        if (pieces != self._pieces(labels, count)).any():
            return None
        return [
            faces[owner == label][0] if pieces[label] == 1 else shapely.multipolygons(faces[owner == label])
            for label in range(count)
        ]

    def _arcs(self, labels: Ints) -> Iterator[tuple[list[int], list[bool]]]:
        """Borders between labels, each from node to node: its vertices, and for each side whether a guide runs there."""
        first, second = self.pairs.T
        border = (labels[first] != labels[second])[self.of_pair]
        at: dict[int, list[tuple[int, int]]] = {}
        for side in np.flatnonzero(border).tolist():
            a, b = self.sides[side].tolist()
            at.setdefault(a, []).append((side, b))
            at.setdefault(b, []).append((side, a))
        rim = set(self.rim.tolist())
        nodes = [vertex for vertex, leaving in at.items() if len(leaving) != 2 or vertex in rim]  # noqa: PLR2004
        walked: set[int] = set()
        stops = set(nodes)
        for start in (*nodes, *at):  # what no node reaches is a ring around an enclosed cell
            for side, _ in at[start]:
                if side in walked:
                    continue
                arc, guided, here, way = [start], [], start, side
                while True:
                    walked.add(way)
                    a, b = self.sides[way].tolist()
                    here = b if here == a else a
                    arc.append(here)
                    guided.append(bool(self.guided[way]))
                    if here in stops or here == start:
                        break
                    way = next(after for after, _ in at[here] if after != way)
                yield arc, guided

    def _owners(self, faces: Objects, labels: Ints, count: int) -> Ints:
        """Label that most of each new face was."""
        old, new = shapely.STRtree(faces).query(self.faces, predicate="intersects")
        shared = shapely.area(shapely.intersection(self.faces[old], faces[new]))
        votes = np.zeros((len(faces), count))
        np.add.at(votes, (new, labels[old]), shared)
        owners: Ints = np.argmax(votes, axis=1)
        return owners

    def _pieces(self, labels: Ints, count: int) -> Ints:
        first, second = self.pairs.T
        _, piece = components(len(self.faces), self.pairs[labels[first] == labels[second]])
        pieces: Ints = np.bincount(labels[np.unique(piece, return_index=True)[1]], minlength=count)
        return pieces


def cut(land: BaseGeometry, lines: Objects, prices: Floats) -> Mosaic:
    """Cut land (a valid polygon, in parts or not, stored degrees) along lines.

    prices: (N,) what a metre of border along each line costs; where lines coincide the lowest holds. Lines may end inside
    (they cut nothing then) and may reach beyond the land.
    """
    scale = np.asarray([float(one) for one in metres_per_degree(land.centroid.y)])
    linework = shapely.union_all([shapely.boundary(land), *lines], grid_size=_GRID)
    faces = np.asarray(shapely.get_parts(shapely.polygonize([linework])), dtype=object)
    shapely.prepare(land)
    faces = faces[shapely.contains(land, shapely.point_on_surface(faces))] if len(faces) else faces
    if not len(faces):
        faces = np.asarray([land], dtype=object)
    sides, owner, vertices = _sides(faces)
    inner = np.flatnonzero((sides[:-1] == sides[1:]).all(axis=1))
    rim_side = np.ones(len(sides), dtype=bool)
    rim_side[inner] = rim_side[inner + 1] = False
    couples = np.sort(np.column_stack([owner[inner], owner[inner + 1]]), axis=1)
    different = couples[:, 0] != couples[:, 1]  # a face may touch itself along a line that ends inside it
    inner, couples = inner[different], couples[different]
    pairs, of_pair = np.unique(couples, axis=0, return_inverse=True)
    of_pair = of_pair.reshape(-1)
    ends = vertices[sides[inner]]
    metres = np.hypot(*((ends[:, 1] - ends[:, 0]) * scale).T)
    price = _price_of(ends.mean(axis=1), lines, prices)
    return Mosaic(
        land=land,
        faces=faces,
        pairs=pairs.reshape(-1, 2),
        metres=np.bincount(of_pair, weights=metres, minlength=len(pairs)).astype(np.float64),
        priced=np.bincount(of_pair, weights=metres * price, minlength=len(pairs)).astype(np.float64),
        sides=sides[inner],
        of_pair=of_pair,
        guided=price < 1.0,
        vertices=vertices,
        rim=np.unique(sides[rim_side]),
        links=_links(faces, pairs.reshape(-1, 2), scale),
        scale=scale,
    )


def _sides(faces: Objects) -> tuple[Ints, Ints, Floats]:
    """All segments of all faces, as sorted pairs of vertices with their face; equal ones stand together."""
    rings, face = shapely.get_rings(faces, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    vertices, number = np.unique(xy, axis=0, return_inverse=True)
    number = number.reshape(-1)
    within = ring[1:] == ring[:-1]
    sides = np.sort(np.column_stack([number[:-1][within], number[1:][within]]), axis=1)
    owner = face[ring[1:][within]]
    order = np.lexsort((owner, sides[:, 1], sides[:, 0]))
    return sides[order], owner[order], vertices


def _price_of(middles: Floats, lines: Objects, prices: Floats) -> Floats:
    price = np.ones(len(middles))
    if len(lines) and len(middles):
        side, line = shapely.STRtree(lines).query(
            shapely.points(middles), predicate="dwithin", distance=_ON_LINE
        )
        np.minimum.at(price, side, prices[line])
    return price


def _links(faces: Objects, pairs: Ints, scale: Floats) -> Ints:
    """Join separate parts of the land, each to the nearest other, by its nearest faces."""
    links: list[tuple[int, int]] = []
    count, piece = components(len(faces), pairs)
    while count > 1:
        first = np.flatnonzero(piece == piece[0])
        others = np.flatnonzero(piece != piece[0])
        flat = shapely.transform(faces, lambda xy: xy * scale)
        near, far = shapely.STRtree(flat[others]).query_nearest(flat[first], return_distance=True)[0]
        distance = shapely.distance(flat[first[near]], flat[others[far]])
        best = int(np.argmin(distance))
        links.append((int(first[near[best]]), int(others[far[best]])))
        count, piece = components(len(faces), np.concatenate([pairs, np.asarray(links)]))
    return np.asarray(links, dtype=np.int64).reshape(-1, 2)


def components(count: int, pairs: Ints) -> tuple[int, Ints]:
    """How many connected groups there are, and the group of each."""
    graph = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    found, group = csgraph.connected_components(graph, directed=False)
    return int(found), group.astype(np.int64)


def absorbed(mosaic: Mosaic, start: Ints, small: Callable[[float, float], bool]) -> Ints:
    """Give small groups of faces to neighbours until none is left, and return the group of each face, 0 … G - 1.

    start: (F,) the group of each face before, each connected; small: told square metres and metres of outline. The smallest group
    goes first, to the neighbour with the highest price of their common border, then the longest. One without neighbours stays.
    """
    count = int(start.max()) + 1
    areas = np.bincount(start, weights=mosaic.areas_m2(), minlength=count).tolist()
    flat = shapely.length(shapely.transform(mosaic.faces, lambda xy: xy * mosaic.scale))
    hems = np.bincount(start, weights=flat, minlength=count)
    common: list[dict[int, tuple[float, float]]] = [{} for _ in range(count)]
    ends = start[mosaic.pairs]
    for (a, b), metres, priced in zip(
        ends.tolist(), mosaic.metres.tolist(), mosaic.priced.tolist(), strict=True
    ):
        if a == b:
            hems[a] -= 2 * metres
            continue
        for one, other in ((a, b), (b, a)):
            before = common[one].get(other, (0.0, 0.0))
            common[one][other] = (before[0] + priced, before[1] + metres)
    outline = hems.tolist()
    into = list(range(count))
    queue = [(area, group) for group, area in enumerate(areas)]
    heapq.heapify(queue)
    while queue:
        area, group = heapq.heappop(queue)
        if (
            into[group] != group
            or area != areas[group]
            or not common[group]
            or not small(area, outline[group])
        ):
            continue
        taker = max(common[group], key=lambda other: (*common[group][other], -other))
        into[group] = taker
        areas[taker] += area
        outline[taker] += outline[group] - 2 * common[group][taker][1]
        del common[taker][group]
        for other, (priced, metres) in common[group].items():
            if other == taker:
                continue
            del common[other][group]
            before = common[taker].get(other, (0.0, 0.0))
            common[taker][other] = common[other][taker] = (before[0] + priced, before[1] + metres)
        heapq.heappush(queue, (areas[taker], taker))
    last = np.asarray(into)
    while (last[last] != last).any():
        last = last[last]
    return np.unique(last[start], return_inverse=True)[1].reshape(-1).astype(np.int64)


def _rings(land: BaseGeometry) -> Objects:
    """Rings of all parts, each with the land to its left."""
    rings: Objects = shapely.get_rings(shapely.get_parts(shapely.orient_polygons(land)))
    return rings


def _joined_to_rings(
    land: BaseGeometry, ends: Ints, vertices: Floats, scale: Floats
) -> tuple[dict[int, Floats], list[shapely.LineString]]:
    """Where each border's end comes to lie on the land's rings, and the rings cut there."""
    rings = [shapely.get_coordinates(ring) for ring in _rings(land)]
    starts = np.concatenate([ring[:-1] for ring in rings])
    steps = np.concatenate([np.diff(ring, axis=0) for ring in rings])
    moved: dict[int, Floats] = {}
    added: dict[int, list[tuple[float, Floats]]] = {}
    corners: set[tuple[float, ...]] = set()
    lengths = np.hypot(*(steps * scale).T)
    for end in ends.tolist():
        offset = (vertices[end] - starts) * scale
        along = np.clip((offset * steps * scale).sum(axis=1) / np.maximum(lengths, 1e-12) ** 2, 0, 1)
        away = np.hypot(*(offset - along[:, None] * steps * scale).T)
        side = int(np.argmin(away))
        t, length = float(along[side]), float(lengths[side])
        if min(t, 1 - t) * length <= _SNAP_M:
            corner = starts[side] if t <= 1 - t else starts[side] + steps[side]
            if t > 1 - t:
                corner = _next_corner(rings, side)
            moved[end] = corner
            corners.add((float(corner[0]), float(corner[1])))
            continue
        inward = np.array([-steps[side, 1], steps[side, 0]]) / np.hypot(*steps[side])
        moved[end] = starts[side] + t * steps[side] + _INWARD * inward
        added.setdefault(side, []).append((t, moved[end]))
    return moved, list(_cut_rings(rings, added, corners))


def _next_corner(rings: Sequence[Floats], side: int) -> Floats:
    """End of a side, counted over all rings."""
    for ring in rings:
        if side < len(ring) - 1:
            corner: Floats = ring[side + 1]
            return corner
        side -= len(ring) - 1
    raise IndexError(side)  # pragma: no cover - sides come from these rings


def rings_cut_at(land: BaseGeometry, corners: set[tuple[float, ...]]) -> list[shapely.LineString]:
    """Return the rings of a land, cut at those of its own points that are in `corners`."""
    return list(_cut_rings([shapely.get_coordinates(ring) for ring in _rings(land)], {}, corners))


def _cut_rings(
    rings: Sequence[Floats], added: dict[int, list[tuple[float, Floats]]], corners: set[tuple[float, ...]]
) -> Iterator[shapely.LineString]:
    side = 0
    for ring in rings:
        points: list[Floats] = []
        nodes: list[int] = []
        for k in range(len(ring) - 1):
            if (float(ring[k, 0]), float(ring[k, 1])) in corners:
                nodes.append(len(points))
            points.append(ring[k])
            for _, point in sorted(added.get(side, []), key=lambda one: one[0]):
                nodes.append(len(points))
                points.append(point)
            side += 1
        turned = points[nodes[0] :] + points[: nodes[0]] if nodes else points
        breaks = [node - nodes[0] for node in nodes] if nodes else [0]
        closed = np.asarray([*turned, turned[0]])
        for a, b in zip(breaks, [*breaks[1:], len(turned)], strict=True):
            yield shapely.LineString(closed[a : b + 1])


def _straightened(
    arc: list[int],
    guided: list[bool],
    moved: dict[int, Floats],
    *,
    vertices: Floats,
    scale: Floats,
    smooth_m: float,
) -> shapely.LineString:
    """Draw an arc: exact along guides, straightened between them."""
    xy = vertices[np.asarray(arc)]
    for place in (0, -1):
        if arc[place] in moved:
            xy[place] = moved[arc[place]]
    if smooth_m <= 0:
        return shapely.LineString(_without_repeats(xy))
    kept = np.zeros(len(arc), dtype=bool)
    start = 0
    while start < len(guided):
        end = start
        while end < len(guided) and guided[end] == guided[start]:
            end += 1
        if guided[start]:
            kept[start : end + 1] = True
        else:
            kept[start : end + 1] |= _corners_of(xy[start : end + 1] * scale, smooth_m)
        start = end
    return shapely.LineString(_without_repeats(xy[kept]))


def _without_repeats(xy: Floats) -> Floats:
    different = np.ones(len(xy), dtype=bool)
    different[1:] = (xy[1:] != xy[:-1]).any(axis=1)
    if different.sum() == 1:
        different[-1] = True
    return xy[different]


def _corners_of(line: Floats, tolerance: float) -> Bools:
    """Mark the points of a line (n, 2) that Douglas & Peucker (1973) keep; a ring keeps its farthest point, too."""
    kept = np.zeros(len(line), dtype=bool)
    kept[[0, -1]] = True
    if (line[0] == line[-1]).all() and len(line) > 3:  # noqa: PLR2004 - a triangle has nothing to lose
        kept[[len(line) // 3, 2 * len(line) // 3]] = True
    spans = [
        (int(a), int(b)) for a, b in zip(np.flatnonzero(kept)[:-1], np.flatnonzero(kept)[1:], strict=True)
    ]
    while spans:
        a, b = spans.pop()
        if b - a < 2:  # noqa: PLR2004 - nothing between
            continue
        chord = line[b] - line[a]
        offset = line[a + 1 : b] - line[a]
        length2 = float(chord @ chord)
        along = np.clip(offset @ chord / length2, 0, 1) if length2 > 0 else np.zeros(len(offset))
        away = np.hypot(*(offset - along[:, None] * chord).T)
        far = int(np.argmax(away))
        if away[far] > tolerance:
            kept[a + 1 + far] = True
            spans += [(a, a + 1 + far), (a + 1 + far, b)]
    return kept
