"""Travel times to and from a place, routes, a second route, reachable area. Exact to the millisecond.

A journey has up to three parts: from a base to the nearest road (on foot, counted as road time), along the road, and from
the last usable road on foot to the place itself. Searches start at the incident and stop when what is asked is settled.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString

from gis import search, snapping
from gis.closures import Cause, Overlay
from gis.crs import metres_per_degree
from gis.network import NO_PREFERENCE, NOTHING_SEEN, RoadNetwork
from gis.profiles import ProfileClass, VehicleProfile, walk_ms
from gis.search import LONGEST_MS, NEVER, Workspace
from gis.shapes import MILLION
from gis.snapping import NOWHERE, Field, Joints, Seen
from gis.turns import Graph

Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Position = tuple[float, float]
Positions = Sequence[Position] | Floats

MAX_ACCESS_M: Final = 2_000.0  # farther from any usable road a vehicle cannot set out
MAX_WALK_M: Final = 10_000.0  # farther from any reachable road a place counts as unreachable
UNREACHABLE: Final = -1

_MAX_ROUNDS: Final = 256  # islands round an incident that are tried before giving up


class Reach(IntEnum):
    """How a journey ends. The first two are reached."""

    REACHED = 0
    CUT_OFF = 1  # the nearest road cannot be reached: by another road, and a longer way on foot
    NO_ROAD_AT_SOURCE = 2
    NO_ROAD_AT_TARGET = 3
    NO_WAY = 4
    TOO_FAR = 5  # not within the limit that was asked for


@dataclass(frozen=True, slots=True, eq=False)
class TravelTimes:
    """Times of N journeys; -1 where unreachable, with the reason in `reach` (a `Reach`).

    road_ms counts the way from the source to its road, walk_ms the way on foot from the last road to the target.
    """

    road_ms: Int64s
    walk_ms: Int64s
    reach: Int8s

    @property
    def total_ms(self) -> Int64s:
        return np.where(self.road_ms < 0, UNREACHABLE, self.road_ms + self.walk_ms)


@dataclass(frozen=True, slots=True)
class RoutePart:
    """A drive along one edge, between two places counted in millionths from its first position."""

    edge_id: int
    forward: bool
    start: int
    end: int
    ms: int
    length_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A journey along the road. road_ms = access_ms + the sum of its parts; geometry is the road, walk what follows on foot."""

    road_ms: int
    walk_ms: int
    access_ms: int
    reach: Reach
    parts: tuple[RoutePart, ...]
    geometry: LineString
    walk: LineString

    @property
    def length_m(self) -> float:
        return sum(part.length_m for part in self.parts)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No route, and why."""

    reach: Reach


@dataclass(frozen=True, slots=True, eq=False)
class _Anchors:
    """Places on edges, and the metres to them."""

    edges: Int32s
    places: Int32s
    metres: Floats

    def take(self, which: Int64s) -> "_Anchors":
        return _Anchors(self.edges[which], self.places[which], self.metres[which])

    def one(self, i: int) -> tuple[int, int]:
        """Return (edge, place) of one."""
        return int(self.edges[i]), int(self.places[i])


class _Piece(NamedTuple):
    """A drive along one arc between two places (millionths from the first position of its edge)."""

    arc: int
    start: int
    end: int
    ms: int


@dataclass(frozen=True, slots=True, eq=False)
class _Ride:
    """The road part of one journey. Without pieces it begins and ends at one place: `start`."""

    start: tuple[int, int]
    pieces: tuple[_Piece, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Roads:
    """What one class meets on a network under one overlay, lent for the length of a query."""

    network: RoadNetwork
    of: ProfileClass
    overlay: Overlay
    graph: Graph
    joints: Joints
    field: Field
    workspace: Workspace

    def snap(
        self,
        points: Floats,
        purpose: int,
        within_m: float,
        which: int = snapping.ALL,
        seen: Seen = NOTHING_SEEN,
    ) -> _Anchors:
        """Return the nearest places that serve a purpose; those to leave from prefer the main network."""
        prefer = self.network.main(self.of).leads_in if purpose == snapping.LEAVE else NO_PREFERENCE
        lon, lat = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
        east, north = metres_per_degree(lat)
        return _Anchors(
            *snapping.nearest(
                self.network.shapes.grid,
                self.field,
                self.joints,
                seen,
                prefer,
                lon,
                lat,
                east,
                north,
                within_m,
                purpose,
                which,
            )
        )

    def seen(self, tried: list[int]) -> Seen:
        return Seen(self.workspace.label, self.workspace.number, np.array(tried, dtype=np.int32))

    def part_tried(self, edge: int, place: int) -> int:
        """Return how `Seen.tried` names the part of an edge that a place lies on."""
        barred = min(int(self.field.weights[2 * edge]), int(self.field.weights[2 * edge + 1]))
        open_ = max(int(self.field.weights[2 * edge]), int(self.field.weights[2 * edge + 1])) >= 0
        return 2 * edge + int(not open_ and barred <= -2 and place > self.field.stub_u[-2 - barred])


@contextmanager
def _roads(network: RoadNetwork, profile: VehicleProfile, overlay: Overlay) -> Iterator[_Roads]:
    of = network.classify(profile)
    graph = network.graph(of)
    with network.lend(of, overlay) as field, network.workspaces(graph).lend() as workspace:
        yield _Roads(network, of, overlay, graph, network.joints(graph), field, workspace)


def times_to(
    network: RoadNetwork,
    target: Position,
    sources: Positions,
    profile: VehicleProfile,
    overlay: Overlay,
    *,
    within_ms: int | None = None,
) -> TravelTimes:
    """Return the times from N sources to one target; within_ms bounds road and walk together."""
    return times_to_each(network, [target], sources, profile, overlay, within_ms=within_ms)[0]


def times_to_each(
    network: RoadNetwork,
    targets: Positions,
    sources: Positions,
    profile: VehicleProfile,
    overlay: Overlay,
    *,
    within_ms: int | None = None,
) -> tuple[TravelTimes, ...]:
    """Return `times_to` for each of several targets; the sources are brought to the road only once."""
    points = _points(sources)
    with _roads(network, profile, overlay) as roads:
        starts = roads.snap(points, snapping.LEAVE, MAX_ACCESS_M)
        return tuple(
            _approach(roads, point, starts, within_ms, trace=False).times for point in _points(targets)
        )


def times_from(
    network: RoadNetwork,
    source: Position,
    targets: Positions,
    profile: VehicleProfile,
    overlay: Overlay,
    *,
    within_ms: int | None = None,
) -> TravelTimes:
    """Return the times from one source to N targets; within_ms bounds road and walk together."""
    with _roads(network, profile, overlay) as roads:
        start = roads.snap(_points([source]), snapping.LEAVE, MAX_ACCESS_M)
        return _depart(roads, start, _points(targets), within_ms, trace=False).times


def route(
    network: RoadNetwork, source: Position, target: Position, profile: VehicleProfile, overlay: Overlay
) -> Route | Unreachable:
    """Return the fastest route; its times are those of `times_to`, to the millisecond."""
    return routes_to(network, target, [source], profile, overlay)[0]


def routes_to(
    network: RoadNetwork, target: Position, sources: Positions, profile: VehicleProfile, overlay: Overlay
) -> tuple[Route | Unreachable, ...]:
    """Return the fastest routes from N sources to one target, all from one search."""
    with _roads(network, profile, overlay) as roads:
        starts = roads.snap(_points(sources), snapping.LEAVE, MAX_ACCESS_M)
        found = _approach(roads, _points([target])[0], starts, None, trace=True)
        return tuple(_route(roads, found, i, starts, target) for i in range(len(starts.edges)))


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Times of N journeys, and the rides where they were asked for."""

    times: TravelTimes
    rides: list[_Ride | None]

    @classmethod
    def nothing(cls, starts: _Anchors, count: int) -> "_Found":
        reach = np.full(count, Reach.NO_WAY, dtype=np.int8)
        reach[np.broadcast_to(starts.edges == NOWHERE, count)] = Reach.NO_ROAD_AT_SOURCE
        never = np.full(count, UNREACHABLE, dtype=np.int64)
        return cls(TravelTimes(never, never.copy(), reach), [None] * count)

    def write(self, which: Int64s, road_ms: Int64s, walk: Int64s | int, reach: Reach) -> None:
        self.times.road_ms[which] = road_ms
        self.times.walk_ms[which] = walk
        self.times.reach[which] = reach

    def keep_within(self, within_ms: int | None) -> None:
        if within_ms is None:
            return
        late = self.times.total_ms > within_ms
        self.times.road_ms[late] = self.times.walk_ms[late] = UNREACHABLE
        self.times.reach[late] = Reach.TOO_FAR


def _approach(
    roads: _Roads, target: Floats, starts: _Anchors, within_ms: int | None, *, trace: bool
) -> _Found:
    """Search backwards from the target, from the nearest road first.

    Sources that cannot reach that road are served from the nearest one that they can: whatever an exhausted search did
    not touch is what they have in common, so the next round begins at the nearest edge among it.
    """
    roads.workspace.begin()
    found = _Found.nothing(starts, len(starts.edges))
    access = walk_ms(starts.metres)
    waiting = np.flatnonzero(starts.edges != NOWHERE)
    tried: list[int] = []
    while len(waiting) and len(tried) < _MAX_ROUNDS:
        which = snapping.UNREACHED if tried else snapping.ALL
        end = roads.snap(target[None, :], snapping.ENTER, MAX_WALK_M, which, roads.seen(tried))
        if end.edges[0] == NOWHERE:
            if not tried:
                found.times.reach[waiting] = Reach.NO_ROAD_AT_TARGET
            break
        walk = int(walk_ms(end.metres)[0])
        stranded = _stranded(roads, starts.take(waiting), end)
        asked = waiting[~stranded]
        best, rides, why = _one_to_many_back(
            roads, starts.take(asked), access[asked], end, within_ms, walk, trace=trace
        )
        got = best < NEVER
        reach = Reach.CUT_OFF if tried and _led_to(roads, tried[0]) else Reach.REACHED
        found.write(asked[got], best[got], walk, reach)
        for i in np.flatnonzero(got):
            found.rides[asked[i]] = rides[i]
        waiting = np.concatenate([asked[~got], waiting[stranded]])
        if why == search.PAST_LIMIT:
            found.times.reach[asked[~got]] = Reach.TOO_FAR
        if why != search.EXHAUSTED:
            break
        tried.append(roads.part_tried(int(end.edges[0]), int(end.places[0])))
        roads.workspace.start_behind()
    found.keep_within(within_ms)
    return found


def _stranded(roads: _Roads, starts: _Anchors, end: _Anchors) -> npt.NDArray[np.bool_]:
    """Return which sources can never reach a road of the main network: not worth searching all of it for them."""
    return np.zeros(len(starts.edges), dtype=np.bool_)


def _led_to(roads: _Roads, tried: int) -> bool:
    """Return whether an edge can be reached from the main network when nothing is closed."""
    edge = tried >> 1
    return bool(roads.network.main(roads.of).led_to[2 * edge : 2 * edge + 2].any())


def _one_to_many_back(
    roads: _Roads,
    starts: _Anchors,
    access: Int64s,
    end: _Anchors,
    within_ms: int | None,
    walk: int,
    *,
    trace: bool,
) -> tuple[Int64s, list[_Ride | None], int]:
    """Return (ms, rides, why the search stopped) from N starts to one place on the road."""
    graph, there = roads.graph, end.one(0)
    seed_state, seed_ms, _, seed_arc = snapping.entering(roads.field, roads.joints, end.edges, end.places)
    state, ms, owner, arc = _by_state(
        snapping.leaving(roads.field, roads.joints, starts.edges, starts.places)
    )
    best, along = _along_one_edge(roads, starts, end)
    best += access
    option = np.full(len(best), -1, dtype=np.int32)
    why = roads.workspace.run(
        graph.in_first,
        graph.in_links,
        roads.field.weights,
        (seed_state, seed_ms),
        (state, ms + access[owner], owner),
        (best, option),
        limit=LONGEST_MS if within_ms is None else within_ms - walk,
    )
    rides: list[_Ride | None] = [None] * len(best)
    if trace:
        for i in np.flatnonzero(best < NEVER):
            if option[i] < 0:
                rides[i] = _Ride(starts.one(i), (along[i],))
                continue
            arcs, seed = _chain(roads.workspace, graph.in_first, graph.in_links, int(state[option[i]]))
            rides[i] = _ride(
                roads.field, starts.one(i), int(arc[option[i]]), arcs, int(seed_arc[seed]), there
            )
    return best, rides, why


def _by_state(
    ways: tuple[Int32s, Int64s, Int32s, Int32s],
) -> tuple[Int32s, Int64s, Int32s, Int32s]:
    order = np.argsort(ways[0], kind="stable")
    state, ms, owner, arc = (column[order] for column in ways)
    return state, ms, owner, arc


def _along_one_edge(roads: _Roads, starts: _Anchors, ends: _Anchors) -> tuple[Int64s, dict[int, _Piece]]:
    """Return (ms, pieces) of the pairs that need not leave their edge; NEVER for the others. One of both may stand for all."""
    edges, places, end_edges, end_places = np.broadcast_arrays(
        starts.edges, starts.places, ends.edges, ends.places
    )
    best = np.full(len(edges), NEVER, dtype=np.int64)
    pieces: dict[int, _Piece] = {}
    for i in np.flatnonzero((edges == end_edges) & (edges != NOWHERE)):
        start, end = int(places[i]), int(end_places[i])
        ms, arc = snapping.between(roads.field, edges[i], start, end)
        if ms >= 0:
            best[i] = ms
            pieces[int(i)] = _Piece(arc, start, end, ms)
    return best, pieces


def _ride(
    field: Field, start: tuple[int, int], first: int, arcs: Sequence[int], last: int, end: tuple[int, int]
) -> _Ride:
    """Return a ride over whole arcs between two part edges; first or last -1: it starts or ends at a node."""
    pieces = []
    if first >= 0:
        forward = first % 2 == 0
        pieces.append(_Piece(first, start[1], MILLION * forward, snapping.leaving_ms(field, *start, forward)))
    for arc in arcs:
        forward = arc % 2 == 0
        pieces.append(_Piece(arc, MILLION * (not forward), MILLION * forward, int(field.weights[arc])))
    if last >= 0:
        forward = last % 2 == 0
        pieces.append(
            _Piece(last, MILLION * (not forward), end[1], snapping.entering_ms(field, *end, forward))
        )
    return _Ride(start, tuple(pieces))


def _chain(workspace: Workspace, first: Int32s, links: Int32s, state: int) -> tuple[list[int], int]:
    """Return (arcs from a settled state back to its seed, the seed)."""
    arcs = []
    while (parent := workspace.parent(state)) < len(links):
        arcs.append(int(links[parent, 1]))
        state = int(np.searchsorted(first, parent, side="right")) - 1
    return arcs, parent - len(links)


def _depart(roads: _Roads, start: _Anchors, targets: Floats, within_ms: int | None, *, trace: bool) -> _Found:
    """Search forwards from one source; targets on roads out of reach are served from the nearest road within reach."""
    roads.workspace.begin()
    found = _Found.nothing(start, len(targets))
    if start.edges[0] == NOWHERE:
        return found
    ends = roads.snap(targets, snapping.ENTER, MAX_WALK_M)
    on_road = np.flatnonzero(ends.edges != NOWHERE)
    found.times.reach[ends.edges == NOWHERE] = Reach.NO_ROAD_AT_TARGET
    best, rides, why = _one_to_many(roads, start, ends.take(on_road), within_ms, trace=trace)
    got = best < NEVER
    found.write(on_road[got], best[got], walk_ms(ends.metres[on_road[got]]), Reach.REACHED)
    for i in np.flatnonzero(got):
        found.rides[on_road[i]] = rides[i]
    if why == search.PAST_LIMIT:
        found.times.reach[on_road[~got]] = Reach.TOO_FAR
    if why == search.EXHAUSTED:
        for i in on_road[~got]:
            _serve_from_reached(roads, found, start, int(i), targets[i], ends.one(int(i))[0])
    found.keep_within(within_ms)
    return found


def _one_to_many(
    roads: _Roads, start: _Anchors, ends: _Anchors, within_ms: int | None, *, trace: bool
) -> tuple[Int64s, list[_Ride | None], int]:
    """Return (ms, rides, why the search stopped) from one place on the road to N."""
    graph, access = roads.graph, int(walk_ms(start.metres)[0])
    seed_state, seed_ms, _, seed_arc = snapping.leaving(roads.field, roads.joints, start.edges, start.places)
    state, ms, owner, arc = _by_state(snapping.entering(roads.field, roads.joints, ends.edges, ends.places))
    best, along = _along_one_edge(roads, start, ends)
    best += access
    option = np.full(len(best), -1, dtype=np.int32)
    why = roads.workspace.run(
        graph.out_first,
        graph.out_links,
        roads.field.weights,
        (seed_state, seed_ms + access),
        (state, ms, owner),
        (best, option),
        limit=LONGEST_MS if within_ms is None else within_ms,
    )
    rides: list[_Ride | None] = [None] * len(best)
    if trace:
        for i in np.flatnonzero(best < NEVER):
            if option[i] < 0:
                rides[i] = _Ride(start.one(0), (along[i],))
                continue
            arcs, seed = _chain(roads.workspace, graph.out_first, graph.out_links, int(state[option[i]]))
            rides[i] = _ride(
                roads.field, start.one(0), int(seed_arc[seed]), arcs[::-1], int(arc[option[i]]), ends.one(i)
            )
    return best, rides, why


def _serve_from_reached(
    roads: _Roads, found: _Found, start: _Anchors, i: int, target: Floats, nearest_edge: int
) -> None:
    """Bring one target to the nearest place that an exhausted forward search can drive to."""
    tried: list[int] = []
    while len(tried) < _MAX_ROUNDS:
        end = roads.snap(target[None, :], snapping.ENTER, MAX_WALK_M, snapping.REACHED, roads.seen(tried))
        if end.edges[0] == NOWHERE:
            return
        state, ms, _, arc = snapping.entering(roads.field, roads.joints, end.edges, end.places)
        reached = [k for k in range(len(state)) if roads.workspace.is_settled(int(state[k]))]
        if reached:
            times = [int(ms[k]) + roads.workspace.ms(int(state[k])) for k in reached]
            k = reached[int(np.argmin(times))]
            reach = Reach.CUT_OFF if _led_to(roads, 2 * nearest_edge) else Reach.REACHED
            found.write(np.array([i]), np.array([min(times)]), walk_ms(end.metres), reach)
            graph = roads.graph
            arcs, _ = _chain(roads.workspace, graph.out_first, graph.out_links, int(state[k]))
            return
        tried.append(roads.part_tried(*end.one(0)))


def _points(positions: Positions) -> Floats:
    points = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise ValueError("a position has two finite coordinates")
    return points


def _route(roads: _Roads, found: _Found, i: int, starts: _Anchors, target: Position) -> Route | Unreachable:
    ride, reach = found.rides[i], Reach(int(found.times.reach[i]))
    if ride is None:
        return Unreachable(reach)
    line = _line(roads.network, ride)
    return Route(
        road_ms=int(found.times.road_ms[i]),
        walk_ms=int(found.times.walk_ms[i]),
        access_ms=int(walk_ms(starts.metres[i : i + 1])[0]),
        reach=reach,
        parts=tuple(_part(roads.network, piece) for piece in ride.pieces),
        geometry=line,
        walk=LineString([line.coords[-1], target]),
    )


def _part(network: RoadNetwork, piece: _Piece) -> RoutePart:
    edge = piece.arc // 2
    share = abs(piece.end - piece.start) / MILLION
    return RoutePart(
        edge_id=int(network.edge_ids[edge]),
        forward=piece.arc % 2 == 0,
        start=piece.start,
        end=piece.end,
        ms=piece.ms,
        length_m=float(network.rules.length_m[edge]) * share,
    )


def _line(network: RoadNetwork, ride: _Ride) -> LineString:
    """Return the road driven as one line, without repeated positions; a stop in place is a line of two equal positions."""
    if not ride.pieces:
        return LineString(network.shapes.cut(ride.start[0], ride.start[1], ride.start[1]))
    xy = np.concatenate([network.shapes.cut(piece.arc // 2, piece.start, piece.end) for piece in ride.pieces])
    moved = np.concatenate([[True], np.any(np.diff(xy, axis=0) != 0, axis=1)])
    return LineString(xy[moved] if moved.sum() > 1 else xy[:2])
